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
    /// G.722 in 64 kbit/s, 16 kHz under an RTP clock of 8 kHz, static payload type 9.
    G722,
}

impl Codec {
    /// The sample rate of the decoded audio.
    #[must_use]
    pub fn rate(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma => SampleRate::HZ_8000,
            Self::L16(rate) => rate,
            Self::G722 => SampleRate::HZ_16000,
        }
    }

    /// The clock of the RTP timestamp: the sample rate, but for G.722 (RFC 3551 4.5.2).
    #[must_use]
    pub fn clock(self) -> SampleRate {
        match self {
            Self::G722 => SampleRate::HZ_8000,
            _ => self.rate(),
        }
    }

    /// Ticks per second of the RTP timestamp.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        self.clock().hz()
    }

    /// Ticks of the RTP timestamp in `samples`, rounded down.
    #[must_use]
    pub fn ticks_of(self, samples: Samples) -> u32 {
        match self {
            Self::G722 => samples.0 / 2,
            _ => samples.0,
        }
    }

    /// Ticks of the RTP timestamp in a payload of `octets`; `None` where [`samples_in`](Self::samples_in) is.
    #[must_use]
    pub fn ticks_in(self, octets: usize) -> Option<u32> {
        self.samples_in(octets)
            .map(|samples| self.ticks_of(samples))
    }

    /// Samples in so many ticks of the RTP timestamp, saturating.
    #[must_use]
    pub fn samples_of(self, ticks: u32) -> Samples {
        match self {
            Self::G722 => Samples(ticks.saturating_mul(2)),
            _ => Samples(ticks),
        }
    }

    /// Payload octets of so many samples, rounded down.
    #[must_use]
    pub fn octets_of(self, samples: usize) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => samples,
            Self::L16(_) => 2 * samples,
            Self::G722 => samples / 2,
        }
    }

    /// The name in SDP `a=rtpmap` (RFC 3551 table 4).
    #[must_use]
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16(_) => "L16",
            Self::G722 => "G722",
        }
    }

    /// The payload type fixed by RFC 3551, if there is one. (10 and 11 are L16 at 44.1 kHz only.)
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::L16(_) => None,
            Self::G722 => Some(9),
        }
    }

    /// Samples in a payload of `octets`; `None` when it is empty or not a whole number of samples.
    #[must_use]
    pub fn samples_in(self, octets: usize) -> Option<Samples> {
        let samples = match self {
            Self::Pcmu | Self::Pcma => octets,
            Self::L16(_) if octets.is_multiple_of(2) => octets / 2,
            Self::L16(_) => 0,
            Self::G722 => 2 * octets,
        };
        let samples = u32::try_from(samples).ok()?;
        (samples > 0).then_some(Samples(samples))
    }

    /// The longest packet time whose payload fits a packet box ([`MAX_PAYLOAD`]), in whole tens of milliseconds:
    /// 160 ms for G.711 and G.722, 80, 40 and 10 ms for L16 at 8, 16 and 48 kHz.
    #[must_use]
    pub fn max_ptime(self) -> Duration {
        let samples = self.samples_in(MAX_PAYLOAD).map_or(0, |samples| samples.0);
        let tens = u64::from(samples) * 100 / u64::from(self.rate().hz());
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

    pub(super) const ALL: [Codec; 6] = [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::L16(SampleRate::HZ_8000),
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
        Codec::G722,
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
                "L16/48000",
                "G722/8000"
            ]
        );
        let types = ALL.map(Codec::static_payload_type);
        assert_eq!(types, [Some(0), Some(8), None, None, None, Some(9)]);
        let ptimes = ALL.map(|c| c.max_ptime().as_millis());
        assert_eq!(ptimes, [160, 160, 80, 40, 10, 160]);
    }
}
