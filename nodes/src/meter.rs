//! Level meter in the unit of RFC 6464, with a talking state.
//!
//! Owned by the worker that owns the leg. The level is the root mean square of the frame against a full-scale
//! square wave (0 dBov); a full-scale sine is at 3.

use core::time::Duration;
use multiversion::multiversion;
use talkpath_graph::{SampleRate, Samples};

/// Frames louder than this count as talk, in -dBov.
pub const TALK_LEVEL: u8 = 45;
/// How long talk lasts after the last loud frame.
pub const HANGOVER: Duration = Duration::from_millis(300);
/// The level of silence, in -dBov.
pub const SILENCE: u8 = 127;

/// Meter of one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    hangover: Samples,
    remaining: u32,
    level: u8,
}

impl Meter {
    /// A meter of a stream at `rate`, silent so far.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self {
            hangover: rate.samples_in(HANGOVER),
            remaining: 0,
            level: SILENCE,
        }
    }

    /// Measures one frame: 0 (full-scale square wave) to 127 (silence), in -dBov. Not finite counts as loudest.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn process(&mut self, pcm: &[f32]) -> u8 {
        self.level = level_of(pcm);
        if self.level < TALK_LEVEL {
            self.remaining = self.hangover.0;
        } else {
            let passed = u32::try_from(pcm.len()).unwrap_or(u32::MAX);
            self.remaining = self.remaining.saturating_sub(passed);
        }
        self.level
    }

    /// The level of the last frame, in -dBov.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Whether somebody talks: a frame was louder than [`TALK_LEVEL`] within the last [`HANGOVER`].
    #[must_use]
    pub fn talking(&self) -> bool {
        self.remaining > 0
    }

    /// Back to silence.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.remaining = 0;
        self.level = SILENCE;
    }
}

/// Sum of the squares. Eight partial sums: one would wait for every addition.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn energy(pcm: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (chunks, rest) = pcm.as_chunks::<8>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x * x;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}

pub(crate) fn level_of(pcm: &[f32]) -> u8 {
    let power = energy(pcm) / pcm.len().max(1) as f32;
    if power.is_nan() {
        return 0;
    }
    // The cast saturates: infinity both ways is fine.
    (-10.0 * power.log10())
        .round()
        .clamp(0.0, f32::from(SILENCE)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_rfc_6464() {
        let mut meter = Meter::new(SampleRate::HZ_8000);
        let sine: Vec<f32> = (0..160)
            .map(|i| (i as f32 * core::f32::consts::TAU / 16.0).sin())
            .collect();
        let cases = [
            ([1.0; 160], 0),
            ([0.1; 160], 20),
            ([1e-5; 160], 100),
            ([0.0; 160], 127),
        ];
        for (frame, level) in cases {
            assert_eq!(meter.process(&frame), level);
        }
        assert_eq!(meter.process(&sine), 3);
        assert_eq!(meter.process(&[]), 127);
        assert_eq!(meter.process(&[f32::NAN; 3]), 0);
        assert_eq!(meter.process(&[f32::INFINITY; 3]), 0);
    }

    #[test]
    fn talk_hangs_over_for_300_ms() {
        let mut meter = Meter::new(SampleRate::HZ_16000);
        assert!(!meter.talking());
        meter.process(&[0.1; 320]);
        for _ in 0..15 {
            assert!(meter.talking());
            meter.process(&[0.001; 320]);
        }
        assert!(!meter.talking());
        meter.process(&[0.1; 320]);
        meter.reset();
        assert!(!meter.talking());
    }
}
