//! The all-pole model of a spectrum by reflection coefficients: analysis and synthesis.

/// Coefficients of a model: enough for the tilt and the coarse shape of a room's noise.
pub const ORDER: usize = 8;

/// The largest magnitude of a coefficient that a filter still bears.
const MOST: f32 = 0.9999;

/// Within what a stable filter bears; what is not a number is 0.
pub(super) fn bounded(reflection: f32) -> f32 {
    if reflection.is_nan() {
        0.0
    } else {
        reflection.clamp(-MOST, MOST)
    }
}

/// The reflection coefficients of `pcm` by the recursion of Levinson and Durbin over its autocorrelation, signed as in
/// RFC 3389. Silence is white.
pub(super) fn reflections(pcm: &[f32]) -> [f32; ORDER] {
    let mut reflections = [0.0; ORDER];
    let mut correlation = [0.0_f64; ORDER + 1];
    for (lag, sum) in correlation.iter_mut().enumerate() {
        let later = pcm.get(lag..).unwrap_or(&[]);
        *sum = (pcm.iter().zip(later))
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
    }
    // A floor of white noise 50 dB below keeps a pure tone from the edge of stability.
    correlation[0] *= 1.000_01;
    let mut error = correlation[0];
    let mut predictor = [0.0_f64; ORDER + 1];
    for order in 1..=ORDER {
        if !(error.is_finite() && error > 1e-12) {
            break;
        }
        let known: f64 = (1..order)
            .map(|n| predictor[n] * correlation[order - n])
            .sum();
        let reflection =
            ((correlation[order] - known) / error).clamp(-f64::from(MOST), f64::from(MOST));
        let before = predictor;
        predictor[order] = reflection;
        for n in 1..order {
            predictor[n] = before[n] - reflection * before[order - n];
        }
        error *= 1.0 - reflection * reflection;
        reflections[order - 1] = bounded(-reflection as f32);
    }
    reflections
}

/// Root mean square of what has to go into the filter so that unit power comes out: each stage of the lattice has a
/// gain in power of 1 / (1 - k²).
pub(super) fn drive(reflections: &[f32; ORDER]) -> f32 {
    let gain: f32 = reflections.iter().map(|k| 1.0 - k * k).product();
    gain.max(0.0).sqrt()
}

/// One sample through the all-pole lattice.
#[inline]
pub(super) fn lattice(reflections: &[f32; ORDER], backward: &mut [f32; ORDER], input: f32) -> f32 {
    let mut forward = input;
    for n in (0..ORDER).rev() {
        let (k, delayed) = (reflections[n], backward[n]);
        forward -= k * delayed;
        if let Some(next) = backward.get_mut(n + 1) {
            *next = delayed + k * forward;
        }
    }
    backward[0] = forward;
    forward
}
