//! NUMA nodes: a room, the workers it is on and the shard stay on one where there are several.
//!
//! Whatever crosses between nodes (packets, sums, a leg that moves) costs more than its worth in load until the own node is
//! crowded. With one node all of this decides nothing. Owned by the supervisor's thread.

use std::cmp::Ordering;

use super::Supervisor;
use super::rooms::RoomState;

impl Supervisor {
    /// The node of a worker; `None` where there is only one.
    pub(super) fn node(&self, worker: u8) -> Option<u32> {
        self.config.nodes.get(usize::from(worker)).copied()
    }

    /// The node of the shard: that of the first worker, unless it is said.
    fn home(&self) -> Option<u32> {
        let said = self.config.shard_node.filter(|_| self.node(0).is_some());
        said.or_else(|| self.node(0))
    }

    /// How far a worker is from a room: 0 on a node with a part of it, 1 on the shard's, 2 elsewhere.
    pub(super) fn distance(&self, room: &RoomState, worker: u8) -> u8 {
        let node = self.node(worker);
        let near = room.on.iter().any(|part| self.node(part) == node);
        match (near, node == self.home()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }

    /// The nearer worker of two, and the less loaded of those that are as near.
    pub(super) fn by_distance(&self, room: &RoomState, a: u8, b: u8) -> Ordering {
        let distance = |worker| self.distance(room, worker);
        distance(a)
            .cmp(&distance(b))
            .then_with(|| self.by_load(a, b))
    }

    /// For what is not anywhere yet: the shard's node before the others until it is crowded, and the less loaded worker.
    pub(super) fn by_home(&self, a: u8, b: u8) -> Ordering {
        let rank = |worker| match (self.is_crowded(worker), self.node(worker) == self.home()) {
            (false, true) => 0,
            (false, false) => 1,
            (true, _) => 2,
        };
        rank(a).cmp(&rank(b)).then_with(|| self.by_load(a, b))
    }

    /// Whether two workers are on one node.
    pub(super) fn are_near(&self, a: u8, b: u8) -> bool {
        self.node(a) == self.node(b)
    }

    /// Whether a worker has little room left within its budget.
    pub(super) fn is_crowded(&self, worker: u8) -> bool {
        self.sites[usize::from(worker)].table.is_crowded()
    }
}
