//! What signalling has negotiated for one leg, as the shard needs it.

use std::net::SocketAddr;

use talkpath_engine::LegId;

/// One leg's media session, from its offer and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The engine's leg.
    pub leg: LegId,
    /// Where the far end's SDP asks for RTP. Port 0 or an unspecified address: nowhere.
    pub remote_rtp: SocketAddr,
    /// Where it asks for RTCP; unused with `rtcp_mux`.
    pub remote_rtcp: SocketAddr,
    /// RTCP shares the RTP port in both directions (RFC 5761).
    pub rtcp_mux: bool,
    /// The payload type of the codec, 0–127. Nothing else but `keys` is accepted.
    pub payload_type: u8,
    /// What the same codec has on the way out, 0–127. The engine's leg knows it by this one, so what comes is handed over as it.
    /// Another one than `payload_type` only where an answer to an offer of ours says so (RFC 3264, section 5.1).
    pub send_payload_type: u8,
    /// What its keys come as (RFC 4733), 0–127, if they do; handed over as it is.
    pub keys: Option<u8>,
    /// RTP clock of these payload types, Hz (RTP's, which is 8000 for G.722).
    pub clock_rate: u32,
    /// Our SSRC, as the leg's packetiser was told.
    pub ssrc: u32,
    /// Our canonical name (RFC 3550 6.5.1), at most 255 octets.
    pub cname: String,
    /// The far end may send to us; `false` while it holds us or only listens.
    pub receive: bool,
    /// We send to the far end.
    pub send: bool,
}

/// What a re-INVITE changes; every field is the new value. It opens the latch again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionChange {
    /// As in [`Session::remote_rtp`].
    pub remote_rtp: SocketAddr,
    /// As in [`Session::remote_rtcp`].
    pub remote_rtcp: SocketAddr,
    /// As in [`Session::rtcp_mux`].
    pub rtcp_mux: bool,
    /// As in [`Session::payload_type`].
    pub payload_type: u8,
    /// As in [`Session::send_payload_type`].
    pub send_payload_type: u8,
    /// As in [`Session::keys`].
    pub keys: Option<u8>,
    /// As in [`Session::clock_rate`].
    pub clock_rate: u32,
    /// As in [`Session::receive`].
    pub receive: bool,
    /// As in [`Session::send`].
    pub send: bool,
}

impl From<&Session> for SessionChange {
    /// The change that changes nothing but opens the latch.
    fn from(session: &Session) -> Self {
        Self {
            remote_rtp: session.remote_rtp,
            remote_rtcp: session.remote_rtcp,
            rtcp_mux: session.rtcp_mux,
            payload_type: session.payload_type,
            send_payload_type: session.send_payload_type,
            keys: session.keys,
            clock_rate: session.clock_rate,
            receive: session.receive,
            send: session.send,
        }
    }
}
