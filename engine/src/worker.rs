//! The worker: everything one real-time thread owns, and the step it runs every slot (D2, D17).
//!
//! It is a value without a thread, a clock or a socket: [`Worker::step`] takes the time and its
//! [`Io`], so tests run it in virtual time and the thread around it is a few lines. It
//! allocates in [`Worker::new`] only, and drops nothing before the control side drops it.
//!
//! A step runs each slot that has become due, in order:
//! 0. apply whole transactions, drain packets into jitter buffers (`apply`, `route`), pass on
//!    what came for calls (`calls`);
//! 1. ingress of the legs due; 2. mix of the rooms due, egress of the legs due (`period`);
//! 3. departures, events, stamps (`tell`).

mod account;
mod ahead;
pub(crate) mod apply;
pub mod arena;
pub mod bank;
mod blame;
pub mod bus;
mod calls;
mod cohort;
pub mod costs;
mod exchange;
mod ext;
mod fading;
mod far;
pub(crate) mod fence;
pub mod governor;
mod idle;
#[cfg(test)]
mod injected;
mod inward;
pub mod io;
mod legs;
pub(crate) mod migrate;
mod outward;
mod period;
mod rewire;
mod rooms;
mod route;
pub mod schedule;
pub mod script;
mod settings;
mod shed;
pub mod stats;
mod swap;
mod tell;

use core::time::Duration;

use talkpath_graph::Limits;
use talkpath_rt::pages;
use talkpath_rt::slab::Slab;

use crate::proto::{LegBody, LegId, LegPlan, LegTag, PlanTag, RoomBody, RoomId, RoomTag};

use account::Accounts;
use arena::Arena;
use bank::Bank;
use calls::Calls;
use fence::Fallen;
use governor::{Governor, Marks};
pub use io::Io;
use migrate::Moves;
use schedule::Schedule;
use shed::Spare;
use stats::WorkerCounters;

/// After a stall at most this much is made up for; older periods are skipped (D14).
pub const CATCH_UP: Duration = Duration::from_millis(60);

/// What is asked of the cache of a packet's box: its header and 20 ms of G.711.
pub(crate) const HEADER_AND_USUAL_PAYLOAD: usize = 256;

/// What a worker is built for. Everything is allocated from it at the start.
#[derive(Clone, Copy, Debug)]
pub struct WorkerConfig {
    /// Which of the engine's workers it is.
    pub index: u8,
    /// Which of the workers that have been in that place, counted from 0.
    pub epoch: u16,
    /// Most legs of the engine: of all its workers.
    pub leg_ids: usize,
    /// Length of a slot; a divisor of 10 ms.
    pub slot: Duration,
    /// Time of slot 0.
    pub base: Duration,
    /// Most legs on this worker at a time.
    pub legs: usize,
    /// Most rooms at a time.
    pub rooms: usize,
    /// Most plans at a time.
    pub plans: usize,
    /// States of each node kind.
    pub seats: usize,
    /// When the governor sheds and recovers.
    pub marks: Marks,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Slots run.
    pub slots: u32,
    /// Slots given up (D14).
    pub skipped: u32,
    /// Slots still owed: run them in the next step.
    pub owed: u32,
}

/// One worker.
#[derive(Debug)]
pub struct Worker {
    config: WorkerConfig,
    /// The next slot to run.
    next: u64,
    schedule: Schedule,
    plans: Slab<Box<LegPlan>, PlanTag>,
    rooms: Slab<Box<RoomBody>, RoomTag>,
    legs: Slab<Box<LegBody>, LegTag>,
    calls: Calls,
    bank: Bank,
    arena: Arena,
    /// Legs on their way out, at most all.
    leaving: Vec<LegId>,
    /// Legs whose plan is being swapped, at most all.
    swapping: Vec<LegId>,
    moves: Moves,
    fallen: Fallen,
    accounts: Accounts,
    counters: WorkerCounters,
    governor: Governor,
    /// A frame before an effect that fades.
    spare: Spare,
    /// Cohorts until the next one whose ops are timed.
    until_probe: u32,
    /// Slots run in a row with nothing to do.
    quiet: u64,
}

impl Worker {
    /// A worker with everything it will ever need. Allocates it all and writes to all of its
    /// [pages](talkpath_rt::pages): called by the thread that will own it, before its real time begins.
    #[must_use]
    pub fn new(config: WorkerConfig) -> Self {
        Self {
            config,
            next: 0,
            schedule: Schedule::new(config.slot, config.legs, config.rooms),
            plans: Slab::with_capacity(config.plans),
            rooms: Slab::with_capacity(config.rooms),
            legs: Slab::with_capacity(config.leg_ids),
            calls: Calls::new(config.leg_ids),
            bank: Bank::new(config.seats),
            arena: Arena::new(&Limits::default()),
            leaving: pages::reserved(config.legs),
            swapping: pages::reserved(config.legs),
            moves: Moves::new(config.leg_ids),
            fallen: Fallen::new(),
            accounts: Accounts::new(config.plans),
            counters: WorkerCounters::default(),
            governor: Governor::new(
                config.marks,
                config.slot,
                schedule::cycle_slots(config.slot) as usize,
            ),
            spare: Spare::default(),
            until_probe: 0,
            quiet: 0,
        }
    }

    /// Slot 0 is at `base`. Before the first step.
    pub(crate) fn set_base(&mut self, base: Duration) {
        self.config.base = base;
    }

    /// Intended time of a slot.
    #[must_use]
    pub fn time_of(&self, slot: u64) -> Duration {
        let nanos = self.config.slot.as_nanos() as u64;
        self.config.base + Duration::from_nanos(nanos.saturating_mul(slot))
    }

    /// Intended time of the next slot: when to call [`Worker::step`].
    #[must_use]
    pub fn due(&self) -> Duration {
        self.time_of(self.next)
    }

    /// The next slot to run; while one runs, that one.
    pub(crate) fn slot(&self) -> u64 {
        self.next
    }

    /// Gives up the slots before `slot` (D14).
    pub(crate) fn skip_to(&mut self, slot: u64) {
        let from = self.next;
        if from < slot {
            self.counters.skipped_slots += slot - from;
            self.next = slot;
            self.forget_sums(from);
        }
    }

    /// Begins with the second slot from `now` on: for a worker that takes the place of another. Before the first step.
    pub fn begin_after(&mut self, now: Duration) {
        self.next = self.slot_at(now).map_or(0, |slot| slot + 2);
    }

    /// Figures since the start.
    #[must_use]
    pub fn counters(&self) -> &WorkerCounters {
        &self.counters
    }

    /// The rooms that are here.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (RoomId, &RoomBody)> {
        self.rooms.iter().map(|(id, room)| (id, &**room))
    }

    /// Runs every slot that is due at `now`, at most two cycles of them.
    ///
    /// After a stall up to [`CATCH_UP`] of slots are run in order; the older ones are skipped:
    /// no leg runs in them, and each learns at its next turn how many periods it missed.
    ///
    /// Real-time: allocates no; blocks no; cost bounded by the legs due.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn step(&mut self, now: Duration, io: &mut Io) -> Report {
        self.step_around(now, io, |_| {})
    }

    /// As [`step`](Self::step), with `after` called after every slot: a replay looks at the rooms there.
    pub(crate) fn step_around(
        &mut self,
        now: Duration,
        io: &mut Io,
        mut after: impl FnMut(&Self),
    ) -> Report {
        io.note_step(self.config.index, now);
        let mut report = Report::default();
        let Some(last) = self.slot_at(now) else {
            return report;
        };
        if last < self.next {
            return report;
        }
        let most = (CATCH_UP.as_nanos() / self.config.slot.as_nanos().max(1)) as u64;
        let behind = last + 1 - self.next;
        if behind > most {
            report.skipped = u32::try_from(behind - most).unwrap_or(u32::MAX);
            self.skip_to(last + 1 - most);
        }
        let end = (last + 1).min(self.next + 2 * self.schedule.cycle() as u64);
        while self.next < end {
            self.run_slot(self.next, now, io);
            after(self);
            self.next = self.slot_after(self.next);
            report.slots += 1;
        }
        report.owed = (last + 1).saturating_sub(self.next) as u32;
        io.stats.current().record_skipped(u64::from(report.skipped));
        report
    }

    /// Slots from `from` on were skipped: what was gathered for a mix among them must not get into a later one.
    fn forget_sums(&mut self, from: u64) {
        for (_, room) in self.rooms.iter_mut() {
            if room.coming(from) != room.coming(self.next) {
                room.buses.iter_mut().for_each(|bus| bus.forget());
            }
        }
    }

    fn slot_at(&self, now: Duration) -> Option<u64> {
        let since = now.checked_sub(self.config.base)?;
        Some((since.as_nanos() / self.config.slot.as_nanos().max(1)) as u64)
    }

    fn run_slot(&mut self, slot: u64, now: Duration, io: &mut Io) {
        let intended = self.time_of(slot);
        let begin = io.cost_clock.now();
        let segments = self.counters.segments;
        self.apply(slot, io);
        self.swaps(io);
        self.take_passed(slot, io);
        self.drain(io);
        self.take_partials(io);
        self.run_arrivals(slot, intended, io);
        self.run_due(slot, intended, io);
        self.depart(io);
        self.hand_over_fallen(io);
        self.tell(slot, intended, io);
        self.tell_calls(slot, intended, io);
        let end = io.cost_clock.now();
        let rest = end.saturating_sub(begin + core::mem::take(&mut self.accounts.ran));
        io.costs.current().rest.record(rest, 1);
        self.counters.slots += 1;
        io.pulse.beat();
        self.counters.busy += end.saturating_sub(begin);
        let next_due = intended + self.config.slot;
        if end > next_due {
            self.counters.late_segments += self.counters.segments - segments;
        }
        self.govern(intended, end.saturating_sub(begin), io);
        self.name_culprit(intended, end.saturating_sub(next_due), io);
        let stats = io.stats.current();
        stats.record_slot(
            now.saturating_sub(intended),
            end.saturating_sub(begin),
            end.saturating_sub(next_due),
        );
    }
}
