//! An emergency call for which there is no room displaces the least of those present (D15): a leg or a point-to-point call.
//!
//! A displaced leg fades out over a frame, a call ends between two slots; until handles and slots are back the emergency call is
//! told [`EngineError::Displacing`], and comes again. What is being freed is its own for that while: others are refused.
//! They go one at a time, so no more than needed do, the newest of the lowest class first. An emergency call is never displaced.
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::priority::Priority;
use crate::proto::{CallId, LegId, RoomId};

use super::Supervisor;
use super::calls::CallState;
use super::legs::LegState;
use super::placement::Boxes;

/// How long room that was made is kept for who it was made for.
const CLAIM: Duration = Duration::from_millis(500);

/// Room made for an emergency call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// Who leaves for it; of a call its side A.
    leg: LegId,
    /// The call that leaves, if it is one.
    call: Option<CallId>,
    until: Duration,
}

/// What the emergency call lacks.
#[derive(Debug, Clone, Copy)]
struct Lack<'a> {
    why: &'a EngineError,
    /// Where it wants to be; `None`: it is point-to-point.
    room: Option<RoomId>,
}

impl Supervisor {
    /// Whether room is being made for an emergency call, which this one must not take.
    pub(super) fn check_claims(&mut self, priority: Priority) -> Result<(), EngineError> {
        let now = self.now;
        self.claims.retain(|claim| claim.until > now);
        if self.claims.is_empty() || priority == Priority::Emergency {
            return Ok(());
        }
        Err(EngineError::Capacity {
            what: Resource::Claimed,
            limit: self.claims.len(),
            in_use: self.claims.len(),
            wanted: 1,
        })
    }

    /// What became of somebody who wants to come: an emergency call that was refused makes room, one that is in tells who
    /// left for it.
    pub(super) fn or_make_room<T>(
        &mut self,
        priority: Priority,
        room: Option<RoomId>,
        outcome: Result<T, EngineError>,
        handle: impl FnOnce(&T) -> LegId,
    ) -> Result<T, EngineError> {
        if priority != Priority::Emergency {
            return outcome;
        }
        match outcome {
            Err(why) => Err(self.make_room(room, why)),
            Ok(came) => {
                self.made_room(handle(&came));
                Ok(came)
            }
        }
    }

    /// Legs and calls that have come so far.
    pub(super) fn serial(&self) -> u64 {
        self.counters.legs_joined + self.counters.calls_begun
    }

    /// An emergency call was refused with `why`: somebody leaves for it, if that helps.
    fn make_room(&mut self, room: Option<RoomId>, why: EngineError) -> EngineError {
        let leaving = self.claims.iter().map(|claim| claim.leg);
        let there = |leg: &LegId| self.legs.contains_key(leg) || self.call_sides.contains_key(leg);
        if let Some(leg) = leaving.clone().find(there) {
            return EngineError::Displacing { leg };
        }
        let Some((leg, call)) = self.least_of(Lack { why: &why, room }) else {
            return why;
        };
        if let Err(busy) = self.leave(leg, LeaveReason::Displaced) {
            return busy;
        }
        // A call counts as two.
        self.counters.legs_displaced += if call.is_some() { 2 } else { 1 };
        let until = self.now + CLAIM;
        self.claims.push(Claim { leg, call, until });
        EngineError::Displacing { leg }
    }

    /// The emergency call is in: who left for it is told of.
    fn made_room(&mut self, by: LegId) {
        for Claim { leg, call, .. } in std::mem::take(&mut self.claims) {
            self.publish(self.now, EventKind::Displaced { leg, call, by });
        }
    }

    /// The newest of the lowest class whose leaving frees what is spent: its handle, of a call that of side A.
    fn least_of(&self, lack: Lack<'_>) -> Option<(LegId, Option<CallId>)> {
        let legs = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.stays() && leg.moving.is_none() && self.leg_helps(leg, lack));
        let legs = legs.map(|(id, leg)| (leg.priority, leg.serial, *id, None));
        let calls = self.calls.iter().filter(|(_, call)| {
            call.stays() && call.moving.is_none() && self.call_helps(call, lack)
        });
        let calls =
            calls.map(|(id, call)| (call.priority, call.serial, call.info.sides[0], Some(*id)));
        let all = legs.chain(calls);
        let least = all
            .filter(|(priority, ..)| *priority != Priority::Emergency)
            .max_by_key(|(priority, serial, ..)| (*priority, *serial));
        least.map(|(.., leg, call)| (leg, call))
    }

    fn leg_helps(&self, leg: &LegState, lack: Lack<'_>) -> bool {
        match *lack.why {
            EngineError::Overload { worker, .. } => {
                // For a call it is the fullest slot that has to give.
                usize::from(leg.worker) == worker
                    && (lack.room.is_some() || self.is_in_fullest(leg))
            }
            EngineError::Capacity { what, .. } => match what {
                Resource::Legs | Resource::Seats(_) => true,
                Resource::LegsOfRoom => lack.room == Some(leg.room),
                Resource::PacketBoxes(way) => keeps(leg.place.costs().boxes, way),
                _ => false,
            },
            _ => false,
        }
    }

    fn call_helps(&self, call: &CallState, lack: Lack<'_>) -> bool {
        match *lack.why {
            EngineError::Overload { worker, .. } => usize::from(call.worker) == worker,
            EngineError::Capacity { what, .. } => match what {
                Resource::Legs | Resource::Calls | Resource::Seats(_) => true,
                Resource::PacketBoxes(way) => keeps(call.flows.boxes, way),
                _ => false,
            },
            _ => false,
        }
    }

    fn is_in_fullest(&self, leg: &LegState) -> bool {
        let table = &self.sites[usize::from(leg.worker)].table;
        let room = self.rooms.get(&leg.room);
        room.is_some_and(|room| table.is_in_fullest(room.mix, leg.place))
    }
}

/// Whether there are packet boxes of that way among these.
fn keeps(boxes: Boxes, way: &str) -> bool {
    let Boxes { inward, outward } = boxes;
    (if way == "towards" { inward } else { outward }) > 0
}
