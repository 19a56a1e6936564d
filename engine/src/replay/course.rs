//! What came when in a session: learnt from a replay with its own number of workers, to be followed with another one.
//!
//! In which slot an edit took effect and a packet was taken in is in no stream of a recording: it follows from what
//! the threads met with. So they are run as they were, and say.

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_nodes::packet::Packet;

use super::ask::Made;
use super::report::Unapplied;
use crate::record::asked::{Asked, Named};
use crate::record::media::wire_digest;
use crate::supervisor::{Learnt, Placed};
use crate::worker::stats::WorkerCounters;

/// What a worker's thread says at its end.
#[derive(Debug, Default)]
pub(super) struct WorkerLog {
    /// Slots in which packets were taken in, and how many there had been by then.
    pub packets: Vec<(u64, u64)>,
    /// Slots given up: the first, and how many.
    pub skipped: Vec<(u64, u64)>,
    /// Slots in which sums of other workers were missed.
    pub missed: Vec<u64>,
    sums: u64,
    /// The slot after the last.
    pub end: u64,
}

impl WorkerLog {
    /// It ran `slot`.
    pub fn ran(&mut self, slot: u64, counters: &WorkerCounters) {
        let before = self.packets.last().map_or(0, |(_, packets)| *packets);
        if counters.packets_in > before {
            self.packets.push((slot, counters.packets_in));
        }
        let sums = counters.partials_late + counters.partials_other_epoch;
        if std::mem::replace(&mut self.sums, sums) < sums {
            self.missed.push(slot);
        }
        self.end = slot + 1;
    }

    /// It gave up `count` slots from `first` on.
    pub fn skipped(&mut self, first: u64, count: u64) {
        if count > 0 {
            self.skipped.push((first, count));
        }
    }
}

/// A request, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub asked: Asked,
    /// `None`: it was refused.
    pub made: Option<Made>,
    /// Of a new room: the slot it mixes in.
    pub mix: Option<u32>,
}

/// What the supervisor's thread says at its end.
#[derive(Debug, Default)]
pub(super) struct ControlLog {
    pub asks: Vec<Ask>,
    pub learnt: Learnt,
}

/// What a thread says at its end.
#[derive(Debug)]
pub(super) enum Log {
    Worker(usize, WorkerLog),
    Control(ControlLog),
}

/// A packet that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// When it was to go.
    pub at: Duration,
    pub sequence: u16,
    /// A digest of what went over the wire.
    pub digest: u64,
}

impl Sent {
    pub fn of(packet: &Packet) -> Self {
        Self {
            at: packet.not_before,
            sequence: packet.header.sequence,
            digest: wire_digest(packet),
        }
    }
}

/// A digest of many packets, whatever order they come in: `sum` with one more, which went to `leg`.
pub(super) fn summed(sum: u64, leg: u64, digest: u64) -> u64 {
    let mixed = (leg ^ digest.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    sum.wrapping_add(mixed ^ mixed >> 29)
}

/// The course of a session.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub workers: Vec<WorkerLog>,
    /// Requests that took effect, by slot.
    pub asks: Vec<(u64, Ask)>,
    /// Where legs ran, by slot.
    pub places: Vec<Placed>,
    /// By the bits of a leg's handle.
    pub sent: BTreeMap<u64, Vec<Sent>>,
    /// What depended on the number of workers.
    pub particular: Vec<Unapplied>,
}

impl Course {
    /// Puts together what the threads said.
    pub fn new(
        logs: Vec<Log>,
        workers: usize,
        (sent, particular): (BTreeMap<u64, Vec<Sent>>, Vec<Unapplied>),
    ) -> Self {
        let mut course = Self {
            sent,
            particular,
            ..Self::default()
        };
        course.workers.resize_with(workers, WorkerLog::default);
        for log in logs {
            match log {
                Log::Worker(index, log) => course.workers[index] = log,
                Log::Control(log) => course.control(log),
            }
        }
        // Two workers may have sent in turn: in which order the packets were fetched means nothing.
        for sent in course.sent.values_mut() {
            sent.sort_by_key(|sent| sent.at);
        }
        course
    }

    fn control(&mut self, ControlLog { asks, learnt }: ControlLog) {
        let Learnt {
            effects, places, ..
        } = learnt;
        let mut order = Order::default();
        for (n, mut ask) in asks.into_iter().enumerate() {
            let moves = matches!(
                ask.asked,
                Asked::Move { .. } | Asked::MoveCall { .. } | Asked::Rebalance
            );
            let (Some(made), Some(effect)) = (ask.made, effects.get(&n)) else {
                continue;
            };
            if moves {
                continue;
            }
            let slot = order.after_what_it_names(&mut ask.asked, made, *effect);
            self.asks.push((slot, ask));
        }
        self.asks.sort_by_key(|(slot, _)| *slot);
        self.places = places;
        self.places.sort_by_key(|placed| placed.slot);
    }

    /// Slots that no worker ran, between the first and the last that one did: none needs them.
    pub fn skipped_by_all(&self) -> Vec<(u64, u64)> {
        let all = self.workers.len();
        let mut runs: BTreeMap<u64, usize> = BTreeMap::new();
        for (first, count) in self.workers.iter().flat_map(|log| &log.skipped) {
            for slot in *first..first + count {
                *runs.entry(slot).or_default() += 1;
            }
        }
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for (slot, _) in runs.into_iter().filter(|(_, workers)| *workers == all) {
            match spans.last_mut() {
                Some((first, count)) if *first + *count == slot => *count += 1,
                _ => spans.push((slot, 1)),
            }
        }
        spans
    }

    /// Slots that some workers skipped and others did not: the worker, the first slot, how many.
    pub fn skipped_by_some(&self) -> Vec<(usize, u64, u64)> {
        let shared = self.skipped_by_all();
        let within = |first: u64, count: u64| {
            shared
                .iter()
                .any(|(from, len)| *from <= first && first + count <= from + len)
        };
        let of = |(worker, log): (usize, &WorkerLog)| {
            let own = log.skipped.iter().copied();
            let own = own.filter(|(first, count)| !within(*first, *count));
            let named: Vec<_> = own.map(|(first, count)| (worker, first, count)).collect();
            named
        };
        self.workers.iter().enumerate().flat_map(of).collect()
    }

    /// The slot after the last that any worker ran.
    pub fn end(&self) -> u64 {
        self.workers.iter().map(|log| log.end).max().unwrap_or(0)
    }
}

/// Workers that were held up apart may have taken requests in another order than they were made in; what is about the
/// same thing keeps its order.
#[derive(Default)]
struct Order {
    rooms: BTreeMap<u64, u64>,
    legs: BTreeMap<u64, u64>,
    calls: BTreeMap<u64, u64>,
}

impl Order {
    fn after_what_it_names(&mut self, asked: &mut Asked, made: Made, effect: u64) -> u64 {
        let seen = match asked.named() {
            Named::Nothing => None,
            Named::Room(room) => self.rooms.get(room).copied(),
            Named::Leg(leg) => self.legs.get(leg).copied(),
            Named::Call(call) => self.calls.get(call).copied(),
        };
        let slot = seen.map_or(effect, |seen| effect.max(seen));
        match asked.named() {
            // A room takes legs in any order.
            Named::Nothing | Named::Room(_) => {}
            Named::Leg(leg) => drop(self.legs.insert(*leg, slot)),
            Named::Call(call) => drop(self.calls.insert(*call, slot)),
        }
        match made {
            Made::Nothing => {}
            Made::Room(room) => drop(self.rooms.insert(room.to_bits(), slot)),
            Made::Leg(leg) => drop(self.legs.insert(leg.to_bits(), slot)),
            Made::Call(call, sides) => {
                self.calls.insert(call.to_bits(), slot);
                for leg in sides {
                    self.legs.insert(leg.to_bits(), slot);
                }
            }
        }
        slot
    }
}
