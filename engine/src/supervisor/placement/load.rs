//! How full the slots of the table are, and which of them has room.
//!
//! Owned by the supervisor's thread.

use super::SlotTable;

impl SlotTable {
    /// The smallest distance from the mix that keeps within the budget, else the least loaded.
    pub(super) fn nearest(
        &self,
        reach: u32,
        period: u32,
        cost: f64,
        at: &dyn Fn(u32) -> u32,
    ) -> u32 {
        if cost == 0.0 {
            return 0;
        }
        let load = |d: &u32| self.worst(u64::from(at(*d)), period);
        self.within(reach, period, cost, at)
            .or_else(|| (0..=reach).min_by(|a, b| load(a).total_cmp(&load(b))))
            .unwrap_or(0)
    }

    /// The smallest distance that keeps within the budget.
    pub(super) fn within(
        &self,
        reach: u32,
        period: u32,
        cost: f64,
        at: &dyn Fn(u32) -> u32,
    ) -> Option<u32> {
        let budget = self.budget as f64;
        (0..=reach).find(|&d| self.worst(u64::from(at(d)), period) + cost <= budget)
    }

    /// The load of the fullest slot among those of a phase.
    pub(super) fn worst(&self, phase: u64, period: u32) -> f64 {
        let load = |slot| self.load[slot] as f64 * self.scale + self.measured[slot] as f64;
        let fullest = self.slots(phase, period).map(load).fold(0.0, f64::max);
        fullest + self.flows_a_slot(self.scale)
    }

    pub(super) fn charge(&mut self, phase: u32, period: u32, cost: u64, measured: bool) {
        for slot in self.slots(u64::from(phase), period) {
            self.of_mut(measured)[slot] += cost;
        }
    }

    pub(super) fn discharge(&mut self, phase: u32, period: u32, cost: u64, measured: bool) {
        for slot in self.slots(u64::from(phase), period) {
            let load = &mut self.of_mut(measured)[slot];
            *load = load.saturating_sub(cost);
        }
    }

    fn of_mut(&mut self, measured: bool) -> &mut [u64] {
        if measured {
            &mut self.measured
        } else {
            &mut self.load
        }
    }

    pub(super) fn slots(&self, phase: u64, period: u32) -> impl Iterator<Item = usize> + use<> {
        let period = period.max(1) as usize;
        (phase as usize % period..self.load.len()).step_by(period)
    }
}
