//! Batched receive: `recvmmsg` into preallocated room, addresses and time stamps decoded in safe code.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use super::duration;

/// Most datagrams taken from one socket by one call. A phone sends one in twenty slots, so that a longer batch would only
/// be made ready in vain; what a stall has left comes in as many slots.
pub const BATCH: usize = 4;
/// Room for one datagram, octets; a longer one is cut off and says so.
pub const DATAGRAM: usize = 2048;
const NAME: usize = size_of::<libc::sockaddr_in6>();
const CMSG_HEAD: usize = 16;
const _: () = assert!(size_of::<libc::cmsghdr>() == CMSG_HEAD && size_of::<libc::timespec>() == 16);

#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 64]);

/// One received datagram, borrowed from the batch.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Its octets, at most [`DATAGRAM`].
    pub bytes: &'a [u8],
    /// Where it came from, IPv4 as IPv4 also on a dual-stack socket.
    pub from: SocketAddr,
    /// When the kernel took it from the interface, time since the Unix epoch.
    pub stamped: Option<Duration>,
    /// It was longer than [`DATAGRAM`]; `bytes` is its beginning.
    pub truncated: bool,
}

/// Preallocated room for up to [`BATCH`] datagrams of one socket.
pub struct RecvBatch {
    bytes: Box<[[u8; DATAGRAM]; BATCH]>,
    names: [[u8; NAME]; BATCH],
    controls: [Control; BATCH],
    got: [Option<Got>; BATCH],
}

#[derive(Clone, Copy)]
struct Got {
    len: usize,
    from: SocketAddr,
    stamped: Option<Duration>,
    truncated: bool,
}

impl RecvBatch {
    /// Empty room, allocated once.
    pub fn new() -> Self {
        Self {
            bytes: Box::new([[0; DATAGRAM]; BATCH]),
            names: [[0; NAME]; BATCH],
            controls: [Control([0; 64]); BATCH],
            got: [None; BATCH],
        }
    }

    /// Takes at most `limit` (and at most [`BATCH`]) datagrams from `socket`, never blocking; how many came.
    /// Zero when there was nothing, or the socket reported a pending error (an ICMP answer), which reading clears.
    pub fn recv(&mut self, socket: BorrowedFd<'_>, limit: usize) -> usize {
        let limit = limit.min(BATCH);
        // SAFETY: both are plain C structures for which all-zero is a valid value.
        let (mut parts, mut heads): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        for i in 0..limit {
            parts[i].iov_base = self.bytes[i].as_mut_ptr().cast();
            parts[i].iov_len = DATAGRAM;
            let head = &mut heads[i].msg_hdr;
            head.msg_name = self.names[i].as_mut_ptr().cast();
            head.msg_namelen = NAME as libc::socklen_t;
            head.msg_iov = &raw mut parts[i];
            head.msg_iovlen = 1;
            head.msg_control = self.controls[i].0.as_mut_ptr().cast();
            head.msg_controllen = self.controls[i].0.len();
        }
        // SAFETY: the first `limit` heads point to buffers of the stated lengths, which are disjoint and live,
        // unborrowed otherwise, until the call returns; the timeout is null.
        let n = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                heads.as_mut_ptr(),
                limit as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let n = usize::try_from(n).unwrap_or(0);
        for (i, head) in heads[..n].iter().enumerate() {
            self.got[i] = address(&self.names[i]).map(|from| Got {
                len: (head.msg_len as usize).min(DATAGRAM),
                from,
                stamped: timestamp(&self.controls[i].0, head.msg_hdr.msg_controllen),
                truncated: head.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            });
        }
        n
    }

    /// Datagram `index` of the last [`recv`](Self::recv); `None` beyond its count or without a source address.
    pub fn datagram(&self, index: usize) -> Option<Datagram<'_>> {
        let got = (*self.got.get(index)?)?;
        Some(Datagram {
            bytes: &self.bytes[index][..got.len],
            from: got.from,
            stamped: got.stamped,
            truncated: got.truncated,
        })
    }
}

/// The socket address in `name`, as the kernel lays it out; IPv4-mapped becomes IPv4.
fn address(name: &[u8; NAME]) -> Option<SocketAddr> {
    let family = libc::c_int::from(u16::from_ne_bytes([name[0], name[1]]));
    let port = u16::from_be_bytes([name[2], name[3]]);
    match family {
        libc::AF_INET => {
            let octets: [u8; 4] = name[4..8].try_into().ok()?;
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(octets)), port))
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = name[8..24].try_into().ok()?;
            let scope = u32::from_ne_bytes(name[24..28].try_into().ok()?);
            let ip = Ipv6Addr::from(octets);
            Some(match ip.to_ipv4_mapped() {
                Some(v4) => SocketAddr::new(IpAddr::V4(v4), port),
                None => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
            })
        }
        _ => None,
    }
}

/// The `SO_TIMESTAMPNS` message among the first `len` octets of a control buffer.
fn timestamp(control: &[u8; 64], len: usize) -> Option<Duration> {
    let mut rest = &control[..len.min(64)];
    while rest.len() >= CMSG_HEAD {
        let length = usize::from_ne_bytes(rest[..8].try_into().ok()?);
        let level = i32::from_ne_bytes(rest[8..12].try_into().ok()?);
        let kind = i32::from_ne_bytes(rest[12..16].try_into().ok()?);
        if level == libc::SOL_SOCKET
            && kind == libc::SCM_TIMESTAMPNS
            && length >= 32
            && rest.len() >= 32
        {
            let seconds = i64::from_ne_bytes(rest[16..24].try_into().ok()?);
            let nanoseconds = i64::from_ne_bytes(rest[24..32].try_into().ok()?);
            return Some(duration(seconds, nanoseconds));
        }
        rest = rest.get(length.max(CMSG_HEAD).checked_next_multiple_of(8)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_address_is_ipv4() {
        let mut name = [0; NAME];
        name[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
        name[2..4].copy_from_slice(&5004u16.to_be_bytes());
        name[8..24].copy_from_slice(&Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped().octets());
        assert_eq!(address(&name), Some("192.0.2.7:5004".parse().unwrap()));
        assert_eq!(address(&[0; NAME]), None);
    }

    #[test]
    fn control_without_time_stamp() {
        let mut control = [0; 64];
        assert_eq!(timestamp(&control, 0), None);
        assert_eq!(
            timestamp(&control, 64),
            None,
            "a zero length never loops for ever"
        );
        control[..8].copy_from_slice(&usize::MAX.to_ne_bytes()[..8]);
        assert_eq!(timestamp(&control, 24), None);
    }
}
