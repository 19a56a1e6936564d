//! The codecs a leg can speak, by value, with their coders.
//!
//! [`Codec`] is the name and the numbers (RFC 3551) and is what plans and negotiation carry;
//! [`Decoder`] and [`Encoder`] are the state a worker owns while a leg lives. G.711 and L16 have no
//! state, but callers treat them as if they had: later codecs do.

use crate::{g711, l16};
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

/// Why a payload gave no audio. The caller conceals and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeFault {
    /// The payload has no octets.
    #[error("empty payload")]
    Empty,
    /// The payload ends inside a sample.
    #[error("payload of {actual} octets is not a whole number of {expected}-octet samples")]
    Truncated {
        /// Octets per sample.
        expected: usize,
        /// Octets in the payload.
        actual: usize,
    },
    /// The payload holds more samples than the caller has room for. Nothing was written.
    #[error("payload holds {expected} samples, room for {actual}")]
    TooLong {
        /// Samples in the payload.
        expected: usize,
        /// Samples the output holds.
        actual: usize,
    },
}

/// Why samples were not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeFault {
    /// The output is shorter than the payload. Nothing was written.
    #[error("payload needs {expected} octets, room for {actual}")]
    OutputTooSmall {
        /// Octets needed.
        expected: usize,
        /// Octets the output holds.
        actual: usize,
    },
}

/// Payload to samples.
#[derive(Debug, Clone)]
pub struct Decoder {
    codec: Codec,
}

impl Decoder {
    /// A decoder for `codec`, in its start state.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec }
    }

    /// The codec this decodes.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes one payload to samples in ±1.0 at the front of `out`; returns how many. The rest of
    /// `out` is untouched.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`DecodeFault`] when the payload is empty, ends inside a sample or does not fit `out`;
    /// nothing is written then.
    pub fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, DecodeFault> {
        let size = self.codec.bytes_per_sample();
        let (samples, room) = (payload.len() / size, out.len());
        if payload.is_empty() {
            return Err(DecodeFault::Empty);
        }
        if !payload.len().is_multiple_of(size) {
            return Err(DecodeFault::Truncated {
                expected: size,
                actual: payload.len(),
            });
        }
        let Some(out) = out.get_mut(..samples) else {
            return Err(DecodeFault::TooLong {
                expected: samples,
                actual: room,
            });
        };
        match self.codec {
            Codec::Pcmu => g711::decode_ulaw_f32(payload, out),
            Codec::Pcma => g711::decode_alaw_f32(payload, out),
            Codec::L16(_) => l16::decode(payload, out),
        }
        Ok(samples)
    }
}

/// Samples to payload.
#[derive(Debug, Clone)]
pub struct Encoder {
    codec: Codec,
}

impl Encoder {
    /// An encoder for `codec`, in its start state.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec }
    }

    /// The codec this encodes.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes samples in ±1.0 (rounded to 16 bits, saturated, NaN as 0) to the front of `out`;
    /// returns the octets written. The rest of `out` is untouched.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`EncodeFault::OutputTooSmall`] when the payload does not fit `out`; nothing is written then.
    pub fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, EncodeFault> {
        let (octets, room) = (pcm.len() * self.codec.bytes_per_sample(), out.len());
        let Some(out) = out.get_mut(..octets) else {
            return Err(EncodeFault::OutputTooSmall {
                expected: octets,
                actual: room,
            });
        };
        match self.codec {
            Codec::Pcmu => g711::encode_ulaw_f32(pcm, out),
            Codec::Pcma => g711::encode_alaw_f32(pcm, out),
            Codec::L16(_) => l16::encode(pcm, out),
        }
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Codec; 5] = [
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

    #[test]
    fn every_payload_length_decodes_or_says_why_not() {
        let payload = [0x2a; 2 * MAX_PAYLOAD];
        let mut out = [7.0; MAX_PAYLOAD];
        for codec in ALL {
            let size = codec.bytes_per_sample();
            for length in 0..=payload.len() {
                out.fill(7.0);
                let got = Decoder::new(codec).decode(&payload[..length], &mut out);
                let fits = length / size <= out.len();
                let expected = match codec.samples_in(length) {
                    Some(Samples(n)) if fits => Ok(n as usize),
                    Some(Samples(n)) => Err(DecodeFault::TooLong {
                        expected: n as usize,
                        actual: out.len(),
                    }),
                    None if length == 0 => Err(DecodeFault::Empty),
                    None => Err(DecodeFault::Truncated {
                        expected: size,
                        actual: length,
                    }),
                };
                assert_eq!(got, expected, "{codec} {length}");
                let written = out.iter().take_while(|s| **s != 7.0).count();
                assert_eq!(written, got.unwrap_or(0));
            }
        }
    }

    #[test]
    fn encode_fills_exactly_the_payload_or_nothing() {
        let pcm = [0.25; 200];
        for codec in ALL {
            let mut encoder = Encoder::new(codec);
            for length in 0..=pcm.len() {
                let mut out = [0xee; 300];
                let octets = length * codec.bytes_per_sample();
                let got = encoder.encode(&pcm[..length], &mut out);
                if octets <= out.len() {
                    assert_eq!(got, Ok(octets));
                    assert!(out[octets..].iter().all(|b| *b == 0xee));
                } else {
                    let fault = EncodeFault::OutputTooSmall {
                        expected: octets,
                        actual: out.len(),
                    };
                    assert_eq!(got, Err(fault));
                    assert!(out.iter().all(|b| *b == 0xee));
                }
            }
        }
    }
}
