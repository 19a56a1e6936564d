//! The operating system behind the UDP shard: epoll, batched receive with kernel time stamps, one
//! socket option, and the distance of the wall clock from the monotonic clock. Linux.
//!
//! With its child `receive` the only `unsafe` of the edge: thin, no policy, every address and every control message is
//! decoded from plain bytes in safe code. Receiving is batched per socket (a burst after a stall costs one
//! call); sending is not here, because a socket sends one packet in a slot and `UdpSocket::send_to` is
//! as cheap as a batch of one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

mod receive;

pub use receive::{BATCH, Datagram, RecvBatch};

/// Sockets reported by one wait.
pub const READY: usize = 256;

/// An epoll instance, level-triggered: a socket with something to read is reported by every wait. So one datagram is taken
/// of each that was reported, and a second wait tells which have more: it asks them while they are still in the cache,
/// which costs less than a look of `recvmmsg` for a second datagram in each.
#[derive(Debug)]
pub struct Epoll {
    fd: OwnedFd,
}

impl Epoll {
    /// A new, empty instance.
    ///
    /// # Errors
    /// What the kernel says (no descriptor left).
    pub fn new() -> io::Result<Self> {
        // SAFETY: no memory is passed; the result is checked before use.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: `fd` was just created and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    /// Reports readability of `socket` as `key` from now on.
    ///
    /// # Errors
    /// What the kernel says (twice the same socket, no memory).
    pub fn add(&self, socket: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, key)
    }

    /// Reports `socket` no longer.
    ///
    /// # Errors
    /// What the kernel says (the socket was not watched).
    pub fn remove(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, socket, 0)
    }

    fn control(&self, what: libc::c_int, socket: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: key,
        };
        // SAFETY: both descriptors are open for the call; `event` lives across it and the kernel only reads it.
        let code = unsafe {
            libc::epoll_ctl(
                self.fd.as_raw_fd(),
                what,
                socket.as_raw_fd(),
                &raw mut event,
            )
        };
        check(code).map(drop)
    }

    /// Keys of sockets with something to read, at once (never blocks). At most [`READY`]; the rest is reported
    /// by the next call. An interrupted call reports nothing.
    pub fn ready<'a>(&self, into: &'a mut Ready) -> impl Iterator<Item = u64> + Clone + 'a {
        let events = &mut into.0;
        // SAFETY: the array has READY elements and outlives the call; the kernel writes at most that many.
        let n = unsafe {
            libc::epoll_wait(
                self.fd.as_raw_fd(),
                events.as_mut_ptr(),
                READY as libc::c_int,
                0,
            )
        };
        events[..usize::try_from(n).unwrap_or(0)]
            .iter()
            .map(|event| event.u64)
    }
}

/// Room for the answers of [`Epoll::ready`].
pub struct Ready(Box<[libc::epoll_event; READY]>);

impl Ready {
    /// Empty room, allocated once.
    pub fn new() -> Self {
        Self(Box::new([libc::epoll_event { events: 0, u64: 0 }; READY]))
    }
}

/// Asks the kernel to stamp every datagram of `socket` with its arrival time (`SO_TIMESTAMPNS`).
///
/// # Errors
/// What the kernel says.
pub fn stamp_arrivals(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option value is one int that lives across the call.
    let code = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    check(code).map(drop)
}

/// The wall clock now, time since the Unix epoch. For the mapping between kernel time stamps, NTP time and the
/// engine's clock, and for people.
pub fn wall_clock() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` lives across the call; CLOCK_REALTIME always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    duration(time.tv_sec, time.tv_nsec)
}

fn check(code: libc::c_int) -> io::Result<libc::c_int> {
    if code < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(code)
    }
}

fn duration(seconds: i64, nanoseconds: i64) -> Duration {
    Duration::new(
        u64::try_from(seconds).unwrap_or(0),
        u32::try_from(nanoseconds).unwrap_or(0).min(999_999_999),
    )
}

#[cfg(test)]
mod tests {
    use super::receive::DATAGRAM;
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    fn pair(local: &str) -> (UdpSocket, UdpSocket) {
        (
            UdpSocket::bind(local).unwrap(),
            UdpSocket::bind(local).unwrap(),
        )
    }

    #[test]
    fn batch_with_source_and_time() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let (a, b) = pair(local);
            stamp_arrivals(b.as_fd()).unwrap();
            let before = wall_clock();
            for i in 0..(BATCH + 4) as u8 {
                a.send_to(&[i; 30], b.local_addr().unwrap()).unwrap();
            }
            a.send_to(&[9; 3000], b.local_addr().unwrap()).unwrap();
            let mut batch = RecvBatch::new();
            assert_eq!(batch.recv(b.as_fd(), 99), BATCH);
            let first = batch.datagram(0).unwrap();
            assert_eq!(
                (first.bytes, first.from),
                (&[0u8; 30][..], a.local_addr().unwrap())
            );
            let stamped = first.stamped.unwrap();
            assert!(stamped >= before && stamped <= wall_clock());
            assert_eq!(batch.recv(b.as_fd(), 4), 4);
            assert_eq!(batch.recv(b.as_fd(), 4), 1);
            let last = batch.datagram(0).unwrap();
            assert!(last.truncated && last.bytes.len() == DATAGRAM);
            assert_eq!(batch.recv(b.as_fd(), 4), 0);
        }
    }

    #[test]
    fn reported_as_long_as_there_is_something() {
        let (a, b) = pair("127.0.0.1:0");
        let (epoll, mut ready) = (Epoll::new().unwrap(), Ready::new());
        epoll.add(b.as_fd(), 77).unwrap();
        assert!(epoll.add(b.as_fd(), 78).is_err());
        assert_eq!(epoll.ready(&mut ready).count(), 0);
        for _ in 0..2 {
            a.send_to(b"x", b.local_addr().unwrap()).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(epoll.ready(&mut ready).collect::<Vec<_>>(), [77]);
            assert_eq!(RecvBatch::new().recv(b.as_fd(), 1), 1);
        }
        assert_eq!(epoll.ready(&mut ready).count(), 0);
        a.send_to(b"x", b.local_addr().unwrap()).unwrap();
        epoll.remove(b.as_fd()).unwrap();
        assert_eq!(epoll.ready(&mut ready).count(), 0);
        assert!(epoll.remove(b.as_fd()).is_err());
    }
}
