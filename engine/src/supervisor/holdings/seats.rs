//! Seats and plans of a worker: taken, or nothing at all.

use talkpath_nodes::state::State;

use crate::error::{EngineError, Resource};
use crate::proto::{Command, PlanId, Seats};
use crate::worker::bank::Seat;

use super::super::Supervisor;
use super::super::batch::Batch;
use super::super::blueprint::OpStates;
use super::super::plans::Compiled;

/// The seats of a body, and the states that go there.
type SeatedStates = (Seats, Vec<(Seat, State)>);

impl Supervisor {
    /// A seat for every state, or none taken at all.
    pub(in crate::supervisor) fn take_seats(
        &mut self,
        site: usize,
        states: [OpStates; 2],
    ) -> Result<SeatedStates, EngineError> {
        let mut seats = Seats::default();
        let mut seated = Vec::with_capacity(states.iter().map(Vec::len).sum());
        let [ingress, egress] = states;
        let halves = [(ingress, &mut seats.ingress), (egress, &mut seats.egress)];
        let mut spent = None;
        for (states, seats) in halves {
            for state in states {
                match self.sites[site].seating.take(&state) {
                    Some(Seat::Stateless) => seats.push(Seat::Stateless),
                    Some(seat) => {
                        seats.push(seat);
                        seated.push((seat, state));
                    }
                    None => spent = spent.or(Some(state.kind())),
                }
            }
        }
        let Some(kind) = spent else {
            return Ok((seats, seated));
        };
        self.give_seats(site, &seats);
        Err(self.seats_spent(kind))
    }

    /// No seat of this kind is left.
    pub(in crate::supervisor) fn seats_spent(&self, kind: &'static str) -> EngineError {
        let limit = self.config.seats();
        EngineError::Capacity {
            what: Resource::Seats(kind),
            limit,
            in_use: limit,
            wanted: 1,
        }
    }

    /// Takes seats back whose states have returned.
    pub(in crate::supervisor) fn give_seats(&mut self, site: usize, seats: &Seats) {
        for seat in seats.iter() {
            let known = self.sites[site].seating.give(*seat);
            self.counters.stale_returns += u64::from(!known);
        }
    }

    /// One more user of a plan, with the command that brings it to the worker when it is the first; without a place for
    /// the plan the seats that were taken for it are given back.
    pub(in crate::supervisor) fn enter_plan(
        &mut self,
        worker: u8,
        compiled: Compiled,
        seats: &Seats,
        batch: &mut Batch,
    ) -> Result<PlanId, EngineError> {
        let site = usize::from(worker);
        let entered = self.sites[site].plans.enter(compiled);
        let (plan, new) = entered.inspect_err(|_| self.give_seats(site, seats))?;
        if let Some(value) = new {
            batch.push(worker, Command::AddPlan { plan, value });
        }
        Ok(plan)
    }
}
