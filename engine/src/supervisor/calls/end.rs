//! The end of a call: told to the worker, its bodies taken back, its handles given up, and told to everybody.
//!
//! On the supervisor's thread.

use crate::call::CallInfo;
use crate::event::{EventKind, LeaveReason};
use crate::proto::{CallBody, CallId, Command};

use super::super::Supervisor;
use super::super::batch::Batch;
use super::{CallState, Stage};

impl Supervisor {
    /// Tells a call that stays to end.
    pub(in crate::supervisor) fn end_call(&mut self, call: CallId, reason: LeaveReason) {
        let Ok(state) = self.call(call) else { return };
        state.stage = Stage::Ending(reason);
        self.send_call_edit(call, Command::RemoveCall { call });
    }

    /// A body of a call is back.
    pub(in crate::supervisor) fn call_freed(
        &mut self,
        worker: usize,
        call: CallId,
        body: &CallBody,
    ) {
        self.give_seats(worker, &body.seats);
        if let Some(state) = self.calls.get_mut(&call) {
            state.bodies = state.bodies.saturating_sub(1);
            if state.bodies == 0 {
                state.stats = body.stats();
            }
        }
        self.retire_call(call);
    }

    /// The call is over when it was told to end and every body of it has returned.
    pub(in crate::supervisor) fn retire_call(&mut self, call: CallId) {
        let over = |state: &CallState| !state.stays() && state.bodies == 0;
        if !self.calls.get(&call).is_some_and(over) {
            return;
        }
        let Some(state) = self.calls.remove(&call) else {
            return;
        };
        let site = &mut self.sites[usize::from(state.worker)];
        // With a lost worker all that is gone already.
        let here = site.epoch == state.epoch;
        if here {
            site.legs -= state.info.sides.len();
            site.table.remove_flows(state.flows);
        }
        if here && site.plans.leave(state.plan) {
            let mut batch = Batch::default();
            batch.push(state.worker, Command::DropPlan { plan: state.plan });
            self.submit(batch);
        }
        for leg in state.info.sides {
            self.call_sides.remove(&leg);
            let known = self.leg_ids.give(leg).is_ok();
            self.counters.stale_returns += u64::from(!known);
        }
        let known = self.call_ids.give(call).is_ok();
        self.counters.stale_returns += u64::from(!known);
        self.call_over(&state);
    }

    /// Counts and tells the end of a call.
    pub(in crate::supervisor) fn call_over(&mut self, state: &CallState) {
        let CallInfo { id: call, sides } = state.info;
        let reason = match state.stage {
            Stage::Ending(reason) => reason,
            Stage::Beginning | Stage::Up => LeaveReason::Shutdown,
        };
        self.counters.calls_ended += 1;
        let stats = Box::new(state.stats);
        self.publish_about(
            self.now,
            Some((None, state.worker)),
            EventKind::CallEnded {
                call,
                sides,
                reason,
                stats,
            },
        );
    }
}
