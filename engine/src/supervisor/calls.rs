//! Point-to-point calls: beginning, changing, ending; each edit is one transaction.
//!
//! As with legs, everything that can fail is tried before anything is recorded. A call takes the handles of two legs, so
//! that a network shard need not know what it serves, and lives on one worker, the least loaded one that has room.

use std::time::Duration;

use talkpath_nodes::call_graphs::PIECE;
use talkpath_nodes::state::State;

use crate::call::{CallConfig, CallInfo};
use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::leg::NetworkConfig;
use crate::proto::{
    CallBody, CallId, CallStats, Command, Direction, Flow, LegId, PlanId, Seats, Side,
};
use crate::worker::bank::Seat;

use super::Supervisor;
use super::batch::Batch;
use super::call_blueprint::CallBlueprint;
use super::call_moves::CallMoving;
use super::plans::Compiled;
use super::request::CallEdit;

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
    /// What it adds to every slot, in nanoseconds of hint.
    pub load: u64,
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

/// What the body of a call is made of.
pub(super) struct Parts {
    pub plan: PlanId,
    seats: Seats,
    states: Vec<(Seat, State)>,
}

impl Parts {
    /// A body ready to travel.
    pub fn body(self, sides: [LegId; 2], configs: &[NetworkConfig; 2]) -> Box<CallBody> {
        let Self {
            plan,
            seats,
            states,
        } = self;
        let open = || Flow {
            open: true,
            ..Flow::default()
        };
        Box::new(CallBody {
            sides,
            plan,
            seats,
            states,
            flows: [open(), open()],
            clocks: [1, 0].map(|to: usize| configs[to].codec.rate().hz()),
            untold: false,
        })
    }
}

impl Supervisor {
    /// The call, unless it is ending.
    pub(super) fn call(&mut self, call: CallId) -> Result<&mut CallState, EngineError> {
        let staying = self.calls.get_mut(&call).filter(|state| state.stays());
        staying.ok_or(EngineError::StaleCall { call })
    }

    pub(super) fn create_call(&mut self, config: CallConfig) -> Result<CallInfo, EngineError> {
        self.admit()?;
        self.room_for_a_call()?;
        let configs = [config.a, config.b];
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let worker = self.worker_for_call(&blueprint)?;
        let site = &self.sites[usize::from(worker)];
        let compiled = site.plans.compile(blueprint.graphs.clone())?;
        let load = self.flow_load(&compiled);
        self.admit_flows(worker, load)?;
        let mut batch = Batch::default();
        let missing = EngineError::Internal {
            what: "a call's handle went missing",
        };
        let parts = self.call_parts(worker, &mut blueprint, compiled, &mut batch)?;
        let taken = (
            self.call_ids.take(),
            self.leg_ids.take(),
            self.leg_ids.take(),
        );
        let (Some(call), Some(a), Some(b)) = taken else {
            return Err(missing);
        };
        let sides = [a, b];
        let value = parts.body(sides, &configs);
        let info = CallInfo { id: call, sides };
        let state = CallState {
            info,
            configs,
            directions: [Direction::BOTH; 2],
            plan: value.plan,
            load,
            worker,
            epoch: self.sites[usize::from(worker)].epoch,
            seats: value.seats.clone(),
            life: 0,
            told: false,
            moving: None,
            stage: Stage::Beginning,
            bodies: 1,
            stats: CallStats::default(),
        };
        self.calls.insert(call, state);
        for leg in sides {
            self.call_sides.insert(leg, call);
            self.routes.set(leg, worker);
        }
        let site = &mut self.sites[usize::from(worker)];
        site.legs += sides.len();
        site.table.add_flows(load);
        batch.push(worker, Command::AddCall { call, value });
        self.submit(batch);
        self.counters.calls_begun += 1;
        Ok(info)
    }

    /// What there must be two of, and one.
    fn room_for_a_call(&self) -> Result<(), EngineError> {
        let spent = |what, limit, in_use, wanted| EngineError::Capacity {
            what,
            limit,
            in_use,
            wanted,
        };
        let (legs, calls) = (&self.leg_ids, &self.call_ids);
        if legs.available() < 2 {
            let limit = self.config.capacity_legs;
            return Err(spent(Resource::Legs, limit, legs.in_use(), 2));
        }
        if calls.available() == 0 {
            let limit = self.config.calls();
            return Err(spent(Resource::Calls, limit, calls.in_use(), 1));
        }
        Ok(())
    }

    /// The least loaded worker that has seats for two legs and a place for the plan.
    fn worker_for_call(&self, blueprint: &CallBlueprint) -> Result<u8, EngineError> {
        let open = |worker: &u8| {
            let site = &self.sites[usize::from(*worker)];
            let seats = site.legs + 2 <= self.config.legs_per_worker();
            seats && site.plans.can_hold(&blueprint.graphs)
        };
        let workers = (0..self.sites.len() as u8).filter(open);
        let least = workers.min_by(|a, b| self.by_load(*a, *b));
        match least {
            Some(worker) => Ok(worker),
            None => {
                // When it is the plan that has no place anywhere, the first worker says so.
                self.sites[0].plans.compile(blueprint.graphs.clone())?;
                Err(self.seats_spent("legs of one worker"))
            }
        }
    }

    /// What a body is made of, its seats taken and its plan entered.
    pub(super) fn call_parts(
        &mut self,
        worker: u8,
        blueprint: &mut CallBlueprint,
        compiled: Compiled,
        batch: &mut Batch,
    ) -> Result<Parts, EngineError> {
        let states = blueprint.states(&compiled)?;
        let site = usize::from(worker);
        let (seats, states) = self.take_seats(site, states)?;
        let (plan, new) = match self.sites[site].plans.enter(compiled) {
            Ok(entered) => entered,
            Err(error) => {
                self.give_seats(site, &seats);
                return Err(error);
            }
        };
        if let Some(value) = new {
            batch.push(worker, Command::AddPlan { plan, value });
        }
        Ok(Parts {
            plan,
            seats,
            states,
        })
    }

    pub(super) fn edit_call(&mut self, call: CallId, edit: CallEdit) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.call(call)?;
        let command = match edit {
            CallEdit::Change(side, config) => return self.change_call(call, side, config),
            CallEdit::Move(to) => return self.move_call(call, to),
            CallEdit::HangUp => {
                self.end_call(call, LeaveReason::Requested);
                return Ok(());
            }
            CallEdit::Direction(side, direction) => {
                state.directions[side.index()] = direction;
                let open = state.open();
                Command::SetFlows { call, open }
            }
            CallEdit::Ssrc(side, ssrc) => {
                let leg = state.info.sides[side.index()];
                state.configs[side.index()].sender.ssrc = ssrc;
                Command::SetSsrc { leg, ssrc }
            }
        };
        self.send_call_edit(call, command);
        Ok(())
    }

    /// Another plan for a call that stays (D13).
    fn change_call(
        &mut self,
        call: CallId,
        side: Side,
        config: NetworkConfig,
    ) -> Result<(), EngineError> {
        let state = self.call(call)?;
        if state.moving.is_some() {
            let leg = state.info.sides[0];
            return Err(EngineError::Moving { leg });
        }
        let (worker, old_plan, old_load) = (state.worker, state.plan, state.load);
        let mut configs = state.configs;
        let sides = state.info.sides;
        let sender = configs[side.index()].sender;
        configs[side.index()] = NetworkConfig { sender, ..config };
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let plans = &self.sites[usize::from(worker)].plans;
        let compiled = plans.compile(blueprint.graphs.clone())?;
        let load = self.flow_load(&compiled);
        let mut batch = Batch::default();
        let parts = self.call_parts(worker, &mut blueprint, compiled, &mut batch)?;
        let value = parts.body(sides, &configs);
        let state = self.call(call)?;
        (state.configs, state.plan, state.load) = (configs, value.plan, load);
        state.seats = value.seats.clone();
        state.bodies += 1;
        batch.push(worker, Command::ReplaceCall { call, value });
        let site = &mut self.sites[usize::from(worker)];
        site.table.remove_flows(old_load);
        site.table.add_flows(load);
        if site.plans.leave(old_plan) {
            batch.push(worker, Command::DropPlan { plan: old_plan });
        }
        self.submit(batch);
        Ok(())
    }

    /// The call a side's handle belongs to, unless it is ending.
    pub(super) fn call_of(&mut self, leg: LegId) -> Option<CallId> {
        let call = *self.call_sides.get(&leg)?;
        self.call(call).is_ok().then_some(call)
    }

    /// Tells a call that stays to end.
    pub(super) fn end_call(&mut self, call: CallId, reason: LeaveReason) {
        let Ok(state) = self.call(call) else { return };
        state.stage = Stage::Ending(reason);
        self.send_call_edit(call, Command::RemoveCall { call });
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

    /// A body of a call is back.
    pub(super) fn call_freed(&mut self, worker: usize, call: CallId, body: &CallBody) {
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
    pub(super) fn retire_call(&mut self, call: CallId) {
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
            site.table.remove_flows(state.load);
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
    pub(super) fn call_over(&mut self, state: &CallState) {
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

    /// What a call adds to every slot: the costs of 10 ms of it, spread over them.
    fn flow_load(&self, compiled: &Compiled) -> u64 {
        let costs = compiled.costs();
        let slots = PIECE.as_duration().as_nanos() / self.config.slot.as_nanos().max(1);
        (costs.ingress + costs.egress) / slots.max(1) as u64
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
