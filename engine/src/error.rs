//! Errors of the control side, and the class that says whose move it is.
//!
//! Owned by whatever thread calls the API; nothing here is ever made on a worker (a worker
//! returns a status and counts). Every variant carries what was expected and what was met, so
//! that a front (SIP, HTTP) can answer with a reason and not with a guess.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::config::ConfigError;
use crate::proto::{CallId, LegId, RoomId};

/// Whose move an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request cannot be right: another one is needed.
    Caller,
    /// The engine is full: the same request may succeed after somebody has left.
    Capacity,
    /// The engine is busy or going down at this moment: try the same request again shortly.
    Transient,
    /// talkpath itself is at fault.
    Bug,
}

/// What an engine has a fixed number of (D11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Resource {
    /// Legs of all rooms together ([`EngineConfig::capacity_legs`](crate::EngineConfig)).
    Legs,
    /// Legs of one room: more could carry the sum of a bus out of its integers (D4).
    LegsOfRoom,
    /// Rooms ([`EngineConfig::capacity_rooms`](crate::EngineConfig)).
    Rooms,
    /// Point-to-point calls: half as many as legs.
    Calls,
    /// Distinct compiled plans alive at one time.
    Plans,
    /// Time of a worker's slots ([`EngineConfig::admit_budget`](crate::EngineConfig), D15).
    SlotTime,
    /// What is being freed for an emergency call (D15): in a moment it is known what is left.
    Claimed,
    /// Packet boxes of a worker's inventory (D16), `towards` or `from` it: those that legs and calls keep as long as their
    /// packets come as agreed ([`EngineConfig::packets_in_per_leg`](crate::EngineConfig)).
    PacketBoxes(&'static str),
    /// State seats of one node kind on the worker.
    Seats(&'static str),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Legs => f.write_str("legs"),
            Self::LegsOfRoom => f.write_str("legs of one room"),
            Self::Rooms => f.write_str("rooms"),
            Self::Calls => f.write_str("calls"),
            Self::Plans => f.write_str("plans"),
            Self::SlotTime => f.write_str("slot time"),
            Self::Claimed => f.write_str("room made for an emergency call"),
            Self::PacketBoxes(way) => write!(f, "packet boxes {way} a worker"),
            Self::Seats(kind) => write!(f, "seats for {kind}"),
        }
    }
}

/// Why a request to the engine failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Something the engine has a fixed number of is spent. Calls in progress are untouched.
    #[error("capacity spent: {limit} {what}, {in_use} of them in use, {wanted} more wanted")]
    Capacity {
        /// What is spent.
        what: Resource,
        /// How many there are.
        limit: usize,
        /// How many are in use (a removal not yet acknowledged by the worker counts).
        in_use: usize,
        /// How many the request needs.
        wanted: usize,
    },
    /// The leg would take more of a worker's slots than may be promised (D15). Calls in progress are untouched.
    #[error(
        "capacity spent: {what}: {} µs of a slot needed, {} of {} µs left on worker {worker}, which has most",
        .needed.as_micros(), .left.as_micros(), .limit.as_micros()
    )]
    Overload {
        /// What is spent.
        what: Resource,
        /// The worker that has most left.
        worker: usize,
        /// What the leg needs in one slot.
        needed: Duration,
        /// What is left of the slot it would run in.
        left: Duration,
        /// How much of a slot may be promised.
        limit: Duration,
    },
    /// Room is being made for this emergency call: leg `leg`, or the call of which it is side A, leaves for it (D15). Ask again in a few milliseconds; it takes
    /// about two frames, and what is freed is kept for it.
    #[error("leg {leg:?} leaves to make room; ask again in a moment")]
    Displacing {
        /// Who leaves.
        leg: LegId,
    },
    /// A room of this name exists already.
    #[error("a room named {name:?} exists already")]
    RoomExists {
        /// The name asked for.
        name: String,
    },
    /// The name of a room is empty or too long.
    #[error("a room's name has 1 to {max} bytes, this one has {actual}")]
    RoomName {
        /// Longest name, in bytes.
        max: usize,
        /// Length met, in bytes.
        actual: usize,
    },
    /// The room is gone, or never was.
    #[error("no room {room:?}: it was closed, or never was")]
    StaleRoom {
        /// The handle given.
        room: RoomId,
    },
    /// The leg is gone or leaving, or never was.
    #[error("no leg {leg:?}: it has left or is leaving, or never was")]
    StaleLeg {
        /// The handle given.
        leg: LegId,
    },
    /// The call is over or ending, or never was.
    #[error("no call {call:?}: it is over or ending, or never was")]
    StaleCall {
        /// The handle given.
        call: CallId,
    },
    /// The leg is on its way to another worker; ask again in a moment.
    #[error("leg {leg:?} is on its way to another worker")]
    Moving {
        /// The leg.
        leg: LegId,
    },
    /// The request does not fit this kind of leg.
    #[error("a {kind} leg cannot {what}")]
    WrongKind {
        /// What the leg is.
        kind: &'static str,
        /// What was asked of it.
        what: &'static str,
    },
    /// A value out of its range.
    #[error("{what} is {actual}, allowed is {allowed}")]
    OutOfRange {
        /// Name of the value, with its unit.
        what: &'static str,
        /// What is allowed, in words.
        allowed: &'static str,
        /// What was given.
        actual: String,
    },
    /// A character that is on no key.
    #[error("{actual:?} is no key; keys are 0 to 9, *, #, and A to D")]
    NotAKey {
        /// What was given.
        actual: char,
    },
    /// The leg, or side of a call, has no payload type for keys to be sent as.
    #[error("leg {leg:?} cannot be sent keys: no telephone-event was agreed")]
    NoKeys {
        /// The leg.
        leg: LegId,
    },
    /// The leg's graph does not compile: formats that do not meet, or too many ops.
    #[error("the leg's graph does not compile")]
    Plan(#[from] talkpath_graph::CompileError),
    /// The leg's graph compiles, and is no leg all the same.
    #[error("the leg's graph cannot be")]
    Graph(#[from] crate::graph_fault::GraphFault),
    /// The leg's plan is being swapped; ask again in a moment.
    #[error("the plan of leg {leg:?} is being swapped")]
    Swapping {
        /// The leg.
        leg: LegId,
    },
    /// The worker has more edits waiting than it may have; nothing was done.
    #[error("{waiting} edits wait for the worker, at most {limit} may")]
    Busy {
        /// Edits waiting.
        waiting: usize,
        /// How many may wait.
        limit: usize,
    },
    /// The engine has been shut down.
    #[error("the engine is stopped")]
    Stopped,
    /// The engine broke its own contract.
    #[error("internal fault: {what}")]
    Internal {
        /// Which part of the contract.
        what: &'static str,
    },
}

impl EngineError {
    /// Whose move it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Capacity { .. } | Self::Overload { .. } => Class::Capacity,
            Self::Busy { .. }
            | Self::Displacing { .. }
            | Self::Moving { .. }
            | Self::Swapping { .. }
            | Self::Stopped => Class::Transient,
            Self::Internal { .. } => Class::Bug,
            Self::RoomExists { .. }
            | Self::RoomName { .. }
            | Self::StaleRoom { .. }
            | Self::StaleLeg { .. }
            | Self::StaleCall { .. }
            | Self::WrongKind { .. }
            | Self::OutOfRange { .. }
            | Self::NotAKey { .. }
            | Self::NoKeys { .. }
            | Self::Graph(_)
            | Self::Plan(_) => Class::Caller,
        }
    }
}

/// Why an engine did not start. Nothing is left running.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is out of its range.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// The worker's thread could not be started at all. (A refused real-time priority is a
    /// warning in the status, never this.)
    #[error("the worker thread did not start")]
    Worker(#[from] talkpath_rt::thread::SpawnError),
    /// The supervisor's thread could not be started.
    #[error("the supervisor thread did not start")]
    Supervisor(#[source] std::io::Error),
    /// The recording could not be begun.
    #[error("the recording could not be begun")]
    Recording(#[source] std::io::Error),
}
