//! How full the rings and inventories are whose ends only a worker has.
//!
//! Read about once a second, with the worker's counters, and told in the same event. They are told and nothing more: a
//! tape does not know of them (D17).

use talkpath_rt::level::Level;

use super::io::{Io, Peer};

/// Levels of one worker's rings and inventories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerLevels {
    /// Boxes for packets out that are not in the worker's hands.
    pub boxes_out: Level,
    /// Boxes of slot timing likewise.
    pub timing_boxes: Level,
    /// Boxes of measured costs likewise.
    pub cost_boxes: Level,
    /// Boxes for sums, and legs and packets passed on: of the other worker that had most of them.
    pub mesh: Option<MeshLevels>,
}

/// Levels of the way to another worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeshLevels {
    /// Boxes for sums that are not in the worker's hands.
    pub sum_boxes: Level,
    /// Legs, calls and packets in the ring to the other worker.
    pub passed: Level,
}

impl Io {
    /// How full everything is that the worker alone has an end of.
    ///
    /// Real-time: allocates no; blocks no; cost O(workers).
    pub(crate) fn levels(&self) -> WorkerLevels {
        let of_peer = |peer: &Peer| MeshLevels {
            sum_boxes: peer.partials_out.level(),
            passed: peer.passed_out.level(),
        };
        let fullest = |one: MeshLevels, other: MeshLevels| MeshLevels {
            sum_boxes: one.sum_boxes.fuller(other.sum_boxes),
            passed: one.passed.fuller(other.passed),
        };
        WorkerLevels {
            boxes_out: self.packets_out.level(),
            timing_boxes: self.stats.level(),
            cost_boxes: self.costs.level(),
            mesh: self.mesh.iter().map(of_peer).reduce(fullest),
        }
    }
}
