//! The beginning of a call: a worker that has room, the seats and the plan of its body.
//!
//! On the supervisor's thread.

use talkpath_nodes::state::State;

use crate::call::{CallConfig, CallInfo};
use crate::error::EngineError;
use crate::leg::NetworkConfig;
use crate::priority::Priority;
use crate::proto::{CallBody, CallStats, Command, Direction, Flow, LegId, LegKeys, PlanId, Seats};
use crate::worker::bank::Seat;

use super::super::Supervisor;
use super::super::admission::Calling;
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
    pub fn body(
        self,
        sides: [LegId; 2],
        configs: &[NetworkConfig; 2],
        priority: Priority,
    ) -> Box<CallBody> {
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
            priority,
            flows: [open(), open()],
            clocks: [1, 0].map(|to: usize| configs[to].codec.clock_rate()),
            keys: configs.each_ref().map(LegKeys::new),
            untold: false,
        })
    }
}

impl Supervisor {
    /// Begins a call; an emergency call for which there is no room makes some.
    pub(in crate::supervisor) fn create_call(
        &mut self,
        config: CallConfig,
    ) -> Result<CallInfo, EngineError> {
        self.admit()?;
        self.check_claims(config.priority)?;
        let outcome = self.try_call(config);
        self.or_make_room(config.priority, None, outcome, |call| call.sides[0])
    }

    fn try_call(&mut self, config: CallConfig) -> Result<CallInfo, EngineError> {
        let CallConfig { priority, .. } = config;
        self.room_for_a_call(0)?;
        let configs = [config.a, config.b];
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let compiled = self.compile_anywhere(&blueprint.graphs)?;
        let flows = self.prices.flows(&compiled);
        let worker = self.admit_call(Calling {
            graphs: &blueprint.graphs,
            flows,
            priority,
        })?;
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
        let value = parts.body(sides, &configs, priority);
        let info = CallInfo { id: call, sides };
        let state = CallState {
            info,
            configs,
            directions: [Direction::BOTH; 2],
            plan: value.plan,
            flows,
            worker,
            epoch: self.sites[usize::from(worker)].epoch,
            seats: value.seats.clone(),
            life: 0,
            told: false,
            moving: None,
            priority,
            serial: self.serial(),
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
        site.table.add_flows(flows);
        batch.push(worker, Command::AddCall { call, value });
        self.submit(batch);
        self.counters.calls_begun += 1;
        Ok(info)
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
        let (seats, states) = self.take_seats(usize::from(worker), states)?;
        let plan = self.enter_plan(worker, compiled, &seats, batch)?;
        Ok(Parts {
            plan,
            seats,
            states,
        })
    }
}
