//! What is told of every worker by itself.

use crate::status::WorkerStatus;

/// A number of one worker.
type OfEach = fn(&WorkerStatus) -> f64;

/// A sum hides one of several that stands still or is full.
pub(super) const EACH: &[(&str, &str, OfEach)] = &[
    ("worker_slots_total", "Slots run", |w| {
        w.counters.slots as f64
    }),
    (
        "worker_skipped_slots_total",
        "Slots given up after a stall",
        |w| w.counters.skipped_slots as f64,
    ),
    (
        "worker_late_slots_total",
        "Slots that ended too late",
        |w| w.late_slots as f64,
    ),
    ("worker_busy_seconds_total", "Time spent in steps", |w| {
        w.counters.busy.as_secs_f64()
    }),
];
