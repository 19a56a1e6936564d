//! Commands about rooms and their buses.

use talkpath_graph::SampleRate;

use crate::proto::{Garbage, RoomBody, RoomId};

use super::Worker;
use super::apply::Tried;
use super::bus::Bus;

impl Worker {
    pub(super) fn add_room(&mut self, room: RoomId, value: Box<RoomBody>) -> Tried {
        let (frame, phase) = (value.frame, value.mix_slot);
        if let Err(refused) = self.rooms.insert(room, value) {
            return Tried::Refused(Some(Garbage::Room(room, refused.value)));
        }
        let period = self.schedule.period(frame);
        if self.schedule.enter_room(room, phase, period) {
            return Tried::Done;
        }
        self.schedule.leave_room(room, phase, period);
        Tried::Refused(
            self.rooms
                .remove(room)
                .map(|value| Garbage::Room(room, value)),
        )
    }

    pub(super) fn remove_room(&mut self, room: RoomId) -> Tried {
        match self.rooms.get(room) {
            None => Tried::Stale(None),
            Some(body) if body.legs > 0 => Tried::Refused(None),
            Some(body) => {
                let (frame, phase) = (body.frame, body.mix_slot);
                self.schedule
                    .leave_room(room, phase, self.schedule.period(frame));
                self.rooms.remove(room).map_or(Tried::Stale(None), |value| {
                    Tried::Freed(Garbage::Room(room, value))
                })
            }
        }
    }

    pub(super) fn add_bus(&mut self, room: RoomId, value: Box<Bus>) -> Tried {
        let Some(body) = self.rooms.get_mut(room) else {
            return Tried::Stale(Some(Garbage::Bus(room, value)));
        };
        let there = body.buses.iter().any(|bus| bus.rate() == value.rate());
        if there || body.buses.is_full() {
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
