//! The shard: everything its thread owns, and what it does in a slot. The thread loop is in `grid`.
//!
//! Slot *k* of the worker begins at `base + k·slot`. The shard wakes a little before it, to send what the worker made in
//! the slot that ends and to receive for the one that begins; control work (commands, the round over the legs) comes
//! last. A wake-up costs as much as four packets, so a second one, to send sooner, is a setting. Without legs it wakes
//! once in a few slots, for commands only.

use std::time::Duration;

use talkpath_rt::handle::Handle;
use talkpath_rt::ring::{Consumer, Producer};
use talkpath_rt::timing::StatsSource;

use super::counters::NetCounters;
use super::inbound::{Around, Inbound};
use super::leg::{Legs, ShardLeg};
use super::level::PacketLevels;
use super::outbound::Outbound;
use super::session::SessionChange;
use super::sweep::{Rounds, Sweep};
use super::wall::Wall;
use super::wire::{Command, NetEvent, Returned};

/// Commands taken in one slot.
const COMMANDS: usize = 16;
/// RTCP sockets are looked at every so many slots; the kernel's time stamp makes up for the wait.
const RTCP_EVERY: u64 = 8;

/// What the shard thread owns.
pub(crate) struct Shard {
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) sweep: Sweep,
    pub(crate) legs: Legs,
    pub(crate) counters: NetCounters,
    pub(crate) wall: Wall,
    pub(crate) media_timeout: Duration,
    pub(crate) commands: Consumer<Command>,
    pub(crate) returned: Producer<Returned>,
    pub(crate) events: Producer<NetEvent>,
    pub(crate) timing: StatsSource,
}

impl Shard {
    /// Before the worker's step: what was late for the last sending, then everything received. Whether there was any
    /// media.
    pub(crate) fn before_step(&mut self, slot: u64, now: Duration) -> bool {
        let sent = self.send(now);
        let Self {
            inbound,
            legs,
            counters,
            wall,
            ..
        } = self;
        let mut around = Around {
            legs,
            counters,
            wall,
            now,
        };
        let received = inbound.receive_rtp(&mut around);
        if slot.is_multiple_of(RTCP_EVERY) {
            inbound.receive_rtcp(&mut around);
        }
        sent || received
    }

    /// After the worker's step: send, then commands and a share of the round. Whether there was any media.
    pub(crate) fn after_step(&mut self, now: Duration) -> bool {
        let sent = self.send(now);
        for _ in 0..COMMANDS {
            // A command and a snapshot each need a place to come back.
            if self.returned.vacant() < 2 {
                break;
            }
            let Some(command) = self.commands.pop() else {
                break;
            };
            self.obey(command, now);
        }
        self.round(now);
        sent
    }

    fn send(&mut self, now: Duration) -> bool {
        let (legs, counters) = (&mut self.legs, &mut self.counters);
        self.outbound
            .send(legs, counters, self.timing.current(), now)
    }

    /// BYE to every far end: the last thing before the thread ends.
    pub(crate) fn farewell(&mut self, now: Duration) {
        while let Some(key) = self.sweep.last() {
            self.sweep.leave(key);
            if let Some(leg) = self.legs.get_mut(key) {
                leg.send_bye(now, &self.wall, &mut self.counters);
            }
        }
    }

    fn round(&mut self, now: Duration) {
        let Self {
            sweep,
            legs,
            counters,
            events,
            wall,
            media_timeout,
            ..
        } = self;
        let mut rounds = Rounds {
            legs,
            counters,
            events,
            wall,
            media_timeout: *media_timeout,
            now,
        };
        let room = self.returned.vacant() > 0;
        if let Some(mut snapshot) = sweep.step(&mut rounds, room) {
            snapshot.held = self.outbound.held();
            snapshot.packets = self.levels();
            self.give_back(Returned::Snapshot(snapshot));
        }
    }

    fn levels(&self) -> PacketLevels {
        let (boxes_in, ring_in) = self.inbound.levels();
        let (ring_out, held) = self.outbound.levels();
        PacketLevels {
            boxes_in,
            ring_in,
            ring_out,
            held,
            timing_boxes: self.timing.level().into(),
        }
    }

    fn obey(&mut self, command: Command, now: Duration) {
        match command {
            Command::Attach(leg) => self.attach(leg),
            Command::Update(key, change) => self.update(key, change, now),
            Command::Detach(key) => self.detach(key, now),
            Command::Snapshot(snapshot) => {
                if let Some(unfilled) = self.sweep.fill(snapshot) {
                    self.give_back(Returned::Snapshot(unfilled));
                }
            }
        }
    }

    fn attach(&mut self, leg: Box<ShardLeg>) {
        let key = leg.key();
        if self.inbound.watch(&leg).is_err() {
            return self.refuse(leg);
        }
        match self.legs.insert(key, leg) {
            Ok(()) => self.sweep.enter(key),
            Err(refused) => {
                self.inbound.unwatch(&refused.value);
                self.refuse(refused.value);
            }
        }
    }

    fn refuse(&mut self, leg: Box<ShardLeg>) {
        self.counters.attach_refused += 1;
        self.give_back(Returned::Refused(leg));
    }

    fn update(&mut self, key: u64, change: Box<SessionChange>, now: Duration) {
        match Handle::from_bits(key).and_then(|key| self.legs.get_mut(key)) {
            Some(leg) => leg.far.update(*change, now),
            None => self.counters.stale_commands += 1,
        }
        self.give_back(Returned::Change(change));
    }

    fn detach(&mut self, key: u64, now: Duration) {
        let removed = Handle::from_bits(key).and_then(|key| self.legs.remove(key));
        let Some(mut leg) = removed else {
            self.counters.stale_commands += 1;
            return;
        };
        leg.send_bye(now, &self.wall, &mut self.counters);
        self.inbound.unwatch(&leg);
        self.sweep.leave(leg.key());
        self.give_back(Returned::Leg(leg));
    }

    /// Room was seen before anything was taken, and only this thread fills the ring. Were it full all the same, the
    /// box would be freed here: a shard may, a worker may not.
    fn give_back(&mut self, returned: Returned) {
        let pushed = self.returned.push(returned);
        debug_assert!(pushed.is_ok(), "room was reserved");
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
