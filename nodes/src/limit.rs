//! Limiter: keeps a sum within ±1.0 by turning it down, never by cutting it off.
//!
//! Owned by the worker that owns the leg. It delays by half a millisecond at most and looks that far ahead: the
//! stream is taken in blocks as long as the delay, and while one block comes out the gain moves on a straight line to
//! what that block *and* the one behind it allow. Both ends of the line are safe for the block, so all of it is, and
//! the gain has arrived before the next block's peak. It then stays for [`HOLD`] and returns exponentially. While
//! nothing exceeds ±1.0 and the gain is back at one, the output is the input, delayed, to the bit.
//!
//! One division per block instead of one per sample, and the blocks of a frame in three passes of which two are vector
//! code: 1,270 instructions a frame instead of 3,010 in a room where all talk at once and every output is limited.

mod kernel;

use crate::finite;
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
/// Blocks taken together: those of 20 ms.
const RUN: usize = 40;
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
    /// [`HOLD`] in samples.
    hold: u32,
    /// Share of the way back to one that is made per sample.
    back: f32,
    /// Samples the gain still stays where it is.
    held: u32,
    /// Gain at the sample that comes out next; no sample of the line exceeds ±1.0 with it.
    gain: f32,
    /// The last `delay` samples, oldest first.
    line: [f32; MAX_DELAY],
    engaged: bool,
}

impl Limiter {
    /// A limiter for a stream at `rate`, at rest.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let release = rate.samples_in(RELEASE).0.max(1) as f32;
        Self {
            delay: rate.samples_in(LOOK_AHEAD).as_usize().clamp(1, MAX_DELAY),
            hold: rate.samples_in(HOLD).0,
            back: 1.0 - (-1.0 / release).exp(),
            held: 0,
            gain: 1.0,
            line: [0.0; MAX_DELAY],
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
        // What is not finite is taken for too loud.
        let within = |pcm: &[f32]| finite::peak(pcm) <= 1.0;
        self.engaged = self.gain < 1.0 || !within(pcm);
        match (self.engaged, self.delay) {
            (false, _) => self.pass(pcm),
            // The lengths at 8, 16 and 48 kHz, known to the compiler.
            (true, 4) => self.limit::<4>(pcm),
            (true, 8) => self.limit::<8>(pcm),
            (true, 24) => self.limit::<24>(pcm),
            (true, delay) => pcm
                .chunks_mut(delay)
                .for_each(|block| self.block(block, delay)),
        }
    }

    /// Forgets everything: silence in the delay line, gain at one.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.held = 0;
        self.gain = 1.0;
        self.line = [0.0; MAX_DELAY];
        self.engaged = false;
    }

    fn pass(&mut self, pcm: &mut [f32]) {
        let line = &mut self.line[..self.delay];
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

    fn limit<const DELAY: usize>(&mut self, pcm: &mut [f32]) {
        let (blocks, rest) = pcm.as_chunks_mut::<DELAY>();
        for run in blocks.chunks_mut(RUN) {
            self.run(run);
        }
        if !rest.is_empty() {
            self.block(rest, DELAY);
        }
    }

    /// Whole blocks, at most [`RUN`] of them: first how far the gain may go at each, then where it goes, then the
    /// samples. All but the middle is vector code.
    fn run<const DELAY: usize>(&mut self, blocks: &mut [[f32; DELAY]]) {
        let mut allowed = [0.0; RUN];
        let allowed = &mut allowed[..blocks.len()];
        kernel::allowed(&self.line, blocks, allowed);
        let mut gains = [self.gain; RUN + 1];
        self.gains(allowed, DELAY as u32, &mut gains[1..]);
        let (mut tail, last) = ([0.0; DELAY], blocks.len() - 1);
        tail.copy_from_slice(&blocks[last]);
        blocks.copy_within(..last, 1);
        blocks[0].copy_from_slice(&self.line[..DELAY]);
        self.line[..DELAY].copy_from_slice(&tail);
        kernel::apply(blocks, &gains);
    }

    /// The gain at the end of each block of `samples`.
    fn gains(&mut self, allowed: &[f32], samples: u32, gains: &mut [f32]) {
        let blocks = allowed.len() as u32;
        let loud = |a: &f32| *a < 1.0;
        let quiet = allowed.iter().position(loud).map_or(blocks, |at| at as u32);
        let stays = self.gain == 1.0 || quiet == 0 || self.held > (quiet - 1) * samples;
        if !stays || self.hold < blocks * samples {
            for (gain, allowed) in gains.iter_mut().zip(allowed) {
                *gain = self.next_gain(*allowed, samples);
                self.gain = *gain;
            }
            return;
        }
        // It is held, or at rest, up to the first block that is too loud, and held again behind it: it only falls. No
        // branch depends on the sound then.
        for (gain, allowed) in gains.iter_mut().zip(allowed) {
            self.gain = if *allowed < self.gain {
                *allowed
            } else {
                self.gain
            };
            *gain = self.gain;
        }
        self.held = match allowed.iter().rposition(loud) {
            Some(at) => self.hold - (blocks - 1 - at as u32) * samples,
            None => self.held.saturating_sub(blocks * samples),
        };
    }

    /// Takes in a block of at most `delay` samples and gives out as many that are `delay` older.
    fn block(&mut self, block: &mut [f32], delay: usize) {
        let loudest = finite::peak(&self.line[..delay]).max(finite::peak(block));
        let to = self.next_gain(1.0 / loudest.max(1.0), block.len() as u32);
        let step = (to - self.gain) / block.len() as f32;
        for (n, sample) in block.iter_mut().enumerate() {
            core::mem::swap(sample, &mut self.line[n]);
            *sample = kernel::turned_down(*sample, self.gain, step, n);
        }
        if block.len() < delay {
            self.line[..delay].rotate_left(block.len());
        }
        self.gain = to;
    }

    /// Where the gain goes while `samples` come out that, with those behind them, allow `allowed`.
    fn next_gain(&mut self, allowed: f32, samples: u32) -> f32 {
        if allowed < 1.0 {
            self.held = self.hold;
            return self.gain.min(allowed);
        }
        if self.held > 0 {
            self.held = self.held.saturating_sub(samples);
            return self.gain;
        }
        if self.gain > NEARLY_ONE {
            return 1.0;
        }
        self.gain + (1.0 - self.gain) * (self.back * samples as f32).min(1.0)
    }
}

#[cfg(test)]
mod tests;
