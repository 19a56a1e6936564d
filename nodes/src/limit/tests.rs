//! The passes over whole blocks against the rule, block by block.

use super::*;

/// The rule as the head of the module says it, one block after the other.
fn twin(limiter: &mut Limiter, pcm: &mut [f32]) {
    let delay = limiter.delay;
    for block in pcm.chunks_mut(delay) {
        limiter.block(block, delay);
    }
}

/// Speech-like bursts: quiet, near full scale, far above it, with gaps as long as the hold and the return.
fn bursts(seed: u32, samples: usize) -> Vec<f32> {
    let mut state = seed;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut sound = Vec::new();
    while sound.len() < samples {
        let level = [0.0, 0.3, 0.99, 1.0, 1.2, 3.0, 40.0][random() as usize % 7];
        for _ in 0..1 + random() % 500 {
            sound.push(level * (random() as f32 / (1 << 23) as f32 - 1.0));
        }
    }
    sound.truncate(samples);
    sound
}

#[test]
fn frames_of_any_length_come_out_as_block_by_block_to_the_bit() {
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_48000,
    ] {
        for (seed, frame) in [1, 3, 4, 24, 80, 160, 163, 320, 960, 2000]
            .into_iter()
            .enumerate()
        {
            let mut sound = bursts(seed as u32, 30_000);
            // Long enough for the gain to come back.
            sound.resize(30_000 + rate.hz() as usize, 0.7);
            sound.extend(bursts(100 + seed as u32, 10_000));
            let (mut limiter, mut rule) = (Limiter::new(rate), Limiter::new(rate));
            let mut returned = 0;
            for frame in sound.chunks(frame) {
                let (mut got, mut wanted) = (frame.to_vec(), frame.to_vec());
                limiter.process(&mut got);
                if limiter.engaged {
                    twin(&mut rule, &mut wanted);
                } else {
                    rule.pass(&mut wanted);
                    returned += 1;
                }
                rule.engaged = limiter.engaged;
                assert_eq!(got, wanted);
                assert_eq!(limiter, rule);
            }
            assert!(returned > 0, "it came back to rest");
        }
    }
}
