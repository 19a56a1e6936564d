//! What can be asked of the supervisor, and the way there.
//!
//! A request is plain data with a place for its answer. It travels through a channel to the
//! supervisor's thread, or is handled on the caller's thread under a lock (virtual time); the
//! handles do not know which.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam::channel::{Receiver, Sender, bounded};
use talkpath_rt::timing::SlotStats;

use crate::call::{CallConfig, CallInfo};
use crate::error::EngineError;
use crate::event::{EventFilter, EventStream, LeaveReason};
use crate::headroom::Headroom;
use crate::keys::KeyRow;
use crate::leg::{ClipConfig, LegConfig, NetworkConfig, ToneConfig};
use crate::leg_graph::LegGraph;
use crate::port::{AudioPort, PortConfig};
use crate::priority::Priority;
use crate::proto::{CallId, CallStats, Direction, LegId, RoomId, Side};
use crate::room::{RoomConfig, RoomInfo};
use crate::status::{LegStatus, PlanInfo, Status};
use crate::worker::stats::LegStats;

/// Where the answer goes. Holds one.
pub(crate) type Reply<T> = Sender<T>;

/// What a leg is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Network(NetworkConfig),
    Port(PortConfig),
    Tone(ToneConfig),
    Clip(ClipConfig),
}

impl From<LegConfig> for Source {
    fn from(config: LegConfig) -> Self {
        match config {
            LegConfig::Network(config) => Self::Network(config),
            LegConfig::Tone(config) => Self::Tone(config),
            LegConfig::Clip(config) => Self::Clip(config),
        }
    }
}

/// A value of a leg that changes where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Edit {
    GainDb(f32),
    Mute(bool),
    Direction(Direction),
    Priority(Priority),
    Keys(KeyRow),
    Ssrc(u32),
}

/// What is asked of a call that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CallEdit {
    Change(Side, NetworkConfig),
    Direction(Side, Direction),
    Ssrc(Side, u32),
    Priority(Priority),
    Keys(Side, KeyRow),
    Move(usize),
    HangUp,
}

/// The outcome of a join.
#[derive(Debug)]
pub(crate) struct Joined {
    pub leg: LegId,
    /// The caller's half, for a port leg.
    pub port: Option<AudioPort>,
}

/// Everything the supervisor is asked.
#[derive(Debug)]
pub(crate) enum Request {
    CreateRoom {
        config: RoomConfig,
        reply: Reply<Result<RoomInfo, EngineError>>,
    },
    FindRoom {
        name: String,
        reply: Reply<Option<RoomInfo>>,
    },
    Rooms {
        reply: Reply<Vec<RoomInfo>>,
    },
    CloseRoom {
        room: RoomId,
        reply: Reply<Result<(), EngineError>>,
    },
    Legs {
        room: RoomId,
        reply: Reply<Result<Vec<LegId>, EngineError>>,
    },
    Join {
        room: RoomId,
        source: Source,
        priority: Priority,
        reply: Reply<Result<Joined, EngineError>>,
    },
    Change {
        leg: LegId,
        config: NetworkConfig,
        reply: Reply<Result<(), EngineError>>,
    },
    JoinGraph {
        room: RoomId,
        graph: Box<LegGraph>,
        reply: Reply<Result<Joined, EngineError>>,
    },
    /// The graph that a leg of such a kind would have.
    RoomGraph {
        room: RoomId,
        source: Source,
        reply: Reply<Result<LegGraph, EngineError>>,
    },
    /// The graph that a leg has.
    LegGraph {
        leg: LegId,
        reply: Reply<Result<LegGraph, EngineError>>,
    },
    Swap {
        leg: LegId,
        graph: Box<LegGraph>,
        reply: Reply<Result<(), EngineError>>,
    },
    Edit {
        leg: LegId,
        edit: Edit,
        reply: Reply<Result<(), EngineError>>,
    },
    Leave {
        leg: LegId,
        reason: LeaveReason,
        reply: Reply<Result<(), EngineError>>,
    },
    LegStatus {
        leg: LegId,
        reply: Reply<Result<Box<LegStatus>, EngineError>>,
    },
    LegStats {
        leg: LegId,
        reply: Reply<Result<LegStats, EngineError>>,
    },
    /// The status a leg will have had at its end.
    Farewell {
        leg: LegId,
        reply: Reply<Result<Receiver<Box<LegStatus>>, EngineError>>,
    },
    CreateCall {
        config: Box<CallConfig>,
        reply: Reply<Result<CallInfo, EngineError>>,
    },
    EditCall {
        call: CallId,
        edit: CallEdit,
        reply: Reply<Result<(), EngineError>>,
    },
    CallStats {
        call: CallId,
        reply: Reply<Result<CallStats, EngineError>>,
    },
    Calls {
        reply: Reply<Vec<CallInfo>>,
    },
    Subscribe {
        filter: EventFilter,
        reply: Reply<EventStream>,
    },
    Status {
        reply: Reply<Box<Status>>,
    },
    Plans {
        reply: Reply<Vec<PlanInfo>>,
    },
    Timing {
        reply: Reply<Vec<SlotStats>>,
    },
    Move {
        leg: LegId,
        to: usize,
        reply: Reply<Result<(), EngineError>>,
    },
    Rebalance {
        reply: Reply<Result<Option<(LegId, usize)>, EngineError>>,
    },
    Headroom {
        room: Option<RoomId>,
        source: Source,
        reply: Reply<Result<Headroom, EngineError>>,
    },
    HeadroomOfCalls {
        config: Box<CallConfig>,
        reply: Reply<Result<Headroom, EngineError>>,
    },
    /// The worker has stopped: say who has left, and stop.
    Stop {
        reply: Reply<()>,
    },
}

/// Whoever can handle a request on the spot.
pub(crate) trait Desk: Send {
    fn take(&mut self, request: Request);
}

/// The way from a handle to the supervisor.
#[derive(Clone)]
pub(crate) enum Link {
    /// The supervisor has a thread of its own.
    Thread(Sender<Request>),
    /// The caller's thread does the supervisor's work.
    Here(Arc<Mutex<dyn Desk>>),
}

impl Link {
    /// Asks, and waits for the answer.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Request) -> Result<T, EngineError> {
        let (reply, answer) = bounded(1);
        let request = ask(reply);
        match self {
            Self::Thread(requests) => requests.send(request).map_err(|_| EngineError::Stopped)?,
            Self::Here(desk) => desk
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(request),
        }
        answer.recv().map_err(|_| EngineError::Stopped)
    }
}
