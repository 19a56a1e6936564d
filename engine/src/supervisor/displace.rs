//! An emergency call for which there is no room displaces the least of those present (D15).
//!
//! The displaced leg fades out over a frame; until its handle and its slots are back the emergency join is told
//! [`EngineError::Displacing`], and comes again. What is being freed is its own for that while: others are refused.
//! Legs go one at a time, so no more than needed do, the newest of the lowest class first. An emergency call is never displaced.
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::priority::Priority;
use crate::proto::{LegId, RoomId};

use super::Supervisor;
use super::legs::LegState;

/// How long room that was made is kept for who it was made for.
const CLAIM: Duration = Duration::from_millis(500);

/// Room made for an emergency call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// Who leaves for it.
    leg: LegId,
    until: Duration,
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

    /// An emergency call was refused with `why`: somebody leaves for it, if that helps.
    pub(super) fn make_room(&mut self, room: RoomId, why: EngineError) -> EngineError {
        let leaving = self.claims.iter().map(|claim| claim.leg);
        if let Some(leg) = leaving.clone().find(|leg| self.legs.contains_key(leg)) {
            return EngineError::Displacing { leg };
        }
        let Some(leg) = self.least_of(room, &why) else {
            return why;
        };
        if let Err(busy) = self.leave(leg, LeaveReason::Displaced) {
            return busy;
        }
        self.counters.legs_displaced += 1;
        let until = self.now + CLAIM;
        self.claims.push(Claim { leg, until });
        EngineError::Displacing { leg }
    }

    /// The emergency call is in: who left for it is told of.
    pub(super) fn made_room(&mut self, by: LegId) {
        for Claim { leg, .. } in std::mem::take(&mut self.claims) {
            self.publish(self.now, EventKind::Displaced { leg, by });
        }
    }

    /// The newest leg of the lowest class whose leaving frees what is spent.
    fn least_of(&self, room: RoomId, why: &EngineError) -> Option<LegId> {
        let helps = |leg: &LegState| match why {
            EngineError::Overload { worker, .. } => usize::from(leg.worker) == *worker,
            EngineError::Capacity { what, .. } => match what {
                Resource::Legs | Resource::Seats(_) => true,
                Resource::LegsOfRoom => leg.room == room,
                _ => false,
            },
            _ => false,
        };
        let candidates = self.legs.iter().filter(|(_, leg)| {
            leg.stays() && leg.moving.is_none() && leg.priority != Priority::Emergency && helps(leg)
        });
        let least = candidates.max_by_key(|(_, leg)| (leg.priority, leg.serial));
        least.map(|(id, _)| *id)
    }
}
