//! The codecs a leg can speak, by value, with their coders.
//!
//! [`Codec`] is the name and the numbers (RFC 3551) and is what plans and negotiation carry; the state a worker owns
//! while a leg lives is in `coder`.

mod coder;

pub use coder::{DecodeFault, Decoder, EncodeFault, Encoder};

use core::fmt;
use core::time::Duration;
use talkpath_graph::{SampleRate, Samples};

/// The largest payload a packet box holds, octets (D16).
pub const MAX_PAYLOAD: usize = 1280;

/// A codec as it is negotiated: encoding and rate, always mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, static payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, static payload type 8.
    Pcma,
    /// Linear 16-bit samples in network order at the rate given; dynamic payload type.
    L16(SampleRate),
}

impl Codec {
    /// The sample rate of the decoded audio.
    #[must_use]
    pub fn rate(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma => SampleRate::HZ_8000,
            Self::L16(rate) => rate,
        }
    }

    /// Ticks per second of the RTP timestamp.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        self.rate().hz()
    }

    /// Payload octets per sample.
    #[must_use]
    pub fn bytes_per_sample(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => 1,
            Self::L16(_) => 2,
        }
    }

    /// The name in SDP `a=rtpmap` (RFC 3551 table 4).
    #[must_use]
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16(_) => "L16",
        }
    }

    /// The payload type fixed by RFC 3551, if there is one. (10 and 11 are L16 at 44.1 kHz only.)
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::L16(_) => None,
        }
    }

    /// Samples in a payload of `octets`; `None` when it is empty or not a whole number of samples.
    #[must_use]
    pub fn samples_in(self, octets: usize) -> Option<Samples> {
        let size = self.bytes_per_sample();
        if octets == 0 || !octets.is_multiple_of(size) {
            return None;
        }
        u32::try_from(octets / size).ok().map(Samples)
    }

    /// The longest packet time whose payload fits a packet box ([`MAX_PAYLOAD`]), in whole tens of milliseconds:
    /// 160 ms for G.711, 80, 40 and 10 ms for L16 at 8, 16 and 48 kHz.
    #[must_use]
    pub fn max_ptime(self) -> Duration {
        let samples = (MAX_PAYLOAD / self.bytes_per_sample()) as u64;
        let tens = samples * 100 / u64::from(self.clock_rate());
        Duration::from_millis(tens * 10)
    }
}

/// As in SDP: `PCMU/8000`, `L16/16000`.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.encoding_name(), self.clock_rate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const ALL: [Codec; 5] = [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::L16(SampleRate::HZ_8000),
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
    ];

    #[test]
    fn numbers_are_those_of_rfc_3551() {
        let names: Vec<String> = ALL.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "PCMU/8000",
                "PCMA/8000",
                "L16/8000",
                "L16/16000",
                "L16/48000"
            ]
        );
        let types = ALL.map(Codec::static_payload_type);
        assert_eq!(types, [Some(0), Some(8), None, None, None]);
        let ptimes = ALL.map(|c| c.max_ptime().as_millis());
        assert_eq!(ptimes, [160, 160, 80, 40, 10]);
    }
}
