//! The point-to-point calls of a lost worker, built anew as they were configured last (D18).
//!
//! Both streams that go out keep their SSRC, and go on in the shard as those of legs do (`shard_link`). One that was ending is
//! over; one on its way between two workers is treated as a leg is (`rebuild`).

use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason};
use crate::proto::{CallId, Command, LegId};

use super::Supervisor;
use super::batch::Batch;
use super::call_blueprint::CallBlueprint;
use super::calls::{CallState, Stage};

impl Supervisor {
    /// Sees to every call whose worker is lost and that no other still holds.
    pub(super) fn calls_anew(&mut self) {
        let orphaned = |(id, call): (&CallId, &CallState)| {
            let lives_on = call.moving.as_ref().is_some_and(|moving| {
                self.sites[usize::from(moving.from)].epoch == moving.from_epoch
            });
            let lost = self.sites[usize::from(call.worker)].epoch != call.epoch;
            (lost && !lives_on).then_some(*id)
        };
        let orphans: Vec<CallId> = self.calls.iter().filter_map(orphaned).collect();
        for call in orphans {
            self.call_anew(call, 0);
        }
    }

    /// As [`cut`](Self::cut), of calls.
    pub(super) fn cut_calls(&mut self, at: usize, neighbour: u8, epoch: u16) {
        let here = self.sites[at].epoch;
        let sent = |(id, call): (&CallId, &CallState)| {
            let moving = call.moving.as_ref()?;
            let from_here = usize::from(moving.from) == at && moving.from_epoch == here;
            (from_here && call.worker == neighbour && call.epoch < epoch).then_some(*id)
        };
        let sent: Vec<CallId> = self.calls.iter().filter_map(sent).collect();
        for call in sent {
            let state = self.calls.get_mut(&call);
            let Some((moving, bodies)) =
                state.and_then(|state| Some((state.moving.take()?, state.bodies)))
            else {
                continue;
            };
            self.call_left_behind(call, &moving);
            self.give_seats(at, &moving.seats);
            self.call_anew(call, bodies.saturating_sub(1));
        }
    }

    /// As [`missed`](Self::missed), of the call whose side A is `leg`.
    pub(super) fn missed_call(&mut self, leg: LegId) {
        let Some(&call) = self.call_sides.get(&leg) else {
            return;
        };
        let Some(state) = self.calls.get(&call) else {
            return;
        };
        let held = (state.worker, state.epoch, state.plan);
        self.vacate_call(call, held);
        self.call_anew(call, 0);
    }

    /// Builds a call that no worker has any more, or lets it end; so many bodies of it are still on their way.
    fn call_anew(&mut self, call: CallId, bodies: u32) {
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        (state.moving, state.bodies) = (None, bodies);
        // What it held is gone with the worker, or given back by now.
        state.epoch = state.epoch.wrapping_sub(1);
        let (stays, leg) = (state.stays(), state.info.sides[0]);
        let lost = stays && self.rebuild_call(call).is_err();
        if stays && !lost {
            self.publish(self.now, EventKind::Rebuilt { leg });
        }
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        if lost {
            state.stage = Stage::Ending(LeaveReason::WorkerLost);
            self.counters.legs_lost += 2;
        }
        self.retire_call(call);
    }

    fn rebuild_call(&mut self, call: CallId) -> Result<(), EngineError> {
        let state = self.call(call)?;
        let (worker, configs, flows) = (state.worker, state.configs, state.flows);
        let (open, stats, sides) = (state.open(), state.stats, state.info.sides);
        let (priority, life) = (state.priority, state.life.wrapping_add(1));
        let mut blueprint = CallBlueprint::new(configs, &self.config)?;
        let plans = &self.sites[usize::from(worker)].plans;
        let compiled = plans.compile(blueprint.graphs.clone())?;
        let mut batch = Batch::default();
        let parts = self.call_parts(worker, &mut blueprint, compiled, &mut batch)?;
        let mut value = parts.body(sides, &configs, priority);
        for (n, stats) in [stats.from_a, stats.from_b].into_iter().enumerate() {
            let flow = &mut value.flows[n];
            (flow.open, flow.paused) = (open[n], !open[n]);
            (flow.life, flow.stats) = (life, stats);
        }
        let site = &mut self.sites[usize::from(worker)];
        site.legs += sides.len();
        site.table.add_flows(flows);
        let epoch = site.epoch;
        let state = self.call(call)?;
        (state.plan, state.epoch, state.life) = (value.plan, epoch, life);
        state.seats = value.seats.clone();
        state.bodies += 1;
        for leg in sides {
            self.routes.set(leg, worker);
        }
        batch.push(worker, Command::AddCall { call, value });
        self.submit_at(batch, 0);
        self.counters.legs_rebuilt += sides.len() as u64;
        Ok(())
    }
}
