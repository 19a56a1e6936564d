//! Keys: heard when their packets come, told and timed out in every slot while there is something of them.
//!
//! The state is the leg's or the call's ([`LegKeys`]) and moves with it; here is only the list of those that have to be
//! looked after. An entry whose leg is gone is dropped when it is met. On the worker's thread.

use core::time::Duration;

use talkpath_nodes::packet::Packet;

use crate::proto::{LegId, LegKeys, Listened, WorkerEventKind};

use super::Worker;
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
            Listened::Crowded => {
                stats.keys += 1;
                self.counters.keys_unheard += 1;
            }
        }
        list(&mut self.listening, leg, keys);
    }

    /// A leg has come with a key that lasts, or of which not all was told.
    pub(super) fn listen_on(&mut self, leg: LegId) {
        let Some(body) = self.legs.get_mut(leg) else {
            return;
        };
        if let Some(keys) = body.keys.as_mut().filter(|keys| keys.listed) {
            keys.listed = false;
            list(&mut self.listening, leg, keys);
        }
    }

    /// Tells what was heard, and ends keys of which nothing more comes.
    ///
    /// Real-time: allocates no; blocks no; cost O(legs that have a key).
    pub(super) fn tell_keys(&mut self, now: Duration, io: &mut Io) {
        let mut at = 0;
        while let Some(&leg) = self.listening.get(at) {
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
        let Some(keys) = self.keys_of(leg) else {
            return false;
        };
        keys.listed = !keys.is_quiet();
        keys.listed
    }

    fn keys_of(&mut self, leg: LegId) -> Option<&mut LegKeys> {
        self.legs.get_mut(leg)?.keys.as_deref_mut()
    }
}

/// One entry more in the list, which has room for every handle there is: each is in it once.
pub(super) fn list(listening: &mut Vec<LegId>, leg: LegId, keys: &mut LegKeys) {
    if !keys.is_quiet() && !keys.listed && listening.len() < listening.capacity() {
        keys.listed = true;
        listening.push(leg);
    }
}
