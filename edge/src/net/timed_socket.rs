//! A UDP socket whose arrivals carry the kernel's time: the far end of a measurement. Any thread.
//!
//! Not used by the shard, whose sockets come in pairs and are watched by epoll. It is here because the system calls are.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::SockRef;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::wall::Wall;
use crate::sys::{self, BATCH, RecvBatch};

/// A non-blocking socket, its arrivals stamped.
pub struct TimedSocket {
    socket: UdpSocket,
    batch: RecvBatch,
}

impl TimedSocket {
    /// Binds `local` with a receive buffer of `buffer` octets, or as much of it as the system allows.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(local: SocketAddr, buffer: usize) -> io::Result<Self> {
        let socket = UdpSocket::bind(local)?;
        socket.set_nonblocking(true)?;
        SockRef::from(&socket).set_recv_buffer_size(buffer)?;
        sys::stamp_arrivals(socket.as_fd())?;
        Ok(Self {
            socket,
            batch: RecvBatch::new(),
        })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sends one datagram.
    ///
    /// Real-time: allocates no; blocks no.
    ///
    /// # Errors
    /// What the system says, a full buffer among it.
    pub fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.send_to(datagram, to).map(drop)
    }

    /// Gives `each` every datagram that waits, with the monotonic time at which the kernel had it. `each` sees the time
    /// of reading when the kernel's cannot be right.
    ///
    /// Real-time: allocates no; blocks no; cost O(datagrams).
    pub fn receive(&mut self, each: impl FnMut(&[u8], Duration)) {
        self.receive_by(|| (MonotonicClock.now(), sys::wall_clock()), each);
    }

    /// The same by these clocks, read one after the other.
    fn receive_by(
        &mut self,
        clocks: impl Fn() -> (Duration, Duration),
        mut each: impl FnMut(&[u8], Duration),
    ) {
        loop {
            let count = self.batch.recv(self.socket.as_fd(), BATCH);
            if count == 0 {
                return;
            }
            let (now, wall) = clocks();
            let wall = Wall::new(wall, now);
            for datagram in (0..count).filter_map(|n| self.batch.datagram(n)) {
                each(datagram.bytes, wall.arrival(datagram.stamped, now));
            }
            if count < BATCH {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_carries_the_time_it_was_sent_and_not_that_of_reading() {
        let local = "127.0.0.1:0".parse().unwrap();
        let (a, mut b) = (
            TimedSocket::bind(local, 1 << 16).unwrap(),
            TimedSocket::bind(local, 1 << 16).unwrap(),
        );
        let to = b.local_addr().unwrap();
        let before = sys::wall_clock();
        for n in 0..2 * BATCH as u8 {
            a.send_to(&[n; 40], to).unwrap();
        }
        let after = sys::wall_clock();
        // Read a while after the last was sent, however long this thread takes for it.
        let (now, later) = (Duration::from_secs(1_000), Duration::from_millis(20));
        let mut seen = Vec::new();
        b.receive_by(
            || (now, after + later),
            |bytes, at| seen.push((bytes[0], bytes.len(), at)),
        );
        assert_eq!(seen.len(), 2 * BATCH);
        let sent = now - later - (after - before)..=now - later;
        for (n, (first, length, at)) in seen.into_iter().enumerate() {
            assert_eq!((usize::from(first), length), (n, 40));
            assert!(sent.contains(&at), "{at:?} is not within {sent:?}");
        }
        b.receive(|_, _| panic!("nothing waits any more"));
    }
}
