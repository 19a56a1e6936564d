//! Any sample rate to any other, offline.
//!
//! For recordings only: it looks at a whole clip at once, so it has no delay and needs no state,
//! and any ratio will do (44.1 kHz, odd voices). A windowed sinc of 32 zero crossings a side, read
//! from a table with linear interpolation; the pass band ends at 0.42 of the lower rate, and
//! what lies above half of it is down by 80 dB. Streams use `talkpath_nodes::resample` instead.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 32;
/// Table entries between two of them.
const STEPS: usize = 512;
/// Cut-off as a part of half the lower rate, so that the transition ends at that half.
const ROLL_OFF: f64 = 0.92;
/// Shape of the Kaiser window.
const BETA: f64 = 9.0;
/// Rates that make sense, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// `input` at `from` hertz as it is at `to` hertz; `None` if either is no rate.
pub(super) fn convert(input: &[f32], from: u32, to: u32) -> Option<Vec<f32>> {
    if !RATES.contains(&from) || !RATES.contains(&to) {
        return None;
    }
    if from == to {
        return Some(input.to_vec());
    }
    let table = table();
    let step = f64::from(from) / f64::from(to);
    // Zero crossings per input sample.
    let scale = ROLL_OFF * (1.0 / step).min(1.0);
    let length = (input.len() as u64 * u64::from(to)).div_ceil(u64::from(from));
    let sample = |index| at(input, &table, index as f64 * step, scale);
    Some((0..length).map(sample).collect())
}

/// The input at a time between its samples.
fn at(input: &[f32], table: &[f32], time: f64, scale: f64) -> f32 {
    let reach = CROSSINGS as f64 / scale;
    let first = (time - reach).ceil().max(0.0) as usize;
    let last = ((time + reach).floor() as usize + 1).min(input.len());
    let mut sum = 0.0;
    for (index, &sample) in input.iter().enumerate().take(last).skip(first) {
        let place = ((time - index as f64).abs() * scale * STEPS as f64) as f32;
        let entry = place as usize;
        let Some(&[low, high]) = table
            .get(entry..entry + 2)
            .and_then(|two| two.first_chunk())
        else {
            continue;
        };
        sum += sample * (low + (high - low) * (place - entry as f32));
    }
    (sum * scale as f32).clamp(-1.0, 1.0)
}

/// One side of the windowed sinc.
fn table() -> Vec<f32> {
    let length = CROSSINGS * STEPS;
    let value = |entry: usize| {
        let x = entry as f64 / STEPS as f64;
        let sinc = if entry == 0 {
            1.0
        } else {
            (PI * x).sin() / (PI * x)
        };
        let part = entry as f64 / length as f64;
        let window = bessel(BETA * (1.0 - part * part).max(0.0).sqrt()) / bessel(BETA);
        (sinc * window) as f32
    };
    (0..=length + 1)
        .map(|entry| if entry > length { 0.0 } else { value(entry) })
        .collect()
}

/// Modified Bessel function of the first kind, order zero, by its series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..64 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, length: usize) -> Vec<f32> {
        (0..length)
            .map(|n| (0.5 * (2.0 * PI * hz * n as f64 / f64::from(rate)).sin()) as f32)
            .collect()
    }

    /// Energy of the difference relative to that of the wanted, in dB, edges left out.
    fn noise(actual: &[f32], wanted: &[f32]) -> f64 {
        let inner = 200..wanted.len() - 200;
        let power = |value: f32| f64::from(value) * f64::from(value);
        let error: f64 = inner.clone().map(|n| power(actual[n] - wanted[n])).sum();
        let signal: f64 = inner.map(|n| power(wanted[n])).sum();
        10.0 * (error / signal).log10()
    }

    #[test]
    fn a_tone_stays_the_same_tone() {
        for (from, to) in [
            (44_100, 8_000),
            (44_100, 48_000),
            (8_000, 48_000),
            (48_000, 8_000),
            (11_025, 16_000),
            (22_050, 8_000),
        ] {
            let got = convert(&tone(1_000.0, from, from as usize / 5), from, to).expect("rates");
            assert_eq!(got.len(), to as usize / 5);
            let noise = noise(&got, &tone(1_000.0, to, got.len()));
            assert!(noise < -65.0, "{from} to {to}: {noise} dB");
        }
    }

    #[test]
    fn what_does_not_fit_is_taken_away() {
        let got = convert(&tone(6_000.0, 48_000, 9_600), 48_000, 8_000).expect("rates");
        let loudest = got[200..1_400]
            .iter()
            .fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
        assert!(loudest < 0.5 * 1e-4, "{loudest}");
    }

    #[test]
    fn odd_cases() {
        assert_eq!(convert(&[], 44_100, 8_000), Some(Vec::new()));
        assert_eq!(convert(&[0.5; 3], 8_000, 8_000), Some(vec![0.5; 3]));
        assert_eq!(convert(&[0.5], 0, 8_000), None);
        assert_eq!(convert(&[0.5], u32::MAX, 8_000), None);
        assert_eq!(
            convert(&[0.5], 44_100, 8_000).map(|clip| clip.len()),
            Some(1)
        );
    }
}
