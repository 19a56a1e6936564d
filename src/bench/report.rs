//! The figures of a run, as a table and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use talkpath_engine::status::{Percentiles, Status, WorkerStatus};

use super::callers::Traffic;

/// What was run and what it took.
pub(super) struct Run {
    pub legs: u32,
    pub codec: String,
    pub ptime: Duration,
    /// Wall time of the measured part.
    pub elapsed: Duration,
    /// CPU time of the worker's thread in it.
    pub cpu: Duration,
}

/// All figures. Percentiles are those of the whole run, joins and warm-up included; the rest is of the
/// measured part.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub legs: u32,
    pub codec: String,
    pub ptime_ms: u64,
    pub seconds: f64,
    pub slot_us: u64,
    pub core: Option<usize>,
    pub priority: Option<u8>,
    pub warnings: Vec<String>,
    /// Slots run.
    pub slots: u64,
    /// Slots that ended too late.
    pub late_slots: u64,
    /// Slots given up after a stall.
    pub missed_slots: u64,
    pub wake_us: Percentiles,
    pub busy_us: Percentiles,
    pub end_us: Percentiles,
    /// Part of one core that the worker's thread used, in percent.
    pub worker_cpu_percent: f64,
    /// CPU time of the worker's thread for one leg's second, in milliseconds.
    pub cpu_ms_per_leg_second: f64,
    /// Calls to the allocator on the worker, from before the first join on.
    pub allocations: u64,
    pub traffic: Traffic,
}

impl Report {
    pub(super) fn new(
        run: Run,
        first: &Status,
        last: &Status,
        traffic: Traffic,
        allocations: u64,
    ) -> Self {
        let (worker, before) = (&last.workers[0], &first.workers[0]);
        let since = |of: fn(&WorkerStatus) -> u64| of(worker) - of(before);
        let seconds = run.elapsed.as_secs_f64();
        let cpu = run.cpu.as_secs_f64();
        Self {
            legs: run.legs,
            codec: run.codec,
            ptime_ms: run.ptime.as_millis() as u64,
            seconds,
            slot_us: last.slot_us,
            core: worker.core,
            priority: worker.priority,
            warnings: worker.warnings.clone(),
            slots: since(|w| w.slots),
            late_slots: since(|w| w.late_slots),
            missed_slots: since(|w| w.skipped_slots),
            wake_us: worker.wake_us,
            busy_us: worker.busy_us,
            end_us: worker.end_us,
            worker_cpu_percent: 100.0 * cpu / seconds,
            cpu_ms_per_leg_second: 1e3 * cpu / seconds / f64::from(run.legs),
            allocations,
            traffic,
        }
    }

    /// One line of JSON, no figure with more than four decimals: a tenth of a nanosecond for the percentiles.
    pub(super) fn json(&self) -> Value {
        let mut value = serde_json::json!(self);
        round(&mut value);
        value
    }
}

/// Every fraction in `value` to four decimals.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|exact| (exact * 1e4).round() / 1e4);
            *value = rounded.into();
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self
            .core
            .map_or("any core".into(), |core| format!("core {core}"));
        let order = self
            .priority
            .map_or("ordinary priority".into(), |p| format!("FIFO {p}"));
        writeln!(
            f,
            "{} legs talking, {} at {} ms, {:.1} s; worker on {core}, {order}, slot {} µs\n",
            self.legs, self.codec, self.ptime_ms, self.seconds, self.slot_us
        )?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}\n")?;
        }
        writeln!(
            f,
            "{:<14}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "µs", "mean", "p50", "p99", "p99.9", "max"
        )?;
        for (name, of) in [
            ("woke late by", &self.wake_us),
            ("busy for", &self.busy_us),
            ("ended late by", &self.end_us),
        ] {
            write!(f, "{name:<14}")?;
            for value in [of.mean, of.p50, of.p99, of.p999, of.max] {
                write!(f, "{value:>10.1}")?;
            }
            writeln!(f)?;
        }
        let traffic = &self.traffic;
        writeln!(f)?;
        writeln!(f, "{:<26}{:>12}", "slots", self.slots)?;
        writeln!(f, "{:<26}{:>12}", "late slots", self.late_slots)?;
        writeln!(f, "{:<26}{:>12}", "missed slots", self.missed_slots)?;
        writeln!(
            f,
            "{:<26}{:>12.4}",
            "CPU ms per leg-second", self.cpu_ms_per_leg_second
        )?;
        writeln!(
            f,
            "{:<26}{:>12.2}",
            "worker, % of a core", self.worker_cpu_percent
        )?;
        writeln!(
            f,
            "{:<26}{:>12}",
            "allocations on the worker", self.allocations
        )?;
        writeln!(f, "{:<26}{:>12}", "packets in", traffic.packets_in)?;
        writeln!(
            f,
            "{:<26}{:>12}",
            "packets in refused", traffic.packets_in_refused
        )?;
        writeln!(f, "{:<26}{:>12}", "packets out", traffic.packets_out)?;
        writeln!(
            f,
            "{:<26}{:>12}",
            "packets out missing", traffic.packets_out_missing
        )?;
        writeln!(
            f,
            "{:<26}{:>12}",
            "callers late themselves", traffic.late_wakes
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn fractions_are_rounded_wherever_they_stand() {
        let mut value =
            json!({ "a": 0.204_123_456, "b": [12.345_678_9, 7], "c": { "d": 1.0, "e": null } });
        super::round(&mut value);
        assert_eq!(
            value,
            json!({ "a": 0.2041, "b": [12.3457, 7], "c": { "d": 1.0, "e": null } })
        );
    }
}
