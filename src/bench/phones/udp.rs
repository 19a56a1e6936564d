//! The wire over UDP: every so many phones share a socket, which keeps the generator cheaper than what it measures.
//! They are told apart by the SSRC of what they are sent, and the server has a socket for each.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use talkpath_edge::net::TimedSocket;
use talkpath_nodes::packet::{HEADER_LEN, Header, MAX_DATAGRAM, parse};

use super::{Way, Wire, order};

/// Phones on one socket.
const SHARED_BY: usize = 16;
/// Receive buffer of one, octets.
const BUFFER: usize = 1 << 20;

/// The phones' sockets.
pub(super) struct Udp {
    sockets: Vec<TimedSocket>,
    datagram: [u8; MAX_DATAGRAM],
}

impl Udp {
    /// Sockets for so many phones, on loopback.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn bind(seats: usize) -> io::Result<Self> {
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let bind = |_| TimedSocket::bind(local, BUFFER);
        let sockets = (0..seats.div_ceil(SHARED_BY)).map(bind);
        Ok(Self {
            sockets: sockets.collect::<Result<_, _>>()?,
            datagram: [0; MAX_DATAGRAM],
        })
    }

    /// Where each phone is reached.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn addresses(&self, seats: usize) -> io::Result<Vec<SocketAddr>> {
        (0..seats)
            .map(|seat| self.sockets[seat / SHARED_BY].local_addr())
            .collect()
    }
}

impl Wire for Udp {
    fn send(&mut self, way: &Way, _now: Duration, header: Header, payload: &[u8]) -> bool {
        let Way::Socket(to) = way else {
            return false;
        };
        let length = HEADER_LEN + payload.len();
        let Some(datagram) = self.datagram.get_mut(..length) else {
            return false;
        };
        datagram[0] = 0x80;
        datagram[1] = u8::from(header.marker) << 7 | header.payload_type;
        datagram[2..4].copy_from_slice(&header.sequence.to_be_bytes());
        datagram[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
        datagram[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
        datagram[12..].copy_from_slice(payload);
        let socket = &self.sockets[order::seat_of(header.ssrc) / SHARED_BY];
        socket.send_to(datagram, *to).is_ok()
    }

    fn receive(&mut self, mut each: impl FnMut(&Header, &[u8], Duration)) {
        for socket in &mut self.sockets {
            socket.receive(|bytes, at| {
                // RTCP shares the port (RFC 5761): its packet types look like payload types 64 to 95.
                if let Ok((header, payload, _)) = parse(bytes)
                    && !(64..96).contains(&header.payload_type)
                {
                    each(&header, &bytes[payload], at);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_phone_sends_another_hears_and_rtcp_is_left_out() {
        let mut udp = Udp::bind(40).unwrap();
        let addresses = udp.addresses(40).unwrap();
        assert_eq!(addresses.len(), 40);
        assert_ne!(addresses[0], addresses[39]);
        let way = Way::Socket(addresses[39]);
        let header = Header {
            ssrc: 0x1000_0003,
            sequence: 7,
            timestamp: 99,
            payload_type: 8,
            marker: true,
        };
        assert!(udp.send(&way, Duration::ZERO, header, &[5; 160]));
        let rtcp = Header {
            payload_type: 72,
            ..header
        };
        assert!(udp.send(&way, Duration::ZERO, rtcp, &[0; 20]));
        assert!(!udp.send(&Way::Leg(1), Duration::ZERO, header, &[]));
        let mut heard = Vec::new();
        while heard.is_empty() {
            udp.receive(|header, payload, _| heard.push((*header, payload.to_vec())));
        }
        udp.receive(|header, payload, _| heard.push((*header, payload.to_vec())));
        assert_eq!(heard, [(header, vec![5; 160])]);
    }
}
