//! The listening sockets, bound before anything runs, and the address a peer reaches us at.
//!
//! Bound to the IPv6 wildcard they take IPv4 callers as well. Such a caller is known by its IPv4
//! address everywhere above the sockets ([`canonical`]) and is reached by the mapped one
//! ([`reach`]).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// UDP and TCP on one port.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Datagrams.
    pub udp: UdpSocket,
    /// Connections.
    pub tcp: TcpListener,
    /// Where both are.
    pub address: SocketAddr,
}

/// Tries for a port that is free for both, when any port will do.
const TRIES: usize = 32;

impl Bound {
    /// Binds both to `address`; with port 0 to one port that is free for both.
    ///
    /// # Errors
    /// What the system said.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let tries = if address.port() == 0 { TRIES } else { 1 };
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..tries {
            match Self::bind_once(address) {
                Ok(bound) => return Ok(bound),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn bind_once(wanted: SocketAddr) -> io::Result<Self> {
        let tcp = socket(wanted, Type::STREAM, Protocol::TCP)?;
        tcp.set_reuse_address(true)?;
        tcp.bind(&SockAddr::from(wanted))?;
        tcp.listen(128)?;
        let tcp = TcpListener::from(tcp);
        let address = tcp.local_addr()?;
        let udp = socket(address, Type::DGRAM, Protocol::UDP)?;
        udp.bind(&SockAddr::from(address))?;
        Ok(Self {
            udp: udp.into(),
            tcp,
            address,
        })
    }
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// `peer` by the address it has itself: IPv4 if that is what an IPv6 socket has mapped.
pub(crate) fn canonical(peer: SocketAddr) -> SocketAddr {
    match peer.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), peer.port()),
        // With its scope.
        IpAddr::V6(_) => peer,
    }
}

/// `peer` as a socket bound to `local` has to be told it.
pub(crate) fn reach(local: IpAddr, peer: SocketAddr) -> SocketAddr {
    match peer.ip() {
        IpAddr::V4(v4) if local.is_ipv6() => {
            SocketAddr::new(v4.to_ipv6_mapped().into(), peer.port())
        }
        _ => peer,
    }
}

/// The address of ours that `peer` sees, given where we are bound: that one, or if we are bound
/// to all of them the one the system would send from. Sends nothing.
pub(crate) fn towards(bound: IpAddr, peer: SocketAddr) -> IpAddr {
    if !bound.is_unspecified() {
        return bound;
    }
    let probe = || {
        let socket = UdpSocket::bind(SocketAddr::new(bound, 0))?;
        socket.connect(reach(bound, peer))?;
        socket.local_addr()
    };
    probe().map_or(bound, |address: SocketAddr| address.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_port_for_both_and_a_second_bind_is_refused() {
        let bound = Bound::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        assert_eq!(bound.udp.local_addr().expect("bound"), bound.address);
        let second = Bound::bind(bound.address).expect_err("in use");
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn bound_to_all_we_are_where_the_route_leaves() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 5060));
        assert_eq!(
            towards(IpAddr::from([0, 0, 0, 0]), peer),
            IpAddr::from([127, 0, 0, 1])
        );
        assert_eq!(
            towards(IpAddr::from([127, 0, 0, 9]), peer),
            IpAddr::from([127, 0, 0, 9])
        );
    }

    #[test]
    fn ipv4_peers_of_an_ipv6_socket_keep_their_address() {
        let any = IpAddr::from([0_u16; 8]);
        let four = SocketAddr::from(([127, 0, 0, 1], 5060));
        let mapped = SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 5060));
        let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 5060));
        assert_eq!((canonical(mapped), reach(any, four)), (four, mapped));
        assert_eq!((canonical(six), reach(any, six)), (six, six));
        assert_eq!(reach(four.ip(), four), four);
        assert_eq!(towards(any, four), four.ip());
        assert_eq!(towards(any, six), six.ip());
    }
}
