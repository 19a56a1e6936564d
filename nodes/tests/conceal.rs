//! The concealer on speech, tones and bad input: closer to the truth than zeros or a repeated frame,
//! no clicks, in phase, silent after long loss, never anything but finite.

use std::f32::consts::TAU;
use std::path::PathBuf;
use talkpath_graph::SampleRate;
use talkpath_graph::node::Gap;
use talkpath_nodes::conceal::Concealer;

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];

fn clip(name: &str) -> (SampleRate, Vec<f32>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/speech")
        .join(name);
    let mut reader = hound::WavReader::open(path).expect("the clip is in the repository");
    let rate = SampleRate::new(reader.spec().sample_rate).unwrap();
    let samples = reader
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32768.0)
        .collect();
    (rate, samples)
}

/// Pseudo-random numbers in 0..1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }
}

fn whole(frame: &[f32]) -> [Gap; 1] {
    [Gap {
        start: 0,
        len: u16::try_from(frame.len()).unwrap(),
    }]
}

/// How 20 ms frames are lost and what is put in their place.
enum Filling {
    Concealed,
    Zero,
    Repeated,
}

fn lossy(rate: SampleRate, clean: &[f32], loss: f32, seed: u64, filling: &Filling) -> Vec<f32> {
    let (mut random, mut concealer) = (Random(seed), Concealer::new(rate));
    let mut out: Vec<f32> = Vec::with_capacity(clean.len());
    for frame in clean.chunks_exact(rate.hz() as usize / 50) {
        let mut frame = frame.to_vec();
        let lost = random.next() < loss;
        match filling {
            Filling::Concealed if lost => {
                frame.fill(0.7);
                let gap = whole(&frame);
                concealer.process(&mut frame, &gap);
            }
            Filling::Concealed => {
                concealer.process(&mut frame, &[]);
            }
            Filling::Zero if lost => frame.fill(0.0),
            Filling::Repeated if lost && out.len() >= frame.len() => {
                let last = out.len() - frame.len();
                frame.copy_from_slice(&out[last..]);
            }
            Filling::Zero | Filling::Repeated => {}
        }
        out.extend(frame);
    }
    out
}

/// Power spectrum of 32 ms under a Hann window, in 40 bands up to 4 kHz.
fn bands(rate: SampleRate, audio: &[f32]) -> Vec<f32> {
    let n = audio.len() as f32;
    let power = |hz: f32| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in audio.iter().enumerate() {
            let hann = 0.5 - 0.5 * (TAU * i as f32 / n).cos();
            let angle = TAU * hz / rate.hz() as f32 * i as f32;
            re += hann * x * angle.cos();
            im += hann * x * angle.sin();
        }
        (re * re + im * im) / n
    };
    (1..=40).map(|band| power(band as f32 * 95.0)).collect()
}

/// Mean log-spectral distance over the frames where there is sound, dB.
fn distance(rate: SampleRate, clean: &[f32], other: &[f32]) -> f32 {
    let (window, hop) = (rate.hz() as usize * 32 / 1000, rate.hz() as usize / 100);
    let floor = 1e-7;
    let mut distances = Vec::new();
    for start in (0..clean.len().min(other.len()) - window).step_by(hop) {
        let (a, b) = (&clean[start..start + window], &other[start..start + window]);
        if a == b || a.iter().map(|x| x * x).sum::<f32>() < 1e-3 {
            continue;
        }
        let pairs = bands(rate, a).into_iter().zip(bands(rate, b));
        let sum: f32 = pairs
            .map(|(p, q)| (10.0 * ((p + floor) / (q + floor)).log10()).powi(2))
            .sum();
        distances.push((sum / 40.0).sqrt());
    }
    distances.iter().sum::<f32>() / distances.len() as f32
}

#[test]
fn speech_with_5_percent_loss_is_closer_to_the_truth_than_zeros_or_repeated_frames() {
    for (name, seed) in [
        ("8k_en_f_00.wav", 7),
        ("8k_fr_f_01.wav", 8),
        ("16k_en_f_00.wav", 9),
    ] {
        let (rate, clean) = clip(name);
        let [concealed, zero, repeated] = [Filling::Concealed, Filling::Zero, Filling::Repeated]
            .map(|filling| distance(rate, &clean, &lossy(rate, &clean, 0.05, seed, &filling)));
        assert!(
            concealed < 0.85 * zero,
            "{name}: {concealed} dB, zeros {zero}"
        );
        assert!(
            concealed < 0.95 * repeated,
            "{name}: {concealed} dB, repeated {repeated}"
        );
    }
}

/// The largest step between neighbours.
fn largest_step(audio: &[f32]) -> f32 {
    audio
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(0.0, f32::max)
}

#[test]
fn concealment_does_not_click() {
    for name in ["8k_en_f_00.wav", "8k_fr_f_01.wav", "16k_en_f_00.wav"] {
        let (rate, clean) = clip(name);
        let natural = largest_step(&clean);
        for seed in 0..20 {
            let out = lossy(rate, &clean, 0.1, seed, &Filling::Concealed);
            let step = largest_step(&out);
            assert!(
                step < 1.5 * natural,
                "{name}, seed {seed}: {step}, in the clip {natural}"
            );
        }
    }
}

fn tone(rate: SampleRate, hz: f32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| 0.5 * (TAU * hz / rate.hz() as f32 * n as f32).sin())
        .collect()
}

#[test]
fn a_pure_tone_goes_on_in_phase() {
    for rate in RATES {
        let frame = rate.hz() as usize / 50;
        for hz in [100.0, 200.0, 400.0, 500.0, 1000.0] {
            let clean = tone(rate, hz, 10 * frame);
            let mut out = clean.clone();
            let mut concealer = Concealer::new(rate);
            for (index, part) in out.chunks_exact_mut(frame).enumerate() {
                let gap = whole(part);
                concealer.process(part, if index == 5 { &gap } else { &[] });
            }
            let half = frame / 2;
            let first = 5 * frame..5 * frame + half;
            let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 0.01);
            assert!(
                close(&out[first.clone()], &clean[first]),
                "{rate} {hz}: first 10 ms"
            );
            let second = 5 * frame + half..6 * frame;
            let product: f32 = out[second.clone()]
                .iter()
                .zip(&clean[second.clone()])
                .map(|(x, y)| x * y)
                .sum();
            let energies =
                [&out, &clean].map(|a| a[second.clone()].iter().map(|x| x * x).sum::<f32>());
            let likeness = product / (energies[0] * energies[1]).sqrt();
            assert!(likeness > 0.99, "{rate} {hz}: {likeness}");
            assert_eq!(out[..5 * frame], clean[..5 * frame]);
            assert_eq!(
                out[7 * frame..],
                clean[7 * frame..],
                "after the cross-fade nothing is left"
            );
        }
    }
}

#[test]
fn long_loss_is_silent_after_60_ms_and_audio_fades_back_in() {
    for rate in RATES {
        let frame = rate.hz() as usize / 50;
        let clean = tone(rate, 300.0, frame * 20);
        let mut out = clean.clone();
        let mut concealer = Concealer::new(rate);
        for (index, part) in out.chunks_exact_mut(frame).enumerate() {
            let gap = whole(part);
            concealer.process(part, if (5..15).contains(&index) { &gap } else { &[] });
        }
        assert!(out[8 * frame..15 * frame].iter().all(|x| *x == 0.0));
        assert!(
            out[5 * frame..8 * frame - frame / 4]
                .chunks(frame / 4)
                .all(|c| c.iter().any(|x| *x != 0.0))
        );
        assert!(largest_step(&out) <= 1.2 * largest_step(&clean));
        assert_eq!(out[16 * frame..], clean[16 * frame..]);
    }
}

#[test]
fn gaps_anywhere_in_any_frame_leave_the_rest_alone_and_finite() {
    let mut random = Random(99);
    for rate in RATES {
        let frame = rate.hz() as usize / 50;
        let mut concealer = Concealer::new(rate);
        for _ in 0..300 {
            let length = 1 + (random.next() * (frame - 1) as f32) as usize;
            let mut pcm: Vec<f32> = (0..length).map(|_| random.next() - 0.5).collect();
            let gaps: Vec<Gap> = (0..(random.next() * 9.0) as usize)
                .map(|_| Gap {
                    start: (random.next() * 1000.0) as u16,
                    len: (random.next() * 300.0) as u16,
                })
                .collect();
            concealer.process(&mut pcm, &gaps);
            assert!(pcm.iter().all(|x| x.abs() <= 3.0));
        }
    }
}

#[test]
fn without_a_gap_every_bit_passes() {
    let (rate, clean) = clip("8k_en_f_00.wav");
    let mut concealer = Concealer::new(rate);
    for frame in [1, 3, 80, 160, 480, 7000] {
        for part in clean.chunks(frame) {
            let mut out = part.to_vec();
            concealer.process(&mut out, &[]);
            assert_eq!(out, part);
        }
    }
}

#[test]
fn bad_samples_become_a_gap_and_huge_ones_do_no_harm() {
    for rate in RATES {
        let frame = rate.hz() as usize / 50;
        for bad in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e30,
            f32::MAX,
            f32::MIN,
            1e-42,
        ] {
            let mut concealer = Concealer::new(rate);
            for index in 0..12 {
                let mut pcm = tone(rate, 250.0, frame);
                if index == 4 {
                    pcm[frame / 3] = bad;
                } else if index == 5 {
                    pcm.fill(bad);
                }
                let gap = whole(&pcm);
                concealer.process(&mut pcm, if index == 7 { &gap } else { &[] });
                assert!(pcm.iter().all(|x| x.is_finite()), "{rate} {bad} {index}");
            }
        }
    }
}

#[test]
fn before_anything_was_heard_a_gap_is_silence_and_reset_goes_back_there() {
    let rate = SampleRate::HZ_8000;
    let mut concealer = Concealer::new(rate);
    for _ in 0..2 {
        let mut pcm = [0.9; 160];
        concealer.process(&mut pcm, &[Gap { start: 0, len: 160 }]);
        assert_eq!(pcm, [0.0; 160]);
        concealer.process(&mut tone(rate, 440.0, 1600), &[]);
        concealer.reset();
    }
}

#[test]
fn a_gap_cut_in_pieces_sounds_like_the_whole() {
    let rate = SampleRate::HZ_8000;
    let clean = tone(rate, 210.0, 1600);
    let fill = |pieces: usize| {
        let mut concealer = Concealer::new(rate);
        concealer.process(&mut clean[..800].to_vec(), &[]);
        let mut out = Vec::new();
        for part in clean[800..1120].chunks(pieces) {
            let mut part = part.to_vec();
            let gap = whole(&part);
            concealer.process(&mut part, &gap);
            out.extend(part);
        }
        out
    };
    let whole = fill(320);
    for pieces in [1, 7, 80, 100, 160] {
        assert_eq!(fill(pieces), whole);
    }
}

/// Told to be cheap, it fades to silence in 5 ms without a step, and comes back as ever.
#[test]
fn a_cheap_gap_fades_to_silence_and_back_without_a_click() {
    for rate in RATES {
        let ms = rate.hz() as usize / 1_000;
        let tone = |n: usize| (TAU * 200.0 * n as f32 / rate.hz() as f32).sin() * 0.5;
        let mut concealer = Concealer::new(rate);
        let mut audio: Vec<f32> = (0..160 * ms).map(tone).collect();
        // Lost: 40 to 60 ms, cheaply, and 120 to 130 ms, in full.
        for (n, frame) in audio.chunks_mut(20 * ms).enumerate() {
            let lost = |ms_lost: usize| Gap {
                start: 0,
                len: (ms_lost * ms) as u16,
            };
            let gaps = match n {
                2 => vec![lost(20)],
                6 => vec![lost(10)],
                _ => Vec::new(),
            };
            concealer.set_cheap(n < 4);
            concealer.process(frame, &gaps);
        }
        assert!(
            audio[46 * ms..60 * ms].iter().all(|x| *x == 0.0),
            "{rate}: silence"
        );
        assert!(
            audio[40 * ms..41 * ms].iter().any(|x| x.abs() > 0.01),
            "{rate}: not at once"
        );
        let full = &audio[122 * ms..130 * ms];
        assert!(full.iter().any(|x| x.abs() > 0.4), "{rate}: filled again");
        let own = 0.5 * TAU * 200.0 / rate.hz() as f32;
        let steps = audio.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let most = steps.fold(0.0, f32::max);
        assert!(
            most < own * 1.5 + 0.5 / (5 * ms) as f32,
            "{rate}: {most} {own}"
        );
    }
}
