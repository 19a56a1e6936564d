//! What a leg takes (seats, a plan, a bus, slots) and how it is given back.
//!
//! A body is put together here before it travels, and taken apart here after it has come back.
//! A refused leg leaves nothing taken; a leg that has left is over when the worker has
//! acknowledged it and every body of it has returned.

use talkpath_graph::SampleRate;

use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason};
use crate::proto::{Command, LegBody, LegId, LegKeys, LegRun, PlanId, RoomId, Segment};
use crate::worker::bus::Bus;

use super::Supervisor;
use super::batch::Batch;
use super::blueprint::{Blueprint, OpStates};
use super::graph_check;
use super::legs::LegState;
use super::placement::Place;
use super::plans::Compiled;

mod seats;

/// What a leg holds besides its seats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub room: RoomId,
    pub worker: u8,
    /// Of the worker.
    pub epoch: u16,
    pub rate: SampleRate,
    pub plan: PlanId,
    pub place: Place,
}

impl Supervisor {
    /// A body ready to travel, its seats taken, its plan and bus entered (with the commands that
    /// must come before it), and its place in the slot table.
    pub(super) fn body(
        &mut self,
        room: RoomId,
        worker: u8,
        blueprint: &Blueprint,
        compiled: Compiled,
        states: [OpStates; 2],
        batch: &mut Batch,
    ) -> Result<(Box<LegBody>, Place), EngineError> {
        let (costs, site) = (self.price(&compiled), usize::from(worker));
        let level = graph_check::level(compiled.ops(Segment::Ingress));
        let frame = self.room(room)?.frame;
        let (mut seats, states) = self.take_seats(site, states)?;
        seats.level = level;
        let plan = self.enter_plan(worker, compiled, &seats, batch)?;
        self.extend_to(room, worker, batch);
        let rate = blueprint.rate;
        self.enter_rate(room, rate, batch)?;
        let (mix, margin) = self.room(room).map(|room| (room.mix, room.margin))?;
        let place = self.sites[site].table.add_leg(mix, costs, margin);
        let place = self.place_given(site, (mix, margin), place);
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
            swap: None,
            keys: blueprint.sources.network.as_ref().and_then(LegKeys::new),
            run: LegRun::default(),
        };
        Ok((Box::new(body), place))
    }

    /// One more leg of `rate` in the room: a bus on each of its workers when it is the first.
    pub(super) fn enter_rate(
        &mut self,
        room: RoomId,
        rate: SampleRate,
        batch: &mut Batch,
    ) -> Result<(), EngineError> {
        let workers = self.sites.len();
        let state = self.room(room)?;
        if state.enter(rate) {
            for worker in state.on.iter() {
                let value = Box::new(Bus::new(rate, state.frame, workers));
                batch.push(worker, Command::AddBus { room, value });
            }
        }
        Ok(())
    }

    /// What a leg held besides its seats is given up; the edits that follow from that.
    pub(super) fn detach(&mut self, held: Held, batch: &mut Batch) {
        let Held { room, rate, .. } = held;
        self.vacate(&held, batch);
        self.exit_rate(room, rate, batch);
    }

    /// One leg of `rate` less in the room: its buses go with the last.
    pub(super) fn exit_rate(&mut self, room: RoomId, rate: SampleRate, batch: &mut Batch) {
        if let Some(state) = self.rooms.get_mut(&room)
            && state.exit(rate)
        {
            for worker in state.on.iter() {
                batch.push(worker, Command::RemoveBus { room, rate });
            }
        }
    }

    /// A leg of `room` runs on `worker` no more: its use of the plan and its slots there are given up.
    /// With a lost worker they are gone already.
    pub(super) fn vacate(&mut self, held: &Held, batch: &mut Batch) {
        let Held {
            room,
            worker,
            epoch,
            plan,
            place,
            ..
        } = *held;
        let site = &mut self.sites[usize::from(worker)];
        if site.epoch != epoch {
            return;
        }
        if site.plans.leave(plan) {
            batch.push(worker, Command::DropPlan { plan });
        }
        if let Some(state) = self.rooms.get(&room) {
            site.table.remove_leg(state.mix, place);
        }
    }

    /// The worker has acknowledged the departure and given every body back: the leg is over.
    pub(super) fn retire(&mut self, leg: LegId) {
        let over = |state: &LegState| state.gone && state.bodies == 0;
        if !self.legs.get(&leg).is_some_and(over) {
            return;
        }
        let Some(mut state) = self.legs.remove(&leg) else {
            return;
        };
        for farewell in std::mem::take(&mut state.farewells) {
            // Before its plan may go. Who asked need not wait for it any more.
            farewell
                .try_send(Box::new(self.leg_status(leg, &state)))
                .ok();
        }
        let mut batch = Batch::default();
        self.detach(state.held(), &mut batch);
        self.submit(batch);
        let site = &mut self.sites[usize::from(state.worker)];
        site.legs -= usize::from(site.epoch == state.epoch);
        let known = self.leg_ids.give(leg).is_ok();
        self.counters.stale_returns += u64::from(!known);
        self.counters.legs_left += 1;
        let reason = state.reason().unwrap_or(LeaveReason::Requested);
        self.publish_about(
            self.now,
            Some((Some(state.room), state.worker)),
            EventKind::Left {
                room: state.room,
                leg,
                reason,
            },
        );
        self.last_leg_gone(state.room);
        self.part_left(state.room, state.worker);
    }
}
