//! What a worker's slots took.

use crate::status::WorkerStatus;

/// A measured time of one worker, in microseconds.
pub(super) type Measured = fn(&WorkerStatus) -> f64;

pub(super) const TIMES: &[(&str, &str, Measured)] = &[
    ("wake_seconds_p50", "Wake-up lateness, median", |w| {
        w.wake_us.p50
    }),
    (
        "wake_seconds_p99",
        "Wake-up lateness, 99th percentile",
        |w| w.wake_us.p99,
    ),
    (
        "wake_seconds_p999",
        "Wake-up lateness, 99.9th percentile",
        |w| w.wake_us.p999,
    ),
    ("wake_seconds_max", "Wake-up lateness, largest", |w| {
        w.wake_us.max
    }),
    ("busy_seconds_p50", "Step time, median", |w| w.busy_us.p50),
    ("busy_seconds_p99", "Step time, 99th percentile", |w| {
        w.busy_us.p99
    }),
    ("busy_seconds_p999", "Step time, 99.9th percentile", |w| {
        w.busy_us.p999
    }),
    ("busy_seconds_max", "Step time, largest", |w| w.busy_us.max),
    (
        "processing_seconds_p50",
        "From a slot's beginning to the hand-over of a packet, median",
        |w| w.processing_us.p50,
    ),
    (
        "processing_seconds_p99",
        "From a slot's beginning to the hand-over of a packet, 99th percentile",
        |w| w.processing_us.p99,
    ),
    (
        "processing_seconds_p999",
        "From a slot's beginning to the hand-over of a packet, 99.9th percentile",
        |w| w.processing_us.p999,
    ),
    (
        "processing_seconds_max",
        "From a slot's beginning to the hand-over of a packet, largest",
        |w| w.processing_us.max,
    ),
    (
        "end_seconds_p50",
        "How far beyond its slot a step ended, median",
        |w| w.end_us.p50,
    ),
    (
        "end_seconds_p99",
        "How far beyond its slot a step ended, 99th percentile",
        |w| w.end_us.p99,
    ),
    (
        "end_seconds_p999",
        "How far beyond its slot a step ended, 99.9th percentile",
        |w| w.end_us.p999,
    ),
    (
        "end_seconds_max",
        "How far beyond its slot a step ended, largest",
        |w| w.end_us.max,
    ),
];
