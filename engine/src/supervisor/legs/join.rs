//! A leg comes: its graph, a worker that has room, its seats and its slots.
//!
//! On the supervisor's thread.

use talkpath_nodes::mix::MAX_CONTRIBUTORS;

use crate::error::{EngineError, Resource};
use crate::leg_graph::LegGraph;
use crate::port::AudioPort;
use crate::priority::Priority;
use crate::proto::{Command, RoomId};
use crate::worker::stats::LegStats;

use super::super::Supervisor;
use super::super::admission::Asking;
use super::super::batch::Batch;
use super::super::blueprint::{Blueprint, Start};
use super::super::request::{Joined, Source};
use super::{LegState, OwnGraph, Stage};

impl Supervisor {
    /// Joins; an emergency leg for which there is no room makes some.
    pub(in crate::supervisor) fn join(
        &mut self,
        room: RoomId,
        source: &Source,
        priority: Priority,
    ) -> Result<Joined, EngineError> {
        let frame = self.room(room)?.frame;
        let mut blueprint = Blueprint::new(source, frame, &self.config)?;
        if let Some(tape) = self.port_tape.take() {
            blueprint.tape_port(tape);
        }
        self.take_in(room, blueprint, false, priority)
    }

    /// A leg with a graph of the user's own.
    pub(in crate::supervisor) fn join_graph(
        &mut self,
        room: RoomId,
        graph: LegGraph,
    ) -> Result<Joined, EngineError> {
        let frame = self.room(room)?.frame;
        let sources = graph.sources.clone();
        let blueprint = Blueprint::of_graph(graph, sources, None, frame, &self.config)?;
        self.take_in(room, blueprint, true, Priority::default())
    }

    /// The graph a leg of this kind would have.
    pub(in crate::supervisor) fn graph_for(
        &mut self,
        room: RoomId,
        source: Source,
    ) -> Result<LegGraph, EngineError> {
        let frame = self.room(room)?.frame;
        let graphs = Blueprint::new(&source, frame, &self.config)?.graphs;
        Ok(LegGraph::of(source.into(), graphs))
    }

    fn take_in(
        &mut self,
        room: RoomId,
        blueprint: Blueprint,
        own_graph: bool,
        priority: Priority,
    ) -> Result<Joined, EngineError> {
        self.admit()?;
        self.check_claims(priority)?;
        let outcome = self.try_join(room, blueprint, own_graph, priority);
        self.or_make_room(priority, Some(room), outcome, |joined| joined.leg)
    }

    fn try_join(
        &mut self,
        room: RoomId,
        mut blueprint: Blueprint,
        own_graph: bool,
        priority: Priority,
    ) -> Result<Joined, EngineError> {
        let state = self.room(room)?;
        let legs = state.legs;
        self.room_for_another(legs, 0)?;
        let worker = self.worker_for(room, &blueprint, priority)?;
        let compiled = self.sites[usize::from(worker)]
            .plans
            .compile(blueprint.graphs.clone())?;
        let states = blueprint.states(&compiled, Start::FadeIn(1.0))?;
        let own = own_graph.then(|| OwnGraph::new(&compiled, &blueprint, None, |_, _| false));
        let face = blueprint.face.clone();
        let mut batch = Batch::default();
        let (mut body, place) =
            self.body(room, worker, &blueprint, compiled, states, &mut batch)?;
        body.run.priority = priority;
        let missing = EngineError::Internal {
            what: "a leg handle went missing",
        };
        let leg = self.leg_ids.take().ok_or(missing)?;
        let state = LegState {
            room,
            face,
            rate: body.rate,
            plan: body.plan,
            place,
            sources: blueprint.sources.clone(),
            port: blueprint.port.as_ref().map(AudioPort::line),
            seats: body.seats.clone(),
            own,
            swapping: None,
            fenced: [false; 2],
            worker,
            epoch: self.sites[usize::from(worker)].epoch,
            life: 0,
            moving: None,
            priority,
            serial: self.serial(),
            gain_db: 0.0,
            muted: false,
            direction: body.direction,
            stage: Stage::Joining,
            told: false,
            talking: false,
            finished: false,
            gone: false,
            bodies: 1,
            stats: LegStats::default(),
            farewells: Vec::new(),
        };
        self.legs.insert(leg, state);
        self.sites[usize::from(worker)].legs += 1;
        self.routes.set(leg, worker);
        batch.push(worker, Command::AddLeg { leg, value: body });
        self.submit(batch);
        self.counters.legs_joined += 1;
        Ok(Joined {
            leg,
            port: blueprint.port,
        })
    }

    /// The worker for a new leg of `room`. The costs do not depend on it.
    fn worker_for(
        &mut self,
        room: RoomId,
        blueprint: &Blueprint,
        priority: Priority,
    ) -> Result<u8, EngineError> {
        let graphs = &blueprint.graphs;
        let costs = self.price(&self.compile_anywhere(graphs)?);
        let state = self.rooms.get(&room);
        let state = state.ok_or(EngineError::StaleRoom { room })?;
        let asking = Asking {
            graphs,
            costs,
            priority,
        };
        self.admit_to(state, asking)
    }

    /// Whether a room of `legs` legs may have one more, when `more` have taken a handle.
    pub(in crate::supervisor) fn room_for_another(
        &self,
        legs: usize,
        more: usize,
    ) -> Result<(), EngineError> {
        let spent = |what, limit, in_use| EngineError::Capacity {
            what,
            limit,
            in_use,
            wanted: 1,
        };
        if legs >= MAX_CONTRIBUTORS {
            return Err(spent(Resource::LegsOfRoom, MAX_CONTRIBUTORS, legs));
        }
        if self.leg_ids.available() <= more {
            let in_use = self.leg_ids.in_use() + more;
            return Err(spent(Resource::Legs, self.config.capacity_legs, in_use));
        }
        Ok(())
    }
}
