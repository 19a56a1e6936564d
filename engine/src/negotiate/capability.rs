//! What a side can speak, and of that what it wants to.

use talkpath_nodes::codec::{Codec, OpusRate};

use super::{OfferedCodec, PacketTime, SHORTEST_PTIME};
use crate::worker::bus::BUS_RATES;
use talkpath_graph::SampleRate;

/// Whose order of preference picks the codec of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The offerer's, as RFC 3264, section 6.1, recommends.
    #[default]
    Offer,
    /// Ours.
    Ours,
}

/// The codecs a side can speak, best first, and what goes beside them.
///
/// What goes beside is off by default: legs and calls have no use for it yet, and what is accepted must not be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Best first. A codec that is not here is never answered.
    pub codecs: Vec<Codec>,
    /// If there are any, only these, best first, as far as they are in `codecs`.
    pub forced: Vec<Codec>,
    /// Never these, forced or not.
    pub denied: Vec<Codec>,
    /// Whose order picks.
    pub order: Order,
    /// Whose wish the packet time follows.
    pub packet_time: PacketTime,
    /// Whether RTP and RTCP may share a port when the offer says so (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether keys may come as named events (RFC 4733).
    pub telephone_event: bool,
    /// Whether comfort noise may come (RFC 3389).
    pub comfort_noise: bool,
    /// Whether audio may come redundant (RFC 2198). Accepted, never offered.
    pub redundancy: bool,
}

impl Default for Capabilities {
    /// Every codec there is, picked in the offerer's order, and nothing beside. In ours Opus comes first, then G.722, which
    /// takes a tenth of its time: L16 sounds better and takes four to twelve times the bits.
    fn default() -> Self {
        let wide = [
            Codec::Opus(OpusRate::Full),
            Codec::G722,
            Codec::L16(SampleRate::HZ_48000),
            Codec::L16(SampleRate::HZ_16000),
        ];
        let narrow = [Codec::Pcma, Codec::Pcmu, Codec::L16(SampleRate::HZ_8000)];
        Self {
            codecs: wide.into_iter().chain(narrow).collect(),
            forced: Vec::new(),
            denied: Vec::new(),
            order: Order::default(),
            packet_time: PacketTime::default(),
            rtcp_mux: true,
            telephone_event: false,
            comfort_noise: false,
            redundancy: false,
        }
    }
}

impl Capabilities {
    /// The codecs that may be spoken, best first and each once: those listed, forced and not denied that the engine would
    /// build a leg of.
    pub fn usable(&self) -> Vec<Codec> {
        let list = match self.forced.is_empty() {
            true => &self.codecs,
            false => &self.forced,
        };
        let mut usable = Vec::new();
        for codec in list {
            let allowed = holds(&self.codecs, *codec) && !holds(&self.denied, *codec);
            if allowed && is_built(*codec) && !holds(&usable, *codec) {
                usable.push(*codec);
            }
        }
        usable
    }
}

/// Whether one of `codecs` is `codec` on the wire.
pub(super) fn holds(codecs: &[Codec], codec: Codec) -> bool {
    codecs.iter().any(|one| one.is_same_encoding(codec))
}

/// Whether the engine has legs of `codec` (its rate is one of the buses, and the shortest packet fits a box) and a description
/// can say so: what we would write is read as it.
fn is_built(codec: Codec) -> bool {
    let said = OfferedCodec::of(codec, 0).codec() == Some(codec);
    said && BUS_RATES.contains(&codec.rate()) && codec.max_ptime() >= SHORTEST_PTIME
}
