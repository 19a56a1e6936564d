//! What the other side can do, as a front has read it from its description.

use std::time::Duration;

use talkpath_nodes::codec::Codec;

use super::opus::{self, OpusParameters};
use crate::proto::Direction;

/// Audio payload types that mean something without an `rtpmap`: RFC 3551, table 4.
const STATIC_TYPES: [(u8, &str); 17] = [
    (0, "PCMU/8000/1"),
    (3, "GSM/8000/1"),
    (4, "G723/8000/1"),
    (5, "DVI4/8000/1"),
    (6, "DVI4/16000/1"),
    (7, "LPC/8000/1"),
    (8, "PCMA/8000/1"),
    (9, "G722/8000/1"),
    (10, "L16/44100/2"),
    (11, "L16/44100/1"),
    (12, "QCELP/8000/1"),
    (13, "CN/8000/1"),
    (14, "MPA/90000"),
    (15, "G728/8000/1"),
    (16, "DVI4/11025/1"),
    (17, "DVI4/22050/1"),
    (18, "G729/8000/1"),
];

/// One codec of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedCodec {
    /// RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// Encoding name as in `rtpmap`, any case; empty when the offer has no `rtpmap` for a
    /// static payload type.
    pub name: String,
    /// RTP clock rate in hertz.
    pub clock_rate: u32,
    /// Audio channels.
    pub channels: u8,
    /// Format parameters, as they stand in the offer: what follows the number in `a=fmtp`.
    pub fmtp: Option<String>,
}

impl OfferedCodec {
    /// How an offer writes `codec`.
    pub fn of(codec: Codec, payload_type: u8) -> Self {
        let (channels, fmtp) = match codec {
            Codec::Opus(rate) => (opus::CHANNELS, OpusParameters::ours(rate).fmtp()),
            _ => (1, None),
        };
        Self {
            payload_type,
            name: codec.encoding_name().to_owned(),
            clock_rate: codec.clock_rate(),
            channels,
            fmtp,
        }
    }

    /// A format of one channel by its name.
    pub(super) fn named(
        name: &str,
        clock_rate: u32,
        payload_type: u8,
        fmtp: Option<String>,
    ) -> Self {
        Self {
            payload_type,
            name: name.to_owned(),
            clock_rate,
            channels: 1,
            fmtp,
        }
    }

    /// As an `rtpmap` would name it, without one by RFC 3551; a dynamic type without one by its number.
    pub(super) fn in_words(&self) -> String {
        let number = self.payload_type;
        if !self.name.is_empty() {
            return format!("{:.32}/{}/{}", self.name, self.clock_rate, self.channels);
        }
        let fixed = STATIC_TYPES.iter().find(|(fixed, _)| *fixed == number);
        fixed.map_or_else(
            || format!("payload type {number} without rtpmap"),
            |(_, name)| format!("{name} (payload type {number})"),
        )
    }
}

/// An audio stream as it was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioOffer {
    /// In the offerer's order of preference.
    pub codecs: Vec<OfferedCodec>,
    /// Packet time the offerer likes to receive.
    pub ptime: Option<Duration>,
    /// Longest packet time it takes.
    pub maxptime: Option<Duration>,
    /// Seen from the offerer: `send` what it wants to send, `receive` what it wants to hear.
    pub direction: Direction,
    /// RTP and RTCP may share a port.
    pub rtcp_mux: bool,
}
