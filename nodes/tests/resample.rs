//! The resampler: response of the taps as they are used, delay, exact framing, and the textbook
//! twin (zero-stuff, convolve, decimate).

use std::f64::consts::TAU;
use talkpath_graph::SampleRate;
use talkpath_nodes::resample::{Resampler, UnsupportedRates};

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];

/// All six pairs.
fn pairs() -> Vec<(SampleRate, SampleRate)> {
    let all = RATES
        .iter()
        .flat_map(|from| RATES.iter().map(move |to| (*from, *to)));
    all.filter(|(from, to)| from != to).collect()
}

/// What `process` makes of `input`, in one call.
fn convert(from: SampleRate, to: SampleRate, input: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; input.len() * to.hz() as usize / from.hz() as usize];
    Resampler::new(from, to)
        .expect("a supported pair")
        .process(input, &mut out);
    out
}

/// The prototype's taps at the higher rate, as `process` applies them: going up, the response to an
/// impulse; going down, that to an impulse at each residue in turn.
fn taps(from: SampleRate, to: SampleRate) -> Vec<f64> {
    let ratio = (from.hz().max(to.hz()) / from.hz().min(to.hz())) as usize;
    if to > from {
        let mut impulse = [0.0; 48];
        impulse[0] = 1.0;
        let response = convert(from, to, &impulse);
        return response
            .iter()
            .map(|y| f64::from(*y) / ratio as f64)
            .collect();
    }
    let mut taps = vec![0.0; 48 * ratio];
    for place in 0..ratio {
        let mut impulse = vec![0.0; 48 * ratio];
        impulse[place] = 1.0;
        for (i, y) in convert(from, to, &impulse).iter().enumerate() {
            if let Some(at) = (i * ratio).checked_sub(place) {
                taps[at] = f64::from(*y);
            }
        }
    }
    taps
}

/// Magnitude of the response at `hz`, in dB.
fn response_db(taps: &[f64], hz: f64, rate: SampleRate) -> f64 {
    let turn = TAU * hz / f64::from(rate.hz());
    let (re, im) = taps
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(re, im), (n, t)| {
            let angle = turn * n as f64;
            (re + t * angle.cos(), im - t * angle.sin())
        });
    10.0 * (re * re + im * im).max(1e-30).log10()
}

#[test]
fn the_taps_are_flat_in_the_pass_band_and_90_db_down_in_the_stop_band() {
    for (from, to) in pairs() {
        let (low, high) = (from.min(to), from.max(to));
        let taps = taps(from, to);
        for step in 0..2000 {
            let hz = f64::from(high.hz()) / 2.0 * f64::from(step) / 2000.0;
            let db = response_db(&taps, hz, high);
            let part = hz / f64::from(low.hz());
            if part <= 0.43 {
                assert!(db.abs() <= 0.075, "{from} to {to}, {hz} Hz: {db} dB");
            } else if part >= 0.545 {
                assert!(db <= -91.0, "{from} to {to}, {hz} Hz: {db} dB");
            }
        }
    }
}

/// `seconds` of a sine of amplitude 0.5.
fn sine(hz: f64, rate: SampleRate, seconds: f64) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate.hz());
    (0..(f64::from(rate.hz()) * seconds) as usize)
        .map(|n| (0.5 * (step * n as f64).sin()) as f32)
        .collect()
}

/// Amplitude and phase (radians) of the component of `audio` at `hz`, after the first 100 samples.
fn component(audio: &[f32], hz: f64, rate: SampleRate) -> (f64, f64) {
    let settled = &audio[audio.len() / 2..];
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in audio.iter().enumerate().skip(audio.len() / 2) {
        let angle = TAU * hz / f64::from(rate.hz()) * n as f64;
        re += f64::from(*x) * angle.cos();
        im += f64::from(*x) * angle.sin();
    }
    let scale = 2.0 / settled.len() as f64;
    ((re * re + im * im).sqrt() * scale, re.atan2(im))
}

fn power(audio: &[f32]) -> f64 {
    let settled = &audio[audio.len() / 2..];
    settled
        .iter()
        .map(|x| f64::from(*x) * f64::from(*x))
        .sum::<f64>()
        / settled.len() as f64
}

#[test]
fn sines_keep_their_level_arrive_after_the_stated_delay_and_bring_no_company() {
    for (from, to) in pairs() {
        let delay = Resampler::new(from, to).unwrap().latency().as_secs_f64();
        assert!(delay <= 0.002);
        let low = f64::from(from.min(to).hz());
        for part in [0.025, 0.125, 0.25, 0.4, 0.43] {
            let hz = part * low;
            let out = convert(from, to, &sine(hz, from, 0.4));
            let (amplitude, phase) = component(&out, hz, to);
            let db = 20.0 * (amplitude / 0.5).log10();
            assert!(db.abs() < 0.1, "{from} to {to}, {hz} Hz: {db} dB");
            let late = (-phase - TAU * hz * delay).rem_euclid(TAU);
            assert!(
                late.min(TAU - late) < 1e-3,
                "{from} to {to}, {hz} Hz: phase off by {late}"
            );
            let rest = power(&out) - amplitude * amplitude / 2.0;
            // One image at −91 dB for every multiple of the lower rate.
            assert!(
                rest < 0.125 * 6.0 * 8e-10,
                "{from} to {to}, {hz} Hz: {rest}"
            );
        }
    }
}

#[test]
fn what_would_alias_is_90_db_down() {
    for (from, to) in pairs().into_iter().filter(|(from, to)| from > to) {
        let low = f64::from(to.hz());
        for part in [0.546, 0.6, 0.75, 0.95] {
            let out = convert(from, to, &sine(part * low, from, 0.4));
            let db = 10.0 * (power(&out) / 0.125).log10();
            assert!(db < -90.0, "{from} to {to}, {part}: {db} dB");
        }
    }
}

/// Pseudo-random samples in ±1.
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..samples).map(|_| next()).collect()
}

/// Zero-stuff, convolve with the prototype, decimate.
fn naive(from: SampleRate, to: SampleRate, taps: &[f64], input: &[f32]) -> Vec<f64> {
    let (from, to) = (from.hz() as usize, to.hz() as usize);
    let (up, down) = ((to / from).max(1), (from / to).max(1));
    let mut stuffed = vec![0.0; input.len() * up];
    for (slot, x) in stuffed.iter_mut().step_by(up).zip(input) {
        *slot = f64::from(*x) * up as f64;
    }
    let at = |n: usize| {
        taps.iter()
            .take(n + 1)
            .enumerate()
            .map(|(m, t)| t * stuffed[n - m])
            .sum()
    };
    (0..stuffed.len()).step_by(down).map(at).collect()
}

#[test]
fn agrees_with_zero_stuffing_convolving_and_decimating() {
    for (from, to) in pairs() {
        let input = noise(480 * 3);
        let taps = taps(from, to);
        let expected = naive(from, to, &taps, &input);
        let got = convert(from, to, &input);
        assert_eq!(got.len(), expected.len());
        for (y, e) in got.iter().zip(&expected) {
            assert!((f64::from(*y) - e).abs() < 2e-6, "{from} to {to}");
        }
    }
}

#[test]
fn any_framing_gives_the_same_bits() {
    for (from, to) in pairs() {
        let down = (from.hz() / to.hz()).max(1) as usize;
        let input = noise(2400);
        let whole = convert(from, to, &input);
        for frame in (1..=60).chain([80, 159, 160, 161, 320, 400]) {
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut out = Vec::new();
            for part in input.chunks(frame * down) {
                let mut piece = vec![0.0; part.len() * to.hz() as usize / from.hz() as usize];
                resampler.process(part, &mut piece);
                out.extend(piece);
            }
            assert_eq!(out, whole, "{from} to {to} in frames of {frame}");
        }
    }
}

#[test]
fn up_and_down_again_is_a_pure_delay_of_whole_samples() {
    for (low, high) in pairs().into_iter().filter(|(from, to)| to > from) {
        let input = sine(0.2 * f64::from(low.hz()), low, 0.1);
        let back = convert(high, low, &convert(low, high, &input));
        let delay = 32;
        for (y, x) in back[200..].iter().zip(&input[200 - delay..]) {
            assert!((y - x).abs() < 0.02 * 0.5, "{low} and {high}");
        }
    }
}

#[test]
fn lengths_that_do_not_belong_together_end_in_silence() {
    let mut up = Resampler::new(SampleRate::HZ_8000, SampleRate::HZ_16000).unwrap();
    let mut out = [9.0; 11];
    up.process(&[1.0; 3], &mut out);
    assert_eq!(out[6..], [0.0; 5]);
    let mut down = Resampler::new(SampleRate::HZ_48000, SampleRate::HZ_8000).unwrap();
    let mut out = [9.0; 3];
    down.process(&[1.0; 11], &mut out);
    assert_eq!(out[1..], [0.0; 2]);
    down.process(&[], &mut out);
    assert_eq!(out, [0.0; 3]);
}

#[test]
fn reset_forgets_everything() {
    for (from, to) in pairs() {
        let input = noise(480);
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = vec![0.0; input.len() * to.hz() as usize / from.hz() as usize];
        resampler.process(&input, &mut out);
        let first = out.clone();
        resampler.reset();
        resampler.process(&input, &mut out);
        assert_eq!(out, first);
    }
}

#[test]
fn other_rates_are_refused_by_name() {
    let odd = SampleRate::new(44_100).unwrap();
    let fault = Resampler::new(SampleRate::HZ_8000, odd).unwrap_err();
    assert_eq!(
        fault,
        UnsupportedRates {
            from: SampleRate::HZ_8000,
            to: odd
        }
    );
    assert!(fault.to_string().contains("44"), "{fault}");
    assert!(Resampler::new(SampleRate::HZ_8000, SampleRate::HZ_8000).is_err());
}

/// The short filter has the delay and the level of the long one, and the change between them is no click.
#[test]
fn the_short_filter_is_in_phase_and_is_faded_to_and_from() {
    for (from, to) in pairs() {
        let low = from.hz().min(to.hz());
        let hz = f64::from(low) * 0.05;
        let tone = |n: usize| (TAU * hz * n as f64 / f64::from(from.hz())).sin() as f32 * 0.5;
        let frame = from.hz() as usize / 50;
        let ratio = |n: usize| n * to.hz() as usize / from.hz() as usize;
        let input: Vec<f32> = (0..8 * frame).map(tone).collect();
        let mut resampler = Resampler::new(from, to).expect("a supported pair");
        let mut out = vec![0.0; ratio(input.len())];
        for (n, (input, out)) in input
            .chunks(frame)
            .zip(out.chunks_mut(ratio(frame)))
            .enumerate()
        {
            resampler.set_short((3..6).contains(&n));
            resampler.process(input, out);
        }
        let long = convert(from, to, &input);
        let frames =
            |range: std::ops::Range<usize>| ratio(frame) * range.start..ratio(frame) * range.end;
        assert_eq!(out[frames(0..3)], long[frames(0..3)], "{from} to {to}");
        assert_eq!(
            out[frames(7..8)],
            long[frames(7..8)],
            "{from} to {to}: all is as it was"
        );
        let apart = |range| {
            let range = frames(range);
            let pairs = out[range.clone()].iter().zip(&long[range]);
            pairs.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()))
        };
        let short = apart(4..6);
        assert!(
            short > 1e-5 && short < 0.05,
            "{from} to {to}: {short} apart"
        );
        let step = |audio: &[f32]| {
            let steps = audio.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            steps.fold(0.0, f32::max)
        };
        assert!(
            step(&out) < step(&long) * 1.1 + 0.002,
            "{from} to {to}: no click"
        );
    }
}
