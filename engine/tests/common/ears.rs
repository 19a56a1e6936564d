//! Measures of what was heard.

use std::time::Duration;

use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::codec::{Codec, Decoder};

use super::Sent;

/// The payloads of a stream as one signal.
pub fn decode<'a>(codec: Codec, payloads: impl Iterator<Item = &'a [u8]>) -> Vec<f32> {
    let mut decoder = Decoder::new(codec);
    let mut pcm = Vec::new();
    for payload in payloads {
        let from = pcm.len();
        pcm.resize(
            from + codec.samples_in(payload).map_or(0, Samples::as_usize),
            0.0,
        );
        let decoded = decoder
            .decode(payload, &mut pcm[from..])
            .expect("what we encoded");
        assert_eq!(from + decoded, pcm.len());
    }
    pcm
}

/// Peak amplitude of the sine of `hz` in `pcm` (Hann window, so neighbours do not leak in).
pub fn peak_at(pcm: &[f32], rate: f64, hz: f64) -> f64 {
    let n = pcm.len() as f64;
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    for (i, sample) in pcm.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n).cos();
        let (sin, cos) = (std::f64::consts::TAU * hz / rate * i as f64).sin_cos();
        re += window * cos * f64::from(*sample);
        im += window * sin * f64::from(*sample);
        sum += window;
    }
    2.0 * (re * re + im * im).sqrt() / sum
}

/// Decibels.
pub fn db(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-12).log10()
}

pub fn rms(pcm: &[f32]) -> f64 {
    (pcm.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / pcm.len().max(1) as f64).sqrt()
}

pub fn peak(pcm: &[f32]) -> f32 {
    pcm.iter().fold(0.0, |peak, s| peak.max(s.abs()))
}

/// Where in `heard` the signal `said` begins: the lag of the largest correlation, within `lags`.
pub fn find(said: &[f32], heard: &[f32], lags: std::ops::Range<usize>) -> usize {
    let at = |lag: usize| -> f64 {
        let pairs = said.iter().zip(&heard[lag..]);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    lags.max_by(|a, b| at(*a).total_cmp(&at(*b)))
        .expect("lags to try")
}

/// Waveform signal-to-noise ratio in dB.
pub fn snr(said: &[f32], heard: &[f32]) -> f64 {
    let noise: f64 = said
        .iter()
        .zip(heard)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    let signal: f64 = said.iter().map(|a| f64::from(*a).powi(2)).sum();
    10.0 * (signal / noise.max(1e-20)).log10()
}

/// The largest step from one sample to the next.
pub fn largest_step(pcm: &[f32]) -> f32 {
    pcm.windows(2)
        .fold(0.0, |step, w| step.max((w[1] - w[0]).abs()))
}

pub fn span(samples: u64, rate: SampleRate) -> Duration {
    Duration::from_nanos(samples * 1_000_000_000 / u64::from(rate.hz()))
}

/// When the loudest sample of a stream in packets of `ptime` may leave, and what its packet waited less than others.
pub fn marker(packets: &[Sent], codec: Codec, ptime: Duration) -> (Duration, Duration) {
    let mut loudest = (0.0, Duration::ZERO, 0);
    for (n, packet) in packets.iter().enumerate() {
        let pcm = decode(codec, std::iter::once(&packet.payload[..]));
        for (at, sample) in pcm.iter().enumerate() {
            if sample.abs() > loudest.0 {
                let at = packet.not_before + span(at as u64, codec.rate());
                loudest = (sample.abs(), at, n);
            }
        }
    }
    assert!(loudest.0 > 0.05, "the marker is heard: {loudest:?}");
    // Packets leave on a beat of their length, some before it.
    let offset = |n: usize| {
        let beat = ptime * n as u32;
        packets[n].not_before.as_nanos() as i128 - beat.as_nanos() as i128
    };
    let most = (0..packets.len()).map(offset).max().expect("packets");
    let less = Duration::from_nanos((most - offset(loudest.2)) as u64);
    (loudest.1, less)
}
