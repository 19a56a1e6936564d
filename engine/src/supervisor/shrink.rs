//! A room that shrinks gives its parts up (D5).
//!
//! A part that has had no leg for a while is taken away, in one slot on all workers; when one part remains the margin
//! goes with it, and what its legs are sent runs in the mix slot again. Nobody hears it: the part's sums were zero, and
//! the slot lies after the last egress of one mix and before the next mix, so that no sum is on its way and each leg
//! runs once for each. The while keeps a room from going back and forth, since each change costs every leg of it an edit.
//!
//! Owned by the supervisor's thread.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::proto::{Command, LegId, RoomId};

use super::Supervisor;
use super::batch::Batch;
use super::legs::LegState;
use super::moves::after_egress;

/// Legs whose egress is moved in one period at most: what a worker applies in one slot.
const AT_ONCE: usize = 1_024;

/// From the first slot an edit may name to that of a part's removal, at most: as often as a supervisor looks that has
/// something under way.
const NEAR: Duration = Duration::from_millis(6);

/// Parts without legs, and since when.
#[derive(Debug, Default)]
pub(super) struct Vacant(BTreeMap<(RoomId, u8), Duration>);

impl Vacant {
    /// A leg comes to this part, or the part is gone.
    pub fn forget(&mut self, room: RoomId, worker: u8) {
        self.0.remove(&(room, worker));
    }

    /// One that has been there since `then` or before, and since when.
    fn due(&self, then: Duration) -> Option<((RoomId, u8), Duration)> {
        let due = self.0.iter().find(|(_, since)| **since <= then);
        due.map(|(part, since)| (*part, *since))
    }
}

impl Supervisor {
    /// A leg of `room` is on `worker` no more, or others are: a part without legs is given up after a while.
    pub(super) fn part_left(&mut self, room: RoomId, worker: u8) {
        let of_several = |state: &super::rooms::RoomState| {
            state.on.len() > 1 && state.on.contains(worker) && !state.closing
        };
        if self.rooms.get(&room).is_some_and(of_several) && !self.has_legs_on(room, worker) {
            self.vacant.0.entry((room, worker)).or_insert(self.now);
        }
    }

    /// Whether a part has had no leg for long enough: its slot is looked for.
    pub(super) fn gives_parts_up(&self) -> bool {
        self.vacant.due(self.vacant_since()).is_some()
    }

    fn vacant_since(&self) -> Duration {
        self.now.saturating_sub(self.config.part_kept)
    }

    /// Gives up the parts that have had no leg for long enough, one after the other. What is asked of these workers
    /// meanwhile waits for the slot that the edit names, so it is decided when that slot is near: what waits does so for
    /// the lead of an edit and [`NEAR`]. A supervisor that was not there at the right time in two periods decides at once,
    /// and a period longer waits then what is asked.
    pub(super) fn give_parts_up(&mut self) {
        let then = self.vacant_since();
        while let Some(((room, worker), since)) = self.vacant.due(then) {
            if self.rooms.values().any(|room| !room.shed.is_empty()) {
                return;
            }
            if !self.has_legs_on(room, worker) && !self.give_up(room, worker, then - since) {
                return;
            }
            self.vacant.forget(room, worker);
        }
    }

    /// Whether a leg of `room` is on `worker`, on its way there, or not yet gone from there.
    fn has_legs_on(&self, room: RoomId, worker: u8) -> bool {
        let here = |leg: &LegState| {
            let from = leg.moving.as_ref().map(|moving| moving.from);
            leg.room == room && (leg.worker == worker || from == Some(worker))
        };
        self.legs.values().any(here)
    }

    /// Takes a part away that is due for so long; false when it is to be asked again, nearer to the slot for it.
    fn give_up(&mut self, room: RoomId, worker: u8, due: Duration) -> bool {
        let latest = self.latest_egress(room);
        let Some(state) = self.rooms.get(&room) else {
            return true;
        };
        if state.closing || state.on.len() < 2 || !state.on.contains(worker) {
            return true;
        }
        let mix = state.mix;
        let phase = mix.slot + latest.max(state.margin);
        let ahead = self.slot_for(state.on.iter());
        let slot = after_egress(ahead, mix.period, phase);
        let away = self.config.slot * (slot - ahead) as u32;
        if away > NEAR && due < self.config.slot * 2 * mix.period {
            return false;
        }
        let Some(state) = self.rooms.get_mut(&room) else {
            return true;
        };
        (state.on, state.shed) = (state.on.without(worker), state.shed.with(worker));
        state.epoch = state.epoch.wrapping_add(1);
        let epoch = state.epoch;
        if state.on.len() == 1 {
            state.margin = 0;
        }
        let mut batch = Batch::default();
        for other in state.on.iter() {
            let (peers, margin) = (state.on.without(other), state.margin);
            batch.push(
                other,
                Command::SetPeers {
                    room,
                    peers,
                    margin,
                    epoch,
                },
            );
        }
        let alone = state.margin == 0;
        batch.push(worker, Command::RemoveRoom { room });
        self.submit_at(batch, slot);
        if alone {
            self.narrow(room, slot);
        }
        true
    }

    /// Slots from the mix of a room to the last egress for it.
    fn latest_egress(&self, room: RoomId) -> u32 {
        let legs = self.legs.values().filter(|leg| leg.room == room);
        legs.map(|leg| leg.place.after).max().unwrap_or(0)
    }

    /// The room's sum is complete in its mix slot again, from `slot` on: its legs hear it as much sooner. One that is
    /// leaving stays where it is, as it may be gone by then.
    fn narrow(&mut self, room: RoomId, slot: u64) {
        let Some(mix) = self.rooms.get(&room).map(|state| state.mix) else {
            return;
        };
        let of_room =
            |(id, leg): (&LegId, &LegState)| (leg.room == room && leg.stays()).then_some(*id);
        let legs: Vec<LegId> = self.legs.iter().filter_map(of_room).collect();
        for (turn, legs) in legs.chunks(AT_ONCE).enumerate() {
            let mut batch = Batch::default();
            for &id in legs {
                let Some(leg) = self.legs.get_mut(&id) else {
                    continue;
                };
                let table = &mut self.sites[usize::from(leg.worker)].table;
                leg.place = table.move_egress(mix, leg.place, 0);
                let (before, after) = (leg.place.before, leg.place.after);
                let edit = Command::MoveLeg {
                    leg: id,
                    before,
                    after,
                };
                batch.push(leg.worker, edit);
            }
            self.submit_at(batch, slot + u64::from(mix.period) * turn as u64);
        }
    }
}
