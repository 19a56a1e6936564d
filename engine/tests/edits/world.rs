//! The engine beside the model: time passes for both, and what the engine tells is written into the model, each piece of
//! it once and where it belongs.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use talkpath_engine::{EngineConfig, EventKind, EventStream, VirtualEngine};

use crate::common::{heap, ms};
use crate::dice::Dice;
use crate::model::{LEGS, Model, PLANS, ROOMS, WORKERS};
use crate::phones::Phones;
use crate::sound::TONES;

/// Handles of legs that have left, kept to be tried.
const GRAVES: usize = 200;
/// Edits that are printed on a failure.
const REMEMBERED: usize = 60;

/// What a run did.
#[derive(Clone, Default)]
pub struct Tally {
    pub joined: u64,
    pub calls: u64,
    pub moved: u64,
    pub sides_moved: u64,
    pub changed: u64,
    pub swapped: u64,
    pub refused: u64,
    pub busy: u64,
    pub ghosts: u64,
    pub levels: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            joined,
            calls,
            moved,
            sides_moved,
            changed,
            swapped,
            refused,
            busy,
            ghosts,
            levels,
        } = self;
        write!(
            f,
            "{joined} joins, {calls} calls, {moved} moves of legs and {} of calls, {changed} codec changes, {swapped} other swaps, {refused} refusals as foreseen ({busy} of them busy), \
             {ghosts} phones with stale handles, {levels} levels compared",
            sides_moved / 2
        )
    }
}

pub struct World {
    pub engine: VirtualEngine,
    pub model: Model,
    pub phones: Phones,
    pub dice: Dice,
    pub graves: VecDeque<talkpath_engine::Leg>,
    pub call_graves: VecDeque<talkpath_engine::Call>,
    pub tones: Vec<usize>,
    pub edits: u64,
    pub tally: Tally,
    /// Whether more join than leave just now.
    pub growing: bool,
    /// Number of the next room, SSRC or ghost.
    pub next: u32,
    events: EventStream,
    seed: u64,
    trace: VecDeque<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let engine = VirtualEngine::new(EngineConfig {
            workers: WORKERS,
            capacity_legs: LEGS,
            capacity_rooms: ROOMS,
            capacity_plans: PLANS,
            queue: 64,
            // Parts come and go all the time.
            part_kept: ms(40),
            ..EngineConfig::default()
        });
        let engine = engine.expect("a valid configuration");
        let link = engine.take_shard_link().expect("the first to ask");
        Self {
            events: engine.subscribe().expect("running"),
            engine,
            model: Model::default(),
            phones: Phones::new(link),
            dice: Dice::new(seed),
            graves: VecDeque::new(),
            call_graves: VecDeque::new(),
            tones: (0..TONES).collect(),
            edits: 0,
            tally: Tally::default(),
            growing: true,
            next: 0,
            seed,
            trace: VecDeque::new(),
        }
    }

    /// Remembers what is done, for the case that it fails.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if self.trace.len() == REMEMBERED {
            self.trace.pop_front();
        }
        let line = format!("{} at {:?}: {}", self.edits, self.engine.now(), what());
        self.trace.push_back(line);
    }

    /// Lets milliseconds pass, slot by slot: in every other one the workers' heap operations are counted, in the others
    /// they run in a random order.
    pub fn pass(&mut self, span: Duration) {
        let end = self.engine.now() + span;
        while self.engine.now() < end {
            self.phones.speak(self.engine.now());
            if self.dice.once_in(2) {
                let mut count = heap::Count::default();
                let counted = |step: &mut dyn FnMut()| count += heap::of(step);
                self.engine.advance_around(ms(1), counted);
                assert_eq!(count, heap::Count::default(), "on the workers");
            } else {
                self.engine.advance_shuffled(ms(1), self.dice.roll());
            }
            let model = &self.model;
            let there = |leg| model.legs.contains_key(&leg) || model.side_of(leg).is_some();
            self.phones.collect(there);
            self.hear();
        }
    }

    /// Writes what was told into the model.
    fn hear(&mut self) {
        while let Some(event) = self.events.try_next() {
            self.told(event.kind);
        }
    }

    fn told(&mut self, kind: EventKind) {
        match kind {
            EventKind::Joined { room, leg } => {
                let leg = self.model.legs.get_mut(&leg.to_bits());
                let leg = leg.expect("a leg of the model");
                assert_eq!(leg.room, room.to_bits());
                assert!(!std::mem::replace(&mut leg.joined, true), "joined once");
            }
            EventKind::Swapped { leg } => {
                let leg = self.model.legs.get_mut(&leg.to_bits());
                let leg = leg.expect("a leg of the model");
                let swapping = std::mem::replace(&mut leg.swapping, false);
                assert!(swapping, "nobody swapped it");
            }
            EventKind::CallStarted { call, .. } => self.call_started(call),
            EventKind::CallEnded { call, reason, .. } => self.call_ended(call, reason),
            EventKind::Moved { leg, worker } if self.side_moved(leg, worker) => {}
            EventKind::Moved { leg, worker } => {
                let leg = self.model.legs.get_mut(&leg.to_bits());
                let leg = leg.expect("a leg of the model");
                assert!(leg.from.take().is_some(), "nobody moved it");
                assert_eq!(leg.worker, worker);
                self.tally.moved += 1;
            }
            EventKind::Left { room, leg, reason } => {
                let leg = self.model.legs.remove(&leg.to_bits());
                let leg = leg.expect("a leg of the model");
                assert_eq!(leg.leaving, Some(reason));
                assert_eq!(leg.room, room.to_bits());
                assert!(leg.joined && leg.from.is_none());
                self.tones.push(leg.tone);
                bury(&mut self.graves, leg.handle);
                self.last_may_have_left(leg.room);
            }
            EventKind::RoomEnded { room, name } => {
                let bits = room.to_bits();
                let room = self.model.rooms.remove(&bits);
                let room = room.expect("a room of the model");
                assert!(room.closing && room.handle.name() == name);
                assert!(self.model.legs.values().all(|leg| leg.room != bits));
            }
            EventKind::Missed { .. } | EventKind::Faulted { .. } => panic!("{kind:?}"),
            _ => {}
        }
    }

    pub fn bury_call(&mut self, call: talkpath_engine::Call) {
        bury(&mut self.call_graves, call);
    }

    fn last_may_have_left(&mut self, room: u64) {
        let empty = self.model.legs.values().all(|leg| leg.room != room);
        let room = self.model.rooms.get_mut(&room).expect("it has legs");
        room.closing |= empty && room.ends_with_last_leg;
    }

    /// Whether every room is on just the workers that have legs of it; an empty one on one.
    fn parts_have_legs(&self) -> bool {
        let rooms = self.engine.status().expect("running").rooms;
        rooms.iter().all(|room| {
            let mut on: Vec<u8> = room.legs.iter().map(|leg| leg.worker).collect();
            on.sort_unstable();
            on.dedup();
            room.workers == on || (on.is_empty() && room.workers.len() == 1)
        })
    }

    /// Time passes until nothing is on its way and everybody has spoken for a while.
    pub fn settle(&mut self) {
        self.note(|| "settles".to_owned());
        for _ in 0..100 {
            if self
                .engine
                .status()
                .expect("running")
                .supervisor
                .edits_waiting
                == 0
            {
                break;
            }
            self.pass(ms(20));
        }
        self.pass(ms(260));
        // A part that goes takes the margin along: its legs are sent that much sooner, once.
        let mut turns = 0;
        while !self.parts_have_legs() {
            self.pass(ms(20));
            turns += 1;
            assert!(turns < 100, "a part without legs stays");
        }
        self.pass(ms(60));
        let busy = |leg: &&crate::model::Leg| {
            !leg.joined || leg.from.is_some() || leg.swapping || !leg.stays()
        };
        assert_eq!(self.model.legs.values().filter(busy).count(), 0);
        assert!(self.model.rooms.values().all(|room| !room.closing));
        let up = |line: &crate::calls::Line| line.begun && line.from.is_none() && line.stays();
        assert!(self.model.calls.values().all(up));
    }
}

/// Keeps a handle of somebody who is gone, in the place of the oldest.
fn bury<T>(graves: &mut VecDeque<T>, handle: T) {
    if graves.len() == GRAVES {
        graves.pop_front();
    }
    graves.push_back(handle);
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in &self.trace {
                eprintln!("{line}");
            }
            let (seed, edits) = (self.seed, self.edits);
            eprintln!("failed with TALKPATH_SEED={seed} at edit {edits}");
        }
    }
}
