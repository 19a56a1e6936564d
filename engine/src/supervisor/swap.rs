//! Another plan for a leg that stays (D13): compared, reserved, sent, and what is over with it given up.
//!
//! The states of the new plan and of the crossing are seated before anything is sent; when there is no seat or no
//! plan left for the time of the swap, it is refused and nothing has changed. While one is under way the leg is neither
//! swapped again nor moved; whatever else is asked of it goes its way.

use talkpath_graph::{Graph, Op, SampleRate};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, State};

use crate::error::EngineError;
use crate::event::EventKind;
use crate::leg::NetworkConfig;
use crate::leg_graph::LegGraph;
use crate::proto::{
    Command, Continued, Crossing, Direction, LegId, LegPlan, PlanId, Seats, Segment, Swap,
};
use crate::worker::bank::Seat;

use super::Supervisor;
use super::batch::Batch;
use super::blueprint::{Blueprint, Start};
use super::crossing::{Crossed, Origin, as_before, crossing, kept};
use super::graph_check::{self, halves};
use super::legs::LegState;
use super::placement::Place;
use super::plans::{Compiled, LegGraphs};
use super::request::Source;

/// A swap under way: what is given up when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Swapping {
    plan: PlanId,
    crossing: Option<PlanId>,
    pub rate: SampleRate,
}

/// A plan that is entered, and its box when the worker does not have it yet.
type Entered = (PlanId, Option<Box<LegPlan>>);

/// Which op of the old plan each op of the new one keeps the state of, half by half.
type Keeps = [Vec<Option<usize>>; 2];

/// Seats taken for a swap that may yet be refused, and the states that go there.
#[derive(Debug, Default)]
struct Taken {
    states: Vec<(Seat, State)>,
    seats: Vec<Seat>,
}

/// A crossing that is compiled: where each op comes from, half by half (`None`: the new half as it will be).
struct Between {
    compiled: Compiled,
    crossed: [Option<Crossed>; 2],
    frames: [u8; 2],
}

/// Everything a swap needs of the worker's memory.
struct Reserved {
    seats: Seats,
    crossing_seats: Option<Seats>,
    plan: Entered,
    crossing: Option<Entered>,
    taken: Taken,
}

/// The leg as it is.
struct Before {
    worker: u8,
    plan: PlanId,
    rate: SampleRate,
    place: Place,
    seats: Seats,
    fenced: [bool; 2],
    payload_type: Option<u8>,
    linear: f32,
    direction: Direction,
}

impl Before {
    fn of(state: &LegState) -> Self {
        Self {
            worker: state.worker,
            plan: state.plan,
            rate: state.rate,
            place: state.place,
            seats: state.seats.clone(),
            fenced: state.fenced,
            payload_type: state.network.map(|network| network.payload_type),
            linear: state.linear(),
            direction: state.direction,
        }
    }
}

impl Supervisor {
    /// Another codec, packet time or jitter delay for a network leg.
    pub(super) fn change(&mut self, leg: LegId, config: NetworkConfig) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.still(leg)?;
        let (kind, own) = (state.face.kind, state.own_graph);
        let what = match (kind, own) {
            ("network", false) => None,
            ("network", true) => Some("change its codec: swap its graph"),
            _ => Some("change its codec"),
        };
        if let Some(what) = what {
            let kind = if own { "graph" } else { kind };
            return Err(EngineError::WrongKind { kind, what });
        }
        let room = state.room;
        let frame = self.room(room)?.frame;
        let source = Source::Network(config);
        let blueprint = Blueprint::new(&source, frame, &self.config)?;
        self.swap(leg, blueprint, false)
    }

    /// A graph of the user's own for any leg.
    pub(super) fn swap_graph(&mut self, leg: LegId, graph: LegGraph) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.still(leg)?;
        let (room, face, network) = (state.room, state.face.clone(), state.network);
        let frame = self.room(room)?.frame;
        let source = graph.source.clone().or(network.map(Source::Network));
        let usual = match &source {
            Some(source) => Some(Blueprint::new(source, frame, &self.config)?.graphs),
            None => None,
        };
        let blueprint = Blueprint::of_graph(graph, source, Some(face), frame, &self.config)?;
        let own = usual.is_none_or(|usual| usual != blueprint.graphs);
        self.swap(leg, blueprint, own)
    }

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

    /// The graph of a leg, to be changed.
    pub(super) fn graph_of(&mut self, leg: LegId) -> Result<LegGraph, EngineError> {
        let state = self.leg(leg)?;
        let (plan, worker, network) = (state.plan, state.worker, state.network);
        let plans = &self.sites[usize::from(worker)].plans;
        let missing = EngineError::Internal {
            what: "a leg has no plan",
        };
        let graphs = plans.compiled(plan).ok_or(missing)?.graphs.clone();
        Ok(LegGraph::of(network.map(Source::Network), graphs))
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
        let network = wanted.network;
        let state = self.leg(leg)?;
        state.reconfigure(wanted.source);
        state.swapping = Some(Swapping {
            plan: was.plan,
            crossing: crossing_plan,
            rate: was.rate,
        });
        (state.plan, state.rate, state.place) = (plan_id, wanted.rate, place);
        (state.face, state.seats) = (wanted.face, seats);
        (state.network, state.own_graph) = (network.or(state.network), own);
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

impl Supervisor {
    /// Seats, states and plans for a swap, or nothing taken at all.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call, from one place: what a swap is made of"
    )]
    fn reserve(
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
    pub(super) fn give_back(&mut self, site: usize, seats: &[Seat]) {
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

/// What of one half is kept.
fn keeps(
    half: Segment,
    old: &Compiled,
    new: &Compiled,
    was: &Before,
    wanted: &Blueprint,
) -> Vec<Option<usize>> {
    let fresh = |op: &Op<Spec>| wanted.renews(op, was.payload_type);
    match (old.half(half), new.half(half)) {
        (Some(old), Some(new)) if !was.fenced[half as usize] => kept(&old, &new, &fresh),
        (_, Some(new)) => vec![None; new.len()],
        _ => Vec::new(),
    }
}

/// The graphs of the crossing, where each op of them comes from, and the frames each half needs; `None` when nothing of
/// the swap is heard.
#[allow(clippy::type_complexity, reason = "taken apart by its one caller")]
fn between(
    old: &Compiled,
    new: &Compiled,
    keeps: &Keeps,
    was: &Before,
    rate: SampleRate,
) -> Option<(LegGraphs, [Option<Crossed>; 2], [u8; 2])> {
    let turns = was.rate != rate;
    let one = |half: Segment| {
        let at = half as usize;
        let (old, new) = (old.half(half)?, new.half(half));
        if was.fenced[at] {
            return None;
        }
        match (new, half, turns) {
            (Some(new), _, false) => crossing(&old, &new, &keeps[at], 0),
            (None, Segment::Ingress, _) | (_, Segment::Ingress, true) => {
                Some(as_before(&old, true))
            }
            // One frame of the old sound, while the leg's own voice is on its way out of the room.
            (Some(new), Segment::Egress, true) => {
                crossing(&old, &new, &keeps[at], 1).or_else(|| Some(as_before(&old, false)))
            }
            (None, Segment::Egress, _) => None,
        }
    };
    let crossed = halves().map(one);
    if crossed.iter().all(Option::is_none) {
        return None;
    }
    let needed = if turns { 2 } else { 1 };
    let frames = [0, 1].map(|at| if crossed[at].is_some() { needed } else { 0 });
    let graph = |at: usize, new: &Option<Graph<Spec>>| match &crossed[at] {
        Some(crossed) => Some(crossed.graph.clone()),
        None => new.clone(),
    };
    let graphs = LegGraphs {
        ingress: graph(0, &new.graphs.ingress),
        egress: graph(1, &new.graphs.egress),
    };
    Some((graphs, crossed, frames))
}

/// The packetiser that goes, and the one that goes on with its stream.
fn continued(old: &Compiled, before: &Seats, after: &Seats) -> Option<Continued> {
    let seat = |seats: &Seats| {
        seats.egress.iter().find_map(|seat| match seat {
            Seat::Packetise(seat) => Some(*seat),
            _ => None,
        })
    };
    let (from, to) = (seat(before)?, seat(after)?);
    let octets = old
        .ops(Segment::Egress)
        .iter()
        .find_map(|op| match op.spec {
            Spec::Packetise { codec, format, .. } => {
                Some(format.frame.as_usize() * codec.bytes_per_sample())
            }
            _ => None,
        })?;
    (from != to).then_some(Continued { from, to, octets })
}
