//! What the engine can speak, and the offer it makes of it.

use std::time::Duration;

use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

use super::{AudioOffer, OfferedCodec};
use crate::proto::Direction;

/// First dynamic payload type (RFC 3551, section 3).
const FIRST_DYNAMIC: u8 = 96;

/// Whose order of preference picks the codec of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The offerer's, as RFC 3264, section 6.1, recommends.
    #[default]
    Offer,
    /// Ours.
    Ours,
}

/// The codecs a side can speak, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Best first. A codec that is not here is never answered.
    pub codecs: Vec<Codec>,
    /// Whose order picks.
    pub order: Order,
    /// Whether RTP and RTCP may share a port when the offer says so (RFC 5761).
    pub rtcp_mux: bool,
}

impl Default for Capabilities {
    /// Everything there is, picked in the offerer's order. In ours G.722 comes first: L16 sounds better and takes four to
    /// twelve times the bits.
    fn default() -> Self {
        let wide = [
            Codec::G722,
            Codec::L16(SampleRate::HZ_48000),
            Codec::L16(SampleRate::HZ_16000),
        ];
        let narrow = [Codec::Pcma, Codec::Pcmu, Codec::L16(SampleRate::HZ_8000)];
        let codecs = wide.into_iter().chain(narrow).collect();
        Self {
            codecs,
            order: Order::default(),
            rtcp_mux: true,
        }
    }
}

impl Capabilities {
    /// An offer for a room of frame `room`; payload types are the static ones where there are,
    /// else dynamic ones from 96 on.
    ///
    /// One `ptime` and one `maxptime` stand for all codecs of a description (RFC 8866, section
    /// 6), so a codec whose packets cannot be as long as the room's frame is left out: L16 at
    /// 48 kHz in a room of 20 ms. If there is no other, the packet is as short as it needs.
    pub fn offer(&self, room: FrameTime) -> AudioOffer {
        let longest = |codec: &Codec| whole(codec.max_ptime());
        let most = self.codecs.iter().map(longest).max();
        let ptime = most.map_or(room.as_duration(), |most| most.min(room.as_duration()));
        let fitting = || self.codecs.iter().filter(|codec| longest(codec) >= ptime);
        let mut dynamic = FIRST_DYNAMIC..;
        let codecs: Vec<_> = fitting()
            .filter_map(|&codec| {
                let payload_type = codec.static_payload_type().or_else(|| dynamic.next())?;
                Some(OfferedCodec::of(codec, payload_type))
            })
            .collect();
        AudioOffer {
            codecs,
            ptime: Some(ptime),
            maxptime: fitting().map(longest).min(),
            direction: Direction::BOTH,
            rtcp_mux: self.rtcp_mux,
        }
    }
}

/// Whole milliseconds, rounded down: what `maxptime` can say.
fn whole(span: Duration) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
