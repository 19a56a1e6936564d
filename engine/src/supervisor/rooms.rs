//! Rooms: created empty, given a bus with the first leg of a rate (`state`), ended after the last leg (`ends`).

use std::sync::Arc;

use arrayvec::ArrayVec;
use talkpath_graph::FrameTime;

use crate::error::{EngineError, Resource};
use crate::event::EventKind;
use crate::proto::{LegId, RoomId, Workers};
use crate::room::{MAX_NAME, RoomConfig, RoomInfo};
use crate::worker::schedule::{CYCLE, cycle_slots};

use super::Supervisor;
use super::batch::Batch;

pub(super) use state::RoomState;

mod ends;
mod state;

impl Supervisor {
    /// The room, unless it is closing.
    pub(super) fn room(&mut self, room: RoomId) -> Result<&mut RoomState, EngineError> {
        let open = self.rooms.get_mut(&room).filter(|state| !state.closing);
        open.ok_or(EngineError::StaleRoom { room })
    }

    pub(super) fn create_room(&mut self, config: RoomConfig) -> Result<RoomInfo, EngineError> {
        let RoomConfig {
            name,
            frame,
            ends_with_last_leg,
        } = config;
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(EngineError::RoomName {
                max: MAX_NAME,
                actual: name.len(),
            });
        }
        if self.find_room(&name).is_some() {
            return Err(EngineError::RoomExists { name });
        }
        self.admit()?;
        let spent = EngineError::Capacity {
            what: Resource::Rooms,
            limit: self.config.capacity_rooms,
            in_use: self.room_ids.in_use(),
            wanted: 1,
        };
        let id = self.room_ids.take().ok_or(spent)?;
        let mix = self.mix_given(self.mix_slot(self.period(frame)));
        let info = RoomInfo {
            id,
            name: Arc::from(name.as_str()),
            frame,
        };
        let state = RoomState {
            name: Arc::clone(&info.name),
            frame,
            mix,
            on: Workers::NONE,
            epoch: 0,
            shed: Workers::NONE,
            parts: 0,
            margin: 0,
            rates: ArrayVec::new(),
            legs: 0,
            ends_with_last_leg,
            closing: false,
        };
        self.rooms.insert(id, state);
        let mut batch = Batch::default();
        self.extend_to(id, self.begins_on(), &mut batch);
        self.submit(batch);
        self.counters.rooms_created += 1;
        self.publish(self.now, EventKind::RoomCreated { room: id, name });
        Ok(info)
    }

    /// A room as one that was created now would be.
    pub(super) fn room_to_be(&self) -> RoomState {
        let frame = FrameTime::Ms20;
        RoomState {
            name: Arc::from(""),
            frame,
            mix: self.mix_slot(self.period(frame)),
            on: Workers::NONE.with(self.begins_on()),
            epoch: 0,
            shed: Workers::NONE,
            parts: 0,
            margin: 0,
            rates: ArrayVec::new(),
            legs: 0,
            ends_with_last_leg: false,
            closing: false,
        }
    }

    /// An open room by name.
    pub(super) fn find_room(&self, name: &str) -> Option<RoomInfo> {
        self.room_infos()
            .into_iter()
            .find(|info| &*info.name == name)
    }

    pub(super) fn room_infos(&self) -> Vec<RoomInfo> {
        let open = self.rooms.iter().filter(|(_, state)| !state.closing);
        let info = |(id, state): (&RoomId, &RoomState)| RoomInfo {
            id: *id,
            name: Arc::clone(&state.name),
            frame: state.frame,
        };
        open.map(info).collect()
    }

    pub(super) fn legs_of(&mut self, room: RoomId) -> Result<Vec<LegId>, EngineError> {
        self.room(room)?;
        let staying = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.room == room && leg.stays());
        Ok(staying.map(|(id, _)| *id).collect())
    }

    /// Slots in a room's period.
    fn period(&self, frame: FrameTime) -> u32 {
        let cycle = u128::from(cycle_slots(self.config.slot));
        let period = cycle * frame.as_duration().as_nanos() / CYCLE.as_nanos();
        u32::try_from(period).unwrap_or(1).max(1)
    }
}
