//! Point-to-point calls: beginning, changing, ending; each edit is one transaction.
//!
//! As with legs, everything that can fail is tried before anything is recorded. A call takes the handles of two legs, so
//! that a network shard need not know what it serves, and lives on one worker, the least loaded one that has room. On the
//! supervisor's thread.
//!
//! | file | what |
//! |---|---|
//! | `calls/begin` | a worker for it, its seats and its plan |
//! | `calls/edit` | what is changed while it stays |
//! | `calls/end` | taken back, given up and told |

use std::time::Duration;

use crate::call::CallInfo;
use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason};
use crate::leg::NetworkConfig;
use crate::priority::Priority;
use crate::proto::{CallId, CallStats, Direction, LegId, PlanId, Seats, Side};

use super::Supervisor;
use super::call_moves::CallMoving;
use super::placement::Flows;

mod begin;
mod edit;
mod end;

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Sent to the worker.
    Beginning,
    /// Applied.
    Up,
    /// Told to end.
    Ending(LeaveReason),
}

/// What the supervisor knows of a call.
#[derive(Debug)]
pub(super) struct CallState {
    pub info: CallInfo,
    /// How each side was last configured.
    pub configs: [NetworkConfig; 2],
    pub directions: [Direction; 2],
    pub plan: PlanId,
    /// What it takes of a worker's slots and packet boxes.
    pub flows: Flows,
    /// The worker it is on, or on its way to.
    pub worker: u8,
    /// Of that worker, when the call came to it.
    pub epoch: u16,
    /// Its seats; of its newest body where there are two.
    pub seats: Seats,
    /// How often it was built anew.
    pub life: u16,
    /// Its beginning was told.
    pub told: bool,
    /// On its way between two workers.
    pub moving: Option<CallMoving>,
    pub priority: Priority,
    /// Legs and calls that had come before it.
    pub serial: u64,
    pub stage: Stage,
    /// Bodies of it the worker has, or that are on their way.
    pub bodies: u32,
    pub stats: CallStats,
}

impl CallState {
    pub fn stays(&self) -> bool {
        !matches!(self.stage, Stage::Ending(_))
    }

    /// Which directions are passed on, by the side that sends.
    pub fn open(&self) -> [bool; 2] {
        let [a, b] = self.directions;
        [a.receive && b.send, b.receive && a.send]
    }
}

impl Supervisor {
    /// The call, unless it is ending.
    pub(super) fn call(&mut self, call: CallId) -> Result<&mut CallState, EngineError> {
        let staying = self.calls.get_mut(&call).filter(|state| state.stays());
        staying.ok_or(EngineError::StaleCall { call })
    }

    /// The call a side's handle belongs to, unless it is ending.
    pub(super) fn call_of(&mut self, leg: LegId) -> Option<CallId> {
        let call = *self.call_sides.get(&leg)?;
        self.call(call).is_ok().then_some(call)
    }

    /// The worker has applied the call, or could not.
    pub(super) fn call_begun(&mut self, call: CallId, failed: bool) {
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        if failed {
            state.stage = Stage::Ending(LeaveReason::Requested);
            return self.retire_call(call);
        }
        if state.stage == Stage::Beginning {
            state.stage = Stage::Up;
        }
        let sides = state.info.sides;
        // Told once, also of a call that was built anew.
        if !core::mem::replace(&mut state.told, true) {
            self.publish(self.now, EventKind::CallStarted { call, sides });
        }
    }

    pub(super) fn call_stats(&mut self, call: CallId) -> Result<CallStats, EngineError> {
        self.call(call).map(|state| state.stats)
    }

    /// A call's figures have come.
    pub(super) fn call_told(&mut self, call: CallId, stats: CallStats, at: Duration) {
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        let before = core::mem::replace(&mut state.stats, stats);
        let sides = state.info.sides;
        for (side, leg) in Side::BOTH.into_iter().zip(sides) {
            if stats.from(side).not_finite > before.from(side).not_finite {
                self.publish(at, EventKind::Faulted { leg });
            }
        }
    }

    pub(super) fn call_infos(&self) -> Vec<CallInfo> {
        let staying = self.calls.values().filter(|state| state.stays());
        staying.map(|state| state.info).collect()
    }
}
