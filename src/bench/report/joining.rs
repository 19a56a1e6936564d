//! How `overload` came to be, as lines of text.

use super::super::ramp::{Overload, Step};

impl Overload {
    /// How it came to be, second by second, and what the engine counted of it.
    pub(super) fn lines(&self) -> Vec<String> {
        let head = format!(
            "{:>8}{:>10}{:>16}{:>16}{:>24}",
            "second", "legs", "late slots, %", "busy p99, µs", "workers, % of a core"
        );
        let step = |step: &Step| {
            format!(
                "{:>8.1}{:>10}{:>16.2}{:>16.1}{:>24.1}",
                step.second,
                step.legs,
                step.late_percent,
                step.busy_p99_us,
                step.worker_cpu_percent
            )
        };
        let mut lines: Vec<String> = vec![head];
        lines.extend(self.ramp.iter().map(step));
        lines.push(match &self.refusal {
            Some(why) => format!(
                "{} of {} legs were in when the first was refused: {why}",
                self.admitted, self.offered
            ),
            None => format!("all {} legs were taken", self.offered),
        });
        let counter = |(name, value): (&&str, &f64)| format!("{name:<42}{value:>14}");
        lines.extend(self.counters.iter().map(counter));
        lines
    }
}
