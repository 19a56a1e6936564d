//! What a datagram on a media port is, by its first two octets (RFC 7983 7, RFC 5761 4).

/// Kinds of datagrams that may share a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// RTP.
    Rtp,
    /// RTCP: packet types 192–223.
    Rtcp,
    /// STUN: first octet 0–3.
    Stun,
    /// DTLS: first octet 20–63.
    Dtls,
    /// Anything else, also an empty datagram.
    Other,
}

/// Classifies a datagram; a first look, not a validation.
pub(crate) fn kind(datagram: &[u8]) -> Kind {
    match datagram {
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, ..] => Kind::Rtp,
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_first_octets() {
        assert_eq!(kind(&[0x80, 0x00]), Kind::Rtp);
        assert_eq!(kind(&[0x80, 0x80 | 101]), Kind::Rtp);
        assert_eq!(kind(&[0x80]), Kind::Rtp);
        assert_eq!(kind(&[0x81, 200]), Kind::Rtcp);
        assert_eq!(kind(&[0x81, 207]), Kind::Rtcp);
        assert_eq!(kind(&[0, 1]), Kind::Stun);
        assert_eq!(kind(&[22, 254]), Kind::Dtls);
        for other in [&[][..], &[4], &[0x40, 0], &[192]] {
            assert_eq!(kind(other), Kind::Other);
        }
    }
}
