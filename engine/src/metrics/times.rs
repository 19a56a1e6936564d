//! What a worker's slots took.

use crate::status::WorkerStatus;

/// A measured time of one worker, in microseconds.
pub(super) type Measured = fn(&WorkerStatus) -> f64;

/// Name, meaning and where it stands in the status.
type Row = (&'static str, &'static str, Measured);

/// A time has a row for each of its percentiles, and one for the largest.
macro_rules! rows {
    ($name:literal, $meaning:literal, $time:ident) => {
        [
            rows!($name, "p50", $meaning, "median", $time.p50),
            rows!($name, "p99", $meaning, "99th percentile", $time.p99),
            rows!($name, "p999", $meaning, "99.9th percentile", $time.p999),
            rows!($name, "max", $meaning, "largest", $time.max),
        ]
    };
    ($name:literal, $which:literal, $meaning:literal, $said:literal, $time:ident.$value:ident) => {
        (
            concat!($name, "_seconds_", $which),
            concat!($meaning, ", ", $said),
            |worker| worker.$time.$value,
        )
    };
}

pub(super) const TIMES: [[Row; 4]; 4] = [
    rows!("wake", "Wake-up lateness", wake_us),
    rows!("busy", "Step time", busy_us),
    rows!(
        "processing",
        "From a slot's beginning to the hand-over of a packet",
        processing_us
    ),
    rows!("end", "How far beyond its slot a step ended", end_us),
];
