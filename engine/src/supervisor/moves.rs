//! A leg goes to another worker (D6): on command, or because that is better for all (`rebalance`).
//!
//! The berth is made first; then, in a slot right after the leg's egress, the old worker sends the leg; when it has
//! arrived the shard's route flips. Until then its packets go to the old worker, which passes them on once the leg is gone:
//! were the route to flip first, they would wait on the new one while the leg still runs on the old. Whatever is asked of
//! the leg meanwhile waits until it has arrived.

use crate::error::EngineError;
use crate::proto::{Berth, Command, LegId, PlanId, Seats, Segment};
use crate::worker::migrate::BERTHS;

use super::Supervisor;
use super::batch::Batch;
use super::graph_check;
use super::legs::LegState;
use super::placement::Place;
use super::plans::Compiled;

mod outcome;

/// What a leg that moves will leave behind, and what waits for it.
#[derive(Debug)]
pub(super) struct Moving {
    pub from: u8,
    /// Of that worker.
    pub from_epoch: u16,
    /// Its seats there.
    pub seats: Seats,
    plan: PlanId,
    place: Place,
    /// Edits for the leg, in order, with the request each is of.
    waiting: Vec<(Option<usize>, Command)>,
}

impl Supervisor {
    /// Sends an edit to the worker that has the leg; while the leg is on its way the edit waits.
    pub(super) fn send_edit(&mut self, leg: LegId, edit: Command) {
        let asked = self.asked();
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        match &mut state.moving {
            Some(moving) => moving.waiting.push((asked, edit)),
            None => {
                let worker = usize::from(state.worker);
                self.sites[worker].transactions.add(vec![edit], 0);
            }
        }
    }

    /// Whether there is a worker `to`.
    pub(super) fn check_worker(&self, to: usize) -> Result<(), EngineError> {
        let known = to < self.sites.len();
        known.then_some(()).ok_or_else(|| EngineError::OutOfRange {
            what: "the index of a worker",
            allowed: "below the number of workers",
            actual: to.to_string(),
        })
    }

    /// Whether worker `to` can await one more leg or call.
    pub(super) fn check_berths(&self, to: usize) -> Result<(), EngineError> {
        let waiting = self.coming_to(to);
        let limit = BERTHS;
        let free = waiting < limit;
        free.then_some(())
            .ok_or(EngineError::Busy { waiting, limit })
    }

    /// Moves a leg that stays to worker `to`.
    pub(super) fn move_leg(&mut self, leg: LegId, to: usize) -> Result<(), EngineError> {
        self.admit()?;
        self.check_worker(to)?;
        let state = self.still(leg)?;
        let (from, room, plan) = (state.worker, state.room, state.plan);
        if usize::from(from) == to {
            return Ok(());
        }
        self.check_berths(to)?;
        let compiled = self.sites[usize::from(from)].plans.compiled(plan).cloned();
        let compiled = compiled.ok_or(EngineError::Internal {
            what: "a leg has no plan",
        })?;
        let to = to as u8;
        let seats = self.take_seats_for(to, &compiled)?;
        let new_seats = seats.clone();
        let costs = self.price(&compiled);
        let target = usize::from(to);
        let mut first = Batch::default();
        let new_plan = self.enter_plan(to, compiled, &seats, &mut first)?;
        let mut part = Batch::default();
        self.extend_to(room, to, &mut part);
        let (mix, margin) = self.room(room).map(|room| (room.mix, room.margin))?;
        let mut ahead = self.slot_for(part.workers().chain([from, to]));
        if !part.is_empty() {
            self.submit_at(part, ahead);
            // The resamplers of the new part have heard a whole frame before anybody hears them.
            ahead += u64::from(mix.period + margin);
        }
        let new_place = self.sites[target].table.add_leg(mix, costs, margin);
        let here = seats.clone();
        let berth = Berth {
            seats,
            seats_of: to,
            from,
            plan: new_plan,
            before: new_place.before,
            after: new_place.after,
        };
        let value = Box::new(berth);
        first.push(to, Command::AwaitLeg { leg, value });
        self.submit_at(first, 0);
        // Where it is now: the room may just have got its margin.
        let place = self.leg(leg)?.place;
        let mut send = Batch::default();
        send.push(from, Command::SendLeg { leg, to });
        let ahead = ahead.max(self.slot_for([from, to].into_iter()));
        let slot = after_egress(ahead, mix.period, mix.slot + place.after);
        self.submit_at(send, slot);
        self.sites[target].legs += 1;
        let epoch = self.sites[target].epoch;
        let state = self.leg(leg)?;
        let from_epoch = std::mem::replace(&mut state.epoch, epoch);
        state.moving = Some(Box::new(Moving {
            from,
            from_epoch,
            seats: std::mem::replace(&mut state.seats, new_seats),
            plan,
            place,
            waiting: Vec::new(),
        }));
        (state.worker, state.plan, state.place) = (to, new_plan, new_place);
        state.seats = here;
        Ok(())
    }

    /// Legs and calls on their way to worker `to`.
    pub(super) fn coming_to(&self, to: usize) -> usize {
        let coming = |leg: &&LegState| leg.moving.is_some() && usize::from(leg.worker) == to;
        self.legs.values().filter(coming).count() + self.calls_coming_to(to)
    }

    /// Seats on `worker` for every op of a plan, or none taken at all.
    pub(super) fn take_seats_for(
        &mut self,
        worker: u8,
        compiled: &Compiled,
    ) -> Result<Seats, EngineError> {
        let site = &mut self.sites[usize::from(worker)];
        let mut seats = Seats::default();
        let mut spent = site.legs >= self.config.legs_per_worker();
        for segment in [Segment::Ingress, Segment::Egress] {
            for spec in compiled.specs(segment) {
                match site.seating.take_for(spec) {
                    Some(seat) => seats.of_mut(segment).push(seat),
                    None => spent = true,
                }
            }
        }
        seats.level = graph_check::level(compiled.ops(Segment::Ingress));
        if spent {
            self.give_seats(usize::from(worker), &seats);
            return Err(self.seats_spent("legs of one worker"));
        }
        Ok(seats)
    }
}

/// The first slot from `ahead` on that comes right after an egress at `phase`.
pub(super) fn after_egress(ahead: u64, period: u32, phase: u32) -> u64 {
    let period = u64::from(period.max(1));
    let wanted = (u64::from(phase) + 1) % period;
    ahead + (wanted + period - ahead % period) % period
}
