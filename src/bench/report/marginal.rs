//! What one leg more costs, as a table and as JSON.

use std::fmt;

use serde_json::Value;

use super::super::marginal::{Marginal, Spread};
use super::json;

impl Marginal {
    /// One line of JSON, no figure with more than four decimals.
    pub(in crate::bench) fn json(&self) -> Value {
        json::rounded(serde_json::json!(self))
    }
}

impl fmt::Display for Marginal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let legs: Vec<String> = self
            .sizes
            .iter()
            .map(|size| size.legs.to_string())
            .collect();
        let (rounds, legs) = (self.rounds, legs.join(", "));
        writeln!(
            f,
            "{rounds} rounds of {legs} legs, in turns; median (least to most) of the rounds\n"
        )?;
        writeln!(f, "of the last: {}\n", self.last.headline())?;
        for warning in &self.last.warnings {
            writeln!(f, "warning: {warning}\n")?;
        }
        writeln!(f, "{}", self.last.environment)?;
        writeln!(
            f,
            "{:<16}{:>30}{:>30}",
            "legs", "CPU ms per leg-second", "busy µs per leg-second"
        )?;
        for size in &self.sizes {
            let (cpu, busy) = (size.cpu_ms_per_leg_second, size.busy_us_per_leg_second);
            writeln!(
                f,
                "{:<16}{:>30}{:>30}",
                size.legs,
                told(cpu, 4),
                told(busy, 1)
            )?;
        }
        writeln!(
            f,
            "\n{:<16}{:>30}{:>30}{:>30}",
            "one leg more",
            "CPU ms per leg-second",
            "busy µs per leg-second",
            "busy, times first to last"
        )?;
        for step in &self.marginal {
            writeln!(
                f,
                "{:<16}{:>30}{:>30}{:>30}",
                format!("{} to {}", step.from, step.to),
                told(step.cpu_ms_per_leg_second, 4),
                told(step.busy_us_per_leg_second, 1),
                told(step.busy_of_whole, 3)
            )?;
        }
        writeln!(f, "\nallocations on the worker: {}", self.allocations)
    }
}

fn told(spread: Spread, digits: usize) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
}
