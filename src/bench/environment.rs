//! What the figures were taken on: machine, cores, priority, timer slack, load, and a calibration loop.
//!
//! A figure of another run counts only beside its environment; of two runs with different calibration the slower machine
//! explains the slower figure.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use serde::Serialize;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::{self, Task};

/// Rounds of the calibration loop, of which the quickest counts.
const ROUNDS: usize = 15;
/// Iterations in a round: about two milliseconds.
const ITERATIONS: u32 = 500_000;

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

/// The machine's speed at both ends of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Calibration {
    pub before: f64,
    pub after: f64,
}

/// CPU ticks of all cores since boot.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    all: u64,
    stolen: u64,
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
            ticks: ticks(),
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
        let steal = |(before, now): (Ticks, Ticks)| {
            let all = now.all.saturating_sub(before.all);
            let stolen = now.stolen.saturating_sub(before.stolen);
            (all > 0).then(|| 100.0 * stolen as f64 / all as f64)
        };
        self.steal_percent = self.ticks.zip(ticks()).and_then(steal);
    }
}

/// Nanoseconds for one iteration of fixed work, integer and float in one chain: the quickest of several rounds.
fn calibrate() -> f64 {
    let clock = MonotonicClock;
    let round = |_| {
        let from = clock.now();
        black_box(work(black_box(ITERATIONS)));
        clock.now() - from
    };
    let quickest: Option<Duration> = (0..ROUNDS).map(round).min();
    quickest.unwrap_or_default().as_secs_f64() * 1e9 / f64::from(ITERATIONS)
}

/// The work: each step needs the one before.
fn work(iterations: u32) -> (u32, f32) {
    let (mut whole, mut real) = (1u32, 0.5f32);
    for _ in 0..iterations {
        whole = whole.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        real = real * 0.999 + (whole >> 8) as f32 * 1e-9;
    }
    (whole, real)
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

fn ticks() -> Option<Ticks> {
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

impl Environment {
    /// Everything, named.
    pub(super) fn rows(&self) -> Vec<(String, String)> {
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

    #[test]
    fn twice_the_work_is_other_work() {
        assert_ne!(work(10), work(20));
    }
}
