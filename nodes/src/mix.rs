//! The room bus: contribute to it, and hear it without oneself (D4).
//!
//! A bus is `i32` in Q19: a 16-bit sample with four fraction bits. Every contribution is saturated to ±2^19 and
//! kept, so sums are exact, independent of order, and exactly subtractable; up to [`MAX_CONTRIBUTORS`] fit. An `f32`
//! bus would be none of that. Any worker; the slices are the caller's.
//!
//! Plain loops that vectorise: rounding to nearest even is done by adding 1.5 · 2^23, which is exact below 2^22 and
//! needs no rounding instruction.

use multiversion::multiversion;

/// Full scale on the bus: 2^19.
pub const FULL_SCALE: i32 = 1 << 19;
/// Contributions that cannot overflow a bus.
pub const MAX_CONTRIBUTORS: usize = 4000;

const SCALE: f32 = FULL_SCALE as f32;
const ROUND: f32 = 12_582_912.0;

/// One sample to Q19: rounded to nearest (ties to even), saturated to ±2^19; NaN is 0.
///
/// Real-time: allocates no; blocks no; cost O(1).
#[inline(always)]
#[must_use]
pub fn to_q19(sample: f32) -> i32 {
    let sample = if sample.is_nan() { 0.0 } else { sample };
    let scaled = (sample * SCALE).clamp(-SCALE, SCALE);
    (scaled + ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i32
}

/// Converts `pcm` to Q19, keeps it in `own` and adds it to `bus`. The three slices have the length of a frame; what
/// is longer than the shortest is left alone.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn contribute(pcm: &[f32], own: &mut [i32], bus: &mut [i32]) {
    for ((sample, own), bus) in pcm.iter().zip(own).zip(bus) {
        *own = to_q19(*sample);
        *bus = bus.wrapping_add(*own);
    }
}

/// Adds a contribution that is there already, Q19, to a bus.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub fn add(own: &[i32], bus: &mut [i32]) {
    for (bus, own) in bus.iter_mut().zip(own) {
        *bus = bus.wrapping_add(*own);
    }
}

/// Takes a contribution out of a bus again, exactly.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub fn retract(own: &[i32], bus: &mut [i32]) {
    for (bus, own) in bus.iter_mut().zip(own) {
        *bus = bus.wrapping_sub(*own);
    }
}

/// What one leg hears: `bus` minus `own`, an exact integer, then to `f32` (±1.0 per contributor, so the sum may
/// exceed ±1.0), plus the resampled sums of other rates. An empty `own` subtracts nothing, an empty `cross` adds
/// nothing; otherwise all slices have the length of a frame and a missing sample counts as 0.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn mix_minus(bus: &[i32], own: &[i32], cross: &[f32], out: &mut [f32]) {
    let heard = bus.len().min(out.len());
    if own.len() >= heard {
        for ((out, bus), own) in out.iter_mut().zip(bus).zip(own) {
            *out = bus.wrapping_sub(*own) as f32 * (1.0 / SCALE);
        }
    } else {
        for (i, (out, bus)) in out.iter_mut().zip(bus).enumerate() {
            let own = own.get(i).copied().unwrap_or(0);
            *out = bus.wrapping_sub(own) as f32 * (1.0 / SCALE);
        }
    }
    out[heard..].fill(0.0);
    for (out, cross) in out.iter_mut().zip(cross) {
        *out += *cross;
    }
}
