//! The figures of a run, as a table, as JSON and as a page. The names in JSON are stable.

mod beside;
mod curve;
mod figures;
mod headline;
mod html;
mod joining;
mod json;
mod marginal;
mod plot;
mod table;

use serde::Serialize;
use serde_json::Value;

use super::environment::Environment;
use super::ramp::Overload;
use super::run::Outcome;
use super::scenario::{Meeting, Scenario};
use super::verdict::{Basis, Generator, Server, Verdict};
use beside::{Added, Floor, Reference};
use curve::Curve;
use figures::Figures;

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
