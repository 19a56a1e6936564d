//! Players: a tone, and a clip decoded beforehand by the control side.
//!
//! Owned by the worker that owns the leg. Neither reads a file nor decodes: they are arithmetic and a copy.

use core::f64::consts::{SQRT_2, TAU};
use std::sync::Arc;
use talkpath_graph::SampleRate;

/// A sine of fixed frequency and level whose phase never drifts.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// Turns per sample, 0..=0.5.
    turns: f64,
    amplitude: f64,
    /// Samples made so far, as turns (fraction of one).
    phase: f64,
}

impl Tone {
    /// A sine of `hz` (clamped to 0..=half the rate) at `dbov`, the level of RFC 6464 as a negative number: -3.01 is a
    /// full-scale sine, and louder is clamped to that. It starts at phase 0. Values that are not finite are silent.
    #[must_use]
    pub fn new(rate: SampleRate, hz: f32, dbov: f32) -> Self {
        let turns = f64::from(hz) / f64::from(rate.hz());
        let amplitude = (SQRT_2 * 10_f64.powf(f64::from(dbov) / 20.0)).min(1.0);
        let sane = hz.is_finite() && !dbov.is_nan();
        Self {
            turns: if sane { turns.clamp(0.0, 0.5) } else { 0.0 },
            amplitude: if sane { amplitude } else { 0.0 },
            phase: 0.0,
        }
    }

    /// Writes the next samples, within ±1.0.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples), one sine and cosine per call.
    pub fn fill(&mut self, out: &mut [f32]) {
        // A rotation per sample, started afresh from the exact phase: its rounding stays below 1e-13.
        let (step_sin, step_cos) = (self.turns * TAU).sin_cos();
        let (mut sin, mut cos) = (self.phase * TAU).sin_cos();
        for sample in out.iter_mut() {
            *sample = (sin * self.amplitude) as f32;
            (sin, cos) = (
                sin * step_cos + cos * step_sin,
                cos * step_cos - sin * step_sin,
            );
        }
        self.phase = (self.phase + self.turns * out.len() as f64).fract();
    }
}

/// Whether a clip has more to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// There is more.
    Playing,
    /// The last sample has been written; from now on it is silence.
    Finished,
}

/// A clip in memory. Cloning shares the samples. The last clone must be dropped off the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    samples: Arc<[f32]>,
    looping: bool,
    at: usize,
}

impl Clip {
    /// Plays `samples` (±1.0, one channel, at the rate of the leg) from the start, once or for ever.
    #[must_use]
    pub fn new(samples: Arc<[f32]>, looping: bool) -> Self {
        Self {
            samples,
            looping,
            at: 0,
        }
    }

    /// Writes the next samples; what is left of `out` after the end is zero.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn fill(&mut self, out: &mut [f32]) -> Played {
        let mut out = out;
        while !out.is_empty() {
            let rest = &self.samples[self.at..];
            let (now, later) = out.split_at_mut(rest.len().min(out.len()));
            now.copy_from_slice(&rest[..now.len()]);
            self.at += now.len();
            out = later;
            if self.at < self.samples.len() {
                continue;
            }
            if !self.looping || self.samples.is_empty() {
                out.fill(0.0);
                return Played::Finished;
            }
            self.at = 0;
        }
        if self.at == self.samples.len() {
            Played::Finished
        } else {
            Played::Playing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_is_exact_after_an_hour() {
        let rate = SampleRate::HZ_8000;
        let mut tone = Tone::new(rate, 440.0, -20.0);
        let mut frame = [0.0; 160];
        let frames = 3600 * 50;
        for _ in 0..frames {
            tone.fill(&mut frame);
        }
        let first = (frames - 1) as f64 * 160.0;
        for (i, got) in frame.iter().enumerate() {
            let turns = ((first + i as f64) * 440.0 / 8000.0).fract();
            let want = 0.1 * SQRT_2 * (turns * TAU).sin();
            assert!((f64::from(*got) - want).abs() < 1e-6, "{i}: {got} {want}");
        }
    }

    #[test]
    fn absurd_tones_are_silent_or_clamped() {
        let rate = SampleRate::HZ_16000;
        for (hz, dbov) in [
            (f32::NAN, 0.0),
            (f32::INFINITY, 0.0),
            (440.0, f32::NAN),
            (-1.0, 0.0),
        ] {
            let mut out = [1.0; 64];
            Tone::new(rate, hz, dbov).fill(&mut out);
            assert!(out.iter().all(|x| *x == 0.0));
        }
        let mut out = [0.0; 1000];
        Tone::new(rate, 1234.0, 40.0).fill(&mut out);
        assert!(out.iter().all(|x| x.abs() <= 1.0));
    }

    #[test]
    fn a_clip_ends_padded_and_a_loop_does_not_end() {
        let samples: Arc<[f32]> = (0..5).map(|i| i as f32 / 8.0).collect();
        let mut clip = Clip::new(Arc::clone(&samples), false);
        let mut out = [9.0; 4];
        assert_eq!(clip.fill(&mut out), Played::Playing);
        assert_eq!(clip.fill(&mut out), Played::Finished);
        assert_eq!(out, [0.5, 0.0, 0.0, 0.0]);
        assert_eq!(clip.fill(&mut out), Played::Finished);
        assert_eq!(out, [0.0; 4]);
        let (mut clip, mut exact) = (Clip::new(Arc::clone(&samples), false), [0.0; 5]);
        assert_eq!(clip.fill(&mut exact), Played::Finished);

        let mut looped = Clip::new(samples, true);
        let mut out = [0.0; 12];
        assert_eq!(looped.fill(&mut out), Played::Playing);
        assert_eq!(out[5..10], [0.0, 0.125, 0.25, 0.375, 0.5]);
        let mut none = Clip::new(Arc::from([]), true);
        assert_eq!(none.fill(&mut out), Played::Finished);
        assert_eq!(none.fill(&mut []), Played::Finished);
    }
}
