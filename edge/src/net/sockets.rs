//! The two UDP sockets of a leg. Made and closed on the control side, used by the shard.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use socket2::{Domain, Protocol, Socket, Type};

use crate::sys;

/// Kernel receive buffer of a socket, octets: about a second and a half of 20 ms packets.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// A bound pair.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// RTP, and RTCP too when muxed.
    pub rtp: UdpSocket,
    /// RTCP.
    pub rtcp: UdpSocket,
    /// Port of `rtp`.
    pub port: u16,
    dual: bool,
}

impl Sockets {
    /// Binds `port` and the one after it on `ip`, non-blocking, marked with `dscp`, stamping arrivals.
    ///
    /// # Errors
    /// What the system says; nothing stays bound.
    pub(crate) fn bind(ip: IpAddr, port: u16, dscp: Option<u8>) -> io::Result<Self> {
        let second = port.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            rtp: bound(ip, port, dscp)?,
            rtcp: bound(ip, second, dscp)?,
            port,
            dual: is_dual(ip),
        })
    }

    /// `to` in the form this pair's sockets understand.
    pub(crate) fn reach(&self, to: SocketAddr) -> SocketAddr {
        match to.ip() {
            IpAddr::V4(v4) if self.dual => {
                SocketAddr::new(IpAddr::V6(v4.to_ipv6_mapped()), to.port())
            }
            _ => to,
        }
    }
}

/// The IPv6 wildcard serves both families.
fn is_dual(ip: IpAddr) -> bool {
    ip.is_ipv6() && ip.is_unspecified()
}

fn bound(ip: IpAddr, port: u16, dscp: Option<u8>) -> io::Result<UdpSocket> {
    let local = SocketAddr::new(ip, port);
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    if ip.is_ipv6() {
        socket.set_only_v6(!is_dual(ip))?;
    }
    if let Some(dscp) = dscp {
        let class = u32::from(dscp) << 2;
        if ip.is_ipv6() {
            socket.set_tclass_v6(class)?;
        }
        if ip.is_ipv4() || is_dual(ip) {
            socket.set_tos_v4(class)?;
        }
    }
    socket.bind(&local.into())?;
    sys::stamp_arrivals(socket.as_fd())?;
    Ok(socket.into())
}

/// Tries whether media sockets can be bound to `ip`, on any port; nothing stays bound.
///
/// # Errors
/// What the system says: mostly that the address is none of this machine.
pub(crate) fn probe(ip: IpAddr) -> io::Result<()> {
    bound(ip, 0, None).map(drop)
}

/// The address of this host that packets to `remote` leave from, as the routing table says.
///
/// # Errors
/// No route, or no socket to ask with.
pub(crate) fn route_to(remote: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match remote {
        IpAddr::V4(_) => IpAddr::from([0; 4]),
        IpAddr::V6(_) => IpAddr::from([0; 16]),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(remote, 9))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockRef;

    /// Each test has its own ports, below those the system gives out.
    fn any_pair(ip: &str, first: u16, dscp: Option<u8>) -> Sockets {
        let ip = ip.parse().unwrap();
        (0..200)
            .find_map(|i| Sockets::bind(ip, first + 2 * i, dscp).ok())
            .expect("a free pair among two hundred")
    }

    #[test]
    fn pair_is_even_and_odd_and_marked() {
        let four = any_pair("127.0.0.1", 12_400, Some(46));
        assert_eq!(
            (four.port % 2, four.rtcp.local_addr().unwrap().port()),
            (0, four.port + 1)
        );
        assert_eq!(SockRef::from(&four.rtp).tos_v4().unwrap(), 46 << 2);
        let six = any_pair("::1", 12_400, Some(46));
        assert_eq!(SockRef::from(&six.rtcp).tclass_v6().unwrap(), 46 << 2);
        assert_eq!(
            SockRef::from(&any_pair("127.0.0.1", 12_400, None).rtp)
                .tos_v4()
                .unwrap(),
            0
        );
    }

    #[test]
    fn a_taken_port_fails_and_leaves_nothing_bound() {
        let pair = any_pair("127.0.0.1", 12_800, None);
        let Sockets {
            rtp, rtcp, port, ..
        } = pair;
        drop(rtp);
        let ip = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(
            Sockets::bind(ip, port, None).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        drop(rtcp);
        Sockets::bind(ip, port, None).unwrap();
    }

    #[test]
    fn the_ipv6_wildcard_reaches_ipv4() {
        let pair = any_pair("::", 13_200, None);
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = pair.reach(peer.local_addr().unwrap());
        pair.rtp.send_to(b"hello", to).unwrap();
        let mut room = [0; 8];
        let (length, from) = peer.recv_from(&mut room).unwrap();
        assert_eq!((&room[..length], from.port()), (&b"hello"[..], pair.port));
    }

    #[test]
    fn an_address_of_another_machine_is_found_out_before_any_call() {
        probe(IpAddr::from([127, 0, 0, 1])).unwrap();
        probe(IpAddr::from([0; 16])).unwrap();
        // RFC 5737: nobody's.
        let error = probe(IpAddr::from([203, 0, 113, 7])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn the_route_to_loopback_is_loopback() {
        assert_eq!(
            route_to(IpAddr::from([127, 0, 0, 1])).unwrap(),
            IpAddr::from([127, 0, 0, 1])
        );
    }
}
