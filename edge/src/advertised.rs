//! The address we are told to advertise, and who it is for.

use std::net::IpAddr;

/// `advertised` if `peer` can use it: an address of its own family. A socket of the IPv6 wildcard knows an IPv4 peer by
/// its mapped address (RFC 4291, section 2.5.5.2).
pub(crate) fn to(peer: IpAddr, advertised: Option<IpAddr>) -> Option<IpAddr> {
    advertised.filter(|ip| ip.is_ipv4() == peer.to_canonical().is_ipv4())
}

/// Whether anybody who reaches a socket bound to `bound` can use `advertised`.
pub(crate) fn is_served(bound: IpAddr, advertised: IpAddr) -> bool {
    let serves_both = bound.is_ipv6() && bound.is_unspecified();
    serves_both || bound.is_ipv4() == advertised.is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_for_peers_of_its_family() {
        let (four, six) = (ip("203.0.113.7"), ip("2001:db8::7"));
        for (peer, mine, other) in [
            ("192.0.2.1", four, six),
            ("::ffff:192.0.2.1", four, six),
            ("2001:db8::1", six, four),
        ] {
            assert_eq!(to(ip(peer), Some(mine)), Some(mine), "{peer}");
            assert_eq!(to(ip(peer), Some(other)), None, "{peer}");
            assert_eq!(to(ip(peer), None), None, "{peer}");
        }
    }

    #[test]
    fn only_the_ipv6_wildcard_serves_both() {
        let (four, six) = (ip("203.0.113.7"), ip("2001:db8::7"));
        for (bound, fours, sixes) in [
            ("::", true, true),
            ("::1", false, true),
            ("0.0.0.0", true, false),
            ("127.0.0.1", true, false),
        ] {
            let served = [four, six].map(|ip_| is_served(ip(bound), ip_));
            assert_eq!(served, [fours, sixes], "{bound}");
        }
    }
}
