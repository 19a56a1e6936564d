//! What the figures were taken on: machine, cores, priority, timer slack, load, and a calibration loop.
//!
//! A figure of another run counts only beside its environment; of two runs with different calibration the slower machine
//! explains the slower figure.

use serde::Serialize;
use talkpath_rt::thread::{self, Task};

use calibrate::{Calibration, calibrate};
use ticks::Ticks;

mod calibrate;
mod ticks;
mod told;

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Environment {
    /// The processor, as it names itself.
    pub cpu: String,
    /// Cores of the inherited affinity mask.
    pub cores_allowed: Vec<usize>,
    pub kernel: String,
    /// Frequency governor of the first allowed core; none where the machine has none to show.
    pub governor: Option<String>,
    /// Load averages of 1, 5 and 15 minutes before the run.
    pub load: Vec<f64>,
    /// How late the kernel may wake the first worker in order to save power, in nanoseconds; 0 with real-time priority.
    pub timer_slack_ns: Option<u64>,
    /// One round of the calibration loop before and after the run: nanoseconds for an iteration.
    pub calibration_ns: Calibration,
    /// Share of the time in which the machine's host ran something else, in percent of all cores; after the run.
    pub steal_percent: Option<f64>,
    /// Whether this program was built with optimisation.
    pub optimised: bool,
    #[serde(skip)]
    ticks: Option<Ticks>,
}

impl Environment {
    /// Reads what can be read. What the system does not tell is left out.
    pub(super) fn before() -> Self {
        let cores_allowed = thread::allowed_cores();
        let first = cores_allowed.first().copied().unwrap_or(0);
        let governor = format!("/sys/devices/system/cpu/cpu{first}/cpufreq/scaling_governor");
        let load = line("/proc/loadavg").unwrap_or_default();
        Self {
            cpu: processor().unwrap_or_else(|| "unknown".into()),
            cores_allowed,
            kernel: line("/proc/sys/kernel/osrelease").unwrap_or_default(),
            governor: line(&governor),
            load: load
                .split_whitespace()
                .take(3)
                .filter_map(|number| number.parse().ok())
                .collect(),
            timer_slack_ns: None,
            calibration_ns: Calibration {
                before: calibrate(),
                after: 0.0,
            },
            steal_percent: None,
            optimised: !cfg!(debug_assertions),
            ticks: Ticks::now(),
        }
    }

    /// What the worker's thread has of the system.
    pub(super) fn look_at(&mut self, worker: Task) {
        let slack = line(&format!("/proc/{}/timerslack_ns", worker.id()));
        self.timer_slack_ns = slack.and_then(|nanos| nanos.parse().ok());
    }

    /// What can be told after the run only.
    pub(super) fn after(&mut self) {
        self.calibration_ns.after = calibrate();
        let both = self.ticks.zip(Ticks::now());
        self.steal_percent = both.and_then(|(before, now)| before.stolen(now));
    }
}

/// First line of a file of the system, if there is one.
fn line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split(':').nth(1)?.trim().to_owned())
    };
    let speed = field("cpu MHz").map_or(String::new(), |mhz| format!(", {mhz} MHz"));
    Some(field("model name").or_else(|| field("Processor"))? + &speed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_told_whole() {
        let mut environment = Environment::before();
        environment.look_at(Task::current());
        environment.after();
        assert!(environment.timer_slack_ns.is_some());
        assert!(!environment.cores_allowed.is_empty());
        let Calibration { before, after } = environment.calibration_ns;
        assert!(before > 0.0 && after > 0.0);
        let text = environment.to_string();
        for row in [
            "machine",
            "cores allowed",
            "timer slack",
            "calibration loop",
        ] {
            assert!(text.contains(row), "{text}");
        }
    }
}
