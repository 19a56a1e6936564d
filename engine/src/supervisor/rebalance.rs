//! Where something moves so that all are better off: one leg, or one call, at a time.
//!
//! A room that is on several workers and has no need to be pays for that in every period, and hears itself a margin later:
//! its legs are gathered, on the worker that would have the least to do without it. Then loads are levelled, by whole
//! rooms, whose legs follow one another, and by calls. Only a room that no worker has room for is spread further. Workers of one
//! node are levelled before anything crosses between nodes (`nodes`).
//!
//! *Hysteresis.* A room is spread when a slot is full; it is gathered when it fits into [`GATHERED`] of that. What is moved
//! to level must bring the two nearer by [`LEVEL`], by [`CROSS`] between nodes; and the worker it goes to is the one on which
//! it would be gathered, so that neither undoes the other.
//!
//! Owned by the supervisor's thread.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::error::EngineError;
use crate::proto::{LegId, RoomId};

use super::Supervisor;
use super::legs::LegState;
use super::rooms::RoomState;

/// The part of the budget that a room must fit into to be gathered.
const GATHERED: f64 = 0.75;
/// A difference of the workers' loads below this share of the larger is left alone.
const LEVEL: f64 = 0.1;
/// The same, of workers on two nodes.
const CROSS: f64 = 0.3;
/// A difference below this share of a room's cost does not decide where it is gathered; far less than what [`LEVEL`] leaves.
const SAME: f64 = 0.02;

/// A leg or the side A of a call, and the worker it goes to.
type Proposal = Option<(LegId, usize)>;

impl Supervisor {
    /// Moves one leg, or one call, where that gathers a room or levels two workers.
    pub(super) fn rebalance(&mut self) -> Result<Proposal, EngineError> {
        if let Some((leg, to)) = self.to_gather() {
            let to = usize::from(to);
            self.move_leg(leg, to)?;
            return Ok(Some((leg, to)));
        }
        for (from, to, gap) in self.uneven() {
            if let Some(leg) = self.to_level(from, to, gap) {
                let to = usize::from(to);
                self.move_leg(leg, to)?;
                return Ok(Some((leg, to)));
            }
            let call = self.rebalance_call((from, to), gap)?;
            if call.is_some() {
                return Ok(call);
            }
        }
        Ok(None)
    }

    /// A leg of a room that is spread without need, and where the room is gathered.
    fn to_gather(&self) -> Option<(LegId, u8)> {
        let mut rooms = self.rooms.iter();
        rooms.find_map(|(id, room)| {
            if room.on.len() < 2 || room.closing {
                return None;
            }
            let to = self.gathering(*id, room)?;
            let mut legs = self.resting(*id);
            let (leg, _) = legs.find(|(_, leg)| leg.worker != to)?;
            Some((*leg, to))
        })
    }

    /// The worker on which a room would be gathered: of those that it has legs on and that have room for all of it, the one
    /// with the least to do beside it; of two that differ by nothing to speak of the one that has more of it. `None` when
    /// there is none.
    fn gathering(&self, id: RoomId, room: &RoomState) -> Option<u8> {
        // By worker: what it has to do beside the room, and legs of the room there.
        let mut rest: BTreeMap<u8, (f64, usize)> = BTreeMap::new();
        let mut all = 0.0;
        for (_, leg) in self.staying(id) {
            let load = || (self.load(leg.worker), 0);
            let (beside, legs) = rest.entry(leg.worker).or_insert_with(load);
            let cost = self.cost(leg);
            *beside -= cost;
            *legs += 1;
            all += cost;
        }
        rest.retain(|worker, _| self.fits_whole(id, room, *worker));
        let least = rest.values().map(|(beside, _)| *beside);
        let least = least.min_by(f64::total_cmp)?;
        let as_good = rest
            .iter()
            .filter(|(_, (beside, _))| *beside <= least + all * SAME);
        let best = as_good.max_by_key(|(worker, (_, legs))| (*legs, Reverse(**worker)));
        best.map(|(worker, _)| *worker)
    }

    /// Whether all legs of a room have room on one worker, with some to spare.
    fn fits_whole(&self, id: RoomId, room: &RoomState, worker: u8) -> bool {
        let site = &self.sites[usize::from(worker)];
        let mut trial = site.table.narrowed(GATHERED);
        let here = |leg: &&LegState| leg.worker == worker;
        for leg in self.staying(id).map(|(_, leg)| leg).filter(here) {
            trial.remove_leg(room.mix, leg.place);
        }
        let coming = self.staying(id).filter(|(_, leg)| leg.worker != worker);
        if site.legs + coming.count() > self.config.legs_per_worker() {
            return false;
        }
        self.staying(id).all(|(_, leg)| {
            let costs = leg.place.costs();
            let fits = trial.fits(room.mix, costs, room.margin);
            trial.add_leg(room.mix, costs, room.margin);
            fits
        })
    }

    /// The two workers that differ most, those of one node first, and what one has to do more than the other.
    fn uneven(&self) -> Vec<(u8, u8, f64)> {
        let workers = 0..self.sites.len() as u8;
        let mut pairs = Vec::new();
        for from in workers.clone() {
            for to in workers.clone() {
                let gap = self.load(from) - self.load(to);
                if gap > self.load(from) * self.tolerance(from, to) {
                    pairs.push((from, to, gap));
                }
            }
        }
        pairs.sort_by(|a, b| {
            let near = |pair: &(u8, u8, f64)| self.are_near(pair.0, pair.1);
            near(b).cmp(&near(a)).then(b.2.total_cmp(&a.2))
        });
        pairs
    }

    /// The share of the larger load by which two workers may differ.
    fn tolerance(&self, from: u8, to: u8) -> f64 {
        if self.are_near(from, to) {
            LEVEL
        } else {
            CROSS
        }
    }

    /// A leg of `from` that levels it with `to` when it goes there, its room with it or spread already.
    fn to_level(&self, from: u8, to: u8, gap: f64) -> Option<LegId> {
        // By room: what it costs, and whether all of it is on `from`.
        let mut rooms: BTreeMap<RoomId, (f64, bool)> = BTreeMap::new();
        let table = &self.sites[usize::from(from)].table;
        let empty = |room: &RoomState| table.mean_room(room.mix);
        for leg in self.legs.values().filter(|leg| leg.stays()) {
            let empty = self.rooms.get(&leg.room).map_or(0.0, empty);
            let (cost, whole) = rooms.entry(leg.room).or_insert((empty, true));
            *cost += self.cost(leg);
            *whole &= leg.worker == from && leg.moving.is_none();
        }
        let left = |cost: f64| (gap - 2.0 * cost).abs();
        let enough = gap * (1.0 - self.tolerance(from, to));
        // Whether it fits is asked last: that takes a trial with all its legs.
        let fits = |id: RoomId| {
            let room = self.rooms.get(&id);
            room.is_some_and(|room| self.fits_whole(id, room, to))
        };
        let whole = rooms.iter().filter(|(id, (cost, whole))| {
            *whole && *cost < gap && left(*cost) < enough && fits(**id)
        });
        let best = whole.min_by(|(_, a), (_, b)| left(a.0).total_cmp(&left(b.0)));
        if let Some((room, _)) = best {
            return self.resting(*room).next().map(|(id, _)| *id);
        }
        let apart = |(_, leg): &(&LegId, &LegState)| {
            let Some(room) = self.rooms.get(&leg.room) else {
                return false;
            };
            // No worker has room for all of it.
            let spread = || self.gathering(leg.room, room).is_none();
            leg.worker == from && self.cost(leg) < gap && spread()
        };
        let legs = self.legs.iter().filter(|(_, leg)| rests(leg)).filter(apart);
        let shared = |leg: &LegState| {
            let room = self.rooms.get(&leg.room);
            room.is_some_and(|room| room.on.contains(to))
        };
        legs.max_by_key(|(_, leg)| shared(leg)).map(|(id, _)| *id)
    }

    /// Legs of a room that stay.
    fn staying(&self, room: RoomId) -> impl Iterator<Item = (&LegId, &LegState)> {
        let of_room = move |leg: &LegState| leg.room == room && leg.stays();
        self.legs.iter().filter(move |(_, leg)| of_room(leg))
    }

    /// Those of them that can be moved now.
    fn resting(&self, room: RoomId) -> impl Iterator<Item = (&LegId, &LegState)> {
        self.staying(room).filter(|(_, leg)| rests(leg))
    }

    /// What a leg costs its worker in a mean slot, in nanoseconds.
    fn cost(&self, leg: &LegState) -> f64 {
        let table = &self.sites[usize::from(leg.worker)].table;
        let room = self.rooms.get(&leg.room);
        room.map_or(0.0, |room| table.mean_cost(room.mix, leg.place.costs()))
    }
}

fn rests(leg: &LegState) -> bool {
    leg.moving.is_none() && leg.swapping.is_none() && leg.stays()
}
