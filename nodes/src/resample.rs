//! Sample-rate conversion between 8, 16 and 48 kHz: linear-phase polyphase FIR, one channel.
//!
//! A worker owns the state; the control side builds it, which designs the filter the first time
//! (10 ms at most, `design.rs`) and shares it afterwards.
//!
//! Every filter has 32 taps per low-rate sample, so its delay is 16 of those, exactly: streams that
//! go up and come down again stay aligned to the sample.
//!
//! | pair (kHz) | taps | delay | pass band, to 0.43 of the lower rate | stop band, from 0.545 |
//! |---|---|---|---|---|
//! | 8 ↔ 16 | 65 | 2 ms | ±0.068 dB to 3,440 Hz | −92 dB from 4,360 Hz |
//! | 8 ↔ 48 | 193 | 2 ms | ±0.068 dB to 3,440 Hz | −92 dB from 4,360 Hz |
//! | 16 ↔ 48 | 97 | 1 ms | ±0.068 dB to 6,880 Hz | −92 dB from 8,720 Hz |
//!
//! 2 ms of delay do not buy a stop band at half the lower rate: between 0.455 and 0.545 of it,
//! images and aliases fall, increasingly attenuated, into that same narrow span above the pass band.
//! Minimum phase would halve the delay, at the price of cancelling imperfectly between rates.
//!
//! The kernel is a plain loop over neighbouring outputs, without fused multiply-add: so AVX2,
//! SSE4.1 and the baseline give the same bits, and the targets hold all the same.

mod design;
mod filter;
mod kernel;

use core::time::Duration;
use filter::{Filter, HISTORY};
use kernel::{accumulate, accumulate_short, deinterleave, interleave};
use talkpath_graph::SampleRate;

/// Low-rate samples processed at a time.
const BLOCK: usize = 160;
/// One polyphase delay line: what earlier blocks left, then the block.
const LINE: usize = HISTORY + BLOCK;

/// A pair of rates there is no filter for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no resampler from {from} to {to}: both must be one of 8, 16 and 48 kHz, and differ")]
pub struct UnsupportedRates {
    /// Input rate.
    pub from: SampleRate,
    /// Output rate.
    pub to: SampleRate,
}

/// The delay of a conversion between two rates; zero where there is none. Control side: designs the filter on first use.
#[must_use]
pub fn latency_between(one: SampleRate, other: SampleRate) -> Duration {
    filter::between(one.min(other), one.max(other)).map_or(Duration::ZERO, |filter| filter.latency)
}

/// Converts one channel between two of 8, 16 and 48 kHz. State persists from call to call.
#[derive(Debug, Clone)]
pub struct Resampler {
    filter: &'static Filter,
    up: bool,
    /// The short filter is wanted.
    short: bool,
    /// It was in use at the end of the last frame.
    was_short: bool,
    /// Going up one line; going down one for each of the `ratio` residues of the input.
    lines: Box<[[f32; LINE]]>,
}

impl Resampler {
    /// A resampler at rest. Control side: allocates, and designs the filter on first use.
    ///
    /// # Errors
    /// [`UnsupportedRates`] unless both rates are of 8, 16 and 48 kHz and differ.
    pub fn new(from: SampleRate, to: SampleRate) -> Result<Self, UnsupportedRates> {
        let up = to > from;
        let (low, high) = if up { (from, to) } else { (to, from) };
        let filter = filter::between(low, high).ok_or(UnsupportedRates { from, to })?;
        let lines = if up { 1 } else { filter.ratio };
        Ok(Self {
            filter,
            up,
            short: false,
            was_short: false,
            lines: vec![[0.0; LINE]; lines].into(),
        })
    }

    /// Wants the short filter, a third of the taps, or the long one: same delay and level, a stop band of 30 dB only. The
    /// next frame fades from one to the other.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_short(&mut self, short: bool) {
        self.short = short;
    }

    /// Converts `input` to `out`. The lengths belong together exactly: `out` has `ratio` times the
    /// samples of `input` going up, `input` has `ratio` times those of `out` going down. Where they
    /// do not, the common whole part is converted and the rest of `out` is silence.
    ///
    /// Any such length will do; multiples of 10 ms are the fastest.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples), a 20 ms frame in 0.63 µs between 8 and
    /// 16 kHz, 1.9 to 2.0 µs between either and 48 kHz (AVX2, 2.5 GHz).
    pub fn process(&mut self, input: &[f32], out: &mut [f32]) {
        let ratio = self.filter.ratio;
        let (step_in, step_out) = if self.up { (1, ratio) } else { (ratio, 1) };
        let groups = (input.len() / step_in).min(out.len() / step_out);
        let (out, rest) = out.split_at_mut(groups * step_out);
        rest.fill(0.0);
        let mut fade = (self.was_short != self.short).then(|| Fade::over(out.len()));
        let blocks = input[..groups * step_in].chunks(BLOCK * step_in);
        for (block_in, block_out) in blocks.zip(out.chunks_mut(BLOCK * step_out)) {
            let fade = fade.as_mut();
            // The ratio as a constant lets the compiler unroll the (de)interleaving.
            match (self.up, ratio) {
                (true, 2) => self.raise::<2>(block_in, block_out, fade),
                (true, 3) => self.raise::<3>(block_in, block_out, fade),
                (true, _) => self.raise::<6>(block_in, block_out, fade),
                (false, 2) => self.lower::<2>(block_in, block_out, fade),
                (false, 3) => self.lower::<3>(block_in, block_out, fade),
                (false, _) => self.lower::<6>(block_in, block_out, fade),
            }
        }
        self.was_short = self.short;
    }

    /// The delay of the audio: 2 ms, or 1 ms between 16 and 48 kHz.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.filter.latency
    }

    /// Forgets all input, as if new.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        for line in &mut self.lines {
            line.fill(0.0);
        }
    }

    /// One block of at most [`BLOCK`] samples to `R` times the rate: each branch makes every
    /// `R`-th output sample.
    fn raise<const R: usize>(&mut self, input: &[f32], out: &mut [f32], fade: Option<&mut Fade>) {
        let Some(line) = self.lines.first_mut() else {
            return;
        };
        line[HISTORY..][..input.len()].copy_from_slice(input);
        let filter = self.filter;
        let run = |short: bool, out: &mut [f32]| {
            let mut branches = [[0.0; BLOCK]; R];
            if short {
                for (branch, taps) in branches.iter_mut().zip(&filter.short_up) {
                    accumulate_short(line, taps, branch, input.len());
                }
            } else {
                for (branch, taps) in branches.iter_mut().zip(&filter.up) {
                    accumulate(line, taps, branch, input.len());
                }
            }
            interleave(&branches, out.as_chunks_mut().0);
        };
        run(self.short, out);
        if let Some(fade) = fade {
            let mut before = [0.0; 6 * BLOCK];
            run(self.was_short, &mut before[..out.len()]);
            fade.blend(&before, out);
        }
        line.copy_within(input.len()..input.len() + HISTORY, 0);
    }

    /// One block of at most [`BLOCK`] output samples at one `R`-th of the rate: the branches, one
    /// for each residue of the input, add up.
    fn lower<const R: usize>(&mut self, input: &[f32], out: &mut [f32], fade: Option<&mut Fade>) {
        let Some(lines) = self.lines.first_chunk_mut::<R>() else {
            return;
        };
        deinterleave(input.as_chunks().0, lines);
        let filter = self.filter;
        let run = |short: bool| {
            let mut sum = [0.0; BLOCK];
            if short {
                for (line, taps) in lines.iter().zip(&filter.short_down) {
                    accumulate_short(line, taps, &mut sum, out.len());
                }
            } else {
                for (line, taps) in lines.iter().zip(&filter.down) {
                    accumulate(line, taps, &mut sum, out.len());
                }
            }
            sum
        };
        let sum = run(self.short);
        let before = fade.is_some().then(|| run(self.was_short));
        out.copy_from_slice(&sum[..out.len()]);
        for line in lines.iter_mut() {
            line.copy_within(out.len()..out.len() + HISTORY, 0);
        }
        if let (Some(fade), Some(before)) = (fade, before) {
            fade.blend(&before, out);
        }
    }
}

/// From one filter to the other, over a frame.
#[derive(Debug)]
struct Fade {
    at: usize,
    step: f32,
}

impl Fade {
    fn over(samples: usize) -> Self {
        Self {
            at: 0,
            step: 1.0 / samples.max(1) as f32,
        }
    }

    /// Mixes what the filter before makes of it into a block.
    fn blend(&mut self, before: &[f32], out: &mut [f32]) {
        for (sample, before) in out.iter_mut().zip(before) {
            self.at += 1;
            let share = self.at as f32 * self.step;
            *sample = before + (*sample - before) * share;
        }
    }
}
