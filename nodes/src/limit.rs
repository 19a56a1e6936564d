//! Limiter: keeps a sum within ±1.0 by turning it down, never by cutting it off.
//!
//! Owned by the worker that owns the leg. It delays by half a millisecond at most and looks that far ahead. The gain
//! follows the largest sample at once, waits [`HOLD`], then returns exponentially; a moving average as long as the
//! look-ahead makes every step of it a ramp that has arrived when the sample comes out. While nothing exceeds ±1.0
//! and the gain is back at one, the output is the input, delayed, to the bit.

use core::time::Duration;
use talkpath_graph::{SampleRate, Samples};

/// Longest look-ahead, and so the delay: 0.5 ms, rounded down to whole samples.
pub const LOOK_AHEAD: Duration = Duration::from_micros(500);
/// How long the gain stays down after the last sample that was too large.
pub const HOLD: Duration = Duration::from_millis(20);
/// Time constant of the return.
pub const RELEASE: Duration = Duration::from_millis(60);

/// Half a millisecond at 48 kHz.
const MAX_DELAY: usize = 24;
/// The return ends here: 0.001 dB below one.
const NEARLY_ONE: f32 = 0.9999;

/// The delay of a limiter at `rate`.
#[must_use]
pub fn delay_at(rate: SampleRate) -> Duration {
    rate.duration_of(Limiter::new(rate).delay())
}

/// Limiter of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Limiter {
    delay: usize,
    hold: u32,
    /// Share of the way back to one that is made per sample.
    back: f32,
    held: u32,
    /// Gain before smoothing, never above what any sample in the look-ahead needs.
    envelope: f32,
    /// The last `delay` samples and envelope values; the oldest is at `at`.
    samples: [f32; MAX_DELAY],
    envelopes: [f32; MAX_DELAY],
    at: usize,
    engaged: bool,
}

impl Limiter {
    /// A limiter for a stream at `rate`, at rest.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let delay = rate.samples_in(LOOK_AHEAD).as_usize().clamp(1, MAX_DELAY);
        let release = rate.samples_in(RELEASE).0.max(1) as f32;
        Self {
            delay,
            hold: rate.samples_in(HOLD).0,
            back: 1.0 - (-1.0 / release).exp(),
            held: 0,
            envelope: 1.0,
            samples: [0.0; MAX_DELAY],
            envelopes: [1.0; MAX_DELAY],
            at: 0,
            engaged: false,
        }
    }

    /// By how much the output is later than the input.
    #[must_use]
    pub fn delay(&self) -> Samples {
        // At most MAX_DELAY.
        Samples(self.delay as u32)
    }

    /// Whether the gain was below one in the last frame.
    #[must_use]
    pub fn engaged(&self) -> bool {
        self.engaged
    }

    /// Limits one frame in place. The output is within ±1.0 for every finite input; a NaN or infinity is for
    /// [`crate::finite::guard`] to find, after which [`Limiter::reset`] is due.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn process(&mut self, pcm: &mut [f32]) {
        let resting =
            self.envelope == 1.0 && self.envelopes[..self.delay].iter().all(|e| *e == 1.0);
        // No early exit, so that it vectorises.
        let exceeds = pcm.iter().fold(false, |any, x| any | (x.abs() > 1.0));
        self.engaged = !resting || exceeds;
        if self.engaged {
            self.limit(pcm);
        } else {
            self.pass(pcm);
        }
    }

    /// Forgets everything: silence in the delay line, gain at one.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.held = 0;
        self.envelope = 1.0;
        self.samples = [0.0; MAX_DELAY];
        self.envelopes = [1.0; MAX_DELAY];
        self.at = 0;
        self.engaged = false;
    }

    fn pass(&mut self, pcm: &mut [f32]) {
        self.samples[..self.delay].rotate_left(self.at);
        self.at = 0;
        let line = &mut self.samples[..self.delay];
        if pcm.len() < line.len() {
            for sample in pcm {
                core::mem::swap(sample, &mut line[0]);
                line.rotate_left(1);
            }
            return;
        }
        let (tail_at, mut tail) = (pcm.len() - line.len(), [0.0; MAX_DELAY]);
        let tail = &mut tail[..line.len()];
        tail.copy_from_slice(&pcm[tail_at..]);
        pcm.copy_within(..tail_at, line.len());
        pcm[..line.len()].copy_from_slice(line);
        line.copy_from_slice(tail);
    }

    fn limit(&mut self, pcm: &mut [f32]) {
        // Summed afresh per frame, in f64: rounding cannot add up.
        let mut sum: f64 = self.envelopes[..self.delay]
            .iter()
            .copied()
            .map(f64::from)
            .sum();
        let share = 1.0 / (self.delay + 1) as f64;
        for sample in pcm {
            let envelope = self.follow(sample.abs());
            // The average of the envelope since the sample that comes out now: all of it knew that sample.
            let gain = ((sum + f64::from(envelope)) * share) as f32;
            sum += f64::from(envelope) - f64::from(self.envelopes[self.at]);
            self.envelopes[self.at] = envelope;
            let out = core::mem::replace(&mut self.samples[self.at], *sample) * gain;
            // Rounding may leave one unit in the last place; this takes it off.
            *sample = out.clamp(-1.0, 1.0);
            self.at = if self.at + 1 == self.delay {
                0
            } else {
                self.at + 1
            };
        }
    }

    fn follow(&mut self, peak: f32) -> f32 {
        if peak > 1.0 {
            self.envelope = self.envelope.min(1.0 / peak);
            self.held = self.hold;
        } else if self.held > 0 {
            self.held -= 1;
        } else if self.envelope > NEARLY_ONE {
            self.envelope = 1.0;
        } else {
            self.envelope += (1.0 - self.envelope) * self.back;
        }
        self.envelope
    }
}
