//! How `overload` came to be, as lines of text.

use super::super::ramp::{Overload, Step};

impl Overload {
    /// How it came to be, second by second, and what the engine counted of it.
    pub(super) fn lines(&self) -> Vec<String> {
        let head = format!(
            "{:>10}{:>14}{:>18}{:>22}",
            "legs", "late slots, %", "busy p99, µs", "workers, % of a core"
        );
        let step = |step: &Step| {
            format!(
                "{:>10}{:>14.2}{:>18.1}{:>22.1}",
                step.legs, step.late_percent, step.busy_p99_us, step.worker_cpu_percent
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
