//! The codecs a leg can speak, by value, with their coders.
//!
//! [`Codec`] is the name and the numbers (RFC 3551) and is what plans and negotiation carry; the state a worker owns
//! while a leg lives is in `coder`.

mod coder;
mod opus;

pub use coder::{DecodeFault, Decoder, EncodeFault, Encoder};
pub use opus::{OpusRate, OpusSettings};

use core::fmt;
use core::time::Duration;
use talkpath_graph::{SampleRate, Samples};
use talkpath_opus::packet;

pub use talkpath_opus::Application;

/// The largest payload a packet box holds, octets (D16).
pub const MAX_PAYLOAD: usize = 1280;

/// Delay of one of the two filters of G.722: 22 samples at 16 kHz together (ITU-T G.722, clauses 3.1 and 4.4).
const G722_FILTER: Duration = Duration::from_nanos(687_500);

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
    /// Opus (RFC 7587), decoded to and coded from this rate under an RTP clock of 48 kHz; dynamic payload type.
    Opus(OpusRate),
}

impl Codec {
    /// The sample rate of the decoded audio.
    #[must_use]
    pub fn rate(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma => SampleRate::HZ_8000,
            Self::L16(rate) => rate,
            Self::G722 => SampleRate::HZ_16000,
            Self::Opus(rate) => rate.rate(),
        }
    }

    /// The clock of the RTP timestamp: the sample rate, but for G.722 (RFC 3551 4.5.2) and Opus (RFC 7587 4.1).
    #[must_use]
    pub fn clock(self) -> SampleRate {
        match self {
            Self::G722 => SampleRate::HZ_8000,
            Self::Opus(_) => SampleRate::HZ_48000,
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
            Self::Opus(rate) => samples.0.saturating_mul(rate.ticks()),
            _ => samples.0,
        }
    }

    /// Ticks of the RTP timestamp in `payload`; `None` where [`samples_in`](Self::samples_in) is.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn ticks_in(self, payload: &[u8]) -> Option<u32> {
        self.samples_in(payload)
            .map(|samples| self.ticks_of(samples))
    }

    /// Samples in so many ticks of the RTP timestamp, rounded down, saturating.
    #[must_use]
    pub fn samples_of(self, ticks: u32) -> Samples {
        match self {
            Self::G722 => Samples(ticks.saturating_mul(2)),
            Self::Opus(rate) => Samples(ticks / rate.ticks()),
            _ => Samples(ticks),
        }
    }

    /// Whether a payload is coded as a whole, so that its octets can be neither cut nor joined and do not tell how long it
    /// is.
    #[must_use]
    pub fn is_framed(self) -> bool {
        matches!(self, Self::Opus(_))
    }

    /// Whether its decoder makes up by itself what is lost ([`Decoder::recover`]), so that no concealment need follow it.
    #[must_use]
    pub fn conceals(self) -> bool {
        matches!(self, Self::Opus(_))
    }

    /// By how much its encoder delays: 6.5 ms of Opus for voice, 5 for its overlap and 1.5 for the resampler of SILK; of
    /// G.722 half of what its two filters do.
    #[must_use]
    pub fn encoder_delay(self) -> Duration {
        match self {
            Self::Opus(_) => opus::LOOK_AHEAD,
            Self::G722 => G722_FILTER,
            _ => Duration::ZERO,
        }
    }

    /// By how much its decoder delays.
    #[must_use]
    pub fn decoder_delay(self) -> Duration {
        match self {
            Self::G722 => G722_FILTER,
            _ => Duration::ZERO,
        }
    }

    /// Whether both are the same on the wire: rates to which one decodes by itself are our own business.
    #[must_use]
    pub fn is_same_encoding(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Opus(_), Self::Opus(_)))
    }

    /// The same codec decoded to `rate`, where it can be by itself; else unchanged.
    #[must_use]
    pub fn decoded_at(self, rate: SampleRate) -> Self {
        match (self, OpusRate::of(rate)) {
            (Self::Opus(_), Some(rate)) => Self::Opus(rate),
            _ => self,
        }
    }

    /// Payload octets of so many samples, rounded down; 0 for a codec that is [framed](Self::is_framed).
    #[must_use]
    pub fn octets_of(self, samples: usize) -> usize {
        match self {
            Self::Opus(_) => 0,
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
            Self::Opus(_) => "opus",
        }
    }

    /// The payload type fixed by RFC 3551, if there is one. (10 and 11 are L16 at 44.1 kHz only.)
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::L16(_) | Self::Opus(_) => None,
            Self::G722 => Some(9),
        }
    }

    /// Samples in `payload`; `None` when it is empty or not a whole number of samples, or one that is coded as a whole
    /// does not say how long it is.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn samples_in(self, payload: &[u8]) -> Option<Samples> {
        match self {
            Self::Opus(_) => packet::ticks(payload).map(|ticks| self.samples_of(ticks)),
            _ => self.samples_in_octets(payload.len()),
        }
    }

    /// The same of a payload whose length says it all; `None` for a codec that is [framed](Self::is_framed).
    #[must_use]
    pub fn samples_in_octets(self, octets: usize) -> Option<Samples> {
        let samples = match self {
            Self::Opus(_) => 0,
            Self::Pcmu | Self::Pcma => octets,
            Self::L16(_) if octets.is_multiple_of(2) => octets / 2,
            Self::L16(_) => 0,
            Self::G722 => 2 * octets,
        };
        let samples = u32::try_from(samples).ok()?;
        (samples > 0).then_some(Samples(samples))
    }

    /// Samples of the longest packet that is taken.
    #[must_use]
    pub fn longest(self) -> Samples {
        match self {
            Self::Opus(_) => self.rate().samples_in(self.max_ptime()),
            _ => self.samples_in_octets(MAX_PAYLOAD).unwrap_or(Samples(0)),
        }
    }

    /// Whether packets of `ptime` can be sent: whole tens of milliseconds up to 60 and to
    /// [`max_ptime`](Self::max_ptime), and of Opus a frame there is (10, 20, 40 or 60 ms).
    #[must_use]
    pub fn has_ptime(self, ptime: Duration) -> bool {
        let most = self.max_ptime().min(Duration::from_millis(60));
        let whole = ptime.as_nanos().is_multiple_of(10_000_000);
        let frame = !self.is_framed() || [1, 2, 4, 6].contains(&(ptime.as_millis() / 10));
        whole && frame && !ptime.is_zero() && ptime <= most
    }

    /// The longest packet time whose payload fits a packet box ([`MAX_PAYLOAD`]), in whole tens of milliseconds:
    /// 160 ms for G.711 and G.722, 80, 40 and 10 ms for L16 at 8, 16 and 48 kHz. 60 ms for Opus, the longest frame it has.
    #[must_use]
    pub fn max_ptime(self) -> Duration {
        let Some(samples) = self.samples_in_octets(MAX_PAYLOAD).map(|samples| samples.0) else {
            return opus::MAX_PTIME;
        };
        let tens = u64::from(samples) * 100 / u64::from(self.rate().hz());
        Duration::from_millis(tens * 10)
    }
}

/// As in SDP: `PCMU/8000`, `L16/16000`, `opus/48000/2`.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.encoding_name(), self.clock_rate())?;
        // Whatever is sent (RFC 7587, section 7).
        if let Self::Opus(_) = self {
            f.write_str("/2")?;
        }
        Ok(())
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
    pub(super) const OPUS: [Codec; 3] = [
        Codec::Opus(OpusRate::Narrow),
        Codec::Opus(OpusRate::Wide),
        Codec::Opus(OpusRate::Full),
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

    #[test]
    fn opus_is_of_48_khz_on_the_wire_and_of_its_own_rate_inside() {
        // 20 ms of SILK in one frame (RFC 6716, table 2).
        let payload = [1 << 3, 0, 0];
        for (codec, samples) in OPUS.into_iter().zip([160, 320, 960]) {
            assert_eq!(codec.to_string(), "opus/48000/2");
            assert_eq!(codec.static_payload_type(), None);
            assert_eq!(codec.samples_in(&payload), Some(Samples(samples)));
            assert_eq!(codec.ticks_in(&payload), Some(960));
            assert_eq!(codec.ticks_of(Samples(samples)), 960);
            assert_eq!(codec.samples_of(960), Samples(samples));
            assert_eq!(codec.samples_in(&[]), None);
            assert_eq!(codec.longest(), Samples(3 * samples));
            assert!(codec.is_same_encoding(OPUS[0]) && !codec.is_same_encoding(Codec::Pcmu));
            assert_eq!(codec.decoded_at(SampleRate::HZ_16000), OPUS[1]);
        }
        assert_eq!(Codec::Pcmu.decoded_at(SampleRate::HZ_16000), Codec::Pcmu);
    }
}
