//! Commands about rooms and their buses.

use talkpath_graph::SampleRate;

use crate::proto::{Garbage, RoomBody, RoomId, Workers};

use super::Worker;
use super::apply::Tried;
use super::bus::Bus;
use super::exchange::{clear_inbox, complete_now};
use super::io::Mesh;

impl Worker {
    pub(super) fn add_room(&mut self, room: RoomId, mut value: Box<RoomBody>) -> Tried {
        let (phase, margin) = (value.mix_slot, value.margin);
        let period = self.schedule.period(value.frame);
        value.period = period;
        if let Err(refused) = self.rooms.insert(room, value) {
            return Tried::Refused(Some(Garbage::Room(room, refused.value)));
        }
        if self.schedule.enter_room(room, phase, margin, period) {
            return Tried::Done;
        }
        self.schedule.leave_room(room, phase, margin, period);
        Tried::Refused(
            self.rooms
                .remove(room)
                .map(|value| Garbage::Room(room, value)),
        )
    }

    pub(super) fn remove_room(&mut self, room: RoomId, mesh: &mut Mesh) -> Tried {
        match self.rooms.get_mut(room) {
            None => Tried::Stale(None),
            Some(body) if body.legs > 0 => Tried::Refused(None),
            Some(body) => {
                clear_inbox(body, u64::MAX, mesh, &mut self.counters);
                let (phase, margin, period) = (body.mix_slot, body.margin, body.period);
                self.schedule.leave_room(room, phase, margin, period);
                self.rooms.remove(room).map_or(Tried::Stale(None), |value| {
                    Tried::Freed(Garbage::Room(room, value))
                })
            }
        }
    }

    /// Who else has legs of the room, from this slot on (D5).
    pub(super) fn set_peers(
        &mut self,
        room: RoomId,
        peers: Workers,
        margin: u32,
        epoch: u32,
        mesh: &mut Mesh,
    ) -> Tried {
        let Some(body) = self.rooms.get_mut(room) else {
            return Tried::Stale(None);
        };
        if margin != body.margin {
            // The slot in which it would have been completed is not the room's any more.
            complete_now(body, mesh, &mut self.counters);
        }
        for new in peers.iter().filter(|peer| !body.peers.contains(*peer)) {
            body.buses.iter_mut().for_each(|bus| bus.forget_far(new));
        }
        self.schedule
            .leave_room(room, body.mix_slot, body.margin, body.period);
        (body.peers, body.margin, body.epoch) = (peers, margin, epoch);
        if self
            .schedule
            .enter_room(room, body.mix_slot, margin, body.period)
        {
            return Tried::Done;
        }
        Tried::Refused(None)
    }

    pub(super) fn add_bus(&mut self, room: RoomId, value: Box<Bus>) -> Tried {
        let Some(body) = self.rooms.get_mut(room) else {
            return Tried::Stale(Some(Garbage::Bus(room, value)));
        };
        if body.bus(value.rate()).is_some() || body.buses.is_full() {
            return Tried::Refused(Some(Garbage::Bus(room, value)));
        }
        body.buses.push(value);
        // Equal order whoever came first, so that the other rates add up in one order.
        body.buses.sort_unstable_by_key(|bus| bus.rate());
        Tried::Done
    }

    pub(super) fn remove_bus(&mut self, room: RoomId, rate: SampleRate) -> Tried {
        let Some(body) = self.rooms.get_mut(room) else {
            return Tried::Stale(None);
        };
        match body.buses.iter().position(|bus| bus.rate() == rate) {
            Some(at) => Tried::Freed(Garbage::Bus(room, body.buses.remove(at))),
            None => Tried::Stale(None),
        }
    }
}
