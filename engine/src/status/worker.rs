//! How a worker fares: the times of its slots, and what it counts.

use std::time::Duration;

use serde::Serialize;
use talkpath_rt::thread::Obtained;
use talkpath_rt::timing::SlotStats;

use crate::worker::stats::WorkerCounters;

use super::{GovernorStatus, LateStatus};

/// One worker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Core it is pinned to.
    pub core: Option<usize>,
    /// Its NUMA node; `None` where there is only one.
    pub node: Option<u32>,
    /// Workers that were lost in its place before it.
    pub epoch: u16,
    /// SCHED_FIFO priority it has.
    pub priority: Option<u8>,
    /// What it wanted and did not get, in plain words.
    pub warnings: Vec<String>,
    /// How late it woke, in microseconds.
    pub wake_us: Percentiles,
    /// How long its steps took, in microseconds.
    pub busy_us: Percentiles,
    /// How far beyond its slot each step ended, in microseconds; 0 when it did not.
    pub end_us: Percentiles,
    /// How long after the beginning of its slot a packet was handed to the shard, in microseconds: all that a packet is
    /// delayed by beyond the waits of the ledger, which are meant.
    pub processing_us: Percentiles,
    /// Slots in those percentiles.
    pub slots: u64,
    /// Slots that ended too late.
    pub late_slots: u64,
    /// Slots given up after a stall (D14).
    pub skipped_slots: u64,
    /// The last episode of late slots.
    pub last_late: Option<LateStatus>,
    /// What its governor leaves out.
    pub governor: GovernorStatus,
    /// What it counts.
    pub counters: WorkerCounters,
    /// Planned work of every slot of the cycle, in microseconds (D2).
    pub planned_us: Vec<f64>,
    /// How long the steps took: (upper bound in microseconds, slots), ascending.
    pub busy_histogram: Vec<(f64, u64)>,
    /// How late it woke: (upper bound in microseconds, slots), ascending.
    pub wake_histogram: Vec<(f64, u64)>,
}

impl WorkerStatus {
    pub(crate) fn new(
        obtained: &Obtained,
        timing: &SlotStats,
        counters: WorkerCounters,
        last_late: Option<LateStatus>,
        load: &[u64],
    ) -> Self {
        Self {
            core: obtained.core,
            node: None,
            epoch: 0,
            priority: obtained.priority,
            warnings: obtained.warnings.clone(),
            wake_us: Percentiles::of(&timing.wake, timing.max_wake),
            busy_us: Percentiles::of(&timing.busy, timing.max_busy),
            end_us: Percentiles::of(&timing.end, timing.max_end),
            processing_us: Percentiles::of(&timing.handed, timing.max_handed),
            slots: timing.slots,
            late_slots: timing.late_slots,
            skipped_slots: timing.skipped_slots,
            last_late,
            governor: GovernorStatus::default(),
            counters,
            planned_us: load.iter().map(|nanos| *nanos as f64 / 1e3).collect(),
            busy_histogram: bars(&timing.busy),
            wake_histogram: bars(&timing.wake),
        }
    }
}

/// A distribution in five numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half lie below.
    pub p50: f64,
    /// 99 % lie below.
    pub p99: f64,
    /// 99.9 % lie below.
    pub p999: f64,
    /// The largest ever.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

impl Percentiles {
    /// In microseconds, from a histogram of nanoseconds.
    fn of(histogram: &hdrhistogram::Histogram<u64>, max: Duration) -> Self {
        // What is below the histogram's first bar (0.1 µs) is as good as nothing, and said as 0.
        let at = |quantile| match histogram.value_at_quantile(quantile) {
            value if histogram.equivalent(value, 0) => 0.0,
            value => value as f64 / 1e3,
        };
        let max = max.as_secs_f64() * 1e6;
        Self {
            p50: at(0.5).min(max),
            p99: at(0.99).min(max),
            p999: at(0.999).min(max),
            max,
            mean: (histogram.mean() / 1e3).min(max),
        }
    }
}

/// The non-empty bars of a histogram, four to the octave from 1 µs up.
fn bars(histogram: &hdrhistogram::Histogram<u64>) -> Vec<(f64, u64)> {
    let bars = histogram.iter_log(1_000, 2_f64.powf(0.25));
    bars.filter(|bar| bar.count_since_last_iteration() > 0)
        .map(|bar| {
            (
                bar.value_iterated_to() as f64 / 1e3,
                bar.count_since_last_iteration(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_never_late_reads_as_zero() {
        let mut timing = SlotStats::new();
        for _ in 0..1_000 {
            timing.record_slot(
                Duration::from_micros(8),
                Duration::from_micros(3),
                Duration::ZERO,
            );
        }
        timing.record_slot(
            Duration::from_micros(8),
            Duration::from_micros(3),
            Duration::from_micros(40),
        );
        let worker = WorkerStatus::new(
            &Obtained::default(),
            &timing,
            WorkerCounters::default(),
            None,
            &[],
        );
        let end = worker.end_us;
        assert_eq!((end.p50, end.p99, end.p999), (0.0, 0.0, 0.0));
        assert_eq!(end.max, 40.0);
        assert!((7.9..=8.1).contains(&worker.wake_us.p50));
    }
}
