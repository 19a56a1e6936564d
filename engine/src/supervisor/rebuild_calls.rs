//! The point-to-point calls of a lost worker, built anew as they were configured last (D18).
//!
//! Both streams that go out keep their SSRC, and go on in the shard as those of legs do (`shard_link`). One that was ending is
//! over.

use crate::error::EngineError;
use crate::event::LeaveReason;
use crate::proto::{CallId, Command};

use super::Supervisor;
use super::batch::Batch;
use super::call_blueprint::CallBlueprint;
use super::calls::{CallState, Stage};

impl Supervisor {
    /// Sees to every call whose worker is lost.
    pub(super) fn calls_anew(&mut self) {
        let lost = |(id, call): (&CallId, &CallState)| {
            (self.sites[usize::from(call.worker)].epoch != call.epoch).then_some(*id)
        };
        let lost: Vec<CallId> = self.calls.iter().filter_map(lost).collect();
        for call in lost {
            if let Some(state) = self.calls.get_mut(&call) {
                state.bodies = 0;
            }
            let refused = self.rebuild_call(call).is_err();
            let Some(state) = self.calls.get_mut(&call) else {
                continue;
            };
            if refused && state.stays() {
                state.stage = Stage::Ending(LeaveReason::WorkerLost);
                self.counters.legs_lost += 2;
            }
            self.retire_call(call);
        }
    }

    fn rebuild_call(&mut self, call: CallId) -> Result<(), EngineError> {
        let state = self.call(call)?;
        let (worker, configs, load) = (state.worker, state.configs, state.load);
        let (open, stats, sides) = (state.open(), state.stats, state.info.sides);
        let life = state.life.wrapping_add(1);
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let plans = &self.sites[usize::from(worker)].plans;
        let compiled = plans.compile(blueprint.graphs.clone())?;
        let mut batch = Batch::default();
        let parts = self.call_parts(worker, &mut blueprint, compiled, &mut batch)?;
        let mut value = parts.body(sides, &configs);
        for (n, stats) in [stats.from_a, stats.from_b].into_iter().enumerate() {
            let flow = &mut value.flows[n];
            (flow.open, flow.paused) = (open[n], !open[n]);
            (flow.life, flow.stats) = (life, stats);
        }
        let site = &mut self.sites[usize::from(worker)];
        site.legs += sides.len();
        site.table.add_flows(load);
        let epoch = site.epoch;
        let state = self.call(call)?;
        (state.plan, state.epoch, state.life, state.bodies) = (value.plan, epoch, life, 1);
        batch.push(worker, Command::AddCall { call, value });
        self.submit_at(batch, 0);
        self.counters.legs_rebuilt += sides.len() as u64;
        Ok(())
    }
}
