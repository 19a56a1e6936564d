//! Payload types of one encoding, both ways.

/// Payload types that look like RTCP when both share a port (RFC 5761, section 4).
const LIKE_RTCP: std::ops::RangeInclusive<u8> = 64..=95;

/// The RTP payload types of one encoding. They are the same but where the answer to an offer of ours names another: each
/// side is sent what its own description says (RFC 3264, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Numbers {
    /// What comes carries it; our description names it.
    pub receive: u8,
    /// What we send carries it; theirs names it.
    pub send: u8,
}

impl Numbers {
    /// One payload type both ways.
    pub fn same(payload_type: u8) -> Self {
        Self {
            receive: payload_type,
            send: payload_type,
        }
    }

    /// Whether packets can be told from RTCP on the same port.
    pub(super) fn may_share_port(self) -> bool {
        !LIKE_RTCP.contains(&self.receive) && !LIKE_RTCP.contains(&self.send)
    }
}
