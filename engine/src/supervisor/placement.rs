//! Where in the slot table a room mixes and its legs run (D2).
//!
//! The table holds, per slot of the cycle, the cost hints of what runs there. A room's mix
//! takes the least loaded slot of its period. The ingress of a leg runs in the mix slot itself
//! as long as that keeps within the budget, else in the nearest slot before it that does; its
//! egress likewise after it. So a small room is not spread at all, and a large one only as far
//! as its cost demands. Placing never fails: when every slot is over budget it takes the least
//! loaded one, and admission is somebody else's business (D15).
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

/// Where one leg runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Slots before the mix at which the ingress runs.
    pub before: u32,
    /// Slots after the mix at which the egress runs.
    pub after: u32,
    ingress: u64,
    egress: u64,
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
#[derive(Debug)]
pub(crate) struct SlotTable {
    /// Nanoseconds of expected work.
    load: Vec<u64>,
    budget: u64,
}

/// What mixing a room costs by itself, roughly.
const MIX: u64 = 500;

impl SlotTable {
    /// An empty table of `slots` slots of `slot` each, to be filled to the part `budget`.
    pub(crate) fn new(slots: u32, slot: Duration, budget: f32) -> Self {
        let budget = (slot.as_nanos() as f64 * f64::from(budget)) as u64;
        Self {
            load: vec![0; slots as usize],
            budget,
        }
    }

    /// Expected work of every slot, in nanoseconds.
    pub(crate) fn load(&self) -> &[u64] {
        &self.load
    }

    /// Takes a mix slot for a room of `period` slots.
    pub(crate) fn add_room(&mut self, period: u32) -> Mix {
        let load = |phase: &u32| self.worst(u64::from(*phase), period);
        let slot = (0..period).min_by_key(load).unwrap_or(0);
        let mix = Mix { slot, period };
        self.charge(slot, period, MIX);
        mix
    }

    /// Gives a room's mix slot up.
    pub(crate) fn remove_room(&mut self, mix: Mix) {
        self.discharge(mix.slot, mix.period, MIX);
    }

    /// Takes slots for a leg of a room.
    pub(crate) fn add_leg(&mut self, mix: Mix, ingress: Duration, egress: Duration) -> Place {
        let [ingress, egress] = [ingress, egress].map(|cost| cost.as_nanos() as u64);
        let before = self.nearest(mix.period, ingress, |d| mix.back(d));
        self.charge(mix.back(before), mix.period, ingress);
        let after = self.nearest(mix.period, egress, |d| mix.slot + d);
        self.charge(mix.slot + after, mix.period, egress);
        Place {
            before,
            after,
            ingress,
            egress,
        }
    }

    /// Gives a leg's slots up.
    pub(crate) fn remove_leg(&mut self, mix: Mix, place: Place) {
        self.discharge(mix.back(place.before), mix.period, place.ingress);
        self.discharge(mix.slot + place.after, mix.period, place.egress);
    }

    /// The smallest distance from the mix that keeps within the budget, else the least loaded.
    fn nearest(&self, period: u32, cost: u64, at: impl Fn(u32) -> u32) -> u32 {
        if cost == 0 {
            return 0;
        }
        let load = |d: u32| self.worst(u64::from(at(d)), period);
        let reach = 0..=period.saturating_sub(2) / 2;
        let fits = reach.clone().find(|&d| load(d) + cost <= self.budget);
        fits.or_else(|| reach.min_by_key(|&d| load(d))).unwrap_or(0)
    }

    /// The load of the fullest slot among those of a phase.
    fn worst(&self, phase: u64, period: u32) -> u64 {
        self.slots(phase, period)
            .map(|slot| self.load[slot])
            .max()
            .unwrap_or(0)
    }

    fn charge(&mut self, phase: u32, period: u32, cost: u64) {
        for slot in self.slots(u64::from(phase), period) {
            self.load[slot] += cost;
        }
    }

    fn discharge(&mut self, phase: u32, period: u32, cost: u64) {
        for slot in self.slots(u64::from(phase), period) {
            self.load[slot] = self.load[slot].saturating_sub(cost);
        }
    }

    fn slots(&self, phase: u64, period: u32) -> impl Iterator<Item = usize> + use<> {
        let period = period.max(1) as usize;
        (phase as usize % period..self.load.len()).step_by(period)
    }
}

impl Mix {
    /// The slot `distance` before the mix; distance is below the period.
    fn back(self, distance: u32) -> u32 {
        self.slot + self.period - distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: Duration = Duration::from_micros(1);

    fn table() -> SlotTable {
        SlotTable::new(20, Duration::from_millis(1), 0.5)
    }

    #[test]
    fn rooms_take_different_slots_and_a_room_of_ten_milliseconds_both_of_its() {
        let mut table = table();
        let slots: Vec<u32> = (0..20).map(|_| table.add_room(20).slot).collect();
        assert_eq!(slots, (0..20).collect::<Vec<_>>());
        let mut table = SlotTable::new(20, Duration::from_millis(1), 0.5);
        let mix = table.add_room(10);
        assert_eq!(
            (
                table.load()[mix.slot as usize],
                table.load()[mix.slot as usize + 10]
            ),
            (MIX, MIX)
        );
    }

    #[test]
    fn a_small_room_is_not_spread() {
        let mut table = table();
        let mix = table.add_room(20);
        for _ in 0..50 {
            let place = table.add_leg(mix, MICRO, MICRO);
            assert_eq!((place.before, place.after), (0, 0));
        }
    }

    #[test]
    fn a_large_room_is_spread_as_far_as_its_cost_demands_and_no_slot_twice() {
        let mut table = table();
        let mix = table.add_room(20);
        let places: Vec<_> = (0..1_000)
            .map(|_| table.add_leg(mix, 2 * MICRO, 2 * MICRO))
            .collect();
        let before = places.iter().map(|place| place.before).max();
        let after = places.iter().map(|place| place.after).max();
        assert!(before.is_some_and(|b| (3..=5).contains(&b)), "{before:?}");
        assert!(after.is_some_and(|a| (3..=5).contains(&a)), "{after:?}");
        assert!(table.load().iter().all(|load| *load <= 500_000));
        places
            .into_iter()
            .for_each(|place| table.remove_leg(mix, place));
        table.remove_room(mix);
        assert!(
            table.load().iter().all(|load| *load == 0),
            "everything is given back"
        );
    }

    #[test]
    fn beyond_every_budget_the_spread_stays_inside_the_period() {
        let mut table = table();
        let mix = table.add_room(10);
        for _ in 0..5_000 {
            let place = table.add_leg(mix, 3 * MICRO, 3 * MICRO);
            assert!(place.before + place.after < 10, "{place:?}");
        }
    }
}
