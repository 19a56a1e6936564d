//! What the slot table believes its work to cost: by the hints, by what they were learnt to be worth, and what is sure.
//!
//! Owned by the supervisor's thread.

use super::{Costs, MIX, Mix, Place, SlotTable};

/// How far from the truth a hint may be believed to be.
const SCALES: std::ops::RangeInclusive<f64> = 0.25..=4.0;
/// The part of the budget that the mean slot of a crowded worker fills.
const CROWDED: f64 = 0.75;
/// Weight of a new measurement of the scale.
const LEARN: f64 = 0.2;

impl SlotTable {
    /// Expected work of a mean slot, in nanoseconds.
    pub(crate) fn mean(&self) -> f64 {
        self.mean_of(&self.load) * self.scale
            + self.mean_of(&self.measured)
            + self.flows_a_slot(self.scale)
    }

    /// What a leg of a room adds to that.
    pub(crate) fn mean_cost(&self, mix: Mix, costs: Costs) -> f64 {
        let one = |cost| self.truly(cost, costs.measured);
        (one(costs.ingress) + one(costs.egress)) / f64::from(mix.period.max(1))
    }

    /// What a room adds to that beside its legs.
    pub(crate) fn mean_room(&self, mix: Mix) -> f64 {
        self.truly(MIX, false) / f64::from(mix.period.max(1))
    }

    /// Whether there is little room left within the budget.
    pub(crate) fn is_crowded(&self) -> bool {
        self.mean() > self.budget as f64 * CROWDED
    }

    /// The same work, to be kept within the part `part` of the budget.
    pub(crate) fn narrowed(&self, part: f64) -> Self {
        let budget = (self.budget as f64 * part) as u64;
        Self {
            budget,
            ..self.clone()
        }
    }

    fn mean_of(&self, load: &[u64]) -> f64 {
        load.iter().sum::<u64>() as f64 / self.slots_of_cycle() as f64
    }

    /// A second's worth of slots took `busy` nanoseconds each: the hints are worth so much (D15).
    pub(crate) fn learn(&mut self, busy: f64) {
        let sure = self.mean_of(&self.measured) + self.flows_a_slot(0.0);
        let hinted = self.mean_of(&self.load) + self.flows_a_slot(1.0) - self.flows_a_slot(0.0);
        let busy = busy - sure;
        // Below a tenth of the budget most of a slot is the waking up.
        if hinted * 10.0 > self.budget as f64 && busy > 0.0 {
            let scale = (busy / hinted).clamp(*SCALES.start(), *SCALES.end());
            self.scale += LEARN * (scale - self.scale);
            self.learnt = true;
        }
    }

    /// Work a slot is sure to have, in nanoseconds: a hint counts with the least it may be worth, so that nobody is
    /// refused on a guess.
    fn sure(&self, slot: usize) -> f64 {
        let hint = self.worth(false);
        self.load[slot] as f64 * hint + self.measured[slot] as f64 + self.flows_a_slot(hint)
    }

    /// The sure work of the fullest slot.
    pub(crate) fn sure_of_fullest(&self) -> f64 {
        let slots = 0..self.load.len();
        slots.map(|slot| self.sure(slot)).fold(0.0, f64::max)
    }

    /// Whether a leg placed so runs in the fullest slot, by the sure work of each.
    pub(crate) fn is_in_fullest(&self, mix: Mix, place: Place) -> bool {
        let fullest = self.sure_of_fullest();
        let halves = [
            (place.costs.ingress, mix.back(place.before)),
            (place.costs.egress, mix.slot + place.after),
        ];
        let mut run = halves.into_iter().filter(|(cost, _)| *cost > 0);
        run.any(|(_, phase)| {
            let mut slots = self.slots(u64::from(phase), mix.period);
            slots.any(|slot| self.sure(slot) >= fullest)
        })
    }

    pub(super) fn worth(&self, measured: bool) -> f64 {
        match (measured, self.learnt) {
            (true, _) => 1.0,
            (false, true) => self.scale.min(1.0),
            (false, false) => *SCALES.start(),
        }
    }

    /// What a leg placed so is sure to need in one slot, and the sure work of the fullest slot it runs in, itself
    /// included; in nanoseconds.
    pub(crate) fn sure_at(&self, mix: Mix, place: Place) -> (f64, f64) {
        let Costs {
            ingress,
            egress,
            measured,
            ..
        } = place.costs;
        let worth = self.worth(measured);
        let halves = [
            (ingress, mix.back(place.before)),
            (egress, mix.slot + place.after),
        ];
        let fullest = |(cost, phase): (u64, u32)| {
            let slots = self.slots(u64::from(phase), mix.period);
            let load = slots.map(|slot| self.sure(slot)).fold(0.0, f64::max);
            (cost as f64 * worth, load)
        };
        let fuller = |a: (f64, f64), b: (f64, f64)| if b.1 > a.1 { b } else { a };
        let run = halves.into_iter().filter(|(cost, _)| *cost > 0);
        let (needed, load) = run.map(fullest).fold((0.0, 0.0), fuller);
        // Not spread: both halves are in the one slot.
        let together = halves[0].1 % mix.period.max(1) == halves[1].1 % mix.period.max(1);
        let all = (ingress + egress) as f64 * worth;
        (if together { all } else { needed }, load)
    }

    /// A cost in nanoseconds, as far as is known.
    pub(super) fn truly(&self, cost: u64, measured: bool) -> f64 {
        cost as f64 * if measured { 1.0 } else { self.scale }
    }
}
