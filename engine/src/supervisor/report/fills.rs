//! What is in use of what there is, over all workers.

use crate::status::{Fill, TOLD};
use crate::worker::levels::WorkerLevels;

use super::super::Supervisor;

impl Supervisor {
    /// What is in use of what there is.
    pub(super) fn fills(&self) -> Vec<Fill> {
        let fill = |what: &str, (in_use, limit, high_water): (usize, usize, usize)| {
            Fill::new(what, in_use, limit, Some(high_water))
        };
        let (legs, rooms) = (&self.leg_ids, &self.room_ids);
        let legs = (legs.in_use(), self.config.capacity_legs, legs.high_water());
        let rooms = (
            rooms.in_use(),
            self.config.capacity_rooms,
            rooms.high_water(),
        );
        let calls = &self.call_ids;
        let calls = (calls.in_use(), self.config.calls(), calls.high_water());
        let own = [
            fill("legs", legs),
            fill("rooms", rooms),
            fill("calls", calls),
            fill("plans", self.fullest_plans()),
        ];
        let mut all = Vec::new();
        for site in &self.sites {
            for (kind, in_use, limit, high_water) in site.seating.fill() {
                let seats = fill(&format!("{kind} seats"), (in_use, limit, high_water));
                // Seats of all workers together.
                merge(&mut all, seats, |known, more| {
                    known.in_use += more.in_use;
                    known.limit += more.limit;
                    known.high_water = known.high_water.zip(more.high_water).map(|(a, b)| a + b);
                });
            }
        }
        for site in &self.sites {
            let rings = [
                fill("commands ring", site.transactions.ring()),
                Fill::of_ring("acks ring", &site.acks),
                Fill::of_ring("garbage ring", &site.garbage),
                Fill::of_ring("events ring", &site.events),
            ];
            for ring in rings.into_iter().chain(told(&site.levels)) {
                // The worker whose ring was fullest.
                merge(&mut all, ring, |known, other| {
                    if other.high_water > known.high_water {
                        *known = other;
                    }
                });
            }
        }
        let routes = self.routes.fills();
        own.into_iter().chain(all).chain(routes).collect()
    }

    /// Plans of the worker that has most of them.
    fn fullest_plans(&self) -> (usize, usize, usize) {
        let fills = self.sites.iter().map(|site| site.plans.fill());
        fills.max().unwrap_or_default()
    }
}

/// What the worker told of itself; of the ways to other workers only where there are any.
fn told(levels: &WorkerLevels) -> impl Iterator<Item = Fill> {
    let own = [levels.boxes_out, levels.timing_boxes, levels.cost_boxes];
    let mesh = levels.mesh.map(|mesh| [mesh.sum_boxes, mesh.passed]);
    let all = own.into_iter().chain(mesh.into_iter().flatten());
    TOLD.iter()
        .zip(all)
        .map(|(what, level)| Fill::of(what, level))
}

/// Takes in what another worker has of the same.
fn merge(all: &mut Vec<Fill>, one: Fill, into: impl FnOnce(&mut Fill, Fill)) {
    match all.iter_mut().find(|known| known.what == one.what) {
        Some(known) => into(known, one),
        None => all.push(one),
    }
}
