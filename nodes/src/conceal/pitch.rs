//! The pitch period of the recent past, by normalised cross-correlation.
//!
//! Coarse search on audio averaged down to 8 kHz, so that it costs the same at every rate; then the
//! neighbourhood of the best lag at the full rate.

/// Shortest and longest lag tried: 2.5 and 15 ms (400 to 67 Hz).
const SHORTEST: usize = 20;
const LONGEST: usize = 120;
/// What is compared: the last 10 ms. (20 ms, as in Appendix I, costs 0.05 PESQ at 10 % loss: the
/// pitch moves meanwhile; lags from 5 ms only cost another 0.025.)
const WINDOW: usize = 80;
/// Samples at 8 kHz the search needs.
const NEEDED: usize = WINDOW + LONGEST;

/// A period found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pitch {
    /// Samples, at the rate of the audio.
    pub period: usize,
    /// Normalised correlation at that lag, −1 to 1; 0 in silence.
    pub likeness: f32,
}

/// The pitch at the end of `past`, which has `ms` (8 or more) samples per millisecond and at least
/// 25 ms.
pub(super) fn search(past: &[f32], ms: usize) -> Pitch {
    let step = (ms / 8).max(1);
    let mut coarse = [0.0_f32; NEEDED];
    let newest = past.rchunks_exact(step);
    for (slot, chunk) in coarse.iter_mut().rev().zip(newest) {
        *slot = chunk.iter().sum();
    }
    let rough = best(&coarse, WINDOW, SHORTEST..=LONGEST);
    if step == 1 {
        return rough;
    }
    let (low, high) = ((rough.period - 1) * step, (rough.period + 1) * step);
    best(
        past,
        WINDOW * step,
        low.max(SHORTEST * step)..=high.min(LONGEST * step),
    )
}

/// The lag in `lags` at which the last `window` samples of `past` are most like what came before.
fn best(past: &[f32], window: usize, lags: core::ops::RangeInclusive<usize>) -> Pitch {
    let mut found = Pitch {
        period: *lags.end(),
        likeness: 0.0,
    };
    let Some(now) = past.len().checked_sub(window) else {
        return found;
    };
    let recent = &past[now..];
    let energy = dot(recent, recent);
    for lag in lags {
        let Some(start) = now.checked_sub(lag) else {
            break;
        };
        let before = &past[start..][..window];
        let product = energy * dot(before, before);
        if product > 1e-12 {
            let likeness = dot(recent, before) / product.sqrt();
            if likeness > found.likeness {
                found = Pitch {
                    period: lag,
                    likeness,
                };
            }
        }
    }
    found
}

/// Sum of products, in sixteen independent sums; slices longer than a multiple of 16 are cut to one.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    let mut sums = [0.0_f32; 16];
    for (x, y) in a.iter().zip(b) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_multiple_of_the_period_of_a_pulse_train_at_every_rate() {
        for (ms, period) in [
            (8, 40),
            (8, 73),
            (8, 120),
            (16, 81),
            (16, 199),
            (48, 241),
            (48, 719),
        ] {
            let past: Vec<f32> = (0..50 * ms)
                .map(|n| (-((n % period) as f32) / ms as f32).exp())
                .collect();
            let found = search(&past, ms);
            assert_eq!(found.period % period, 0, "{ms} {period} {found:?}");
            assert!(found.likeness > 0.99);
        }
    }

    #[test]
    fn silence_has_no_pitch() {
        let found = search(&[0.0; 400], 8);
        assert_eq!(
            found,
            Pitch {
                period: 120,
                likeness: 0.0
            }
        );
    }
}
