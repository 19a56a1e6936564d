//! Noise of the right level and spectrum, whatever the payload says.

use super::*;
use crate::meter::level_of;
use proptest::prelude::*;

fn made(payload: &[u8], samples: usize) -> Vec<f32> {
    let mut generator = Generator::new(SampleRate::HZ_8000, 77);
    generator.follow(Silence::read(payload).unwrap());
    let mut out = vec![0.0; samples];
    generator.fill(&mut out);
    out
}

/// Energy of `pcm` at so much of half the sample rate, relative to all of it, in dB per bin.
fn share(pcm: &[f32], at: f32) -> f32 {
    let power: f32 = pcm.iter().map(|x| x * x).sum();
    let mut bins = 0.0;
    // Periods of 256 samples, as a lone bin of noise is anything.
    for block in pcm.chunks_exact(256) {
        let turn = std::f32::consts::PI * at;
        let (mut re, mut im) = (0.0, 0.0);
        for (n, x) in block.iter().enumerate() {
            let (sin, cos) = (turn * n as f32).sin_cos();
            (re, im) = (re + x * cos, im + x * sin);
        }
        bins += (re * re + im * im) / 256.0;
    }
    10.0 * (bins / power).log10()
}

#[test]
fn level_is_what_the_payload_says_whatever_the_spectrum() {
    for level in [20, 40, 60, 75] {
        for spectrum in [&[][..], &[20], &[230], &[10, 200, 100, 127, 160]] {
            let mut payload = vec![level];
            payload.extend(spectrum);
            let got = level_of(&made(&payload, 80_000));
            assert!(got.abs_diff(level) <= 1, "{payload:?}: -{got} dBov");
        }
    }
}

#[test]
fn silence_is_silent_and_what_is_empty_is_nothing() {
    assert!(made(&[127, 3, 200], 800).iter().all(|x| *x == 0.0));
    assert_eq!(Silence::read(&[]), None);
}

#[test]
fn spectrum_survives_the_way() {
    // Brown, white and blue noise.
    for tilt in [0.9, 0.0, -0.9] {
        let (mut random, mut last) = (Generator::new(SampleRate::HZ_8000, 5), 0.0);
        let noise: Vec<f32> = (0..16_000)
            .map(|_| {
                last = 0.01 * random.white() + tilt * last;
                last
            })
            .collect();
        let silence = Silence::of(&noise);
        let again = made(&silence.write(), 80_000);
        for at in [0.05, 0.3, 0.6, 0.95] {
            let (was, is) = (share(&noise, at), share(&again, at));
            assert!(
                (was - is).abs() < 2.5,
                "tilt {tilt} at {at}: {was} became {is} dB"
            );
        }
        assert!(level_of(&noise).abs_diff(level_of(&again)) <= 1);
    }
}

#[test]
fn a_tone_does_not_ring_without_bound() {
    let tone: Vec<f32> = (0..800).map(|n| 0.5 * (n as f32 * 0.7).sin()).collect();
    let out = made(&Silence::of(&tone).write(), 80_000);
    assert!(out.iter().all(|x| x.is_finite()));
    assert!(
        level_of(&out).abs_diff(level_of(&tone)) <= 3,
        "{}",
        level_of(&out)
    );
}

#[test]
fn a_change_of_level_is_approached_not_jumped_to() {
    let mut generator = Generator::new(SampleRate::HZ_8000, 3);
    generator.follow(Silence::read(&[60]).unwrap());
    generator.fill(&mut [0.0; 1_600]);
    generator.follow(Silence::read(&[30]).unwrap());
    let mut first = [0.0; 16];
    generator.fill(&mut first);
    assert!(
        (38..=56).contains(&level_of(&first)),
        "{}",
        level_of(&first)
    );
    let mut later = [0.0; 8_000];
    generator.fill(&mut later);
    assert!(level_of(&later[4_000..]).abs_diff(30) <= 1);
}

proptest! {
    #[test]
    fn any_payload_makes_finite_noise_in_range(payload in prop::collection::vec(any::<u8>(), 1..40)) {
        let out = made(&payload, 2_000);
        prop_assert!(out.iter().all(|x| (-1.0..=1.0).contains(x)));
    }

    #[test]
    fn any_sound_has_a_payload_that_reads_back(pcm in prop::collection::vec(-2.0..2.0_f32, 0..400)) {
        let silence = Silence::of(&pcm);
        let back = Silence::read(&silence.write()).unwrap();
        prop_assert_eq!(silence.level(), back.level());
        for (a, b) in silence.reflections.iter().zip(back.reflections) {
            prop_assert!((a - b).abs() < 0.02);
        }
    }
}
