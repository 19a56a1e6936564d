//! Samples between `i16` at the codec edges and `f32` ±1.0 inside a strand.
//!
//! Exactly `x / 32768` one way; the other way scaled, rounded to nearest (ties to even), saturated
//! to the 16-bit range, NaN to 0. A round trip of any `i16` is the identity.
//!
//! One sample at a time, inlined into the loops of [`g711`](crate::g711) and [`l16`](crate::l16), which are compiled for
//! each instruction set.

/// Full scale: the `i16` value of 1.0.
pub const FULL_SCALE: f32 = 32768.0;

/// 1.5·2⁸: the lowest mantissa bit of a sum with it is worth 1/32768, so that adding it to a sample
/// in ±1.0 rounds to 16 bits and leaves the integer in the low mantissa bits.
pub(crate) const ROUND: f32 = 384.0;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_survives_the_round_trip() {
        for sample in i16::MIN..=i16::MAX {
            let float = f32::from(sample) / FULL_SCALE;
            assert_eq!((to_i16(float), exact_i16(float)), (sample, sample));
        }
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
    fn agrees_with_the_naive_twin() {
        for n in 0..2_000 {
            let sample = ((n * 7919) % 1999) as f32 / 900.0 - 1.1;
            let naive = (sample * 32768.0).round_ties_even();
            assert_eq!(to_i16(sample), naive.clamp(-32768.0, 32767.0) as i16);
        }
    }
}
