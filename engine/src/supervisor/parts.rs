//! Which workers a room is on (D5).
//!
//! A room lives on one worker as long as that one has room for it, and pays nothing for the others. When a leg is put on
//! another one the room gets a part there: all its parts then exchange their sums in every period, and what its legs
//! are sent runs a margin of slots later than the mix. How it loses them again is in `shrink`.

use std::cmp::Ordering;

use crate::proto::{Command, LegId, RoomBody, RoomId, Workers};
use crate::worker::bus::Bus;

use super::Supervisor;
use super::admission::Asking;
use super::batch::Batch;
use super::placement::{Mix, SlotTable};
use super::rooms::RoomState;

impl Supervisor {
    /// The worker for a leg of `room`: one that has the room and a place for the leg within its budget, else the nearest
    /// one that has such a place, the least loaded of those that are as near, else the nearest of all (D6). `None` when no worker has a seat and a
    /// place for its plan left.
    pub(super) fn choose(&self, room: &RoomState, leg: Asking<'_>) -> Option<u8> {
        let open = |worker: &u8| self.is_open(*worker, leg.needs());
        let fits = |worker: &u8| {
            let margin = if room.on.contains(*worker) {
                room.margin
            } else {
                self.margin()
            };
            self.sites[usize::from(*worker)]
                .table
                .fits(room.mix, leg.costs, margin)
        };
        let load = |a: &u8, b: &u8| self.by_load(*a, *b);
        let near = |a: &u8, b: &u8| self.by_distance(room, *a, *b);
        let here = room.on.iter().filter(open).find(fits);
        let others = || (0..self.sites.len() as u8).filter(open);
        here.or_else(|| others().filter(fits).min_by(near))
            .or_else(|| room.on.iter().filter(open).min_by(load))
            .or_else(|| others().min_by(near))
    }

    /// The worker on which a new room begins: the least loaded one, of the shard's node as long as that is not crowded.
    pub(super) fn begins_on(&self) -> u8 {
        let workers = 0..self.sites.len() as u8;
        workers.min_by(|a, b| self.by_home(*a, *b)).unwrap_or(0)
    }

    /// Expected work of a worker's mean slot, in nanoseconds.
    pub(super) fn load(&self, worker: u8) -> f64 {
        self.sites[usize::from(worker)].table.mean()
    }

    /// Which of two workers has less to do.
    pub(super) fn by_load(&self, a: u8, b: u8) -> Ordering {
        self.load(a).total_cmp(&self.load(b))
    }

    /// A mix slot for a room of `period` slots.
    pub(super) fn mix_slot(&self, period: u32) -> Mix {
        SlotTable::quietest(self.sites.iter().map(|site| &site.table), period)
    }

    /// Slots a sum of several workers waits.
    fn margin(&self) -> u32 {
        self.config.mesh_margin
    }

    /// Sees to it that `room` has a part on `worker`. The edits must take effect in one slot.
    pub(super) fn extend_to(&mut self, room: RoomId, worker: u8, batch: &mut Batch) {
        self.vacant.forget(room, worker);
        let Some(state) = self.rooms.get(&room) else {
            return;
        };
        if state.on.contains(worker) {
            return;
        }
        if state.margin == 0 && !state.on.is_empty() {
            self.widen(room);
        }
        let (workers, margin) = (self.sites.len(), self.margin());
        let Some(state) = self.rooms.get_mut(&room) else {
            return;
        };
        state.epoch = state.epoch.wrapping_add(1);
        let epoch = state.epoch;
        let mut body = RoomBody::new(state.frame, state.mix.slot, workers);
        (body.peers, body.margin, body.epoch) = (state.on, state.margin, epoch);
        let value = Box::new(body);
        batch.push(worker, Command::AddRoom { room, value });
        for (rate, _) in &state.rates {
            let value = Box::new(Bus::new(*rate, state.frame, workers));
            batch.push(worker, Command::AddBus { room, value });
        }
        state.on = state.on.with(worker);
        for other in state.on.without(worker).iter() {
            let peers: Workers = state.on.without(other);
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
        let (mix, others) = (state.mix, state.on.without(worker));
        self.sites[usize::from(worker)].table.add_room(mix);
        // The one on which an empty room began, for instance.
        others.iter().for_each(|other| self.part_left(room, other));
    }

    /// From now on the room's sum takes a margin longer: its legs hear it as much later. Done before the margin
    /// begins, so that no leg ever runs before its sum is there. One that is leaving stays where it is: it may be gone
    /// when its worker hears of this, and misses one frame at most.
    fn widen(&mut self, room: RoomId) {
        let margin = self.margin();
        let Some(state) = self.rooms.get_mut(&room) else {
            return;
        };
        state.margin = margin;
        let mix = state.mix;
        let mut batch = Batch::default();
        let of_room = |(id, leg): (&LegId, &super::legs::LegState)| {
            (leg.room == room && leg.stays()).then_some(*id)
        };
        let legs: Vec<LegId> = self.legs.iter().filter_map(of_room).collect();
        for id in legs {
            let Some(leg) = self.legs.get_mut(&id) else {
                continue;
            };
            let table = &mut self.sites[usize::from(leg.worker)].table;
            // Never sooner than it was: it would miss the mix at hand.
            leg.place = table.move_egress(mix, leg.place, margin.max(leg.place.after));
            let (before, after) = (leg.place.before, leg.place.after);
            batch.push(
                leg.worker,
                Command::MoveLeg {
                    leg: id,
                    before,
                    after,
                },
            );
        }
        self.submit_at(batch, 0);
    }
}
