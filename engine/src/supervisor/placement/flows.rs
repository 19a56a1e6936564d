//! The directions of point-to-point calls in the slot table: they run in the slot their packets come in, whichever that is.
//!
//! So they count in every slot with their share of the cycle. That is what a slot has of them on average, not what the fullest
//! one has: nobody but the phones decides when packets come. The part of a slot that may not be promised
//! (`admit_budget`) is what such a coincidence lives on.
//!
//! Owned by the supervisor's thread.

use std::ops::{AddAssign, SubAssign};

use super::{Boxes, SlotTable};

/// What both directions of a call, or of several, need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flows {
    /// Nanoseconds of a cycle by the hints, of directions never measured.
    pub hinted: u64,
    /// Nanoseconds of a cycle, as measured.
    pub measured: u64,
    /// Packet boxes they keep for themselves.
    pub boxes: Boxes,
}

impl Flows {
    /// Nanoseconds of a cycle, however they are known.
    pub(crate) fn all(self) -> u64 {
        self.hinted + self.measured
    }

    /// Nanoseconds of a cycle, when a hint is worth so much.
    fn worth(self, hint: f64) -> f64 {
        self.hinted as f64 * hint + self.measured as f64
    }
}

impl AddAssign for Flows {
    fn add_assign(&mut self, other: Self) {
        self.hinted += other.hinted;
        self.measured += other.measured;
        self.boxes += other.boxes;
    }
}

impl SubAssign for Flows {
    fn sub_assign(&mut self, other: Self) {
        self.hinted = self.hinted.saturating_sub(other.hinted);
        self.measured = self.measured.saturating_sub(other.measured);
        self.boxes -= other.boxes;
    }
}

impl SlotTable {
    /// A call comes.
    pub(crate) fn add_flows(&mut self, flows: Flows) {
        self.boxes += flows.boxes;
        self.flows += flows;
    }

    /// Gives it up.
    pub(crate) fn remove_flows(&mut self, flows: Flows) {
        self.boxes -= flows.boxes;
        self.flows -= flows;
    }

    /// Nanoseconds of every slot that directions of calls take, when a hint is worth so much.
    pub(super) fn flows_a_slot(&self, hint: f64) -> f64 {
        self.flows.worth(hint) / self.slots_of_cycle() as f64
    }

    /// Nanoseconds of a mean slot that a call is believed to need.
    pub(crate) fn mean_of_flows(&self, flows: Flows) -> f64 {
        flows.worth(self.scale) / self.slots_of_cycle() as f64
    }

    /// Nanoseconds of every slot that a call is sure to need.
    pub(crate) fn sure_of_flows(&self, flows: Flows) -> f64 {
        flows.worth(self.worth(false)) / self.slots_of_cycle() as f64
    }
}
