//! What the phones say: human speech, encoded beforehand, so that the load generator only copies.
//!
//! The clips are those of `tests/data/speech` (credits and licence there), four seconds each, played in a loop that every
//! phone enters at another place. A talker with the marker has one more voice of its own: speech with a chirp at each
//! full second.

use std::io::Cursor;
use std::time::Duration;

use talkpath_graph::SampleRate;
use talkpath_nodes::codec::{Codec, EncodeFault, Encoder, MAX_PAYLOAD};

use super::marker::marker;

const NARROW: [&[u8]; 2] = [
    include_bytes!("../../tests/data/speech/8k_en_f_00.wav"),
    include_bytes!("../../tests/data/speech/8k_fr_f_01.wav"),
];
const WIDE: &[u8] = include_bytes!("../../tests/data/speech/16k_en_f_00.wav");

/// Different voices; phones share them round robin.
const VOICES: usize = 16;
/// Places of the loop two voices of one clip are apart.
const APART: usize = 1_777;
/// From one marker to the next; a whole part of the loop.
pub(super) const MARKER_EVERY: Duration = Duration::from_secs(1);
/// Length of the loop.
const LOOP: Duration = Duration::from_secs(4);

/// Payloads of one packet time each.
pub(super) struct Voices {
    plain: Vec<Vec<Vec<u8>>>,
    marked: Vec<Vec<u8>>,
}

impl Voices {
    /// Encodes the voices in `codec`, `ptime` to a packet.
    ///
    /// # Errors
    /// The codec refuses a frame of this length.
    pub(super) fn encode(codec: Codec, ptime: Duration) -> Result<Self, EncodeFault> {
        let clips = clips(codec.rate());
        let turned = |voice: usize| {
            let clip = &clips[voice % clips.len()];
            let mut pcm = clip.clone();
            pcm.rotate_left(voice * APART % clip.len());
            pcm
        };
        let voices = (0..VOICES).map(|voice| packets(codec, ptime, &turned(voice)));
        let mut speech = turned(0);
        let chirp = marker(codec.rate());
        let every = codec.rate().samples_in(MARKER_EVERY).as_usize();
        for second in speech.chunks_mut(every) {
            for (sample, chirp) in second.iter_mut().zip(&chirp) {
                *sample += chirp;
            }
        }
        Ok(Self {
            plain: voices.collect::<Result<_, _>>()?,
            marked: packets(codec, ptime, &speech)?,
        })
    }

    /// Payload number `packet` of what phone `seat` says; the loop is entered at another place by every phone.
    pub(super) fn payload(&self, seat: usize, packet: usize) -> &[u8] {
        let voice = &self.plain[seat % VOICES];
        &voice[(packet + seat / VOICES * 7) % voice.len()]
    }

    /// The same of a talker with the marker, which begins with the packets that [`begins_marker`] names.
    pub(super) fn marked(&self, packet: usize) -> &[u8] {
        &self.marked[packet % self.marked.len()]
    }
}

/// Whether packet number `packet` of a talker with the marker begins with it.
pub(super) fn begins_marker(packet: usize, ptime: Duration) -> bool {
    let every = (MARKER_EVERY.as_nanos() / ptime.as_nanos()) as usize;
    packet.is_multiple_of(every)
}

/// The clips at `rate`, ±1.0, each as long as the loop.
pub(super) fn clips(rate: SampleRate) -> Vec<Vec<f32>> {
    let length = rate.samples_in(LOOP).as_usize();
    let mut clips: Vec<Vec<f32>> = match rate.hz() {
        8_000 => NARROW.map(read).to_vec(),
        hz => vec![faster(&read(WIDE), hz as usize / 16_000)],
    };
    for clip in &mut clips {
        clip.resize(length, 0.0);
    }
    clips
}

/// The samples of one of our own files.
fn read(file: &[u8]) -> Vec<f32> {
    let reader = hound::WavReader::new(Cursor::new(file)).expect("a WAV file of ours");
    reader
        .into_samples::<i16>()
        .map(|sample| f32::from(sample.expect("a whole WAV file of ours")) / 32_768.0)
        .collect()
}

/// `times` as many samples: straight lines between those there are. What images that leaves no listener minds.
fn faster(clip: &[f32], times: usize) -> Vec<f32> {
    let next = clip.iter().skip(1).chain(clip.last());
    let pairs = clip.iter().zip(next);
    pairs
        .flat_map(|(from, to)| {
            (0..times).map(move |n| from + (to - from) * n as f32 / times as f32)
        })
        .collect()
}

/// One loop of `pcm` as payloads.
fn packets(codec: Codec, ptime: Duration, pcm: &[f32]) -> Result<Vec<Vec<u8>>, EncodeFault> {
    let frame = codec.rate().samples_in(ptime).as_usize();
    let mut encoder = Encoder::new(codec);
    let mut payload = vec![0; MAX_PAYLOAD];
    pcm.chunks_exact(frame)
        .map(|frame| {
            encoder
                .encode(frame, &mut payload)
                .map(|len| payload[..len].to_vec())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_has_the_length_of_its_packet_time() {
        for (codec, millis, bytes) in [
            (Codec::Pcma, 20, 160),
            (Codec::L16(SampleRate::HZ_16000), 20, 640),
            (Codec::L16(SampleRate::HZ_48000), 10, 960),
        ] {
            let voices = Voices::encode(codec, Duration::from_millis(millis)).unwrap();
            for seat in 0..40 {
                for packet in 0..450 {
                    assert_eq!(voices.payload(seat, packet).len(), bytes);
                    assert_eq!(voices.marked(packet).len(), bytes);
                }
            }
            assert_ne!(voices.payload(0, 60), voices.payload(1, 60));
        }
    }

    #[test]
    fn it_is_speech_at_the_level_of_speech() {
        for rate in [
            SampleRate::HZ_8000,
            SampleRate::HZ_16000,
            SampleRate::HZ_48000,
        ] {
            for clip in clips(rate) {
                assert_eq!(clip.len(), 4 * rate.hz() as usize);
                let power = clip.iter().map(|s| s * s).sum::<f32>() / clip.len() as f32;
                let dbov = 10.0 * power.log10();
                assert!((-29.0..-20.0).contains(&dbov), "{rate:?}: {dbov}");
            }
        }
    }

    #[test]
    fn the_marker_begins_once_a_second() {
        let ptime = Duration::from_millis(20);
        let begins: Vec<_> = (0..201).filter(|n| begins_marker(*n, ptime)).collect();
        assert_eq!(begins, [0, 50, 100, 150, 200]);
    }
}
