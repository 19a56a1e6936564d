//! The coders of a leg: payload to samples and back.
//!
//! G.711 and L16 have no state, but callers treat them as if they had, as G.722 and Opus do.

use super::{Codec, OpusSettings};
use crate::g722::{self, Mode};
use crate::{g711, l16};
use talkpath_opus::{self as opus, OpusFault};

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
    /// The payload is no packet of its codec. Nothing that was written counts.
    #[error("payload of {actual} octets is no packet of its codec")]
    Malformed {
        /// Octets in the payload.
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
    /// The samples are no frame of the codec. Nothing was written.
    #[error("{actual} samples are no frame of the codec")]
    FrameSize {
        /// Samples there were.
        actual: usize,
    },
}

/// How one codec is coded, with what stays from packet to packet.
#[derive(Debug, Clone)]
enum Coder<G722, Opus> {
    Ulaw,
    Alaw,
    L16,
    G722(Box<G722>),
    Opus(Box<Opus>),
}

impl<G722: Default, Opus> Coder<G722, Opus> {
    fn new(codec: Codec, opus: impl FnOnce(super::OpusRate) -> Opus) -> Self {
        match codec {
            Codec::Pcmu => Self::Ulaw,
            Codec::Pcma => Self::Alaw,
            Codec::L16(_) => Self::L16,
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus(rate) => Self::Opus(Box::new(opus(rate))),
        }
    }
}

/// Payload to samples.
#[derive(Debug, Clone)]
pub struct Decoder {
    codec: Codec,
    coder: Coder<g722::Decoder, opus::Decoder>,
}

impl Decoder {
    /// A decoder for `codec`, in its start state. Control side: may allocate.
    ///
    /// # Panics
    /// Never: libopus decodes to every [`OpusRate`](super::OpusRate).
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        let opus = |rate: super::OpusRate| {
            let decoder = opus::Decoder::new(rate.rate().hz(), opus::Channels::Mono);
            decoder.expect("libopus has this rate")
        };
        let coder = Coder::new(codec, opus);
        Self { codec, coder }
    }

    /// Back to the start state.
    ///
    /// Real-time: allocates no; blocks no; cost O(state).
    pub fn reset(&mut self) {
        match &mut self.coder {
            Coder::G722(decoder) => **decoder = g722::Decoder::default(),
            Coder::Opus(decoder) => decoder.reset(),
            Coder::Ulaw | Coder::Alaw | Coder::L16 => {}
        }
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
        if payload.is_empty() {
            return Err(DecodeFault::Empty);
        }
        let Some(samples) = self.codec.samples_in(payload) else {
            let actual = payload.len();
            return Err(match self.codec.octets_of(1) {
                0 => DecodeFault::Malformed { actual },
                expected => DecodeFault::Truncated { expected, actual },
            });
        };
        let (samples, room) = (samples.as_usize(), out.len());
        let Some(out) = out.get_mut(..samples) else {
            return Err(DecodeFault::TooLong {
                expected: samples,
                actual: room,
            });
        };
        match &mut self.coder {
            Coder::Ulaw => g711::decode_ulaw_f32(payload, out),
            Coder::Alaw => g711::decode_alaw_f32(payload, out),
            Coder::L16 => l16::decode(payload, out),
            Coder::G722(decoder) => decoder.decode(payload, Mode::Kbit64, out),
            Coder::Opus(decoder) => {
                let actual = payload.len();
                decoder
                    .decode(payload, out)
                    .map_err(|_| DecodeFault::Malformed { actual })?;
            }
        }
        Ok(samples)
    }

    /// Makes up what a lost packet held, where the codec can (Opus): from what `next`, the payload behind it, carries of it
    /// in-band, or else by the codec's own concealment. Whether `out` was filled; a length of no whole 2.5 ms is not.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn recover(&mut self, next: Option<&[u8]>, out: &mut [f32]) -> bool {
        let Coder::Opus(decoder) = &mut self.coder else {
            return false;
        };
        let recovered = next.is_some_and(|next| decoder.recover(next, out).is_ok());
        recovered || decoder.conceal(out).is_ok()
    }
}

/// Samples to payload.
#[derive(Debug, Clone)]
pub struct Encoder {
    codec: Codec,
    coder: Coder<g722::Encoder, opus::Encoder>,
}

impl Encoder {
    /// An encoder for `codec`, in its start state, with the usual settings. Control side: may allocate.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self::with(codec, &OpusSettings::default())
    }

    /// An encoder for `codec`, in its start state; `settings` are for Opus. Control side: may allocate.
    ///
    /// # Panics
    /// Never: the settings are brought into their ranges.
    #[must_use]
    pub fn with(codec: Codec, settings: &OpusSettings) -> Self {
        let opus = |rate| {
            let encoder = opus::Encoder::new(settings.at(rate));
            encoder.expect("the settings are in range")
        };
        let coder = Coder::new(codec, opus);
        Self { codec, coder }
    }

    /// The codec this encodes.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes samples in ±1.0 (rounded to 16 bits, saturated, NaN as 0; Opus takes them as they are) to the front of
    /// `out`; returns the octets written. The rest of `out` is untouched. A codec that is
    /// [framed](Codec::is_framed) makes one payload of them all, and one of at most two octets need not be sent (DTX).
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`EncodeFault::OutputTooSmall`] when the payload does not fit `out`; [`EncodeFault::FrameSize`] when a framed codec
    /// has no frame of that length. Nothing is written then.
    pub fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, EncodeFault> {
        if let Coder::Opus(encoder) = &mut self.coder {
            return encoder.encode(pcm, out).map_err(|fault| opus_fault(&fault));
        }
        let (octets, room) = (self.codec.octets_of(pcm.len()), out.len());
        let Some(out) = out.get_mut(..octets) else {
            return Err(EncodeFault::OutputTooSmall {
                expected: octets,
                actual: room,
            });
        };
        match &mut self.coder {
            Coder::Ulaw => g711::encode_ulaw_f32(pcm, out),
            Coder::Alaw => g711::encode_alaw_f32(pcm, out),
            Coder::L16 => l16::encode(pcm, out),
            Coder::G722(encoder) => encoder.encode(pcm, out),
            Coder::Opus(_) => {}
        }
        Ok(octets)
    }

    /// Effort from the next frame on, 0 to 10, where the codec has such a thing.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_complexity(&mut self, complexity: u8) {
        if let Coder::Opus(encoder) = &mut self.coder {
            let set = encoder.set_complexity(complexity.min(10));
            debug_assert_eq!(set, Ok(()));
        }
    }
}

/// Of what libopus can say of a frame.
fn opus_fault(fault: &OpusFault) -> EncodeFault {
    match *fault {
        OpusFault::FrameSize { actual, .. } => EncodeFault::FrameSize { actual },
        OpusFault::OutputTooSmall { actual } => EncodeFault::OutputTooSmall {
            expected: actual + 1,
            actual,
        },
        // Nothing else can come of a frame; were it to, the frame is not sent.
        _ => EncodeFault::FrameSize { actual: 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_PAYLOAD;
    use super::super::tests::ALL;
    use super::*;
    use talkpath_graph::Samples;

    #[test]
    fn every_payload_length_decodes_or_says_why_not() {
        let payload = [0x2a; 2 * MAX_PAYLOAD + 1];
        let mut out = [7.0; MAX_PAYLOAD];
        for codec in ALL {
            for length in 0..=payload.len() {
                out.fill(7.0);
                let got = Decoder::new(codec).decode(&payload[..length], &mut out);
                let expected = match codec.samples_in_octets(length) {
                    Some(Samples(n)) if n as usize <= out.len() => Ok(n as usize),
                    Some(Samples(n)) => Err(DecodeFault::TooLong {
                        expected: n as usize,
                        actual: out.len(),
                    }),
                    None if length == 0 => Err(DecodeFault::Empty),
                    None => Err(DecodeFault::Truncated {
                        expected: 2,
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
                let octets = codec.octets_of(length);
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
