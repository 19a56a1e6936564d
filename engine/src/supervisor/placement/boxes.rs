//! Packet boxes that legs and calls keep for themselves: the inventory is fixed (D16), so it is promised like slot time.
//!
//! Owned by the supervisor's thread.

use std::ops::{AddAssign, SubAssign};
use std::time::Duration;

use talkpath_nodes::spec::Spec;

use super::SlotTable;

/// Packet boxes of a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Boxes {
    /// Towards the worker.
    pub inward: usize,
    /// From the worker.
    pub outward: usize,
}

impl Boxes {
    /// What the ops of both ways keep, as long as packets come as they were agreed.
    ///
    /// Inward: the packets a jitter buffer aims to hold, and the one that is being received. Outward: the packets made at a
    /// time, of which all but the first wait for theirs in the shard.
    pub(crate) fn of<'a>(specs: impl Iterator<Item = &'a Spec> + Clone) -> Self {
        let agreed = specs.clone().find_map(|spec| match spec {
            Spec::Packetise { ptime, .. } => Some(*ptime),
            _ => None,
        });
        let mut boxes = Self::default();
        for spec in specs {
            match spec {
                Spec::Jitter {
                    delays,
                    frame,
                    codec,
                } => {
                    let ptime = agreed.unwrap_or(codec.rate().duration_of(*frame));
                    boxes.inward += whole(delays.target, ptime) + 1;
                }
                Spec::Packetise { ptime, format, .. } => {
                    boxes.outward += whole(format.duration(), *ptime).max(1);
                }
                Spec::Arrival { .. } => boxes.inward += 1,
                Spec::Relay { .. } => {
                    boxes.inward += 1;
                    boxes.outward += 1;
                }
                _ => {}
            }
        }
        boxes
    }
}

/// How many of `part` it takes to hold `span`.
fn whole(span: Duration, part: Duration) -> usize {
    span.as_nanos().div_ceil(part.as_nanos().max(1)) as usize
}

impl AddAssign for Boxes {
    fn add_assign(&mut self, other: Self) {
        self.inward += other.inward;
        self.outward += other.outward;
    }
}

impl SubAssign for Boxes {
    fn sub_assign(&mut self, other: Self) {
        self.inward = self.inward.saturating_sub(other.inward);
        self.outward = self.outward.saturating_sub(other.outward);
    }
}

impl SlotTable {
    /// Packet boxes that those here keep for themselves.
    pub(crate) fn boxes(&self) -> Boxes {
        self.boxes
    }
}
