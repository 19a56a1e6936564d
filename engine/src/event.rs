//! What an engine tells those who subscribe.
//!
//! The supervisor publishes; any number of subscribers read, each from its own bounded
//! channel. A slow subscriber never holds anybody up: it loses the newest events and is told
//! how many ([`EventKind::Missed`]), those of the lesser classes first.
//!
//! | file | what |
//! |---|---|
//! | `class` | names, classes and fields of the kinds |
//! | `filter` | what a subscriber wants |
//! | `subscribers` | the channels, and who may take which place |
//! | `json` | an event as JSON |

mod class;
mod filter;
mod json;
mod subscribers;

use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};
use serde::{Deserialize, Serialize};

use talkpath_graph::Shed;

use crate::error::EngineError;
use crate::priority::Priority;
use crate::proto::{CallId, CallStats, Culprit, LegId, RoomId};
use crate::worker::governor::Level;

pub use class::{EventClass, KINDS, KindInfo};
pub use filter::EventFilter;
pub(crate) use subscribers::Subscribers;

/// Events one subscriber may be behind.
pub(crate) const BACKLOG: usize = 4_096;

/// Why a leg is no longer in its room, or a call over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeaveReason {
    /// Somebody asked for it.
    Requested,
    /// Its room was closed.
    RoomClosed,
    /// No media came from it for too long.
    MediaTimeout,
    /// Its player came to the end.
    Finished,
    /// An emergency call needed its room (D15).
    Displaced,
    /// The engine was shut down.
    Shutdown,
    /// Its worker was lost, and nobody but the application could build it anew: a port. Or there was no room for it.
    WorkerLost,
    /// Its worker was lost, and with it a node or a tap of its graph that only the application could make anew.
    NodeLost,
}

/// How a worker was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerFault {
    /// Its thread ended by itself.
    Exited {
        /// What the panic said.
        fault: String,
    },
    /// It made no slot for so long.
    Stuck {
        /// How long.
        silent: Duration,
    },
}

impl LeaveReason {
    /// Its name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::RoomClosed => "room_closed",
            Self::MediaTimeout => "media_timeout",
            Self::Finished => "finished",
            Self::Displaced => "displaced",
            Self::Shutdown => "shutdown",
            Self::WorkerLost => "worker_lost",
            Self::NodeLost => "node_lost",
        }
    }
}

/// What the governor leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// An effect: bypassed, or run in its cheap form.
    Effect(Shed),
    /// So many whole periods of four, in turn.
    Periods(u8),
}

impl Left {
    pub(crate) fn of(level: Level) -> Self {
        match level {
            Level::Effect(shed) => Self::Effect(shed),
            Level::Periods(count) => Self::Periods(count),
        }
    }

    /// Its name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Effect(shed) => shed.name(),
            Self::Periods(_) => "periods",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, on the engine's clock (monotonic time).
    pub at: Duration,
    /// The worker's slot at that time.
    pub slot: Option<u64>,
    /// Index of the worker it happened on, or that the leg is on.
    pub worker: Option<usize>,
    /// The room it happened in.
    pub room: Option<RoomId>,
    /// The leg it happened to.
    pub leg: Option<LegId>,
    /// The point-to-point call it happened to, or that the leg is a side of.
    pub call: Option<CallId>,
    /// What.
    pub kind: EventKind,
}

impl Event {
    /// An event that says no more than its kind does.
    pub(crate) fn new(at: Duration, kind: EventKind) -> Self {
        Self {
            at,
            slot: None,
            worker: kind.worker(),
            room: kind.room(),
            leg: kind.leg(),
            call: kind.call(),
            kind,
        }
    }

    /// How much it matters.
    #[must_use]
    pub fn class(&self) -> EventClass {
        self.kind.info().class
    }
}

/// Events that found no place, by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Of class [`Critical`](EventClass::Critical).
    pub critical: u64,
    /// Of class [`Warning`](EventClass::Warning).
    pub warning: u64,
    /// Of class [`Notice`](EventClass::Notice).
    pub notice: u64,
    /// Of class [`Info`](EventClass::Info).
    pub info: u64,
}

impl Lost {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.critical + self.warning + self.notice + self.info
    }

    fn count(&mut self, class: EventClass) {
        *match class {
            EventClass::Critical => &mut self.critical,
            EventClass::Warning => &mut self.warning,
            EventClass::Notice => &mut self.notice,
            EventClass::Info => &mut self.info,
        } += 1;
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A room was created.
    RoomCreated {
        /// The room.
        room: RoomId,
        /// Its name.
        name: String,
    },
    /// A room is gone from the worker.
    RoomEnded {
        /// The room; the handle is stale now.
        room: RoomId,
        /// Its name.
        name: String,
    },
    /// A call is up: the worker has applied it.
    CallStarted {
        /// The call.
        call: CallId,
        /// The handles of its sides, A first.
        sides: [LegId; 2],
    },
    /// A call is gone from the worker.
    CallEnded {
        /// The call; the handle is stale now.
        call: CallId,
        /// The handles of its sides; stale too.
        sides: [LegId; 2],
        /// Why.
        reason: LeaveReason,
        /// Its figures.
        stats: Box<CallStats>,
    },
    /// A leg is in the room: the worker has applied it.
    Joined {
        /// The room.
        room: RoomId,
        /// The leg.
        leg: LegId,
    },
    /// A leg is gone from the worker.
    Left {
        /// The room it was in.
        room: RoomId,
        /// The leg; the handle is stale now.
        leg: LegId,
        /// Why.
        reason: LeaveReason,
    },
    /// The leg has the plan it was to have (D13).
    Swapped {
        /// The leg.
        leg: LegId,
    },
    /// A leg runs on another worker now (D6).
    Moved {
        /// The leg.
        leg: LegId,
        /// Index of the worker.
        worker: usize,
    },
    /// A leg that was to go to another worker stays where it is: the way there was full (D6).
    NotMoved {
        /// The leg.
        leg: LegId,
        /// Index of the worker it was to go to.
        worker: usize,
    },
    /// The worker of the leg, or of the point-to-point call whose side A it is, was lost: it is built anew on the one that
    /// takes its place, and is silent until that has begun (D18).
    Rebuilt {
        /// The leg.
        leg: LegId,
    },
    /// A leg began to talk (level above the threshold).
    TalkStarted {
        /// The leg.
        leg: LegId,
    },
    /// A leg fell silent (after the hangover).
    TalkStopped {
        /// The leg.
        leg: LegId,
    },
    /// No media came from the leg for the configured time. It is being removed.
    MediaTimeout {
        /// The leg.
        leg: LegId,
    },
    /// A clip came to its end. The leg stays until it is removed.
    Finished {
        /// The leg.
        leg: LegId,
    },
    /// An emergency call is in, for which this leg, or this point-to-point call, had to leave (D15).
    Displaced {
        /// Who left, of a call its side A; the handle is stale now.
        leg: LegId,
        /// The point-to-point call that ended, if it was one.
        call: Option<CallId>,
        /// The emergency call, its side A when it is point-to-point.
        by: LegId,
    },
    /// A node of the leg failed or gave a value that is no number; its frame was concealed.
    Faulted {
        /// The leg.
        leg: LegId,
    },
    /// A node of the leg panicked: half of it runs no more, all others go on (D18). Change its plan to have it back, or
    /// remove it.
    Fenced {
        /// The leg.
        leg: LegId,
        /// Kind of the node.
        node: &'static str,
        /// Whether the leg is still heard: then it is sent nothing. Else the other way round.
        heard: bool,
        /// What the panic said.
        fault: String,
    },
    /// A worker's slot ended after the next was to begin: the first late one of an episode, and the legs that took
    /// longest in it (D14). The engine, not the cohort, is to blame when `took` is small: it was held up.
    Late {
        /// Index of the worker.
        worker: usize,
        /// How late the slot ended.
        by: Duration,
        /// What took longest; `None` when no leg ran.
        culprit: Option<Culprit>,
        /// Its plan in a few words, while that was there.
        plan_name: Option<String>,
    },
    /// A worker is no more (D18): it ended, or it has made no slot for the time of the watchdog. Nothing that it may
    /// still do is heard. Its legs are built anew on the one that takes its place; ports leave, and so do nodes and
    /// taps of a user's own.
    WorkerLost {
        /// Index of the worker.
        worker: usize,
        /// How.
        why: WorkerFault,
        /// Legs it had; a point-to-point call counts as two.
        legs: usize,
    },
    /// Another worker has begun in the place of one that was lost.
    WorkerReplaced {
        /// Index of the worker.
        worker: usize,
        /// Legs that were built anew on it.
        legs: usize,
    },
    /// A worker makes no slot and is not replaced: as many as may be hang already, each with a thread and its memory (D18).
    /// Its legs stand still until one of them wakes up. Restart.
    WorkerNotReplaced {
        /// Index of the worker.
        worker: usize,
        /// Lost workers whose threads hang.
        stuck: usize,
    },
    /// A worker's slots took too long, and the governor leaves something out (D15).
    Shed {
        /// Index of the worker.
        worker: usize,
        /// What.
        what: Left,
        /// Of legs of this class.
        priority: Priority,
        /// How many they are.
        legs: u32,
        /// How full the fullest slot was, in thousandths of its length.
        load: u32,
        /// Steps of the ladder that are in force from now on.
        step: u32,
    },
    /// There is time again for what was left out (D15).
    Recovered {
        /// Index of the worker.
        worker: usize,
        /// What.
        what: Left,
        /// Of legs of this class.
        priority: Priority,
        /// How many they are.
        legs: u32,
        /// How full the fullest slot was, in thousandths of its length.
        load: u32,
        /// Steps of the ladder that are in force from now on.
        step: u32,
    },
    /// This subscriber was too slow: so many events before this one are lost to it. Of greater classes than what is lost,
    /// some may have come before this one that happened later.
    Missed {
        /// How many, by class.
        lost: Lost,
    },
}

/// A subscriber's end. Dropping it unsubscribes.
#[derive(Debug)]
pub struct EventStream {
    events: Receiver<Event>,
}

impl EventStream {
    /// The next event, if there is one now.
    pub fn try_next(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the next event, at most `timeout`. `None`: none came, or the engine is gone.
    pub fn next_within(&self, timeout: Duration) -> Option<Event> {
        self.events.recv_timeout(timeout).ok()
    }

    /// Waits for the next event, at most `timeout`; `None` when none came.
    ///
    /// # Errors
    /// The engine is gone: no event will come any more.
    pub fn wait(&self, timeout: Duration) -> Result<Option<Event>, EngineError> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(EngineError::Stopped),
        }
    }

    /// The channel itself, for a `select!`. It disconnects when the engine is gone.
    pub fn receiver(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Iterator for EventStream {
    type Item = Event;

    /// Blocks for the next event; `None` when the engine is gone.
    fn next(&mut self) -> Option<Event> {
        self.events.recv().ok()
    }
}
