//! What an engine tells those who subscribe.
//!
//! The supervisor publishes; any number of subscribers read, each from its own bounded
//! channel. A slow subscriber never holds anybody up: it loses the newest events and is told
//! how many ([`EventKind::Missed`]), those of the lesser classes first.
//!
//! | file | what |
//! |---|---|
//! | `kind` | what can happen |
//! | `reason` | why legs and workers are gone |
//! | `class` | names, classes and fields of the kinds |
//! | `filter` | what a subscriber wants |
//! | `subscribers` | the channels, and who may take which place |
//! | `stream` | where a subscriber reads |
//! | `json` | an event as JSON |

mod class;
mod filter;
mod json;
mod kind;
mod reason;
mod stream;
mod subscribers;

use std::time::Duration;

use crate::proto::{CallId, LegId, RoomId};

pub use class::{EventClass, KINDS, KindInfo};
pub use filter::EventFilter;
pub use kind::EventKind;
pub use reason::{LeaveReason, Left, WorkerFault};
pub use stream::EventStream;
pub(crate) use subscribers::Subscribers;

/// Events one subscriber may be behind.
pub(crate) const BACKLOG: usize = 4_096;

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
