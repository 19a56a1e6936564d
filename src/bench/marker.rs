//! The marker: a chirp mixed into one talker's speech, and the matched filter that finds it in what others hear.
//!
//! An upward sweep of 128 ms over the telephone band compresses to a peak of a third of a millisecond, 25 dB above noise of
//! its own power, so it is found under a room full of talkers and located to a fraction of a sample. Everything is
//! brought to 8 kHz first. Both signal and template are differenced before they meet: speech has most of its power
//! where the ear needs it least, and would hide the peak.

use std::f32::consts::TAU;

use talkpath_graph::SampleRate;

/// Rate at which the filter works, hertz.
pub(super) const RATE: u32 = 8_000;
/// Length of the marker at that rate.
pub(super) const LENGTH: usize = 1_024;
/// Sweep, hertz.
const FROM: f32 = 300.0;
const TO: f32 = 3_400.0;
/// Peak of the marker, of full scale: −10 dBov.
const PEAK: f32 = 0.447;
/// Faded in and out over this share of its length.
const FADE: f32 = 0.06;
/// What is taken out of each sample of the one before.
const DIFFERENCE: f32 = 0.95;
/// A peak must stand so many times above the root mean square of what surrounds it. Noise alone reaches 4 among 3,000
/// places.
const CERTAIN: f32 = 7.0;
/// Around the peak, samples that belong to it: 1.5 ms.
const SKIRT: usize = 12;

/// The marker at `rate`, ±[`PEAK`].
pub(super) fn marker(rate: SampleRate) -> Vec<f32> {
    let hz = rate.hz() as f32;
    let length = LENGTH * (rate.hz() / RATE) as usize;
    let seconds = length as f32 / hz;
    let sample = |n: usize| {
        let (t, x) = (n as f32 / hz, n as f32 / length as f32);
        let phase = TAU * (FROM * t + (TO - FROM) * t * t / (2.0 * seconds));
        let edge = (x.min(1.0 - x) / FADE).min(1.0);
        PEAK * (edge * TAU / 4.0).sin() * phase.sin()
    };
    (0..length).map(sample).collect()
}

/// `samples` at a multiple of 8 kHz brought to 8 kHz: the mean of as many as make one.
pub(super) fn to_filter_rate(samples: &[f32], rate: SampleRate) -> Vec<f32> {
    let step = (rate.hz() / RATE).max(1) as usize;
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    samples.chunks_exact(step).map(mean).collect()
}

/// The matched filter.
pub(super) struct Filter {
    template: Vec<f32>,
}

impl Filter {
    /// For signals that were at `rate`.
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            template: difference(&to_filter_rate(&marker(rate), rate)),
        }
    }

    /// Where in `signal` (at 8 kHz) the marker begins, in samples; `None` when no place stands out.
    pub(super) fn find(&self, signal: &[f32]) -> Option<f64> {
        let signal = difference(signal);
        let dot = |part: &[f32]| {
            part.iter()
                .zip(&self.template)
                .map(|(a, b)| a * b)
                .sum::<f32>()
        };
        let match_at: Vec<f32> = signal.windows(self.template.len()).map(dot).collect();
        let strength = |n: &usize| match_at[*n];
        let peak = (0..match_at.len()).max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
        let around = |n: &usize| n.abs_diff(peak) > SKIRT;
        let rest: Vec<f32> = (0..match_at.len())
            .filter(around)
            .map(|n| match_at[n])
            .collect();
        let power = rest.iter().map(|m| m * m).sum::<f32>() / rest.len().max(1) as f32;
        (match_at[peak] > CERTAIN * power.sqrt() && match_at[peak] > 0.0)
            .then(|| peak as f64 + summit(&match_at, peak))
    }
}

fn difference(signal: &[f32]) -> Vec<f32> {
    let before = std::iter::once(&0.0).chain(signal);
    let pairs = signal.iter().zip(before);
    pairs.map(|(now, last)| now - DIFFERENCE * last).collect()
}

/// How far beside sample `peak` the top of the parabola through it and its neighbours lies, ±0.5.
fn summit(values: &[f32], peak: usize) -> f64 {
    let neighbours = peak
        .checked_sub(1)
        .and_then(|left| Some((values[left], *values.get(peak + 1)?)));
    let Some((left, right)) = neighbours else {
        return 0.0;
    };
    let curve = left - 2.0 * values[peak] + right;
    if curve >= 0.0 {
        return 0.0;
    }
    f64::from((left - right) / (2.0 * curve)).clamp(-0.5, 0.5)
}

#[cfg(test)]
mod tests {
    use super::super::speech;
    use super::*;

    /// Speech of `voices` talkers at once, three quarters of a second of it.
    fn crowd(voices: usize) -> Vec<f32> {
        let clips = speech::clips(SampleRate::HZ_8000);
        let mut sum = vec![0.0; 6_000];
        for voice in 0..voices {
            let clip = &clips[voice % clips.len()];
            for (n, sum) in sum.iter_mut().enumerate() {
                *sum += clip[(n + voice * 977) % clip.len()];
            }
        }
        sum
    }

    fn with_marker_at(at: usize, mut signal: Vec<f32>, rate: SampleRate) -> Vec<f32> {
        for (sample, marked) in signal[at..].iter_mut().zip(marker(rate)) {
            *sample += marked;
        }
        signal
    }

    #[test]
    fn the_marker_is_found_to_the_sample_under_speech() {
        let filter = Filter::new(SampleRate::HZ_8000);
        for (at, voices) in [(0, 0), (3, 1), (160, 2), (1_601, 5), (4_900, 20), (777, 50)] {
            let signal = with_marker_at(at, crowd(voices), SampleRate::HZ_8000);
            let found = filter.find(&signal).unwrap_or(-1.0);
            assert!(
                (found - at as f64).abs() < 0.3,
                "{voices} voices: {found}, was put at {at}"
            );
        }
    }

    #[test]
    fn it_is_found_between_two_samples_and_at_other_rates() {
        for rate in [SampleRate::HZ_16000, SampleRate::HZ_48000] {
            let step = (rate.hz() / RATE) as usize;
            let at = 800 * step + step / 2;
            let signal = with_marker_at(at, vec![0.0; 4_000 * step], rate);
            let found = Filter::new(rate)
                .find(&to_filter_rate(&signal, rate))
                .unwrap();
            assert!((found - 800.5).abs() < 0.15, "{rate:?}: {found}");
        }
    }

    #[test]
    fn white_noise_of_twice_its_power_does_not_hide_it() {
        let mut dice = super::super::phones::Dice::new(7);
        let noise = (0..6_000)
            .map(|_| (dice.unit() as f32 - 0.5) * 1.5)
            .collect();
        let found = Filter::new(SampleRate::HZ_8000).find(&with_marker_at(
            2_345,
            noise,
            SampleRate::HZ_8000,
        ));
        assert!((found.unwrap() - 2_345.0).abs() < 1.0, "{found:?}");
    }

    #[test]
    fn where_there_is_none_none_is_found() {
        let filter = Filter::new(SampleRate::HZ_8000);
        for voices in [0, 1, 2, 3, 8, 40] {
            assert_eq!(filter.find(&crowd(voices)), None, "{voices} voices");
        }
        let mut dice = super::super::phones::Dice::new(3);
        for _ in 0..10 {
            let noise: Vec<f32> = (0..4_000).map(|_| dice.unit() as f32 - 0.5).collect();
            assert_eq!(filter.find(&noise), None);
        }
        assert_eq!(filter.find(&[0.0; 10]), None, "shorter than the marker");
    }
}
