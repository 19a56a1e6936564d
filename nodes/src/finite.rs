//! The check behind every stateful `f32` op (D18): is the frame finite?
//!
//! Any thread. On failure the caller resets the op and conceals the frame.

/// Whether all samples are finite. If one is not, the whole frame is zeroed, so that nothing spreads.
///
/// Real-time: allocates no; blocks no; cost O(samples), a few nanoseconds a frame.
#[must_use = "an op that gave NaN or infinity must be reset"]
pub fn guard(pcm: &mut [f32]) -> bool {
    // An exponent of all ones is NaN or infinity. Adding the least exponent overflows into the sign bit exactly
    // then, and OR-ing integers vectorises where a float reduction does not.
    let bits = pcm.iter().fold(0_u32, |bits, x| {
        bits | ((x.to_bits() & 0x7fff_ffff) + 0x0080_0000)
    });
    let finite = bits & 0x8000_0000 == 0;
    if !finite {
        pcm.fill(0.0);
    }
    finite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_sample_anywhere_is_found() {
        let good = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            1e-45,
        ];
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for len in 0..40 {
                let mut frame: Vec<f32> = good.iter().copied().cycle().take(len).collect();
                let before = frame.clone();
                assert!(guard(&mut frame));
                assert_eq!(frame, before);
                for at in 0..len {
                    let mut frame = before.clone();
                    frame[at] = bad;
                    assert!(!guard(&mut frame));
                    assert!(frame.iter().all(|x| *x == 0.0));
                }
            }
        }
    }
}
