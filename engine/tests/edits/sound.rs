//! A tone for every leg, and how loud each is in what a leg was sent.
//!
//! All tones are multiples of 50 Hz, so any 20 ms of a room that stands still hold whole waves of each: a packet is the
//! same whenever it is sent, and a plain Fourier sum over the mean of some periods tells all tones apart.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use talkpath_engine::{Codec, SampleRate};
use talkpath_graph::Samples;
use talkpath_nodes::codec::{Decoder, Encoder};

/// Tones there are; number [`GHOST`] is said by packets with stale handles alone.
pub const TONES: usize = 57;
pub const GHOST: usize = TONES;
/// Peak of a leg at 0 dB: twelve of them at +6 dB stay below the limiter.
pub const PEAK: f64 = 0.02;
const GHOST_PEAK: f64 = 0.5;

pub const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(SampleRate::HZ_8000),
    Codec::L16(SampleRate::HZ_16000),
    Codec::L16(SampleRate::HZ_48000),
];

fn index(codec: Codec) -> usize {
    let at = CODECS.iter().position(|known| *known == codec);
    at.expect("a codec of this test")
}

pub fn payload_type(codec: Codec) -> u8 {
    codec
        .static_payload_type()
        .unwrap_or(96 + index(codec) as u8)
}

/// Waves of a tone in 20 ms.
fn waves(tone: usize) -> usize {
    match tone {
        GHOST => 63,
        tone => tone + 4,
    }
}

pub fn hz(tone: usize) -> f64 {
    50.0 * waves(tone) as f64
}

/// Samples in 20 ms.
fn period(rate: SampleRate) -> usize {
    rate.hz() as usize / 50
}

/// 20 ms of a tone, ±1.0.
pub fn samples(tone: usize, rate: SampleRate) -> Vec<f32> {
    let peak = if tone == GHOST { GHOST_PEAK } else { PEAK };
    let step = TAU * waves(tone) as f64 / period(rate) as f64;
    let at = |n: usize| ((n as f64 * step).sin() * peak) as f32;
    (0..period(rate)).map(at).collect()
}

/// 20 ms of every tone in every codec, encoded when first said.
#[derive(Default)]
pub struct Voices(BTreeMap<(usize, usize), Vec<u8>>);

impl Voices {
    pub fn of(&mut self, tone: usize, codec: Codec) -> &[u8] {
        self.0.entry((tone, index(codec))).or_insert_with(|| {
            let pcm = samples(tone, codec.rate());
            let mut bytes = vec![0; codec.octets_of(pcm.len())];
            let encoded = Encoder::new(codec).encode(&pcm, &mut bytes);
            encoded.expect("a buffer of its size");
            bytes
        })
    }
}

/// The peak of every tone in whole periods of what a leg was sent, the ghost's last.
pub fn peaks(codec: Codec, payload: &[u8]) -> Vec<f64> {
    let mut pcm = vec![0.0; codec.samples_in(payload).map_or(0, Samples::as_usize)];
    let decoded = Decoder::new(codec).decode(payload, &mut pcm);
    assert_eq!(decoded.ok(), Some(pcm.len()));
    let n = period(codec.rate());
    assert!(!pcm.is_empty() && pcm.len().is_multiple_of(n));
    let periods = (pcm.len() / n) as f64;
    let mut mean = vec![0.0; n];
    for (at, sample) in pcm.iter().enumerate() {
        mean[at % n] += f64::from(*sample) / periods;
    }
    let wave: Vec<(f64, f64)> = (0..n)
        .map(|at| (TAU * at as f64 / n as f64).sin_cos())
        .collect();
    let peak = |tone: usize| {
        let (mut re, mut im) = (0.0, 0.0);
        for (at, sample) in mean.iter().enumerate() {
            let (sin, cos) = wave[at * waves(tone) % n];
            re += cos * sample;
            im += sin * sample;
        }
        2.0 * f64::hypot(re, im) / n as f64
    };
    (0..=GHOST).map(peak).collect()
}
