//! The limiter: a pure delay below full scale, and above it neither wrap nor clip nor audible distortion.

use core::f64::consts::TAU;
use proptest::prelude::*;
use talkpath_graph::SampleRate;
use talkpath_nodes::limit::{LOOK_AHEAD, Limiter, delay_at};

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];

fn run(rate: SampleRate, input: &[f32], frame: usize) -> Vec<f32> {
    let mut limiter = Limiter::new(rate);
    let mut out = input.to_vec();
    out.chunks_mut(frame)
        .for_each(|chunk| limiter.process(chunk));
    out
}

fn tones(rate: SampleRate, hz: &[f64], seconds: usize) -> Vec<f32> {
    let n = rate.hz() as usize * seconds;
    let at = |i: usize| {
        hz.iter()
            .map(|hz| (TAU * hz * i as f64 / f64::from(rate.hz())).sin())
            .sum::<f64>()
    };
    (0..n).map(|i| at(i) as f32).collect()
}

/// Power of `signal` at `hz`, which must be a whole number of periods.
fn power_at(signal: &[f32], rate: SampleRate, hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, x) in signal.iter().enumerate() {
        let (sin, cos) = (TAU * hz * i as f64 / f64::from(rate.hz())).sin_cos();
        re += f64::from(*x) * cos;
        im += f64::from(*x) * sin;
    }
    2.0 * (re * re + im * im) / (signal.len() as f64).powi(2)
}

#[test]
fn it_adds_at_most_half_a_millisecond() {
    for rate in RATES {
        assert!(delay_at(rate) <= LOOK_AHEAD);
        assert!(Limiter::new(rate).delay().0 >= 4);
    }
}

#[test]
fn five_full_scale_tones_are_neither_wrapped_nor_clipped() {
    let hz = [440.0, 610.0, 850.0, 1190.0, 1670.0];
    for rate in RATES {
        let out = run(rate, &tones(rate, &hz, 3), rate.hz() as usize / 50);
        assert!(out.iter().all(|x| x.abs() <= 1.0));
        // After the first half second the gain has found its level; a whole second resolves 1 Hz.
        let second = &out[rate.hz() as usize..2 * rate.hz() as usize];
        let total: f64 =
            second.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / second.len() as f64;
        let wanted: f64 = hz.iter().map(|hz| power_at(second, rate, *hz)).sum();
        let distortion = 10.0 * ((total - wanted).max(1e-12) / wanted).log10();
        assert!(distortion < -40.0, "{rate}: {distortion} dB");
        // A clipped sum sits at full scale; a limited one touches it.
        let pinned = second.iter().filter(|x| x.abs() > 0.999).count();
        assert!(
            pinned * 200 < second.len(),
            "{rate}: {pinned} samples at full scale"
        );
        let crest = 1.0 / total.sqrt();
        assert!(crest > 2.0, "{rate}: crest {crest}");
    }
}

#[test]
fn the_gain_moves_without_steps_and_comes_back_to_the_bit() {
    for rate in RATES {
        let n = rate.hz() as usize;
        // A constant shows the gain itself: 0.5, one burst of 4.0, 0.5 again.
        let mut input = vec![0.5_f32; 2 * n];
        input[n / 4..n / 4 + n / 100].fill(4.0);
        let out = run(rate, &input, n / 50);
        let delay = Limiter::new(rate).delay().0 as usize;
        for (i, pair) in out.windows(2).enumerate().skip(delay) {
            let same = input[i - delay] == input[i + 1 - delay];
            let step = (pair[1] - pair[0]).abs();
            assert!(
                !same || step <= input[i - delay] * 0.76 / (delay as f32),
                "{rate} {i}: {step}"
            );
        }
        assert!(
            out[n / 4 + delay..n / 4 + n / 100 + delay]
                .iter()
                .all(|x| (0.9..=1.0).contains(x))
        );
        let tail = n + n / 2;
        assert_eq!(out[tail..], input[tail - delay..2 * n - delay]);
    }
}

#[test]
fn poison_goes_out_by_reset() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut limiter = Limiter::new(SampleRate::HZ_8000);
        let mut frame = [0.5; 160];
        frame[77] = bad;
        limiter.process(&mut frame);
        limiter.reset();
        assert_eq!(limiter, Limiter::new(SampleRate::HZ_8000));
    }
}

proptest! {
    #[test]
    fn within_range_it_is_a_delay_to_the_bit(
        input in proptest::collection::vec(-1.0_f32..=1.0, 1..700), frame in 1_usize..200, which in 0_usize..3,
    ) {
        let delay = Limiter::new(RATES[which]).delay().0 as usize;
        let out = run(RATES[which], &input, frame);
        let shown = input.len().saturating_sub(delay);
        prop_assert!(out[..delay.min(input.len())].iter().all(|x| *x == 0.0));
        prop_assert_eq!(&out[input.len() - shown..], &input[..shown]);
    }

    #[test]
    fn nothing_ever_exceeds_full_scale(
        input in proptest::collection::vec(prop_oneof![-1.2_f32..1.2, -3000.0_f32..3000.0], 1..2000),
        frame in 1_usize..400, which in 0_usize..3,
    ) {
        prop_assert!(run(RATES[which], &input, frame).iter().all(|x| x.abs() <= 1.0));
    }
}
