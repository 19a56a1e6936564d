//! What the host of a virtual machine takes of it.

use super::line;

/// CPU ticks of all cores since boot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// Now; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        let first = line("/proc/stat")?;
        let numbers: Vec<u64> = first
            .split_whitespace()
            .skip(1)
            .filter_map(|number| number.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal; guest time stands in user already.
        Some(Ticks {
            all: numbers.iter().take(8).sum(),
            stolen: *numbers.get(7)?,
        })
    }

    /// Share of all that the host gave to others until `now`, in percent.
    pub(super) fn stolen(self, now: Self) -> Option<f64> {
        let all = now.all.saturating_sub(self.all);
        let stolen = now.stolen.saturating_sub(self.stolen);
        (all > 0).then(|| 100.0 * stolen as f64 / all as f64)
    }
}
