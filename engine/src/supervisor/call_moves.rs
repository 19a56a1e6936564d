//! A call goes to another worker (D6), as a leg does (`moves`): berth, carrier, and then the shard's routes.
//!
//! Its berth goes by the handle of side A. It may leave in any slot, since between slots nothing of it is under way.

use crate::error::EngineError;
use crate::event::EventKind;
use crate::proto::{Berth, CallId, Command, LegId, PlanId, Seats};

use super::Supervisor;
use super::batch::Batch;
use super::calls::CallState;

/// What a call that moves will leave behind, and what waits for it.
#[derive(Debug)]
pub(super) struct CallMoving {
    pub from: u8,
    /// Of that worker.
    pub from_epoch: u16,
    /// Its seats there.
    pub seats: Seats,
    plan: PlanId,
    /// Edits for the call, in order, with the request each is of.
    waiting: Vec<(Option<usize>, Command)>,
}

impl Supervisor {
    /// Sends an edit to the worker that has the call; while the call is on its way the edit waits.
    pub(super) fn send_call_edit(&mut self, call: CallId, edit: Command) {
        let asked = self.asked();
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        let worker = state.worker;
        if let Some(moving) = &mut state.moving {
            return moving.waiting.push((asked, edit));
        }
        let mut batch = Batch::default();
        batch.push(worker, edit);
        self.submit(batch);
    }

    /// Moves a call that stays to worker `to`.
    pub(super) fn move_call(&mut self, call: CallId, to: usize) -> Result<(), EngineError> {
        self.check_worker(to)?;
        let state = self.call(call)?;
        let (leg, from, plan, flows) = (state.info.sides[0], state.worker, state.plan, state.flows);
        if state.moving.is_some() {
            return Err(EngineError::Moving { leg });
        }
        if usize::from(from) == to {
            return Ok(());
        }
        self.check_berths(to)?;
        if self.sites[to].legs + 2 > self.config.legs_per_worker() {
            return Err(self.seats_spent("legs of one worker"));
        }
        let compiled = self.sites[usize::from(from)].plans.compiled(plan).cloned();
        let compiled = compiled.ok_or(EngineError::Internal {
            what: "a call has no plan",
        })?;
        let target = to as u8;
        let seats = self.take_seats_for(target, &compiled)?;
        let new_seats = seats.clone();
        let mut first = Batch::default();
        let new_plan = self.enter_plan(target, compiled, &seats, &mut first)?;
        let value = Box::new(Berth {
            seats,
            seats_of: target,
            from,
            plan: new_plan,
            before: 0,
            after: 0,
        });
        first.push(target, Command::AwaitLeg { leg, value });
        self.submit_at(first, 0);
        let mut send = Batch::default();
        send.push(from, Command::SendCall { call, to: target });
        let slot = self.slot_for([from, target].into_iter());
        self.submit_at(send, slot);
        self.sites[to].legs += 2;
        self.sites[to].table.add_flows(flows);
        let epoch = self.sites[to].epoch;
        let state = self.call(call)?;
        state.moving = Some(CallMoving {
            from,
            from_epoch: std::mem::replace(&mut state.epoch, epoch),
            seats: std::mem::replace(&mut state.seats, new_seats),
            plan,
            waiting: Vec::new(),
        });
        (state.worker, state.plan) = (target, new_plan);
        Ok(())
    }

    /// Calls on their way to worker `to`.
    pub(super) fn calls_coming_to(&self, to: usize) -> usize {
        let coming = |call: &&CallState| call.moving.is_some() && usize::from(call.worker) == to;
        self.calls.values().filter(coming).count()
    }

    /// The call of side A `leg` runs on its new worker: its packets go there, and what waited goes out.
    pub(super) fn call_arrived(&mut self, leg: LegId) {
        let Some(&call) = self.call_sides.get(&leg) else {
            return;
        };
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        let (worker, sides) = (state.worker, state.info.sides);
        let Some(mut moving) = state.moving.take() else {
            return;
        };
        for leg in sides {
            self.routes.set(leg, worker);
        }
        self.send_call_waiting(call, std::mem::take(&mut moving.waiting));
        self.call_left_behind(call, &moving);
        self.counters.calls_moved += 1;
        let worker = usize::from(worker);
        for leg in sides {
            self.publish(self.now, EventKind::Moved { leg, worker });
        }
    }

    /// Sends what has waited for the call.
    fn send_call_waiting(&mut self, call: CallId, waiting: Vec<(Option<usize>, Command)>) {
        for (asked, edit) in waiting {
            self.about(asked);
            self.send_call_edit(call, edit);
        }
        self.about(None);
    }

    /// As [`not_sent`](Self::not_sent), of a call.
    pub(super) fn call_not_sent(&mut self, call: CallId, at: usize) {
        let epoch = self.sites[at].epoch;
        let Some(state) = self.calls.get_mut(&call) else {
            return;
        };
        let sends =
            |moving: &mut CallMoving| usize::from(moving.from) == at && moving.from_epoch == epoch;
        let Some(moving) = state.moving.take_if(sends) else {
            return;
        };
        let (worker, berth_epoch, plan) = (state.worker, state.epoch, state.plan);
        let sides = state.info.sides;
        (state.worker, state.epoch) = (moving.from, epoch);
        (state.plan, state.seats) = (moving.plan, moving.seats);
        self.send_call_waiting(call, moving.waiting);
        let mut batch = Batch::default();
        self.unawait(sides[0], (worker, berth_epoch), &mut batch);
        self.submit_at(batch, 0);
        self.vacate_call(call, (worker, berth_epoch, plan));
        self.counters.moves_taken_back += 1;
        let worker = usize::from(worker);
        for leg in sides {
            self.publish(self.now, EventKind::NotMoved { leg, worker });
        }
    }

    /// What a call that has moved held where it was is given up, but its seats; unless that worker is lost.
    pub(super) fn call_left_behind(&mut self, call: CallId, moving: &CallMoving) {
        let held = (moving.from, moving.from_epoch, moving.plan);
        self.vacate_call(call, held);
    }

    /// A call runs on a worker no more: its use of the plan and its slots there are given up. With a lost worker they are
    /// gone already.
    pub(super) fn vacate_call(&mut self, call: CallId, (worker, epoch, plan): (u8, u16, PlanId)) {
        let site = &mut self.sites[usize::from(worker)];
        let Some(state) = self.calls.get(&call).filter(|_| site.epoch == epoch) else {
            return;
        };
        site.legs -= state.info.sides.len();
        site.table.remove_flows(state.flows);
        if site.plans.leave(plan) {
            let mut batch = Batch::default();
            batch.push(worker, Command::DropPlan { plan });
            self.submit_at(batch, 0);
        }
    }

    /// Moves one call from worker `from` to `to` when that makes their difference of `gap` smaller; the handle of its
    /// side A.
    pub(super) fn rebalance_call(
        &mut self,
        (from, to): (u8, u8),
        gap: f64,
    ) -> Result<Option<(LegId, usize)>, EngineError> {
        let table = &self.sites[usize::from(from)].table;
        let fits = |(_, call): &(&CallId, &CallState)| {
            let here = call.worker == from && call.moving.is_none();
            here && call.stays() && table.mean_of_flows(call.flows) < gap
        };
        let best = self.calls.iter().find(fits);
        let Some((call, leg)) = best.map(|(id, state)| (*id, state.info.sides[0])) else {
            return Ok(None);
        };
        let to = usize::from(to);
        self.move_call(call, to)?;
        Ok(Some((leg, to)))
    }
}
