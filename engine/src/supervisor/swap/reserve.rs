//! What a swap takes of a worker's memory: seats for new states, the new plan and the crossing; or nothing at all.
//!
//! On the supervisor's thread.

use talkpath_nodes::state::{Build, State};

use crate::error::EngineError;
use crate::proto::{LegPlan, PlanId, Seats, Segment};
use crate::worker::bank::Seat;

use super::super::Supervisor;
use super::super::blueprint::{Blueprint, Start};
use super::super::crossing::Origin;
use super::super::graph_check::{self, halves};
use super::super::plans::Compiled;
use super::compared::{Before, Between, Keeps};

/// A plan that is entered, and its box when the worker does not have it yet.
pub(super) type Entered = (PlanId, Option<Box<LegPlan>>);

/// Seats taken for a swap that may yet be refused, and the states that go there.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub states: Vec<(Seat, State)>,
    pub seats: Vec<Seat>,
}

/// Everything a swap needs of the worker's memory.
pub(super) struct Reserved {
    pub seats: Seats,
    pub crossing_seats: Option<Seats>,
    pub plan: Entered,
    pub crossing: Option<Entered>,
    pub taken: Taken,
}

impl Supervisor {
    /// Seats, states and plans for a swap, or nothing taken at all.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call, from one place: what a swap is made of"
    )]
    pub(super) fn reserve(
        &mut self,
        site: usize,
        new: &Compiled,
        between: Option<&Between>,
        keeps: &Keeps,
        was: &Before,
        wanted: &mut Blueprint,
        start: Start,
    ) -> Result<Reserved, EngineError> {
        let mut taken = Taken::default();
        let outcome = self.swap_seats(site, new, keeps, was, wanted, start, &mut taken);
        let outcome = outcome.and_then(|seats| {
            let crossing_seats = match between {
                Some(between) => Some(self.crossing_seats(site, between, &seats, was, &mut taken)?),
                None => None,
            };
            let (plan, crossing) = self.enter_both(site, new, between)?;
            Ok((seats, crossing_seats, plan, crossing))
        });
        match outcome {
            Ok((seats, crossing_seats, plan, crossing)) => Ok(Reserved {
                seats,
                crossing_seats,
                plan,
                crossing,
                taken,
            }),
            Err(error) => {
                self.give_back(site, &taken.seats);
                Err(error)
            }
        }
    }

    /// Takes seats back whose states have returned, or never went.
    pub(in crate::supervisor) fn give_back(&mut self, site: usize, seats: &[Seat]) {
        for seat in seats {
            let known = self.sites[site].seating.give(*seat);
            self.counters.stale_returns += u64::from(!known);
        }
    }

    fn seat(&mut self, site: usize, state: State, taken: &mut Taken) -> Result<Seat, EngineError> {
        let kind = state.kind();
        let seat = self.sites[site].seating.take(&state);
        let seat = seat.ok_or_else(|| self.seats_spent(kind))?;
        if seat != Seat::Stateless {
            taken.seats.push(seat);
            taken.states.push((seat, state));
        }
        Ok(seat)
    }

    /// The seats of the new plan: those that are kept, and new ones.
    #[allow(clippy::too_many_arguments, reason = "as for `reserve`")]
    fn swap_seats(
        &mut self,
        site: usize,
        new: &Compiled,
        keeps: &Keeps,
        was: &Before,
        wanted: &mut Blueprint,
        start: Start,
        taken: &mut Taken,
    ) -> Result<Seats, EngineError> {
        let mut seats = Seats::default();
        for (half, keeps) in halves().into_iter().zip(keeps) {
            for (op, kept) in new.ops(half).iter().zip(keeps) {
                let kept = kept.and_then(|at| was.seats.of(half).get(at).copied());
                let seat = match kept {
                    Some(seat) => seat,
                    None => {
                        let state = wanted.state(op, half, start)?;
                        self.seat(site, state, taken)?
                    }
                };
                seats.of_mut(half).push(seat);
            }
        }
        seats.level = graph_check::level(new.ops(Segment::Ingress));
        Ok(seats)
    }

    /// The seats of the crossing: of both plans, and of the fades.
    fn crossing_seats(
        &mut self,
        site: usize,
        between: &Between,
        seats: &Seats,
        was: &Before,
        taken: &mut Taken,
    ) -> Result<Seats, EngineError> {
        let mut crossing = Seats::default();
        for (half, crossed) in halves().into_iter().zip(&between.crossed) {
            let Some(crossed) = crossed else {
                *crossing.of_mut(half) = seats.of(half).clone();
                if half == Segment::Ingress {
                    crossing.level = seats.level;
                }
                continue;
            };
            for (at, op) in between.compiled.ops(half).iter().enumerate() {
                let origin = crossed.origins.get(&op.name).copied();
                let of = |seats: &Seats, at: usize| seats.of(half).get(at).copied();
                let level = |level: Option<u8>, op: usize| level.map(usize::from) == Some(op);
                let (seat, is_level) = match origin {
                    Some(Origin::Old(op)) => (of(&was.seats, op), level(was.seats.level, op)),
                    Some(Origin::New(op)) => (of(seats, op), level(seats.level, op)),
                    Some(Origin::Fade) | None => {
                        let state = State::new(&op.spec, &mut Build::default());
                        let broken = |_| EngineError::Internal {
                            what: "a crossing has an op nobody knows",
                        };
                        (Some(self.seat(site, state.map_err(broken)?, taken)?), false)
                    }
                };
                if is_level && half == Segment::Ingress {
                    // Of two the new one: it comes later in the table of origins or alone.
                    crossing.level = match (crossing.level, origin) {
                        (Some(level), Some(Origin::Old(_))) => Some(level),
                        _ => Some(at as u8),
                    };
                }
                crossing.of_mut(half).push(seat.unwrap_or(Seat::Stateless));
            }
        }
        Ok(crossing)
    }

    /// One leg more for the new plan and for the crossing, or for neither.
    fn enter_both(
        &mut self,
        site: usize,
        new: &Compiled,
        between: Option<&Between>,
    ) -> Result<(Entered, Option<Entered>), EngineError> {
        let plans = &mut self.sites[site].plans;
        let plan = plans.enter(new.clone())?;
        let crossing = between.map(|between| plans.enter(between.compiled.clone()));
        match crossing.transpose() {
            Ok(crossing) => Ok((plan, crossing)),
            Err(error) => {
                // The worker has not heard of it yet.
                if plans.leave(plan.0) {
                    let known = plans.freed(plan.0);
                    self.counters.stale_returns += u64::from(!known);
                }
                Err(error)
            }
        }
    }
}
