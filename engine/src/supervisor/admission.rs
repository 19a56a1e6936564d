//! Admission (D15): whether a leg or a call may come, asked before anything is taken for it.
//!
//! A leg may come to a worker when the slots it would run in stay within the admission budget, all legs there counted with
//! what they cost, and what else a slot takes. Placement spreads legs over slots at a lower budget, so the limit is met
//! only when there is no emptier slot left. What was never measured counts with the least it may be worth.
//!
//! | file | what |
//! |---|---|
//! | `admission/calls` | the worker for a point-to-point call |
//! | `admission/headroom` | how many more would come in |

use std::time::Duration;

use crate::error::{EngineError, Resource};
use crate::priority::Priority;

use super::Supervisor;
use super::placement::{Boxes, Costs};
use super::plans::LegGraphs;
use super::rooms::RoomState;

mod calls;
mod headroom;

pub(super) use calls::Calling;

/// What somebody who comes takes of a worker beside its slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs<'a> {
    pub graphs: &'a LegGraphs,
    /// Handles of legs: a call has two.
    pub handles: usize,
    pub boxes: Boxes,
}

/// A leg that asks to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub graphs: &'a LegGraphs,
    pub costs: Costs,
    pub priority: Priority,
}

impl<'a> Asking<'a> {
    /// What it takes beside its slots.
    pub fn needs(&self) -> Needs<'a> {
        Needs {
            graphs: self.graphs,
            handles: 1,
            boxes: self.costs.boxes,
        }
    }
}

impl Supervisor {
    /// The worker that takes a new leg of `room`.
    pub(super) fn admit_to(&self, room: &RoomState, leg: Asking<'_>) -> Result<u8, EngineError> {
        let chosen = self
            .choose(room, leg)
            .ok_or_else(|| self.closed(leg.needs()))?;
        let mut refused = match self.refuses(room, leg, chosen) {
            None => return Ok(chosen),
            Some(refused) => refused,
        };
        let open = |worker: &u8| *worker != chosen && self.is_open(*worker, leg.needs());
        let mut others: Vec<u8> = (0..self.sites.len() as u8).filter(open).collect();
        others.sort_by_key(|worker| self.distance(room, *worker));
        for worker in others {
            match self.refuses(room, leg, worker) {
                None => return Ok(worker),
                Some(other) if other.left > refused.left => refused = other,
                Some(_) => {}
            }
        }
        Err(refused.into())
    }

    /// Why worker `worker` cannot take the leg; `None`: it can.
    fn refuses(&self, room: &RoomState, leg: Asking<'_>, worker: u8) -> Option<Shortage> {
        let site = &self.sites[usize::from(worker)];
        let margin = if room.on.contains(worker) {
            room.margin
        } else {
            self.config.mesh_margin
        };
        // Tried on a copy, so that the answer is that of the very placement it would get.
        let mut trial = site.table.clone();
        let place = trial.add_leg(room.mix, leg.costs, margin);
        let (needed, load) = trial.sure_at(room.mix, place);
        let limit = self.limit(worker, leg.priority);
        (load > limit).then(|| Shortage {
            worker,
            needed: nanos(needed),
            left: nanos(limit - (load - needed)),
            limit: nanos(limit),
        })
    }

    /// How much of a slot of a worker may be promised to a class, in nanoseconds: what better classes reserve is not
    /// among it.
    fn limit(&self, worker: u8, class: Priority) -> f64 {
        let reserved: f32 = self.config.reserves[..class.index()].iter().sum();
        let part = f64::from(self.config.admit_budget) * f64::from(1.0 - reserved);
        let rest = self.sites[usize::from(worker)].rest.quantile(0.5);
        let slot = self.config.slot.as_nanos() as f64;
        (slot * part - rest.as_nanos() as f64).max(0.0)
    }

    /// Whether a worker has a place for somebody, its slots not asked.
    pub(super) fn is_open(&self, worker: u8, needs: Needs<'_>) -> bool {
        self.has_handles(worker, needs) && self.boxes_short(worker, needs.boxes).is_none()
    }

    fn has_handles(&self, worker: u8, needs: Needs<'_>) -> bool {
        let site = &self.sites[usize::from(worker)];
        let seats = site.legs + needs.handles <= self.config.legs_per_worker();
        seats && site.plans.can_hold(needs.graphs)
    }

    /// Why no worker is open.
    fn closed(&self, needs: Needs<'_>) -> EngineError {
        let mut workers = 0..self.sites.len() as u8;
        let else_open = workers.find(|worker| self.has_handles(*worker, needs));
        let boxes = else_open.and_then(|worker| self.boxes_short(worker, needs.boxes));
        boxes.unwrap_or_else(|| self.seats_spent("legs of one worker"))
    }

    /// What a worker lacks of packet boxes for somebody who keeps `wanted`.
    fn boxes_short(&self, worker: u8, wanted: Boxes) -> Option<EngineError> {
        let (limit, in_use) = (
            self.config.packet_boxes(),
            self.sites[usize::from(worker)].table.boxes(),
        );
        let short = |way, limit, in_use, wanted| {
            let what = Resource::PacketBoxes(way);
            (in_use + wanted > limit).then_some(EngineError::Capacity {
                what,
                limit,
                in_use,
                wanted,
            })
        };
        short("towards", limit[0], in_use.inward, wanted.inward)
            .or_else(|| short("from", limit[1], in_use.outward, wanted.outward))
    }
}

/// A time in whole nanoseconds; less than nothing is nothing.
fn nanos(nanos: f64) -> Duration {
    Duration::from_nanos(nanos.max(0.0) as u64)
}

/// What a worker lacks for a leg.
#[derive(Debug, Clone, Copy)]
struct Shortage {
    worker: u8,
    needed: Duration,
    left: Duration,
    limit: Duration,
}

impl From<Shortage> for EngineError {
    fn from(short: Shortage) -> Self {
        Self::Overload {
            what: Resource::SlotTime,
            worker: usize::from(short.worker),
            needed: short.needed,
            left: short.left,
            limit: short.limit,
        }
    }
}
