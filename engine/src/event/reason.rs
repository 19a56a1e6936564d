//! Why legs and workers are gone, and what is left out of those that stay.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use talkpath_graph::Shed;

use crate::worker::governor::Level;

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
