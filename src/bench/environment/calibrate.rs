//! The calibration loop: how fast the machine is just now.

use std::hint::black_box;
use std::time::Duration;

use serde::Serialize;
use talkpath_rt::clock::{Clock, MonotonicClock};

/// Rounds of the calibration loop, of which the quickest counts.
const ROUNDS: usize = 15;
/// Iterations in a round: about two milliseconds.
const ITERATIONS: u32 = 500_000;

/// The machine's speed at both ends of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(in crate::bench) struct Calibration {
    pub before: f64,
    pub after: f64,
}

/// Nanoseconds for one iteration of fixed work, integer and float in one chain: the quickest of several rounds.
pub(super) fn calibrate() -> f64 {
    let clock = MonotonicClock;
    let round = |_| {
        let from = clock.now();
        black_box(work(black_box(ITERATIONS)));
        clock.now() - from
    };
    let quickest: Option<Duration> = (0..ROUNDS).map(round).min();
    quickest.unwrap_or_default().as_secs_f64() * 1e9 / f64::from(ITERATIONS)
}

/// The work: each step needs the one before.
fn work(iterations: u32) -> (u32, f32) {
    let (mut whole, mut real) = (1u32, 0.5f32);
    for _ in 0..iterations {
        whole = whole.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        real = real * 0.999 + (whole >> 8) as f32 * 1e-9;
    }
    (whole, real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_work_is_other_work() {
        assert_ne!(work(10), work(20));
    }
}
