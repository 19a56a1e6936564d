//! Admission (D15): whether a leg may come, asked before anything is taken for it.
//!
//! A leg may come to a worker when the slots it would run in stay within the admission budget, all legs there counted with
//! what they cost, and what else a slot takes. Placement spreads legs over slots at a lower budget, so the limit is met
//! only when there is no emptier slot left. What was never measured counts with the least it may be worth.
//!
//! [`Supervisor::headroom`] plays joins one after the other on the very same tables, and takes them back.

use std::time::Duration;

use talkpath_nodes::spec::Spec;

use crate::error::{EngineError, Resource};
use crate::headroom::{Headroom, WorkerHeadroom};
use crate::priority::Priority;
use crate::proto::{LegId, RoomId, Segment};

use super::Supervisor;
use super::blueprint::Blueprint;
use super::legs::LegState;
use super::placement::{Costs, Place};
use super::plans::{Compiled, LegGraphs};
use super::request::Source;
use super::rooms::RoomState;

/// A leg that asks to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub graphs: &'a LegGraphs,
    pub costs: Costs,
    pub priority: Priority,
}

impl Supervisor {
    /// The worker that takes a new leg of `room`.
    pub(super) fn admit_to(&self, room: &RoomState, leg: Asking<'_>) -> Result<u8, EngineError> {
        let chosen = self
            .choose(room, leg.graphs, leg.costs)
            .ok_or_else(|| self.seats_spent("legs of one worker"))?;
        let mut refused = match self.refuses(room, leg, chosen) {
            None => return Ok(chosen),
            Some(refused) => refused,
        };
        let open = |worker: &u8| *worker != chosen && self.is_open(*worker, leg.graphs);
        for worker in (0..self.sites.len() as u8).filter(open) {
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

    /// Whether a worker can take a point-to-point call that adds `load` to every slot.
    pub(super) fn admit_flows(&self, worker: u8, load: u64) -> Result<(), EngineError> {
        let site = &self.sites[usize::from(worker)];
        let before = site.table.sure_of_fullest();
        let mut trial = site.table.clone();
        trial.add_flows(load);
        let after = trial.sure_of_fullest();
        let limit = self.limit(worker, Priority::default());
        if after <= limit {
            return Ok(());
        }
        let shortage = Shortage {
            worker,
            needed: nanos(after - before),
            left: nanos(limit - before),
            limit: nanos(limit),
        };
        Err(shortage.into())
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

    /// Whether a worker has a place for a leg of these graphs, its slots not asked.
    pub(super) fn is_open(&self, worker: u8, graphs: &LegGraphs) -> bool {
        let site = &self.sites[usize::from(worker)];
        site.legs < self.config.legs_per_worker() && site.plans.can_hold(graphs)
    }

    /// How many more legs of this kind could come: to `room`, or to a new room. Nothing is changed by it.
    pub(super) fn headroom(
        &mut self,
        room: Option<RoomId>,
        source: &Source,
    ) -> Result<Headroom, EngineError> {
        let mut state = match room {
            Some(room) => self.room(room)?.clone(),
            None => self.room_to_be(),
        };
        let blueprint = Blueprint::new(source, state.frame, &self.config)?;
        let holds = |site: &&super::site::Site| site.plans.can_hold(&blueprint.graphs);
        let site = self.sites.iter().find(holds).unwrap_or(&self.sites[0]);
        let compiled = site.plans.compile(blueprint.graphs.clone())?;
        let leg = Asking {
            graphs: &blueprint.graphs,
            costs: self.price(&compiled),
            priority: Priority::default(),
        };
        let before: Vec<_> = self
            .sites
            .iter()
            .map(|site| (site.table.clone(), site.legs))
            .collect();
        if room.is_none() {
            // As its creation would.
            for worker in state.on.iter() {
                self.sites[usize::from(worker)].table.add_room(state.mix);
            }
        }
        let mut played = Vec::new();
        let limited_by = loop {
            if let Err(error) = self.play_join(room, &mut state, leg, &compiled, &mut played) {
                break error;
            }
        };
        let mut legs = vec![0; self.sites.len()];
        for (worker, _) in played {
            legs[usize::from(worker)] += 1;
        }
        for (site, (table, legs)) in self.sites.iter_mut().zip(before) {
            (site.table, site.legs) = (table, legs);
        }
        let workers = legs.iter().enumerate();
        Ok(Headroom {
            legs: legs.iter().sum(),
            workers: workers
                .map(|(worker, legs)| WorkerHeadroom {
                    worker,
                    legs: *legs,
                })
                .collect(),
            price: Duration::from_nanos(leg.costs.ingress + leg.costs.egress),
            measured: leg.costs.measured,
            limited_by,
        })
    }

    /// One join, in the tables alone; `played` have joined each worker before it.
    fn play_join(
        &mut self,
        id: Option<RoomId>,
        room: &mut RoomState,
        leg: Asking<'_>,
        compiled: &Compiled,
        played: &mut Vec<(u8, Place)>,
    ) -> Result<(), EngineError> {
        self.room_for_another(room.legs, played.len())?;
        let worker = self.admit_to(room, leg)?;
        let at = usize::from(worker);
        let here = played.iter().filter(|(on, _)| *on == worker).count();
        self.seats_for(at, compiled, here)?;
        if !room.on.contains(worker) {
            if room.margin == 0 && !room.on.is_empty() {
                room.margin = self.config.mesh_margin;
                self.play_widening(id, room, played);
            }
            room.on = room.on.with(worker);
            self.sites[at].table.add_room(room.mix);
        }
        let site = &mut self.sites[at];
        let place = site.table.add_leg(room.mix, leg.costs, room.margin);
        site.legs += 1;
        room.legs += 1;
        played.push((worker, place));
        Ok(())
    }

    /// The legs a room has move behind the margin it will have.
    fn play_widening(&mut self, id: Option<RoomId>, room: &RoomState, played: &mut [(u8, Place)]) {
        let of_room = |(_, leg): &(&LegId, &LegState)| Some(leg.room) == id && leg.stays();
        for (_, leg) in self.legs.iter().filter(of_room) {
            let table = &mut self.sites[usize::from(leg.worker)].table;
            table.move_egress(room.mix, leg.place, room.margin.max(leg.place.after));
        }
        for (worker, place) in played {
            let table = &mut self.sites[usize::from(*worker)].table;
            *place = table.move_egress(room.mix, *place, room.margin.max(place.after));
        }
    }

    /// Whether there is a seat for every op of one more leg, when `played` more have come.
    fn seats_for(
        &self,
        site: usize,
        compiled: &Compiled,
        played: usize,
    ) -> Result<(), EngineError> {
        let specs = || {
            [Segment::Ingress, Segment::Egress]
                .into_iter()
                .flat_map(|s| compiled.specs(s))
        };
        for spec in specs() {
            let same =
                |other: &&Spec| core::mem::discriminant(*other) == core::mem::discriminant(spec);
            let needed = specs().filter(same).count();
            if let Some((kind, left)) = self.sites[site].seating.left_for(spec)
                && left < needed * (played + 1)
            {
                return Err(self.seats_spent(kind));
            }
        }
        Ok(())
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
