//! The limiter's passes over whole blocks, compiled for each instruction set. Any worker; the slices are the caller's.

use multiversion::multiversion;

/// How far up the gain may be at the end of each block, 0 to 1: what the block itself and the one before it, of which
/// `line` holds the first, allow.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn allowed<const DELAY: usize>(
    line: &[f32],
    blocks: &[[f32; DELAY]],
    allowed: &mut [f32],
) {
    for (allowed, block) in allowed.iter_mut().zip(blocks) {
        *allowed = loudest(block);
    }
    let mut before = loudest(&line[..DELAY]);
    for allowed in allowed {
        let here = *allowed;
        let both = if here > before { here } else { before };
        *allowed = 1.0 / if both > 1.0 { both } else { 1.0 };
        before = here;
    }
}

/// The largest magnitude; as integers, whose order is that of magnitudes and whose maximum vectorises.
#[inline(always)]
fn loudest(block: &[f32]) -> f32 {
    let most = |most: u32, x: &f32| most.max(x.to_bits() & 0x7fff_ffff);
    f32::from_bits(block.iter().fold(0, most))
}

/// Turns each block down along the line between two of `gains`.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn apply<const DELAY: usize>(blocks: &mut [[f32; DELAY]], gains: &[f32]) {
    for (block, ends) in blocks.iter_mut().zip(gains.windows(2)) {
        let step = (ends[1] - ends[0]) / DELAY as f32;
        for (n, sample) in block.iter_mut().enumerate() {
            *sample = turned_down(*sample, ends[0], step, n);
        }
    }
}

/// Sample `n` of a block. Rounding may leave one unit in the last place above full scale; the clamp takes it off.
#[inline(always)]
pub(super) fn turned_down(sample: f32, gain: f32, step: f32, n: usize) -> f32 {
    (sample * (gain + step * (n + 1) as f32)).clamp(-1.0, 1.0)
}
