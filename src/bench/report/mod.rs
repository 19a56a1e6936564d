//! The figures of a run, as a table, as JSON and as a page. The names in JSON are stable.

mod figures;
mod html;
mod joining;
mod json;
mod plot;
mod table;

use serde::Serialize;
use serde_json::Value;

use super::dist::{Dist, Quantiles};
use super::environment::Environment;
use super::floor::Taken;
use super::ramp::Overload;
use super::run::Outcome;
use super::scenario::{Meeting, Scenario};
use super::verdict::{Basis, Generator, Server, Verdict};
use figures::Figures;
use plot::Curve;

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub scenario: &'static str,
    /// `in process` or `sockets`.
    pub transport: &'static str,
    /// Legs that talked at the end.
    pub legs: usize,
    /// Rooms, or calls, they were in.
    pub rooms: usize,
    pub meeting: &'static str,
    pub workers: usize,
    pub codec: String,
    pub ptime_ms: u64,
    pub slot_us: u64,
    pub burst: bool,
    pub loss_percent: f64,
    pub jitter_in_ms: u32,
    pub cores: Vec<Option<usize>>,
    /// SCHED_FIFO priority of the first worker.
    pub priority: Option<u8>,
    pub shard_core: Option<usize>,
    pub phones_core: Option<usize>,
    pub warnings: Vec<String>,
    /// The measured stretch.
    #[serde(flatten)]
    pub figures: Figures,
    /// The same before anything happened, in scenarios in which something does.
    pub quiet: Option<Figures>,
    pub added: Option<Added>,
    pub reference: Option<Reference>,
    pub floor: Option<Floor>,
    pub overload: Option<Overload>,
    pub verdict: Verdict,
    pub environment: Environment,
    #[serde(skip)]
    curves: Vec<Curve>,
}

/// What the measured stretch has more than the quiet one, for a million slots and a million packets; 0 where it has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Added {
    pub late_slots_per_million: f64,
    pub long_gaps_per_million: f64,
}

/// The bare loop of absolute sleeps beside the run, and how the workers' wake-ups compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Reference {
    /// How late it woke.
    pub wake_us: Quantiles,
    /// The workers' lateness divided by that; none where that is zero.
    pub ratio_p50: Option<f64>,
    pub ratio_p99: Option<f64>,
    pub ratio_p999: Option<f64>,
}

/// The bare loop that receives, mixes and sends, with the same phones before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Floor {
    pub before: Taken,
    pub after: Taken,
    /// The server's CPU time for one leg's second divided by the mean of both.
    pub ratio: f64,
}

impl Floor {
    fn new((before, after): (Taken, Taken), server: f64) -> Self {
        let mean = (before.cpu_ms_per_leg_second + after.cpu_ms_per_leg_second) / 2.0;
        Self {
            before,
            after,
            ratio: server / mean,
        }
    }
}

impl Reference {
    fn new(bare: &Dist, workers: &Quantiles) -> Self {
        let wake_us = bare.quantiles(1e3);
        let ratio = |worker: f64, bare: f64| (bare > 0.0).then(|| worker / bare);
        Self {
            wake_us,
            ratio_p50: ratio(workers.p50, wake_us.p50),
            ratio_p99: ratio(workers.p99, wake_us.p99),
            ratio_p999: ratio(workers.p999, wake_us.p999),
        }
    }
}

impl Added {
    fn new(quiet: &Figures, measured: &Figures) -> Self {
        let millionth = |part: u64, all: u64| 1e6 * part as f64 / all.max(1) as f64;
        let late = |figures: &Figures| millionth(figures.late_slots, figures.slots);
        let gaps = |figures: &Figures| millionth(figures.long_gaps, figures.traffic.packets_out);
        let more = |of: &dyn Fn(&Figures) -> f64| (of(measured) - of(quiet)).max(0.0);
        Self {
            late_slots_per_million: more(&late),
            long_gaps_per_million: more(&gaps),
        }
    }
}

impl Report {
    pub(super) fn new(scenario: &Scenario, outcome: Outcome) -> Self {
        let Outcome {
            quiet: before,
            measured,
            bare,
            cores,
            priorities,
            warnings,
            shard_core,
            phones_core,
            overload,
            floor,
            environment,
        } = outcome;
        let (legs, common) = (measured.legs, &scenario.common);
        let figures = Figures::new(&measured, &cores, shard_core);
        let quiet = before
            .as_ref()
            .map(|before| Figures::new(before, &cores, shard_core));
        let percent = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
        let generator = Generator {
            cpu_percent: figures.generator.cpu_percent,
            late_percent: percent(figures.generator.late_wakes, figures.generator.slots),
        };
        let server = Server {
            legs,
            limit: scenario.limit(),
            busiest_percent: figures.busiest_percent,
            late_percent: percent(figures.late_slots, figures.slots),
            received_percent: figures.received_percent,
        };
        let basis = overload.as_ref().map_or(Basis::Use, |overload| {
            Basis::Refusal(overload.refusal.as_ref().map(|_| overload.admitted))
        });
        let codecs: Vec<_> = scenario
            .talks()
            .iter()
            .map(|talk| talk.0.to_string())
            .collect();
        let curves = Curve::all(&measured, before.as_ref(), bare.as_ref());
        Self {
            scenario: scenario.name,
            transport: if common.sockets {
                "sockets"
            } else {
                "in process"
            },
            legs,
            rooms: scenario.rooms_of(legs),
            meeting: match scenario.meeting {
                Meeting::Rooms => "room",
                Meeting::Calls => "call",
            },
            workers: scenario.workers,
            codec: codecs.join(" and "),
            ptime_ms: common.ptime().as_millis() as u64,
            slot_us: common.slot_us,
            burst: common.burst,
            loss_percent: common.loss,
            jitter_in_ms: common.jitter,
            priority: priorities.first().copied().flatten(),
            verdict: Verdict::new(&priorities, generator, server, basis),
            cores,
            shard_core,
            phones_core,
            warnings,
            added: quiet.as_ref().map(|quiet| Added::new(quiet, &figures)),
            reference: bare.map(|bare| Reference::new(&bare, &figures.wake_us)),
            floor: floor.map(|floor| Floor::new(floor, figures.cpu_ms_per_leg_second)),
            overload,
            figures,
            quiet,
            environment,
            curves,
        }
    }

    /// Calls of the workers to the allocator, which must be none.
    pub(super) fn allocations(&self) -> u64 {
        self.figures.allocations
    }

    /// One line of JSON, no figure with more than four decimals.
    pub(super) fn json(&self) -> Value {
        json::rounded(serde_json::json!(self))
    }

    /// One page that needs nothing else.
    pub(super) fn html(&self) -> String {
        html::page(self)
    }
}
