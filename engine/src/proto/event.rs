//! What a worker tells of by itself.

use core::time::Duration;

use super::{CallId, CallStats, KeyNews, LegId, PlanId, RoomId, Segment};
use crate::event::EventClass;
use crate::worker::governor::Taken;
use crate::worker::levels::WorkerLevels;
use crate::worker::stats::{LegStats, WorkerCounters};

/// Legs of one plan that ran side by side, and how long they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The first of them.
    pub leg: LegId,
    /// Its room; `None` for the directions of calls.
    pub room: Option<RoomId>,
    /// Their plan.
    pub plan: PlanId,
    /// The half that ran.
    pub segment: Segment,
    /// The kind of op that took longest of it when ops of that half were last timed one by one, which one cohort in
    /// [`PROBE_EVERY`](crate::worker::costs::PROBE_EVERY) is; `None` before that, and for calls.
    pub op: Option<&'static str>,
    /// How many they were.
    pub legs: u32,
    /// How long they took together.
    pub took: Duration,
}

/// Something the worker noticed. Fixed size; states are told again until the ring took them.
#[derive(Clone, Copy, Debug)]
pub struct WorkerEvent {
    /// Intended time of the slot it happened in.
    pub at: Duration,
    /// What happened.
    pub kind: WorkerEventKind,
}

impl WorkerEventKind {
    /// How much it matters. What is told once and not again is a warning at least: it has places of its own in the ring.
    #[must_use]
    pub fn class(&self) -> EventClass {
        match self {
            Self::Late { .. } | Self::Governor(_) => EventClass::Warning,
            Self::Finished { .. } | Self::Key { .. } => EventClass::Notice,
            Self::Talking { .. } | Self::Leg { .. } | Self::Call { .. } | Self::Worker { .. } => {
                EventClass::Info
            }
        }
    }
}

/// Kinds of [`WorkerEvent`].
#[derive(Clone, Copy, Debug)]
pub enum WorkerEventKind {
    /// A leg began or ceased to talk.
    Talking {
        /** The leg. */
        leg: LegId,
        /** Begun, or ceased. */
        talking: bool,
    },
    /// The clip of a player leg has been played to its end.
    Finished {
        /** The leg. */
        leg: LegId,
    },
    /// A slot ended after the next was to begin, the first of an episode: what in it took longest (D14).
    Late {
        /// How late the slot ended.
        by: Duration,
        /// The cohort that took longest; `None` when no leg ran.
        culprit: Option<Culprit>,
    },
    /// The governor has taken a step (D15).
    Governor(Taken),
    /// A key of a leg, or of a side of a call, began or is over.
    Key {
        /** The leg. */
        leg: LegId,
        /** What of it. */
        news: KeyNews,
    },
    /// A leg's figures since it joined, about once a second.
    Leg {
        /** The leg. */
        leg: LegId,
        /** The figures. */
        stats: LegStats,
    },
    /// A call's figures since it began, about a second after they changed.
    Call {
        /** The call. */
        call: CallId,
        /** The figures. */
        stats: CallStats,
    },
    /// The worker's figures since it started, about once a second.
    Worker {
        /** The figures. */
        counters: WorkerCounters,
        /** How full its rings and inventories are. */
        levels: WorkerLevels,
    },
}
