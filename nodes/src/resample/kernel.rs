//! The inner loop of every conversion: one branch of taps over one delay line.

use super::filter::{Branch, HISTORY, SHORT};
use super::{BLOCK, LINE};
use multiversion::multiversion;

/// Neighbouring outputs computed together: enough independent sums to hide the latency of an
/// addition, few enough to stay in registers.
const LANES: usize = 32;

/// Adds `Σ taps[k] · line[HISTORY + i − k]` to `sum[i]` for the first `count` outputs (and some
/// more, which the caller ignores: whole groups are computed).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn accumulate(line: &[f32; LINE], taps: &Branch, sum: &mut [f32; BLOCK], count: usize) {
    body(line, taps, 0, sum, count);
}

/// The same with the middle taps alone, those of the short filter; the others are zero.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn accumulate_short(
    line: &[f32; LINE],
    taps: &Branch,
    sum: &mut [f32; BLOCK],
    count: usize,
) {
    body(line, &taps[SHORT], *SHORT.start(), sum, count);
}

/// The portable source of every path: taps from number `first` on.
#[inline(always)]
fn body(line: &[f32; LINE], taps: &[f32], first: usize, sum: &mut [f32; BLOCK], count: usize) {
    let groups = sum
        .as_chunks_mut::<LANES>()
        .0
        .iter_mut()
        .take(count.div_ceil(LANES));
    for (group, sums) in groups.enumerate() {
        let mut acc = *sums;
        let newest = group * LANES + HISTORY - first;
        for (k, &tap) in taps.iter().enumerate() {
            let samples = &line[newest - k..][..LANES];
            for (a, x) in acc.iter_mut().zip(samples) {
                *a += tap * x;
            }
        }
        *sums = acc;
    }
}

/// Sample i of each branch, in turn, to group i.
#[inline]
pub(super) fn interleave<const R: usize>(branches: &[[f32; BLOCK]; R], groups: &mut [[f32; R]]) {
    for (i, group) in groups.iter_mut().enumerate().take(BLOCK) {
        *group = core::array::from_fn(|branch| branches[branch][i]);
    }
}

/// The samples of group i to place i of the block in each line, in turn.
#[inline]
pub(super) fn deinterleave<const R: usize>(groups: &[[f32; R]], lines: &mut [[f32; LINE]; R]) {
    for (i, group) in groups.iter().enumerate().take(BLOCK) {
        for (line, x) in lines.iter_mut().zip(group) {
            line[HISTORY + i] = *x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[multiversion(targets("x86_64+sse4.1"))]
    fn sse41(line: &[f32; LINE], taps: &Branch, sum: &mut [f32; BLOCK], count: usize) {
        body(line, taps, 0, sum, count);
    }

    fn portable(line: &[f32; LINE], taps: &Branch, sum: &mut [f32; BLOCK], count: usize) {
        body(line, taps, 0, sum, count);
    }

    #[test]
    fn the_short_path_gives_the_bits_of_the_naive_sum() {
        let line: [f32; LINE] = core::array::from_fn(|n| ((n * 7919) % 1013) as f32 / 506.0 - 1.0);
        let taps: Branch = core::array::from_fn(|n| ((n * 31) % 17) as f32 / 170.0 - 0.03);
        for count in 0..=BLOCK {
            let naive: Vec<f32> = (0..count)
                .map(|i| SHORT.fold(0.5, |sum, k| sum + taps[k] * line[HISTORY + i - k]))
                .collect();
            let mut sum = [0.5; BLOCK];
            accumulate_short(&line, &taps, &mut sum, count);
            assert_eq!(sum[..count], naive);
        }
    }

    #[test]
    fn every_path_gives_the_bits_of_the_naive_sum() {
        let line: [f32; LINE] = core::array::from_fn(|n| ((n * 7919) % 1013) as f32 / 506.0 - 1.0);
        let taps: Branch = core::array::from_fn(|n| ((n * 31) % 17) as f32 / 170.0 - 0.03);
        for count in 0..=BLOCK {
            let naive: Vec<f32> = (0..count)
                .map(|i| (0..=HISTORY).fold(0.5, |sum, k| sum + taps[k] * line[HISTORY + i - k]))
                .collect();
            for path in [accumulate, sse41, portable] {
                let mut sum = [0.5; BLOCK];
                path(&line, &taps, &mut sum, count);
                assert_eq!(sum[..count], naive);
            }
        }
    }
}
