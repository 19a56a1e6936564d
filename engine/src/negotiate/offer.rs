//! What the other side can do, as a front has read it from its description.

use std::time::Duration;

use talkpath_graph::SampleRate;
use talkpath_nodes::codec::Codec;

use crate::proto::Direction;

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
    /// Format parameters, as they stand in the offer.
    pub fmtp: Option<String>,
}

impl OfferedCodec {
    /// How an offer writes `codec`.
    pub fn of(codec: Codec, payload_type: u8) -> Self {
        Self {
            payload_type,
            name: codec.encoding_name().to_owned(),
            clock_rate: codec.clock_rate(),
            channels: 1,
            fmtp: None,
        }
    }

    /// The codec this is, if it is one of ours.
    pub fn codec(&self) -> Option<Codec> {
        if self.name.is_empty() {
            return [Codec::Pcmu, Codec::Pcma]
                .into_iter()
                .find(|codec| codec.static_payload_type() == Some(self.payload_type));
        }
        let rate = SampleRate::new(self.clock_rate).ok();
        let known = [Some(Codec::Pcmu), Some(Codec::Pcma), rate.map(Codec::L16)];
        known.into_iter().flatten().find(|codec| self.is(*codec))
    }

    /// True if this is `codec` in mono.
    pub fn is(&self, codec: Codec) -> bool {
        self.name.eq_ignore_ascii_case(codec.encoding_name())
            && self.clock_rate == codec.clock_rate()
            && self.channels == 1
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
