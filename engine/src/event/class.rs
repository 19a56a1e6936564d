//! The kinds of events: their names, classes and fields. `docs/events.md` explains each; a test holds the two together.

use serde::Serialize;

use super::EventKind;
use crate::proto::{CallId, LegId, RoomId};

/// How much an event matters; the greater, the more. Each class has places of its own in every queue, which those below it
/// cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventClass {
    /// What goes on all the time: who talks.
    Info,
    /// Who and what is there: rooms and legs that come, go and change.
    Notice,
    /// Something is worse than it should be, for a moment or for one leg.
    Warning,
    /// Somebody's media is broken, or was taken away.
    Critical,
}

impl EventClass {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Notice, Self::Warning, Self::Critical];

    /// Its name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// What there is to know of a kind of event before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindInfo {
    /// Its name, as JSON has it in `event`.
    pub name: &'static str,
    /// How much it matters.
    pub class: EventClass,
    /// Its own fields in JSON, beside those that every event has.
    pub fields: &'static [&'static str],
}

macro_rules! kinds {
    ($($variant:ident $name:literal $class:ident [$($field:literal),*];)+) => {
        /// Every kind of event.
        pub const KINDS: &[KindInfo] = &[
            $(KindInfo { name: $name, class: EventClass::$class, fields: &[$($field),*] }),+
        ];

        impl EventKind {
            /// Its name, class and fields.
            #[must_use]
            pub fn info(&self) -> &'static KindInfo {
                match self {
                    $(Self::$variant { .. } => const {
                        &KindInfo { name: $name, class: EventClass::$class, fields: &[$($field),*] }
                    }),+
                }
            }
        }
    };
}

kinds! {
    RoomCreated "room_created" Notice ["name"];
    RoomEnded "room_ended" Notice ["name"];
    CallStarted "call_started" Notice ["sides"];
    CallEnded "call_ended" Notice ["sides", "reason", "stats"];
    Joined "joined" Notice [];
    Left "left" Notice ["reason"];
    Swapped "swapped" Notice [];
    Moved "moved" Notice [];
    NotMoved "not_moved" Warning [];
    Rebuilt "rebuilt" Warning [];
    TalkStarted "talk_started" Info [];
    TalkStopped "talk_stopped" Info [];
    KeyStarted "key_started" Info ["key"];
    Key "key" Notice ["key", "duration_ms", "ending"];
    MediaTimeout "media_timeout" Warning [];
    Finished "finished" Notice [];
    Displaced "displaced" Critical ["by"];
    Faulted "faulted" Warning [];
    Fenced "fenced" Critical ["node", "heard", "fault"];
    Late "late" Warning ["by_us", "culprit"];
    WorkerLost "worker_lost" Critical ["why", "fault", "silent_ms", "legs"];
    WorkerReplaced "worker_replaced" Critical ["legs"];
    WorkerNotReplaced "worker_not_replaced" Critical ["stuck"];
    Shed "shed" Warning ["what", "priority", "legs", "load", "step"];
    Recovered "recovered" Notice ["what", "priority", "legs", "load", "step"];
    Missed "missed" Warning ["critical", "warning", "notice", "info"];
}

impl EventKind {
    /// The leg it is about.
    #[must_use]
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Joined { leg, .. }
            | Self::Left { leg, .. }
            | Self::Swapped { leg }
            | Self::Moved { leg, .. }
            | Self::NotMoved { leg, .. }
            | Self::Rebuilt { leg }
            | Self::TalkStarted { leg }
            | Self::TalkStopped { leg }
            | Self::KeyStarted { leg, .. }
            | Self::Key { leg, .. }
            | Self::MediaTimeout { leg }
            | Self::Finished { leg }
            | Self::Displaced { leg, .. }
            | Self::Faulted { leg }
            | Self::Fenced { leg, .. } => Some(*leg),
            Self::RoomCreated { .. }
            | Self::RoomEnded { .. }
            | Self::CallStarted { .. }
            | Self::CallEnded { .. }
            | Self::Late { .. }
            | Self::WorkerLost { .. }
            | Self::WorkerReplaced { .. }
            | Self::WorkerNotReplaced { .. }
            | Self::Shed { .. }
            | Self::Recovered { .. }
            | Self::Missed { .. } => None,
        }
    }

    /// The room it names itself.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::RoomCreated { room, .. }
            | Self::RoomEnded { room, .. }
            | Self::Joined { room, .. }
            | Self::Left { room, .. } => Some(*room),
            _ => None,
        }
    }

    /// The call it names itself.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::CallStarted { call, .. } | Self::CallEnded { call, .. } => Some(*call),
            Self::Displaced { call, .. } => *call,
            _ => None,
        }
    }

    /// The worker it names itself.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        match self {
            Self::Moved { worker, .. }
            | Self::NotMoved { worker, .. }
            | Self::Late { worker, .. }
            | Self::WorkerLost { worker, .. }
            | Self::WorkerReplaced { worker, .. }
            | Self::WorkerNotReplaced { worker, .. }
            | Self::Shed { worker, .. }
            | Self::Recovered { worker, .. } => Some(*worker),
            _ => None,
        }
    }
}
