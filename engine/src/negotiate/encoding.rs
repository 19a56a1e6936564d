//! What a payload type of a description stands for.

use talkpath_graph::SampleRate;
use talkpath_nodes::codec::Codec;

use super::OfferedCodec;
use super::opus::OpusParameters;

/// Comfort noise at 8 kHz needs no `rtpmap` (RFC 3551, table 4).
const COMFORT_NOISE: u8 = 13;

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Audio in a codec there is.
    Audio(Codec),
    /// Keys and other named events: RFC 4733.
    TelephoneEvent,
    /// Comfort noise: RFC 3389.
    ComfortNoise,
    /// Redundant audio: RFC 2198.
    Redundancy,
    /// Anything else, such as G.729.
    Other,
}

impl Encoding {
    /// Whether both are the same on the wire.
    pub fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Audio(one), Self::Audio(other)) => one.is_same_encoding(other),
            _ => self == other,
        }
    }
}

impl OfferedCodec {
    /// What it is.
    pub fn encoding(&self) -> Encoding {
        if let Some(codec) = self.codec() {
            return Encoding::Audio(codec);
        }
        let named = |name: &str| self.name.eq_ignore_ascii_case(name) && self.channels == 1;
        if named("telephone-event") {
            Encoding::TelephoneEvent
        } else if named("CN") || (self.name.is_empty() && self.payload_type == COMFORT_NOISE) {
            Encoding::ComfortNoise
        } else if self.name.eq_ignore_ascii_case("red") {
            Encoding::Redundancy
        } else {
            Encoding::Other
        }
    }

    /// The codec this is, if it is one of ours; of Opus at the rate that its writer makes use of. Opus with parameters that
    /// cannot be read is none.
    pub fn codec(&self) -> Option<Codec> {
        if let Some(parameters) = OpusParameters::of(self) {
            return Some(Codec::Opus(parameters.ok()?.rate()));
        }
        if self.name.is_empty() {
            return [Codec::Pcmu, Codec::Pcma, Codec::G722]
                .into_iter()
                .find(|codec| codec.static_payload_type() == Some(self.payload_type));
        }
        let rate = SampleRate::new(self.clock_rate).ok();
        let fixed = [Codec::Pcmu, Codec::Pcma, Codec::G722].map(Some);
        let known = fixed.into_iter().chain([rate.map(Codec::L16)]);
        known.flatten().find(|codec| self.is(*codec))
    }

    /// True if this is `codec` in mono; not for Opus, whose mono is written as two channels.
    fn is(&self, codec: Codec) -> bool {
        self.name.eq_ignore_ascii_case(codec.encoding_name())
            && self.clock_rate == codec.clock_rate()
            && self.channels == 1
    }

    /// True if both mean the same under whatever number.
    pub(super) fn means(&self, other: &Self) -> bool {
        self.encoding() != Encoding::Other
            && self.encoding().is_same(other.encoding())
            && self.clock() == other.clock()
    }

    /// Its RTP clock in hertz. A static number without a name has its own, all of ours 8,000.
    pub(super) fn clock(&self) -> u32 {
        match self.name.is_empty() {
            true => 8_000,
            false => self.clock_rate,
        }
    }
}
