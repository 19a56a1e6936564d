//! What the supervisor keeps of one worker: the ends of its rings, its seats, plans and slots.

use std::time::Duration;

use talkpath_rt::command::CommandTx;
use talkpath_rt::outlet::{AckRx, EventRx, GarbageRx};
use talkpath_rt::pulse::Monitor;
use talkpath_rt::thread::Obtained;
use talkpath_rt::timing::{SlotStats, StatsSink};

use crate::config::EngineConfig;
use crate::proto::{Ack, Command, Garbage, WorkerEvent};
use crate::status::LateStatus;
use crate::worker::bank::Seating;
use crate::worker::costs::{Bars, CostSink, CostStats};
use crate::worker::levels::WorkerLevels;
use crate::worker::schedule::cycle_slots;
use crate::worker::stats::WorkerCounters;

use super::placement::SlotTable;
use super::plans::Plans;
use super::shedding::Shedding;
use super::transactions::Transactions;
use super::watchdog::Watch;

/// The control ends of a worker's rings.
#[derive(Debug)]
pub(crate) struct Ends {
    pub commands: CommandTx<Command>,
    pub acks: AckRx<Ack>,
    pub garbage: GarbageRx<Garbage>,
    pub events: EventRx<WorkerEvent>,
    pub stats: StatsSink,
    pub monitor: Monitor,
    pub costs: CostSink,
    /// Of what only the worker has ends of, when it was built.
    pub levels: WorkerLevels,
}

/// One worker, seen from the control side.
#[derive(Debug)]
pub(super) struct Site {
    pub transactions: Transactions,
    pub acks: AckRx<Ack>,
    pub garbage: GarbageRx<Garbage>,
    pub events: EventRx<WorkerEvent>,
    pub stats: StatsSink,
    pub timing: SlotStats,
    /// How full what only the worker has ends of was when it told last.
    pub levels: WorkerLevels,
    pub costs: CostSink,
    /// Costs that have come and are not in the price list yet.
    pub arrived: CostStats,
    /// What a slot takes beside its cohorts; fades.
    pub rest: Bars,
    /// Of the worker that is there now.
    counters: WorkerCounters,
    /// Of those that were lost in its place, as they told them last.
    before: WorkerCounters,
    /// It makes no slot and gets no successor.
    pub given_up: bool,
    pub obtained: Obtained,
    pub seating: Seating,
    pub plans: Plans,
    pub table: SlotTable,
    /// The last episode of late slots: when it began, how late its first slot was, and what took longest in it.
    pub last_late: Option<LateStatus>,
    pub shedding: Shedding,
    /// Legs here, those that leave or come included.
    pub legs: usize,
    /// Workers that were lost in this place before this one.
    pub epoch: u16,
    pub watch: Watch,
    /// Whether it has a thread.
    pub hired: bool,
    /// When one that takes another's place got its thread.
    pub hired_at: Option<Duration>,
}

impl Site {
    pub fn new(config: &EngineConfig, ends: Ends, obtained: Obtained) -> Self {
        Self {
            transactions: Transactions::new(ends.commands, config.queue),
            acks: ends.acks,
            garbage: ends.garbage,
            events: ends.events,
            stats: ends.stats,
            timing: SlotStats::new(),
            levels: ends.levels,
            costs: ends.costs,
            arrived: CostStats::new(config.capacity_plans),
            rest: Bars::new(),
            counters: WorkerCounters::default(),
            before: WorkerCounters::default(),
            given_up: false,
            obtained,
            seating: Seating::new(config.seats()),
            plans: Plans::new(config.capacity_plans),
            table: SlotTable::new(
                cycle_slots(config.slot),
                config.slot,
                config.slot_budget.min(config.admit_budget),
            ),
            last_late: None,
            shedding: Shedding::default(),
            legs: 0,
            epoch: 0,
            watch: Watch::new(ends.monitor),
            hired: true,
            hired_at: None,
        }
    }

    /// What takes its place when the worker is lost: nothing of it is in use. What was measured stays.
    pub fn successor(&mut self, config: &EngineConfig, ends: Ends) -> Self {
        Self {
            timing: std::mem::replace(&mut self.timing, SlotStats::new()),
            table: self.table.emptied(),
            last_late: self.last_late.take(),
            before: WorkerCounters {
                shed_steps: 0,
                ..self.counters()
            },
            epoch: self.epoch.wrapping_add(1),
            hired: false,
            hired_at: self.hired_at,
            ..Self::new(config, ends, self.obtained.clone())
        }
    }

    /// Figures of the place since the start, whoever was in it.
    pub fn counters(&self) -> WorkerCounters {
        self.before.plus(&self.counters)
    }

    /// The worker's figures have come: what the planned work costs is learnt from them.
    pub fn hear_counters(&mut self, counters: WorkerCounters) {
        let slots = counters.slots.saturating_sub(self.counters.slots);
        let busy = counters.busy.saturating_sub(self.counters.busy);
        if slots > 0 {
            self.table.learn(busy.as_nanos() as f64 / slots as f64);
        }
        self.counters = counters;
    }
}
