//! Keys: heard when their packets come, told and timed out in every slot while there is something of them. Keys of ours are
//! sent by the packetiser of a leg in its egress, and of a call here (`calls/keys`).
//!
//! The state is the leg's or the call's ([`LegKeys`]) and moves with it; here is only the list of those that have to be
//! looked after. An entry whose leg is gone is dropped when it is met. On the worker's thread.

use core::time::Duration;

use talkpath_nodes::packet::Packet;

use crate::keys::KeyRow;
use crate::proto::{Garbage, LegId, LegKeys, Listened, WorkerEventKind};

use super::Worker;
use super::apply::Tried;
use super::io::Io;
use super::route::jitter_seat;

impl Worker {
    /// A packet of the telephone-event type of a leg in a room. It has a sequence number of the audio's stream, which the
    /// jitter buffer is told of.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(super) fn hear_keys(&mut self, leg: LegId, packet: &Packet) {
        let Some(body) = self.legs.get_mut(leg) else {
            return;
        };
        let seat = jitter_seat(body);
        if let Some(buffer) = seat.and_then(|seat| self.bank.jitter.get_mut(seat)) {
            buffer.pass_by(packet.header.ssrc, packet.header.sequence);
        }
        let Some(keys) = &mut body.keys else {
            return;
        };
        let stats = &mut body.run.stats;
        stats.received += 1;
        match keys.hear(packet) {
            Listened::Malformed => stats.malformed += 1,
            Listened::Heard(_) => stats.keys += 1,
            Listened::Crowded(_) => {
                stats.keys += 1;
                self.counters.keys_unheard += 1;
            }
        }
        list(&mut self.listening, leg, keys);
    }

    /// A leg has come with a key that lasts, or of which not all was told.
    pub(super) fn listen_on(&mut self, leg: LegId) {
        let listed = self.keys_of(leg).is_some_and(|keys| keys.listed);
        if listed && self.listening.len() < self.listening.capacity() {
            self.listening.push(leg);
        }
    }

    /// Keys of ours for a leg, or a side of a call.
    pub(super) fn send_keys(&mut self, leg: LegId, value: Box<KeyRow>) -> Tried {
        let in_a_room = self.legs.contains(leg);
        if !in_a_room && self.calls.side_of(leg).is_none() {
            return Tried::Stale(Some(Garbage::Keys(value)));
        }
        let keys = self.keys_of(leg);
        let pressed = keys.is_some_and(|keys| keys.press(&value));
        if !pressed {
            self.counters.keys_unsent += value.codes().len() as u64;
        } else if !in_a_room && let Some(keys) = self.keys_of(leg).filter(|keys| !keys.listed) {
            // A leg in a room sends them in its own time.
            keys.listed = true;
            self.listen_on(leg);
        }
        Tried::Freed(Garbage::Keys(value))
    }

    /// Tells what was heard, and ends keys of which nothing more comes.
    ///
    /// Real-time: allocates no; blocks no; cost O(legs that have a key).
    pub(super) fn tell_keys(&mut self, slot: u64, now: Duration, io: &mut Io) {
        let mut at = 0;
        while let Some(&leg) = self.listening.get(at) {
            self.send_call_keys(leg, slot, now, io);
            if self.look_after(leg, now, io) {
                at += 1;
            } else {
                self.listening.swap_remove(at);
            }
        }
    }

    /// Whether there is something left to look after.
    fn look_after(&mut self, leg: LegId, now: Duration, io: &mut Io) -> bool {
        let Some(keys) = self.keys_of(leg) else {
            return false;
        };
        keys.tick(now);
        while let Some(news) = self.keys_of(leg).and_then(|keys| keys.news()) {
            if !self.event(io, now, WorkerEventKind::Key { leg, news }) {
                self.counters.events_deferred += 1;
                return true;
            }
            if let Some(keys) = self.keys_of(leg) {
                keys.told();
            }
        }
        let in_a_room = self.legs.contains(leg);
        let Some(keys) = self.keys_of(leg) else {
            return false;
        };
        keys.listed = !keys.is_quiet() || (keys.is_sending() && !in_a_room);
        keys.listed
    }

    fn keys_of(&mut self, leg: LegId) -> Option<&mut LegKeys> {
        match self.legs.get_mut(leg) {
            Some(body) => body.keys.as_deref_mut(),
            None => self.calls.keys_of(leg),
        }
    }
}

/// One entry more in the list, which has room for every handle there is: each is in it once.
pub(super) fn list(listening: &mut Vec<LegId>, leg: LegId, keys: &mut LegKeys) {
    if !keys.is_quiet() && !keys.listed && listening.len() < listening.capacity() {
        keys.listed = true;
        listening.push(leg);
    }
}
