//! Rooms: created empty, given a bus with the first leg of a rate, ended after the last leg.

use std::sync::Arc;

use arrayvec::ArrayVec;
use talkpath_graph::{FrameTime, SampleRate};

use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::proto::{Command, LegId, RoomId, Workers};
use crate::room::{MAX_NAME, RoomConfig, RoomInfo};
use crate::worker::schedule::{CYCLE, cycle_slots};

use super::Supervisor;
use super::batch::Batch;
use super::placement::Mix;

/// What the supervisor knows of a room.
#[derive(Debug, Clone)]
pub(super) struct RoomState {
    pub name: Arc<str>,
    pub frame: FrameTime,
    pub mix: Mix,
    /// The workers it is on.
    pub on: Workers,
    /// Number of the membership: one more whenever a worker comes or goes (D12).
    pub epoch: u32,
    /// The workers whose parts were given up and have not come back yet.
    pub shed: Workers,
    /// Of a room that ends: parts that have not come back yet; it is over with the last. Else 0.
    pub parts: usize,
    /// Slots from the mix until the sum is complete; 0 while it is on one worker.
    pub margin: u32,
    /// Legs by rate, those still on their way out included; a bus exists for each entry.
    pub rates: ArrayVec<(SampleRate, usize), 3>,
    /// Legs, those still on their way out included.
    pub legs: usize,
    pub ends_with_last_leg: bool,
    pub closing: bool,
}

impl RoomState {
    /// One more leg of `rate`; true when the room needs a bus for it.
    pub fn enter(&mut self, rate: SampleRate) -> bool {
        self.legs += 1;
        if let Some((_, legs)) = self.rates.iter_mut().find(|(known, _)| *known == rate) {
            *legs += 1;
            return false;
        }
        self.rates.push((rate, 1));
        true
    }

    /// One leg of `rate` less; true when the bus must go.
    pub fn exit(&mut self, rate: SampleRate) -> bool {
        self.legs = self.legs.saturating_sub(1);
        let Some(at) = self.rates.iter().position(|(known, _)| *known == rate) else {
            return false;
        };
        self.rates[at].1 -= 1;
        let last = self.rates[at].1 == 0;
        if last {
            self.rates.remove(at);
        }
        last
    }
}

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
        self.extend_to(id, self.least_loaded(), &mut batch);
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
            on: Workers::NONE.with(self.least_loaded()),
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

    /// All legs leave; the room ends when the last is gone.
    pub(super) fn close_room(&mut self, room: RoomId) -> Result<(), EngineError> {
        self.admit()?;
        let legs = self.legs_of(room)?;
        self.room(room)?.closing = true;
        for leg in legs {
            if let Some(state) = self.legs.get_mut(&leg) {
                state.leave(LeaveReason::RoomClosed);
            }
            self.send_edit(leg, Command::RemoveLeg { leg });
        }
        self.end_if_empty(room);
        Ok(())
    }

    /// The last leg of a room is gone: it may be over.
    pub(super) fn last_leg_gone(&mut self, room: RoomId) {
        if let Some(state) = self.rooms.get_mut(&room).filter(|state| state.legs == 0) {
            state.closing |= state.ends_with_last_leg;
        }
        self.end_if_empty(room);
    }

    /// Removes a closing room that has no leg left.
    fn end_if_empty(&mut self, room: RoomId) {
        let over = |state: &&mut RoomState| state.closing && state.legs == 0;
        let Some(state) = self.rooms.get_mut(&room).filter(over) else {
            return;
        };
        state.parts = state.on.len() + state.shed.len();
        let mut batch = Batch::default();
        for worker in state.on.iter() {
            batch.push(worker, Command::RemoveRoom { room });
        }
        self.submit(batch);
    }

    /// A worker has given its part of the room back; with the last one the room is over.
    pub(super) fn room_freed(&mut self, worker: usize, room: RoomId) {
        if let Some(state) = self.rooms.get_mut(&room) {
            self.sites[worker].table.remove_room(state.mix);
            if state.parts == 0 {
                // It goes on without this part.
                state.shed = state.shed.without(worker as u8);
                return;
            }
            state.parts -= 1;
            let part = worker as u8;
            (state.on, state.shed) = (state.on.without(part), state.shed.without(part));
            if state.parts > 0 {
                return;
            }
        }
        if let Some(state) = self.rooms.remove(&room) {
            self.publish(
                self.now,
                EventKind::RoomEnded {
                    room,
                    name: state.name.to_string(),
                },
            );
        }
        let known = self.room_ids.give(room).is_ok();
        self.counters.stale_returns += u64::from(!known);
    }

    /// Slots in a room's period.
    fn period(&self, frame: FrameTime) -> u32 {
        let cycle = u128::from(cycle_slots(self.config.slot));
        let period = cycle * frame.as_duration().as_nanos() / CYCLE.as_nanos();
        u32::try_from(period).unwrap_or(1).max(1)
    }
}
