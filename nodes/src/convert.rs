//! Samples between `i16` at the codec edges and `f32` ±1.0 inside a strand.
//!
//! Exactly `x / 32768` one way; the other way scaled, rounded to nearest (ties to even), saturated
//! to the 16-bit range, NaN to 0. A round trip of any `i16` is the identity.
//!
//! Whoever owns the buffers may call this; there is no state. Plain loops under run-time dispatch.

use multiversion::multiversion;

/// Full scale: the `i16` value of 1.0.
pub const FULL_SCALE: f32 = 32768.0;

/// 1.5·2⁸: the lowest mantissa bit of a sum with it is worth 1/32768, so that adding it to a sample
/// in ±1.0 rounds to 16 bits and leaves the integer in the low mantissa bits.
const ROUND: f32 = 384.0;

/// One sample in ±1.0 to a 16-bit sample: nearest (ties to even), saturating, NaN to 0.
///
/// The integer is read off the mantissa, because the compiler's own saturating cast costs three
/// times as much in vector code.
///
/// Real-time: allocates no; blocks no; cost O(1).
#[inline(always)]
#[must_use]
pub fn to_i16(sample: f32) -> i16 {
    to_i32_saturated(sample) as i16
}

/// As [`to_i16`], still in 32 bits for further arithmetic.
#[inline(always)]
pub(crate) fn to_i32_saturated(sample: f32) -> i32 {
    const MOST: f32 = 32767.0 / FULL_SCALE;
    let number = if sample.is_nan() { 0.0 } else { sample };
    // Comparisons, not `clamp`: each is one instruction, as NaN is out of the way.
    let above = if number > -1.0 { number } else { -1.0 };
    let limited = if above < MOST { above } else { MOST };
    mantissa(limited)
}

/// A sample known to be an exact multiple of 1/32768 in range, as that multiple.
#[inline(always)]
pub(crate) fn exact_i16(sample: f32) -> i16 {
    mantissa(sample) as i16
}

/// `sample · 32768` to the nearest integer, for samples within ±128.
#[inline(always)]
fn mantissa(sample: f32) -> i32 {
    (sample + ROUND).to_bits() as i32 - ROUND.to_bits() as i32
}

/// Writes `input / 32768` to `out`; as many samples as the shorter of the two holds.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn i16_to_f32(input: &[i16], out: &mut [f32]) {
    for (o, &x) in out.iter_mut().zip(input) {
        *o = f32::from(x) * (1.0 / FULL_SCALE);
    }
}

/// Writes `input · 32768`, rounded and saturated as [`to_i16`] says, to `out`; as many samples as
/// the shorter of the two holds.
///
/// Real-time: allocates no; blocks no; cost O(samples).
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub fn f32_to_i16(input: &[f32], out: &mut [i16]) {
    for (o, &x) in out.iter_mut().zip(input) {
        *o = to_i16(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_survives_the_round_trip() {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut float = vec![0.0; all.len()];
        i16_to_f32(&all, &mut float);
        assert!(
            float
                .iter()
                .zip(&all)
                .all(|(f, &i)| *f == f32::from(i) / 32768.0)
        );
        let mut back = vec![0; all.len()];
        f32_to_i16(&float, &mut back);
        assert_eq!(back, all);
    }

    #[test]
    fn rounds_to_nearest_even_saturates_and_drops_nan() {
        let lsb = 1.0 / 32768.0;
        let cases = [
            (0.4 * lsb, 0),
            (0.5 * lsb, 0),
            (1.5 * lsb, 2),
            (-1.5 * lsb, -2),
            (-0.6 * lsb, -1),
            (1.0, 32767),
            (-1.0, -32768),
            (-7.0, -32768),
            (f32::MAX, 32767),
            (f32::INFINITY, 32767),
            (f32::NEG_INFINITY, -32768),
            (f32::NAN, 0),
        ];
        for (input, expected) in cases {
            assert_eq!(to_i16(input), expected, "{input}");
        }
    }

    #[test]
    fn agrees_with_the_naive_twin_at_every_length_and_alignment() {
        let source: Vec<f32> = (0..420)
            .map(|n| ((n * 7919) % 1999) as f32 / 900.0 - 1.1)
            .collect();
        for length in 0..400 {
            for offset in [0, 1, 3] {
                let input = &source[offset..offset + length];
                let mut out = vec![0; length];
                f32_to_i16(input, &mut out);
                let naive: Vec<i16> = input
                    .iter()
                    .map(|x| (x * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16)
                    .collect();
                assert_eq!(out, naive);
            }
        }
    }
}
