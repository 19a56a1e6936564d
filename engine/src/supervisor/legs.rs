//! Legs: joining, changing, leaving; each edit is one transaction.
//!
//! Everything that can fail is tried before anything is recorded, so a refused request leaves
//! nothing behind. A leg that is leaving keeps its handle, seats and slots until the worker has
//! acknowledged and its body is back.

use talkpath_graph::SampleRate;
use talkpath_nodes::mix::MAX_CONTRIBUTORS;

use crate::error::{EngineError, Resource};
use crate::event::{EventKind, LeaveReason};
use crate::leg::NetworkConfig;
use crate::leg_graph::LegGraph;
use crate::port::{AudioPort, PortLine};
use crate::priority::Priority;
use crate::proto::{Command, Direction, LegId, PlanId, RoomId, Seats};
use crate::worker::stats::LegStats;

use super::Supervisor;
use super::admission::Asking;
use super::batch::Batch;
use super::blueprint::{Blueprint, Start};
use super::holdings::Held;
use super::moves::Moving;
use super::placement::Place;
use super::request::{Edit, Joined, Source};
use super::site::Site;
use super::swap::Swapping;

/// How far a leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Sent to the worker.
    Joining,
    /// Applied.
    In,
    /// Told to go.
    Leaving(LeaveReason),
}

/// What the supervisor knows of a leg.
#[derive(Debug)]
pub(super) struct LegState {
    pub room: RoomId,
    /// How it was last configured (of a clip without its samples).
    pub face: Face,
    pub rate: SampleRate,
    pub plan: PlanId,
    pub place: Place,
    /// What it was configured as last, where that is known.
    pub source: Option<Source>,
    /// The caller's half, of a port.
    pub port: Option<PortLine>,
    /// Where its states sit.
    pub seats: Seats,
    /// How it was last configured, where it is a network leg.
    pub network: Option<NetworkConfig>,
    /// Its graph is the user's own.
    pub own_graph: bool,
    /// Its plan is being swapped.
    pub swapping: Option<Swapping>,
    /// Halves stopped by a panic, ingress first.
    pub fenced: [bool; 2],
    /// The worker it is on, or on its way to.
    pub worker: u8,
    /// Of that worker, when the leg came to it.
    pub epoch: u16,
    /// How often it was built anew.
    pub life: u16,
    /// On its way between two workers.
    pub moving: Option<Moving>,
    pub priority: Priority,
    /// Legs that had joined before it.
    pub serial: u64,
    pub gain_db: f32,
    pub muted: bool,
    pub direction: Direction,
    pub stage: Stage,
    /// Its having joined was told.
    pub told: bool,
    /// It was last told to talk.
    pub talking: bool,
    /// Its clip has come to its end.
    pub finished: bool,
    /// The worker has acknowledged its departure.
    pub gone: bool,
    /// Bodies of it the worker has, or that are on their way.
    pub bodies: u32,
    pub stats: LegStats,
}

/// What a leg shows in the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    pub kind: &'static str,
    pub codec: Option<String>,
}

impl LegState {
    pub fn stays(&self) -> bool {
        !matches!(self.stage, Stage::Leaving(_))
    }

    pub fn leave(&mut self, reason: LeaveReason) {
        self.stage = Stage::Leaving(reason);
    }

    pub fn reason(&self) -> Option<LeaveReason> {
        match self.stage {
            Stage::Leaving(reason) => Some(reason),
            Stage::Joining | Stage::In => None,
        }
    }

    /// Another configuration; the stream of a network leg goes on.
    pub fn reconfigure(&mut self, source: Option<Source>) {
        let ssrc = match &self.source {
            Some(Source::Network(old)) => Some(old.sender.ssrc),
            _ => None,
        };
        if source.is_some() {
            self.source = source;
        }
        if let (Some(Source::Network(new)), Some(ssrc)) = (&mut self.source, ssrc) {
            new.sender.ssrc = ssrc;
        }
    }

    /// What it holds besides its seats.
    pub fn held(&self) -> Held {
        Held {
            room: self.room,
            worker: self.worker,
            epoch: self.epoch,
            rate: self.rate,
            plan: self.plan,
            place: self.place,
        }
    }

    /// The gain the worker is to apply.
    pub fn linear(&self) -> f32 {
        if self.muted {
            0.0
        } else {
            linear(self.gain_db)
        }
    }
}

impl Supervisor {
    /// The leg, unless it is leaving.
    pub(super) fn leg(&mut self, leg: LegId) -> Result<&mut LegState, EngineError> {
        let staying = self.legs.get_mut(&leg).filter(|state| state.stays());
        staying.ok_or(EngineError::StaleLeg { leg })
    }

    /// Joins; an emergency leg for which there is no room makes some.
    pub(super) fn join(
        &mut self,
        room: RoomId,
        source: &Source,
        priority: Priority,
    ) -> Result<Joined, EngineError> {
        let frame = self.room(room)?.frame;
        let blueprint = Blueprint::new(source, frame, &self.config)?;
        self.take_in(room, blueprint, false, priority)
    }

    /// A leg with a graph of the user's own.
    pub(super) fn join_graph(
        &mut self,
        room: RoomId,
        graph: LegGraph,
    ) -> Result<Joined, EngineError> {
        let frame = self.room(room)?.frame;
        let source = graph.source.clone();
        let blueprint = Blueprint::of_graph(graph, source, None, frame, &self.config)?;
        self.take_in(room, blueprint, true, Priority::default())
    }

    /// The graph a leg of this kind would have.
    pub(super) fn graph_for(
        &mut self,
        room: RoomId,
        source: Source,
    ) -> Result<LegGraph, EngineError> {
        let frame = self.room(room)?.frame;
        let graphs = Blueprint::new(&source, frame, &self.config)?.graphs;
        Ok(LegGraph::of(Some(source), graphs))
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
        if priority == Priority::Emergency {
            return match outcome {
                Err(why) => Err(self.make_room(room, why)),
                Ok(joined) => {
                    self.made_room(joined.leg);
                    Ok(joined)
                }
            };
        }
        outcome
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
            source: blueprint.source.clone(),
            port: blueprint.port.as_ref().map(AudioPort::line),
            seats: body.seats.clone(),
            network: blueprint.network,
            own_graph,
            swapping: None,
            fenced: [false; 2],
            worker,
            epoch: self.sites[usize::from(worker)].epoch,
            life: 0,
            moving: None,
            priority,
            serial: self.counters.legs_joined,
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
        let holds = |site: &&Site| site.plans.can_hold(graphs);
        // When none can hold the plan, the first says why.
        let site = self.sites.iter().find(holds).unwrap_or(&self.sites[0]);
        let costs = self.price(&site.plans.compile(graphs.clone())?);
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
    pub(super) fn room_for_another(&self, legs: usize, more: usize) -> Result<(), EngineError> {
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

    pub(super) fn leave(&mut self, leg: LegId, reason: LeaveReason) -> Result<(), EngineError> {
        if let Some(call) = self.call_of(leg) {
            self.admit()?;
            self.end_call(call, reason);
            return Ok(());
        }
        self.leg(leg)?;
        self.admit()?;
        self.leg(leg)?.leave(reason);
        if reason == LeaveReason::MediaTimeout {
            self.publish(self.now, EventKind::MediaTimeout { leg });
        }
        self.send_edit(leg, Command::RemoveLeg { leg });
        Ok(())
    }

    pub(super) fn edit(&mut self, leg: LegId, edit: Edit) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.leg(leg)?;
        let command = match edit {
            Edit::GainDb(db) if !(-60.0..=20.0).contains(&db) => {
                let (what, allowed) = ("gain in dB", "-60 to 20");
                return Err(EngineError::OutOfRange {
                    what,
                    allowed,
                    actual: db.to_string(),
                });
            }
            Edit::GainDb(db) => {
                state.gain_db = db;
                Command::SetGain {
                    leg,
                    linear: state.linear(),
                }
            }
            Edit::Mute(muted) => {
                state.muted = muted;
                Command::SetGain {
                    leg,
                    linear: state.linear(),
                }
            }
            Edit::Priority(priority) => {
                state.priority = priority;
                Command::SetPriority { leg, priority }
            }
            Edit::Direction(direction) => {
                state.direction = direction;
                Command::SetDirection { leg, direction }
            }
            Edit::Ssrc(_) if state.face.kind != "network" => {
                let kind = state.face.kind;
                return Err(EngineError::WrongKind {
                    kind,
                    what: "have an SSRC",
                });
            }
            Edit::Ssrc(ssrc) => {
                if let Some(Source::Network(config)) = &mut state.source {
                    config.sender.ssrc = ssrc;
                }
                Command::SetSsrc { leg, ssrc }
            }
        };
        self.send_edit(leg, command);
        Ok(())
    }
}

/// Decibels to a factor.
pub(super) fn linear(db: f32) -> f32 {
    10_f32.powf(db / 20.0)
}
