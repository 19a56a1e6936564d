//! Where in the slot table a room mixes and its legs run (D2).
//!
//! The table holds, per slot of the cycle, the cost hints of what runs there. A room's mix
//! takes the least loaded slot of its period. The ingress of a leg runs in the mix slot itself
//! as long as that keeps within the budget, else in the nearest slot before it that does; its
//! egress likewise after it. So a small room is not spread at all, and a large one only as far
//! as its cost demands. Placing never fails: when every slot is over budget it takes the least
//! loaded one; whether a leg may come at all is asked before (`admission`, D15).
//!
//! A leg counts with what its plan was measured to cost, else with its cost hint; what the hints are worth is learnt from
//! the busy time that the measured legs do not account for (`placement/belief`).
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

mod belief;
mod boxes;
mod flows;
mod load;

pub(crate) use boxes::Boxes;
pub(crate) use flows::Flows;

/// Where one leg runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Slots before the mix at which the ingress runs.
    pub before: u32,
    /// Slots after the mix at which the egress runs.
    pub after: u32,
    costs: Costs,
}

/// What one period of a leg costs, in nanoseconds: measured, or of hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Towards the room.
    pub ingress: u64,
    /// From the room.
    pub egress: u64,
    /// Measured, not a hint.
    pub measured: bool,
    /// Packet boxes it keeps for itself.
    pub boxes: Boxes,
}

impl Place {
    /// The same leg in other slots.
    pub(super) fn at(self, before: u32, after: u32) -> Self {
        Self {
            before,
            after,
            ..self
        }
    }

    /// What it was taken for.
    pub(crate) fn costs(self) -> Costs {
        self.costs
    }
}

/// A room's row in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix {
    /// Slot of the period at which it mixes.
    pub slot: u32,
    /// Slots of its period.
    pub period: u32,
}

/// Cost by slot.
#[derive(Debug, Clone)]
pub(crate) struct SlotTable {
    /// Nanoseconds of expected work of what was never measured, by the hints.
    load: Vec<u64>,
    /// Nanoseconds of expected work of what was.
    measured: Vec<u64>,
    /// Of the directions of calls, which run whenever packets come.
    flows: Flows,
    /// Packet boxes that those here keep for themselves.
    boxes: Boxes,
    budget: u64,
    /// What the work costs in truth, per unit of hint.
    scale: f64,
    /// The scale was learnt, not assumed.
    learnt: bool,
}

/// What mixing a room costs by itself, roughly.
const MIX: u64 = 500;

impl SlotTable {
    /// An empty table of `slots` slots of `slot` each, to be filled to the part `budget`.
    pub(crate) fn new(slots: u32, slot: Duration, budget: f32) -> Self {
        let budget = (slot.as_nanos() as f64 * f64::from(budget)) as u64;
        Self {
            load: vec![0; slots as usize],
            measured: vec![0; slots as usize],
            flows: Flows::default(),
            boxes: Boxes::default(),
            budget,
            scale: 1.0,
            learnt: false,
        }
    }

    /// A table with nothing in it that has learnt what this one has.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            load: vec![0; self.load.len()],
            measured: vec![0; self.measured.len()],
            flows: Flows::default(),
            boxes: Boxes::default(),
            ..*self
        }
    }

    /// Expected work of every slot, in nanoseconds.
    pub(crate) fn load(&self) -> Vec<u64> {
        let flows = self.flows.all() / self.slots_of_cycle() as u64;
        let both = self.load.iter().zip(&self.measured);
        both.map(|(hinted, measured)| hinted + measured + flows)
            .collect()
    }

    /// Slots of the cycle.
    pub(crate) fn slots_of_cycle(&self) -> usize {
        self.load.len().max(1)
    }

    /// The leg at `place` costs something else than it was taken for.
    pub(crate) fn reprice(&mut self, mix: Mix, place: &mut Place, costs: Costs) {
        self.remove_leg(mix, *place);
        place.costs = costs;
        self.charge_leg(mix, *place);
    }

    /// A mix slot for a room of `period` slots: the one that is least loaded in all `tables` together, so that it is
    /// the same for any number of workers.
    pub(crate) fn quietest<'a>(tables: impl Iterator<Item = &'a Self> + Clone, period: u32) -> Mix {
        let load = |phase: &u32| -> u64 {
            let one = |table: &Self| table.worst(u64::from(*phase), period) as u64;
            tables.clone().map(one).sum()
        };
        let slot = (0..period).min_by_key(load).unwrap_or(0);
        Mix { slot, period }
    }

    /// A room mixes here.
    pub(crate) fn add_room(&mut self, mix: Mix) {
        self.charge(mix.slot, mix.period, MIX, false);
    }

    /// Gives a room's mix slot up.
    pub(crate) fn remove_room(&mut self, mix: Mix) {
        self.discharge(mix.slot, mix.period, MIX, false);
    }

    /// Whether a leg of a room fits within the budget.
    pub(crate) fn fits(&self, mix: Mix, costs: Costs, margin: u32) -> bool {
        let reach = mix.reach(margin);
        let fits = |cost: u64, at: &dyn Fn(u32) -> u32| {
            let cost = self.truly(cost, costs.measured);
            cost == 0.0 || self.within(reach, mix.period, cost, at).is_some()
        };
        fits(costs.ingress, &|d| mix.back(d)) && fits(costs.egress, &|d| mix.slot + margin + d)
    }

    /// Takes slots for a leg of a room whose sum is complete `margin` slots after its mix.
    pub(crate) fn add_leg(&mut self, mix: Mix, costs: Costs, margin: u32) -> Place {
        let Costs {
            ingress,
            egress,
            measured,
            boxes,
        } = costs;
        self.boxes += boxes;
        let reach = mix.reach(margin);
        let (inward, outward) = (self.truly(ingress, measured), self.truly(egress, measured));
        let before = self.nearest(reach, mix.period, inward, &|d| mix.back(d));
        self.charge(mix.back(before), mix.period, ingress, measured);
        let after = margin + self.nearest(reach, mix.period, outward, &|d| mix.slot + margin + d);
        self.charge(mix.slot + after, mix.period, egress, measured);
        Place {
            before,
            after,
            costs,
        }
    }

    fn charge_leg(&mut self, mix: Mix, place: Place) {
        let Costs {
            ingress,
            egress,
            measured,
            boxes,
        } = place.costs;
        self.boxes += boxes;
        self.charge(mix.back(place.before), mix.period, ingress, measured);
        self.charge(mix.slot + place.after, mix.period, egress, measured);
    }

    /// Takes the slots of `place` again.
    pub(crate) fn put_back(&mut self, mix: Mix, place: Place) {
        self.charge_leg(mix, place);
    }

    /// Another slot for a leg's egress, `earliest` slots after the mix or later. The ingress stays where it is, so that
    /// it runs once for each mix.
    pub(crate) fn move_egress(&mut self, mix: Mix, place: Place, earliest: u32) -> Place {
        let Costs {
            egress, measured, ..
        } = place.costs;
        self.discharge(mix.slot + place.after, mix.period, egress, measured);
        // Never into the period's end, where the ingress for the next mix may stand.
        let reach = mix.period.saturating_sub(1 + earliest + place.before);
        let at = |d| mix.slot + earliest + d;
        let reach = mix.reach(0).min(reach);
        let after = earliest + self.nearest(reach, mix.period, self.truly(egress, measured), &at);
        self.charge(mix.slot + after, mix.period, egress, measured);
        Place { after, ..place }
    }

    /// Gives a leg's slots up.
    pub(crate) fn remove_leg(&mut self, mix: Mix, place: Place) {
        let Costs {
            ingress,
            egress,
            measured,
            boxes,
        } = place.costs;
        self.boxes -= boxes;
        self.discharge(mix.back(place.before), mix.period, ingress, measured);
        self.discharge(mix.slot + place.after, mix.period, egress, measured);
    }

    /// A leg stays where it is and costs something else from now on.
    pub(crate) fn recost(&mut self, mix: Mix, place: Place, costs: Costs) -> Place {
        self.remove_leg(mix, place);
        let place = Place { costs, ..place };
        self.charge_leg(mix, place);
        place
    }
}

impl Mix {
    /// How far from the mix a leg may run, each way, so that the two never meet.
    fn reach(self, margin: u32) -> u32 {
        self.period.saturating_sub(2 + margin) / 2
    }

    /// The slot `distance` before the mix; distance is below the period.
    fn back(self, distance: u32) -> u32 {
        self.slot + self.period - distance
    }
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
