//! The environment as text.

use std::fmt;

use super::{Calibration, Environment};

impl Environment {
    /// Everything, named.
    pub(in crate::bench) fn rows(&self) -> Vec<(String, String)> {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "not told".into());
        let joined = |numbers: Vec<String>| numbers.join(" ");
        let slack = self.timer_slack_ns.map(|nanos| format!("{nanos} ns"));
        let Calibration { before, after } = self.calibration_ns;
        let steal = self.steal_percent.map(|percent| format!("{percent:.2} %"));
        let rows = [
            ("machine", self.cpu.clone()),
            ("kernel", self.kernel.clone()),
            (
                "cores allowed",
                joined(self.cores_allowed.iter().map(usize::to_string).collect()),
            ),
            ("governor", or_none(self.governor.clone())),
            (
                "load average",
                joined(self.load.iter().map(f64::to_string).collect()),
            ),
            ("timer slack", or_none(slack)),
            (
                "calibration loop",
                format!("{before:.3} ns before, {after:.3} ns after"),
            ),
            ("stolen by the host", or_none(steal)),
        ];
        rows.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.rows() {
            writeln!(f, "{name:<30}{value}")?;
        }
        if !self.optimised {
            writeln!(
                f,
                "warning: a build with debug assertions: its figures mean nothing"
            )?;
        }
        Ok(())
    }
}
