//! The slot table (D2): which legs and rooms are due in which slot of the cycle.
//!
//! The cycle is the longest room period, 20 ms; a room of 10 ms stands in it twice. The
//! legs of a slot are kept sorted by plan, so that equal plans lie side by side and run as
//! one cohort (D7), and the order does not depend on who joined first.
//!
//! Owner: the worker. All room is reserved at the start; entering and leaving move at most
//! one slot's list.

use core::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_rt::pages;

use crate::proto::{LegId, PlanId, RoomId, Segment};

/// The length of the cycle.
pub const CYCLE: Duration = Duration::from_millis(20);

/// A leg due in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Its plan, the cohort's key.
    pub plan: PlanId,
    /// The leg.
    pub leg: LegId,
}

#[derive(Debug)]
struct Slot {
    ingress: Vec<Due>,
    rooms: Vec<RoomId>,
    sums: Vec<RoomId>,
    egress: Vec<Due>,
}

/// The slots of one cycle.
#[derive(Debug)]
pub struct Schedule {
    slots: Vec<Slot>,
}

impl Schedule {
    /// A table for slots of `slot`, with room for `legs` legs and `rooms` rooms in any one slot.
    /// Control side: allocates everything it will ever need.
    #[must_use]
    pub fn new(slot: Duration, legs: usize, rooms: usize) -> Self {
        // Placement spreads legs over the slots: all in one would be late in any case, and pages for that cost each leg half a
        // KiB.
        let likely = legs.div_ceil(4);
        let slots = (0..cycle_slots(slot))
            .map(|_| Slot {
                ingress: pages::reserved_in_part(legs, likely),
                rooms: pages::reserved(rooms),
                sums: pages::reserved(rooms),
                egress: pages::reserved_in_part(legs, likely),
            })
            .collect();
        Self { slots }
    }

    /// Slots in the cycle.
    #[must_use]
    pub fn cycle(&self) -> usize {
        self.slots.len()
    }

    /// Slots in a room's period.
    #[must_use]
    pub fn period(&self, frame: FrameTime) -> u32 {
        (self.slots.len() as u128 * frame.as_duration().as_nanos() / CYCLE.as_nanos()) as u32
    }

    /// Enters a leg at `phase` of its period. `false` when a slot has no room left.
    #[must_use]
    pub fn enter(&mut self, segment: Segment, due: Due, phase: u32, period: u32) -> bool {
        let mut all = true;
        for slot in self.phases(phase, period) {
            let list = self.slots[slot].list(segment);
            if list.len() < list.capacity() {
                let at = list.partition_point(|d| *d < due);
                list.insert(at, due);
            } else {
                all = false;
            }
        }
        all
    }

    /// Takes a leg out again.
    pub fn leave(&mut self, segment: Segment, due: Due, phase: u32, period: u32) {
        for slot in self.phases(phase, period) {
            let list = self.slots[slot].list(segment);
            if let Ok(at) = list.binary_search(&due) {
                list.remove(at);
            }
        }
    }

    /// Enters a room's mix, and `margin` slots later the completion of its sum, unless that is 0. `false` when a slot
    /// has no room left.
    #[must_use]
    pub fn enter_room(&mut self, room: RoomId, phase: u32, margin: u32, period: u32) -> bool {
        let mut all = true;
        for slot in self.phases(phase, period) {
            all &= put(&mut self.slots[slot].rooms, room);
        }
        if margin > 0 {
            for slot in self.phases(phase + margin, period) {
                all &= put(&mut self.slots[slot].sums, room);
            }
        }
        all
    }

    /// Takes a room out again.
    pub fn leave_room(&mut self, room: RoomId, phase: u32, margin: u32, period: u32) {
        for slot in self.phases(phase, period) {
            self.slots[slot].rooms.retain(|r| *r != room);
        }
        for slot in self.phases(phase + margin, period) {
            self.slots[slot].sums.retain(|r| *r != room);
        }
    }

    /// Legs due in `slot` (any number; it is taken modulo the cycle).
    #[must_use]
    pub fn due(&self, segment: Segment, slot: u64) -> &[Due] {
        let slot = &self.slots[self.index(slot)];
        match segment {
            Segment::Ingress => &slot.ingress,
            Segment::Egress => &slot.egress,
        }
    }

    /// Rooms that mix in `slot`.
    #[must_use]
    pub fn mixing(&self, slot: u64) -> &[RoomId] {
        &self.slots[self.index(slot)].rooms
    }

    /// Rooms whose sums of other workers are due in `slot`.
    #[must_use]
    pub fn summing(&self, slot: u64) -> &[RoomId] {
        &self.slots[self.index(slot)].sums
    }

    fn index(&self, slot: u64) -> usize {
        (slot % self.slots.len() as u64) as usize
    }

    fn phases(&self, phase: u32, period: u32) -> impl Iterator<Item = usize> + use<> {
        let len = self.slots.len();
        let period = period.max(1) as usize;
        (phase as usize % period..len).step_by(period)
    }
}

impl Slot {
    fn list(&mut self, segment: Segment) -> &mut Vec<Due> {
        match segment {
            Segment::Ingress => &mut self.ingress,
            Segment::Egress => &mut self.egress,
        }
    }
}

fn put(list: &mut Vec<RoomId>, room: RoomId) -> bool {
    let fits = list.len() < list.capacity();
    if fits {
        list.push(room);
    }
    fits
}

/// Slots of `slot` in one cycle. The configuration allows only divisors of 10 ms.
#[must_use]
pub fn cycle_slots(slot: Duration) -> u32 {
    (CYCLE.as_nanos() / slot.as_nanos().max(1)).max(2) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_rt::slab::FreeList;

    fn due(
        plans: &mut FreeList<crate::proto::PlanTag>,
        legs: &mut FreeList<crate::proto::LegTag>,
    ) -> Due {
        Due {
            plan: plans.take().unwrap(),
            leg: legs.take().unwrap(),
        }
    }

    #[test]
    fn a_room_of_ten_milliseconds_is_due_twice_a_cycle() {
        let mut table = Schedule::new(Duration::from_millis(1), 4, 4);
        let (mut plans, mut legs) = (FreeList::with_capacity(4), FreeList::with_capacity(4));
        let d = due(&mut plans, &mut legs);
        let period = table.period(FrameTime::Ms10);
        assert!(table.enter(Segment::Ingress, d, 13, period));
        let at: Vec<u64> = (0..20)
            .filter(|&k| !table.due(Segment::Ingress, k).is_empty())
            .collect();
        assert_eq!(at, [3, 13]);
        table.leave(Segment::Ingress, d, 13, period);
        assert!((0..20).all(|k| table.due(Segment::Ingress, k).is_empty()));
    }

    #[test]
    fn legs_of_a_slot_lie_by_plan_whoever_came_first() {
        let mut table = Schedule::new(Duration::from_millis(1), 4, 4);
        let (mut plans, mut legs) = (FreeList::with_capacity(4), FreeList::with_capacity(4));
        let (a, b) = (due(&mut plans, &mut legs), due(&mut plans, &mut legs));
        for d in [a.max(b), a.min(b)] {
            assert!(table.enter(Segment::Egress, d, 5, 20));
        }
        assert_eq!(table.due(Segment::Egress, 25), [a.min(b), a.max(b)]);
    }

    #[test]
    fn a_full_slot_says_so() {
        let mut table = Schedule::new(Duration::from_millis(1), 1, 1);
        let (mut plans, mut legs) = (FreeList::with_capacity(4), FreeList::with_capacity(4));
        assert!(table.enter(Segment::Ingress, due(&mut plans, &mut legs), 0, 20));
        assert!(!table.enter(Segment::Ingress, due(&mut plans, &mut legs), 0, 20));
    }
}
