//! The report as a table for people.

use std::fmt;

use super::super::dist::Quantiles;
use super::Report;
use super::figures::Figures;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.headline())?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}\n")?;
        }
        writeln!(f, "{}", self.environment)?;
        if let Some(quiet) = &self.quiet {
            writeln!(f, "before, with nothing going on:")?;
            distributions(f, quiet)?;
            writeln!(f, "\nwhile it went on:")?;
        }
        distributions(f, &self.figures)?;
        if let Some(reference) = &self.reference {
            row(f, "bare loop late", "µs", &reference.wake_us)?;
        }
        writeln!(f)?;
        for (name, value) in self.rows() {
            writeln!(f, "{name:<30}{value:>14}")?;
        }
        if let Some(overload) = &self.overload {
            writeln!(f)?;
            for line in overload.lines() {
                writeln!(f, "{line}")?;
            }
        }
        writeln!(f)?;
        for line in self.verdict.lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Every single number, named.
    pub(super) fn rows(&self) -> Vec<(String, String)> {
        let (figures, traffic) = (&self.figures, &self.figures.traffic);
        let mut rows: Vec<(String, String)> = Vec::new();
        let mut whole = |name: &str, value: u64| rows.push((name.into(), value.to_string()));
        whole("slots", figures.slots);
        whole("late slots", figures.late_slots);
        whole("missed slots", figures.missed_slots);
        if self.workers > 1 {
            whole("sums late", figures.partials_late);
            whole("legs moved", figures.legs_moved);
        }
        if figures.done.swaps > 0 {
            whole("plans swapped", figures.plans_swapped);
        }
        if figures.done.joins > 0 {
            whole("joins", figures.done.joins);
            whole("leaves", figures.done.leaves);
        }
        if self.quiet.is_some() {
            whole("refused by the engine", figures.done.refused);
        }
        whole("allocations on the worker", figures.allocations);
        whole("packets in", traffic.packets_in);
        whole("packets in, at the workers", traffic.packets_in_taken);
        whole("packets in refused", traffic.packets_in_refused);
        whole("packets in lost on purpose", traffic.packets_in_lost);
        whole("packets out", traffic.packets_out);
        whole("packets out missing", traffic.packets_out_missing);
        whole("gaps of over two packets", figures.long_gaps);
        whole("markers expected", figures.markers_expected);
        whole("markers found", figures.delay_ms.count);
        whole("phones late themselves", figures.generator.late_wakes);
        let mut real = |name: &str, value: f64, digits: usize| {
            rows.push((name.into(), format!("{value:.digits$}")));
        };
        real("CPU ms per leg-second", figures.cpu_ms_per_leg_second, 4);
        real("workers, % of a core", figures.worker_cpu_percent, 2);
        for (name, percent) in [
            ("shard, % of a core", figures.shard_cpu_percent),
            ("rest, % of a core", figures.rest_cpu_percent),
        ] {
            if let Some(percent) = percent {
                real(name, percent, 2);
            }
        }
        real("phones, % of a core", figures.generator.cpu_percent, 2);
        if let Some(added) = self.added {
            real(
                "late slots added per million",
                added.late_slots_per_million,
                1,
            );
            real(
                "long gaps added per million",
                added.long_gaps_per_million,
                1,
            );
        }
        if let Some(floor) = &self.floor {
            real(
                "floor before, ms the same",
                floor.before.cpu_ms_per_leg_second,
                4,
            );
            real(
                "floor after, ms the same",
                floor.after.cpu_ms_per_leg_second,
                4,
            );
            real("CPU, times the floor", floor.ratio, 2);
        }
        if let Some(reference) = &self.reference {
            for (name, ratio) in [
                ("wake p50, times bare loop", reference.ratio_p50),
                ("wake p99, times bare loop", reference.ratio_p99),
                ("wake p99.9, times bare loop", reference.ratio_p999),
            ] {
                if let Some(ratio) = ratio {
                    real(name, ratio, 2);
                }
            }
        }
        rows
    }
}

/// The distributions of a stretch, one to a line.
fn distributions(f: &mut fmt::Formatter<'_>, figures: &Figures) -> fmt::Result {
    writeln!(
        f,
        "{:<18}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "", "count", "mean", "p50", "p99", "p99.9", "max"
    )?;
    for (name, unit, quantiles) in figures.distributions() {
        row(f, name, unit, quantiles)?;
    }
    Ok(())
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, unit: &str, of: &Quantiles) -> fmt::Result {
    if of.count == 0 {
        return Ok(());
    }
    write!(f, "{:<18}{:>10}", format!("{name}, {unit}"), of.count)?;
    for value in [of.mean, of.p50, of.p99, of.p999, of.max] {
        write!(f, "{value:>10.1}")?;
    }
    writeln!(f)
}

impl Figures {
    /// Every distribution with its name and unit.
    pub(super) fn distributions(&self) -> [(&'static str, &'static str, &Quantiles); 11] {
        [
            ("woke late by", "µs", &self.wake_us),
            ("busy for", "µs", &self.busy_us),
            ("ended late by", "µs", &self.end_us),
            ("processing", "µs", &self.processing_us),
            ("sent late by", "µs", &self.sent_us),
            ("shard busy for", "µs", &self.shard_busy_us),
            ("delay", "ms", &self.delay_ms),
            ("gap", "ms", &self.gap_ms),
            ("RTP jitter out", "ms", &self.jitter_ms),
            ("join to audio", "ms", &self.join_ms),
            ("phones late by", "µs", &self.generator.wake_us),
        ]
    }
}
