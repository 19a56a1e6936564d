//! What the synthetic callers say: speech-like, encoded beforehand.
//!
//! Each voice is a few harmonics of its own pitch under a syllable-shaped envelope with pauses, at about −26 dBov: the
//! worker decodes, meters and mixes as it would speech, and the generator's cost stays out of the figures.

use std::f32::consts::TAU;
use std::time::Duration;

use talkpath_nodes::codec::{Codec, EncodeFault, Encoder};

/// Different voices; legs share them round robin.
const VOICES: usize = 16;
/// Length of the loop of each voice.
const LOOP: Duration = Duration::from_secs(2);
const SYLLABLES_PER_SECOND: f32 = 4.0;
const PEAK: f32 = 0.16;

/// Payloads of one packet time each, for every voice.
pub(super) struct Voices {
    payloads: Vec<Vec<Vec<u8>>>,
}

impl Voices {
    /// Encodes the voices in `codec`, `ptime` to a packet.
    ///
    /// # Errors
    /// The codec refuses a frame of this length.
    pub(super) fn encode(codec: Codec, ptime: Duration) -> Result<Self, EncodeFault> {
        let payloads = (0..VOICES)
            .map(|voice| packets(codec, ptime, voice))
            .collect::<Result<_, _>>()?;
        Ok(Self { payloads })
    }

    /// Payload number `packet` of what leg `leg` says; the loop is entered at another place by every leg.
    pub(super) fn payload(&self, leg: usize, packet: usize) -> &[u8] {
        let voice = &self.payloads[leg % VOICES];
        &voice[(packet + leg / VOICES * 7) % voice.len()]
    }
}

fn packets(codec: Codec, ptime: Duration, voice: usize) -> Result<Vec<Vec<u8>>, EncodeFault> {
    let rate = codec.rate();
    let frame = rate.samples_in(ptime).as_usize();
    let pcm: Vec<f32> = (0..rate.samples_in(LOOP).as_usize())
        .map(|n| sample(n as f32 / rate.hz() as f32, voice))
        .collect();
    let mut encoder = Encoder::new(codec);
    let mut payload = vec![0; frame * codec.bytes_per_sample()];
    pcm.chunks_exact(frame)
        .map(|frame| {
            encoder
                .encode(frame, &mut payload)
                .map(|len| payload[..len].to_vec())
        })
        .collect()
}

/// The voice at `t` seconds, ±1.0.
fn sample(t: f32, voice: usize) -> f32 {
    let pitch = 95.0 + 11.0 * voice as f32;
    let syllable = (t * SYLLABLES_PER_SECOND + voice as f32 / VOICES as f32).fract();
    // A syllable fills three quarters of its time, and every fourth one is a pause.
    let pause = (t * SYLLABLES_PER_SECOND) as usize % 4 == voice % 4;
    let envelope = if pause || syllable > 0.75 {
        0.0
    } else {
        (syllable / 0.75 * TAU / 2.0).sin()
    };
    let harmonics: f32 = (1..=8)
        .map(|k| (TAU * pitch * k as f32 * t).sin() / k as f32)
        .sum();
    PEAK * envelope * harmonics / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_has_the_length_of_its_packet_time() {
        let voices = Voices::encode(Codec::Pcma, Duration::from_millis(20)).unwrap();
        for leg in 0..40 {
            for packet in 0..250 {
                assert_eq!(voices.payload(leg, packet).len(), 160);
            }
        }
        assert_ne!(voices.payload(0, 12), voices.payload(1, 12));
    }
}
