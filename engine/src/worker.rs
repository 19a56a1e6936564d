//! The worker: everything one real-time thread owns, and the step it runs every slot (D2, D17).
//!
//! It is a value without a thread, a clock or a socket: [`Worker::step`] takes the time and its
//! [`Io`], so tests run it in virtual time and the thread around it is a few lines. It
//! allocates in [`Worker::new`] only, and drops nothing before the control side drops it.
//!
//! A step (`step`) runs each slot that has become due, in order:
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
mod clock;
mod cohort;
mod config;
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
mod keys;
mod legs;
pub mod levels;
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
mod step;
mod swap;
mod tell;

use talkpath_graph::Limits;
use talkpath_rt::pages;
use talkpath_rt::slab::Slab;

use crate::proto::{LegBody, LegId, LegPlan, LegTag, PlanTag, RoomBody, RoomId, RoomTag};

use account::Accounts;
use arena::Arena;
use bank::Bank;
use calls::Calls;
pub use config::WorkerConfig;
use fence::Fallen;
use governor::Governor;
pub use io::Io;
use migrate::Moves;
use schedule::Schedule;
use shed::Spare;
use stats::WorkerCounters;
pub use step::{CATCH_UP, Report};

/// What is asked of the cache of a packet's box: its header and 20 ms of G.711.
pub(crate) const HEADER_AND_USUAL_PAYLOAD: usize = 256;

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
    /// Legs and sides of calls that have a key, at most all.
    listening: Vec<LegId>,
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
    /// [pages]: called by the thread that will own it, before its real time begins.
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
            listening: pages::reserved(config.leg_ids),
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

    /// Figures since the start.
    #[must_use]
    pub fn counters(&self) -> &WorkerCounters {
        &self.counters
    }

    /// The rooms that are here.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (RoomId, &RoomBody)> {
        self.rooms.iter().map(|(id, room)| (id, &**room))
    }
}
