//! The beginning of a call: a worker that has room, the seats and the plan of its body.
//!
//! On the supervisor's thread.

use talkpath_nodes::call_graphs::PIECE;
use talkpath_nodes::state::State;

use crate::call::{CallConfig, CallInfo};
use crate::error::{EngineError, Resource};
use crate::leg::NetworkConfig;
use crate::proto::{CallBody, CallStats, Command, Direction, Flow, LegId, PlanId, Seats};
use crate::worker::bank::Seat;

use super::super::Supervisor;
use super::super::batch::Batch;
use super::super::call_blueprint::CallBlueprint;
use super::super::plans::Compiled;
use super::{CallState, Stage};

/// What the body of a call is made of.
pub(in crate::supervisor) struct Parts {
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
    pub(in crate::supervisor) fn create_call(
        &mut self,
        config: CallConfig,
    ) -> Result<CallInfo, EngineError> {
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
    pub(in crate::supervisor) fn call_parts(
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

    /// What a call adds to every slot: the costs of 10 ms of it, spread over them.
    pub(super) fn flow_load(&self, compiled: &Compiled) -> u64 {
        let costs = compiled.costs();
        let slots = PIECE.as_duration().as_nanos() / self.config.slot.as_nanos().max(1);
        (costs.ingress + costs.egress) / slots.max(1) as u64
    }
}
