//! Another plan for a leg that stays (D13): compared, reserved, sent, and what is over with it given up.
//!
//! The states of the new plan and of the crossing are seated before anything is sent; when there is no seat or no
//! plan left for the time of the swap, it is refused and nothing has changed. While one is under way the leg is neither
//! swapped again nor moved; whatever else is asked of it goes its way. On the supervisor's thread.
//!
//! | file | what |
//! |---|---|
//! | `swap/asked` | what a caller may ask: another codec, a graph of its own, the graph as it is |
//! | `swap/compared` | the old plan and the new one side by side |
//! | `swap/reserve` | seats and plans, or nothing taken at all |

use talkpath_graph::SampleRate;

use crate::error::EngineError;
use crate::event::EventKind;
use crate::proto::{Command, Crossing, LegId, LegKeys, PlanId, Segment, Swap};
use crate::worker::bank::Seat;

use super::Supervisor;
use super::batch::Batch;
use super::blueprint::{Blueprint, Start};
use super::graph_check::halves;
use super::legs::{LegState, OwnGraph};
use super::sources::Kept;
use compared::{Before, Between, between, continued, keeps};
use reserve::{Reserved, Taken};

mod asked;
mod compared;
mod reserve;

/// A swap under way: what is given up when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Swapping {
    plan: PlanId,
    crossing: Option<PlanId>,
    pub rate: SampleRate,
}

impl Supervisor {
    /// A leg that is neither on its way to another worker nor to another plan.
    pub(super) fn still(&mut self, leg: LegId) -> Result<&mut LegState, EngineError> {
        let state = self.leg(leg)?;
        if state.moving.is_some() {
            return Err(EngineError::Moving { leg });
        }
        if state.swapping.is_some() {
            return Err(EngineError::Swapping { leg });
        }
        Ok(state)
    }

    fn swap(&mut self, leg: LegId, mut wanted: Blueprint, own: bool) -> Result<(), EngineError> {
        let state = self.still(leg)?;
        let was = Before::of(state);
        let (room, site) = (state.room, usize::from(state.worker));
        let frame = self.room(room)?.frame;
        let missing = EngineError::Internal {
            what: "a leg has no plan",
        };
        let plans = &self.sites[site].plans;
        let old = plans.compiled(was.plan).cloned().ok_or(missing)?;
        let new = plans.compile(wanted.graphs.clone())?;
        let keeps = halves().map(|half| keeps(half, &old, &new, &was, &wanted));
        let between = between(&old, &new, &keeps, &was, wanted.rate);
        let between = between.map(|(graphs, crossed, frames)| {
            let compiled = plans.compile(graphs)?;
            Ok::<_, EngineError>(Between {
                compiled,
                crossed,
                frames,
            })
        });
        let between = between.transpose()?;
        wanted.direction = was.direction;
        // A half that was not heard before fades in.
        let start = match &old.ingress {
            Some(_) if was.rate == wanted.rate && !was.fenced[0] => Start::At(was.linear),
            _ => Start::FadeIn(was.linear),
        };
        let reserved = self.reserve(
            site,
            &new,
            between.as_ref(),
            &keeps,
            &was,
            &mut wanted,
            start,
        );
        let Reserved {
            seats,
            crossing_seats,
            plan,
            crossing,
            taken,
        } = reserved?;
        let worker = was.worker;
        let mut batch = Batch::default();
        let crossing_plan = crossing.as_ref().map(|(plan, _)| *plan);
        let plan_id = plan.0;
        for (plan, value) in crossing.into_iter().chain([plan]) {
            if let Some(value) = value {
                batch.push(worker, Command::AddPlan { plan, value });
            }
        }
        let rate = (was.rate != wanted.rate).then_some(wanted.rate);
        if let Some(rate) = rate {
            self.enter_rate(room, rate, &mut batch)?;
        }
        let frames = between.as_ref().map_or([0; 2], |between| between.frames);
        let mut gone: Vec<Seat> = was.seats.iter().copied().collect();
        gone.retain(|seat| *seat != Seat::Stateless && !seats.iter().any(|kept| kept == seat));
        let fades = |seat: &&Seat| matches!(seat, Seat::Fade(_));
        gone.extend(taken.seats.iter().filter(fades));
        let Taken {
            mut states,
            seats: new_seats,
        } = taken;
        states.reserve(gone.len());
        let value = Box::new(Swap {
            plan: plan_id,
            continued: continued(&old, &was.seats, &seats),
            rate: rate.map(|rate| (rate, vec![0; frame.samples(rate).as_usize()].into())),
            room: Vec::with_capacity(seats.iter().count()),
            seats: seats.clone(),
            crossing: crossing_plan
                .zip(crossing_seats)
                .map(|(plan, seats)| Crossing {
                    plan,
                    seats,
                    frames,
                }),
            states,
            new: new_seats,
            gone,
            keys: wanted.sources.network.as_ref().and_then(LegKeys::new),
            revived: was.fenced,
            begun: false,
            ran: [0; 2],
            done: false,
        });
        batch.push(worker, Command::SwapLeg { leg, value });
        self.submit(batch);
        let mix = self.room(room)?.mix;
        let costs = self.price(&new);
        let place = self.sites[site].table.recost(mix, was.place, costs);
        let state = self.leg(leg)?;
        let kept = |half: Segment, at: usize| keeps[half as usize][at].is_some();
        let players = Kept::of(&new, kept);
        let own = own.then(|| OwnGraph::new(&new, &wanted, state.own.as_ref(), kept));
        state.reconfigure(wanted.sources, players);
        state.swapping = Some(Swapping {
            plan: was.plan,
            crossing: crossing_plan,
            rate: was.rate,
        });
        (state.plan, state.rate, state.place) = (plan_id, wanted.rate, place);
        (state.face, state.seats) = (wanted.face, seats);
        state.own = own;
        state.fenced = [false; 2];
        Ok(())
    }

    /// The worker has carried a swap out, or could not any more.
    pub(super) fn swapped(&mut self, leg: LegId, told: bool) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(over) = state.swapping.take() else {
            return;
        };
        let (room, worker, rate) = (state.room, state.worker, state.rate);
        let mut batch = Batch::default();
        for plan in [Some(over.plan), over.crossing].into_iter().flatten() {
            if self.sites[usize::from(worker)].plans.leave(plan) {
                batch.push(worker, Command::DropPlan { plan });
            }
        }
        if rate != over.rate {
            self.exit_rate(room, over.rate, &mut batch);
        }
        if !batch.is_empty() {
            self.submit(batch);
        }
        if told {
            self.publish(self.now, EventKind::Swapped { leg });
        }
    }
}
