//! What stands beside the measured stretch: the quiet one, the bare loop, the floor.

use serde::Serialize;

use super::super::dist::{Dist, Quantiles};
use super::super::floor::Taken;
use super::figures::Figures;

/// What the measured stretch has more than the quiet one, for a million slots and a million packets; 0 where it has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::bench) struct Added {
    pub late_slots_per_million: f64,
    pub long_gaps_per_million: f64,
}

/// The bare loop of absolute sleeps beside the run, and how the workers' wake-ups compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::bench) struct Reference {
    /// How late it woke.
    pub wake_us: Quantiles,
    /// The workers' lateness divided by that; none where that is zero.
    pub ratio_p50: Option<f64>,
    pub ratio_p99: Option<f64>,
    pub ratio_p999: Option<f64>,
}

/// The bare loop that receives, mixes and sends, with the same phones before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::bench) struct Floor {
    pub before: Taken,
    pub after: Taken,
    /// The server's CPU time for one leg's second divided by the mean of both.
    pub ratio: f64,
}

impl Floor {
    pub(super) fn new((before, after): (Taken, Taken), server: f64) -> Self {
        let mean = (before.cpu_ms_per_leg_second + after.cpu_ms_per_leg_second) / 2.0;
        Self {
            before,
            after,
            ratio: server / mean,
        }
    }
}

impl Reference {
    pub(super) fn new(bare: &Dist, workers: &Quantiles) -> Self {
        let wake_us = bare.quantiles(1e3);
        let ratio = |worker: f64, bare: f64| (bare > 0.0).then(|| worker / bare);
        Self {
            wake_us,
            ratio_p50: ratio(workers.p50, wake_us.p50),
            ratio_p99: ratio(workers.p99, wake_us.p99),
            ratio_p999: ratio(workers.p999, wake_us.p999),
        }
    }
}

impl Added {
    pub(super) fn new(quiet: &Figures, measured: &Figures) -> Self {
        let millionth = |part: u64, all: u64| 1e6 * part as f64 / all.max(1) as f64;
        let late = |figures: &Figures| millionth(figures.late_slots, figures.slots);
        let gaps = |figures: &Figures| millionth(figures.long_gaps, figures.traffic.packets_out);
        let more = |of: &dyn Fn(&Figures) -> f64| (of(measured) - of(quiet)).max(0.0);
        Self {
            late_slots_per_million: more(&late),
            long_gaps_per_million: more(&gaps),
        }
    }
}
