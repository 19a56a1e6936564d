//! What is changed about a call that stays: directions, SSRCs, its plan.
//!
//! On the supervisor's thread.

use crate::error::EngineError;
use crate::event::LeaveReason;
use crate::leg::NetworkConfig;
use crate::proto::{CallId, Command, Side};

use super::super::Supervisor;
use super::super::batch::Batch;
use super::super::call_blueprint::CallBlueprint;
use super::super::request::CallEdit;

impl Supervisor {
    pub(in crate::supervisor) fn edit_call(
        &mut self,
        call: CallId,
        edit: CallEdit,
    ) -> Result<(), EngineError> {
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
            CallEdit::Keys(side, keys) => {
                let (leg, types) = (
                    state.info.sides[side.index()],
                    state.configs[side.index()].keys,
                );
                types.send.ok_or(EngineError::NoKeys { leg })?;
                let value = Box::new(keys);
                Command::SendKeys { leg, value }
            }
            CallEdit::Priority(priority) => {
                state.priority = priority;
                let leg = state.info.sides[0];
                Command::SetPriority { leg, priority }
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
        let (worker, old_plan, old_flows) = (state.worker, state.plan, state.flows);
        let mut configs = state.configs;
        let (sides, priority) = (state.info.sides, state.priority);
        let sender = configs[side.index()].sender;
        configs[side.index()] = NetworkConfig { sender, ..config };
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let plans = &self.sites[usize::from(worker)].plans;
        let compiled = plans.compile(blueprint.graphs.clone())?;
        let flows = self.prices.flows(&compiled);
        let mut batch = Batch::default();
        let parts = self.call_parts(worker, &mut blueprint, compiled, &mut batch)?;
        let value = parts.body(sides, &configs, priority);
        let state = self.call(call)?;
        (state.configs, state.plan, state.flows) = (configs, value.plan, flows);
        state.seats = value.seats.clone();
        state.bodies += 1;
        batch.push(worker, Command::ReplaceCall { call, value });
        let site = &mut self.sites[usize::from(worker)];
        site.table.remove_flows(old_flows);
        site.table.add_flows(flows);
        if site.plans.leave(old_plan) {
            batch.push(worker, Command::DropPlan { plan: old_plan });
        }
        self.submit(batch);
        Ok(())
    }
}
