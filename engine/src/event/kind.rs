//! What can happen.

use std::time::Duration;

use super::{LeaveReason, Left, Lost, WorkerFault};
use crate::keys::{Key, KeyEnding};
use crate::priority::Priority;
use crate::proto::{CallId, CallStats, Culprit, LegId, RoomId};

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
    /// A key of the leg, or another named event, began (RFC 4733). Its end follows.
    KeyStarted {
        /// The leg, or side of a call.
        leg: LegId,
        /// Which.
        key: Key,
    },
    /// A key of the leg, or another named event, is over: told once for each, whatever of its packets was lost or repeated.
    Key {
        /// The leg, or side of a call.
        leg: LegId,
        /// Which.
        key: Key,
        /// How long it was held, as far as is known.
        duration: Duration,
        /// How its end was noticed.
        ending: KeyEnding,
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
