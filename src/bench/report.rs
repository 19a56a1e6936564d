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
    pub rooms: u32,
    pub codec: String,
    pub ptime: Duration,
    /// Wall time of the measured part.
    pub elapsed: Duration,
    /// CPU time of the workers' threads in it.
    pub cpu: Duration,
}

/// All figures. Percentiles are those of the whole run, joins and warm-up included, and of the worker that was busiest;
/// the rest is of the measured part and of all workers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub legs: u32,
    pub rooms: u32,
    pub workers: usize,
    pub codec: String,
    pub ptime_ms: u64,
    pub seconds: f64,
    pub slot_us: u64,
    pub cores: Vec<Option<usize>>,
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
    /// Sums of another worker that came too late (D5).
    pub partials_late: u64,
    /// Part of one core that the workers' threads used together, in percent.
    pub worker_cpu_percent: f64,
    /// CPU time of the workers' threads for one leg's second, in milliseconds.
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
        let since = |of: fn(&WorkerStatus) -> u64| -> u64 {
            let sum = |status: &Status| status.workers.iter().map(of).sum::<u64>();
            sum(last) - sum(first)
        };
        let p99 = |a: &&WorkerStatus, b: &&WorkerStatus| a.busy_us.p99.total_cmp(&b.busy_us.p99);
        let busiest = last.workers.iter().max_by(p99);
        let of_busiest = |of: fn(&WorkerStatus) -> Percentiles| busiest.map(of).unwrap_or_default();
        let mut warnings: Vec<String> = Vec::new();
        for warning in last.workers.iter().flat_map(|worker| &worker.warnings) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        let seconds = run.elapsed.as_secs_f64();
        let cpu = run.cpu.as_secs_f64();
        Self {
            legs: run.legs,
            rooms: run.rooms,
            workers: last.workers.len(),
            codec: run.codec,
            ptime_ms: run.ptime.as_millis() as u64,
            seconds,
            slot_us: last.slot_us,
            cores: last.workers.iter().map(|worker| worker.core).collect(),
            priority: busiest.and_then(|worker| worker.priority),
            warnings,
            slots: since(|w| w.slots),
            late_slots: since(|w| w.late_slots),
            missed_slots: since(|w| w.skipped_slots),
            wake_us: of_busiest(|w| w.wake_us),
            busy_us: of_busiest(|w| w.busy_us),
            end_us: of_busiest(|w| w.end_us),
            partials_late: since(|w| w.counters.partials_late),
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
        let core = |core: &Option<usize>| {
            core.map_or("any core".to_owned(), |core| format!("core {core}"))
        };
        let cores: Vec<String> = self.cores.iter().map(core).collect();
        let place = match &cores[..] {
            [one] => format!("worker on {one}"),
            all => format!("{} workers on {}", all.len(), all.join(", ")),
        };
        let order = self
            .priority
            .map_or("ordinary priority".into(), |p| format!("FIFO {p}"));
        writeln!(
            f,
            "{} legs talking in {} room{}, {} at {} ms, {:.1} s; {place}, {order}, slot {} µs\n",
            self.legs,
            self.rooms,
            if self.rooms == 1 { "" } else { "s" },
            self.codec,
            self.ptime_ms,
            self.seconds,
            self.slot_us
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
        if self.workers > 1 {
            writeln!(f, "{:<26}{:>12}", "sums late", self.partials_late)?;
        }
        writeln!(
            f,
            "{:<26}{:>12.4}",
            "CPU ms per leg-second", self.cpu_ms_per_leg_second
        )?;
        writeln!(
            f,
            "{:<26}{:>12.2}",
            "workers, % of a core", self.worker_cpu_percent
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
