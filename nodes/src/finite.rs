//! The check behind every stateful `f32` op (D18): is the frame finite?
//!
//! Any thread. On failure the caller resets the op and conceals the frame.

use multiversion::multiversion;

/// The largest magnitude in `pcm`, 0 when it is empty; infinity or NaN when a sample is not finite.
///
/// Taken of the bits without their sign, whose order as integers is that of the magnitudes with NaN above infinity: an
/// integer's maximum vectorises where that of floats does not.
///
/// Real-time: allocates no; blocks no; cost O(samples), a few nanoseconds a frame.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
#[must_use]
pub fn peak(pcm: &[f32]) -> f32 {
    let most = |most: u32, x: &f32| most.max(x.to_bits() & 0x7fff_ffff);
    f32::from_bits(pcm.iter().fold(0, most))
}

/// Whether all samples are finite. If one is not, the whole frame is zeroed, so that nothing spreads.
///
/// Real-time: allocates no; blocks no; cost O(samples), a few nanoseconds a frame.
#[must_use = "an op that gave NaN or infinity must be reset"]
pub fn guard(pcm: &mut [f32]) -> bool {
    let finite = peak(pcm).is_finite();
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
                let loudest = frame.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                assert_eq!(peak(&frame), loudest);
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
