//! What a leg takes (seats, a plan, a bus, slots) and how it is given back.
//!
//! A body is put together here before it travels, and taken apart here after it has come back.
//! A refused leg leaves nothing taken; a leg that has left is over when the worker has
//! acknowledged it and every body of it has returned.

use talkpath_graph::SampleRate;
use talkpath_nodes::state::State;

use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::proto::{Command, LegBody, LegId, LegRun, PlanId, RoomId, Seats};
use crate::worker::bank::Seat;

use super::Supervisor;
use super::blueprint::{Blueprint, OpStates};
use super::legs::LegState;
use super::placement::Place;
use super::plans::Compiled;

/// The seats of a body, and the states that go there.
type SeatedStates = (Seats, Vec<(Seat, State)>);

impl Supervisor {
    /// A body ready to travel, its seats taken, its plan and bus entered (with the commands that
    /// must come before it), and its place in the slot table.
    pub(super) fn body(
        &mut self,
        room: RoomId,
        blueprint: &Blueprint,
        compiled: Compiled,
        states: [OpStates; 2],
        commands: &mut Vec<Command>,
    ) -> Result<(Box<LegBody>, Place), EngineError> {
        let (ingress_cost, egress_cost) = compiled.costs();
        let (mix, frame) = self.room(room).map(|room| (room.mix, room.frame))?;
        let (seats, states) = self.take_seats(states)?;
        let (plan, new) = self.plans.enter(compiled)?;
        commands.extend(new.map(|value| Command::AddPlan { plan, value }));
        let rate = blueprint.rate;
        let bus = self.room(room)?.enter(rate);
        commands.extend(bus.map(|value| Command::AddBus { room, value }));
        let place = self.table.add_leg(mix, ingress_cost, egress_cost);
        let body = LegBody {
            room,
            plan,
            rate,
            slots_before: place.before,
            slots_after: place.after,
            seats,
            states,
            own: vec![0; frame.samples(rate).as_usize()].into(),
            direction: blueprint.direction,
            run: LegRun::default(),
        };
        Ok((Box::new(body), place))
    }

    /// A seat for every state, or none taken at all.
    fn take_seats(&mut self, states: [OpStates; 2]) -> Result<SeatedStates, EngineError> {
        let mut seats = Seats::default();
        let mut seated = Vec::with_capacity(states.iter().map(Vec::len).sum());
        let [ingress, egress] = states;
        let halves = [(ingress, &mut seats.ingress), (egress, &mut seats.egress)];
        let mut spent = None;
        for (states, seats) in halves {
            for state in states {
                match self.seating.take(&state) {
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
        self.give_seats(&seats);
        let limit = self.config.seats();
        Err(EngineError::Capacity {
            what: Resource::Seats(kind),
            limit,
            in_use: limit,
            wanted: 1,
        })
    }

    /// Takes seats back whose states have returned.
    pub(super) fn give_seats(&mut self, seats: &Seats) {
        for seat in seats.iter() {
            let known = self.seating.give(*seat);
            self.counters.stale_returns += u64::from(!known);
        }
    }

    /// What a leg held besides its seats is given up; the edits that follow from that.
    pub(super) fn detach(
        &mut self,
        room: RoomId,
        rate: SampleRate,
        plan: PlanId,
        place: Place,
        commands: &mut Vec<Command>,
    ) {
        if self.plans.leave(plan) {
            commands.push(Command::DropPlan { plan });
        }
        if let Some(state) = self.rooms.get_mut(&room) {
            self.table.remove_leg(state.mix, place);
            if state.exit(rate) {
                commands.push(Command::RemoveBus { room, rate });
            }
        }
    }

    /// The worker has acknowledged the departure and given every body back: the leg is over.
    pub(super) fn retire(&mut self, leg: LegId) {
        let over = |state: &LegState| state.gone && state.bodies == 0;
        if !self.legs.get(&leg).is_some_and(over) {
            return;
        }
        let Some(state) = self.legs.remove(&leg) else {
            return;
        };
        let mut commands = Vec::new();
        self.detach(
            state.room,
            state.rate,
            state.plan,
            state.place,
            &mut commands,
        );
        if !commands.is_empty() {
            self.transactions.add(commands);
        }
        let known = self.leg_ids.give(leg).is_ok();
        self.counters.stale_returns += u64::from(!known);
        self.counters.legs_left += 1;
        let reason = state.reason().unwrap_or(LeaveReason::Requested);
        self.publish(
            self.now,
            EventKind::Left {
                room: state.room,
                leg,
                reason,
            },
        );
        self.last_leg_gone(state.room);
    }
}
