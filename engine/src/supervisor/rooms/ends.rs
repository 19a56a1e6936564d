//! The end of a room: its legs leave, its parts come back, with the last it is over.

use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason};
use crate::proto::{Command, RoomId};

use super::super::Supervisor;
use super::super::batch::Batch;
use super::RoomState;

impl Supervisor {
    /// All legs leave; the room ends when the last is gone.
    pub(in crate::supervisor) fn close_room(&mut self, room: RoomId) -> Result<(), EngineError> {
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
    pub(in crate::supervisor) fn last_leg_gone(&mut self, room: RoomId) {
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
    pub(in crate::supervisor) fn room_freed(&mut self, worker: usize, room: RoomId) {
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
}
