//! What an engine says of itself: one plain record for the status page, and the same as a
//! list of counters for `/metrics`.
//!
//! Made by the supervisor from what the worker has told it (histograms about once a second);
//! asking costs the worker nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::record::RecordingState;

pub use calls::{CallStatus, SideStatus};
pub use counters::{Counter, SupervisorCounters};
pub use fill::Fill;
pub(crate) use fill::TOLD;
pub use late::{CulpritStatus, LateStatus};
pub use overload::{AdmissionStatus, GovernorStatus, ShedStatus};
pub use plans::{CostStatus, KindCost, PlanCostStatus, PlanInfo};
pub use rooms::{LegStatus, RoomStatus};
pub use worker::{Percentiles, WorkerStatus};

mod calls;
mod counters;
mod fill;
mod late;
mod overload;
mod plans;
mod rooms;
mod worker;

/// The state of an engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Time of the record on the engine's clock, in seconds.
    pub at: f64,
    /// Seconds since the engine's start.
    pub uptime: f64,
    /// Length of a slot in microseconds.
    pub slot_us: u64,
    /// The workers.
    pub workers: Vec<WorkerStatus>,
    /// The rooms, by handle.
    pub rooms: Vec<RoomStatus>,
    /// The point-to-point calls, by handle.
    pub calls: Vec<CallStatus>,
    /// What is in use of what there is.
    pub capacity: Vec<Fill>,
    /// What a leg may fill of a slot (D15).
    pub admission: AdmissionStatus,
    /// What the supervisor counts.
    pub supervisor: SupervisorCounters,
    /// How the recording fares; `None` when the session is not recorded (D17).
    pub recording: Option<RecordingState>,
    /// What legs and nodes were measured to cost (D15).
    pub costs: CostStatus,
}

impl Status {
    /// NUMA nodes that the workers are on.
    pub(crate) fn nodes(&self) -> u64 {
        let nodes: BTreeSet<_> = self.workers.iter().map(|worker| worker.node).collect();
        nodes.len() as u64
    }

    /// Rooms with parts on more than one.
    pub(crate) fn rooms_across_nodes(&self) -> u64 {
        let node = |worker: &u8| self.workers.get(usize::from(*worker))?.node;
        let across = |room: &&RoomStatus| {
            let nodes: BTreeSet<_> = room.workers.iter().map(node).collect();
            nodes.len() > 1
        };
        self.rooms.iter().filter(across).count() as u64
    }
}

impl Status {
    /// Legs in rooms just now.
    pub fn legs(&self) -> usize {
        self.rooms.iter().map(|room| room.legs.len()).sum()
    }

    /// What is in use of `what` (`legs`, `rooms`, `plans`), and how much there is.
    pub fn fill(&self, what: &str) -> Option<(usize, usize)> {
        let fill = self.capacity.iter().find(|fill| fill.what == what)?;
        Some((fill.in_use, fill.limit))
    }

    /// Every number of the engine, summed over workers, with its meaning.
    pub fn counters(&self) -> impl Iterator<Item = Counter> {
        crate::metrics::counters(self).into_iter()
    }
}
