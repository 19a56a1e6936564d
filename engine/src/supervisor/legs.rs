//! Legs: joining, changing, leaving; each edit is one transaction.
//!
//! Everything that can fail is tried before anything is recorded, so a refused request leaves
//! nothing behind. A leg that is leaving keeps its handle, seats and slots until the worker has
//! acknowledged and its body is back. On the supervisor's thread; how a leg joins is in `legs/join`.

use crossbeam::channel::{Receiver, Sender, bounded};
use talkpath_graph::SampleRate;

use crate::error::EngineError;
use crate::event::{EventKind, LeaveReason};
use crate::port::PortLine;
use crate::priority::Priority;
use crate::proto::{Command, Direction, LegId, PlanId, RoomId, Seats};
use crate::status::LegStatus;
use crate::worker::stats::LegStats;

use super::Supervisor;
use super::holdings::Held;
use super::moves::Moving;
use super::placement::Place;
use super::request::Edit;
use super::sources::{Kept, Sources};
use super::swap::Swapping;

pub(super) use own::OwnGraph;

mod join;
mod own;

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
    /// What it sends and plays, as it was configured last.
    pub sources: Sources,
    /// The caller's half, of a port.
    pub port: Option<PortLine>,
    /// Where its states sit.
    pub seats: Seats,
    /// Its graph, where that is the user's own.
    pub own: Option<OwnGraph>,
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
    /// On its way between two workers; boxed, since few are at a time and its seats are 800 bytes.
    pub moving: Option<Box<Moving>>,
    pub priority: Priority,
    /// Legs and calls that had come before it.
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
    /// Who is told how it stood at its end.
    pub farewells: Vec<Sender<Box<LegStatus>>>,
}

/// What a leg shows in the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    pub kind: &'static str,
    pub codec: Option<String>,
}

impl Face {
    /// Of a leg that no codec names.
    pub fn plain(kind: &'static str) -> Self {
        Self { kind, codec: None }
    }
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

    /// Another configuration. The stream of a network leg goes on, and so does a player that is `kept`, as what it was.
    pub fn reconfigure(&mut self, mut sources: Sources, kept: Kept) {
        let old = std::mem::take(&mut self.sources);
        if let (Some(new), Some(old)) = (&mut sources.network, &old.network) {
            new.sender.ssrc = old.sender.ssrc;
        }
        if kept.tone {
            sources.tone = old.tone;
        }
        if kept.clip {
            sources.clip = old.clip;
        } else {
            self.finished = false;
        }
        self.sources = sources;
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

    /// Where the last status of a leg will come.
    pub(super) fn farewell(&mut self, leg: LegId) -> Result<Receiver<Box<LegStatus>>, EngineError> {
        let (last, farewell) = bounded(1);
        self.leg(leg)?.farewells.push(last);
        Ok(farewell)
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
            Edit::Keys(keys) => {
                let types = state.sources.network.map(|network| network.keys);
                let agreed = types.and_then(|types| types.send);
                agreed.ok_or(EngineError::NoKeys { leg })?;
                let value = Box::new(keys);
                Command::SendKeys { leg, value }
            }
            Edit::Ssrc(_) if state.face.kind != "network" => {
                let kind = state.face.kind;
                return Err(EngineError::WrongKind {
                    kind,
                    what: "have an SSRC",
                });
            }
            Edit::Ssrc(ssrc) => {
                if let Some(config) = &mut state.sources.network {
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
