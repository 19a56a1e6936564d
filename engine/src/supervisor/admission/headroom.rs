//! How many more would come in: joins and calls are played one after the other on the very tables that admission asks, and
//! taken back.
//!
//! On the supervisor's thread.

use std::time::Duration;

use talkpath_nodes::spec::Spec;

use crate::call::CallConfig;
use crate::error::EngineError;
use crate::headroom::{Headroom, WorkerHeadroom};
use crate::priority::Priority;
use crate::proto::{LegId, RoomId, Segment};

use super::super::Supervisor;
use super::super::blueprint::Blueprint;
use super::super::call_blueprint::CallBlueprint;
use super::super::legs::LegState;
use super::super::placement::{Place, SlotTable};
use super::super::plans::{Compiled, LegGraphs};
use super::super::request::Source;
use super::super::rooms::RoomState;
use super::super::site::Site;
use super::Asking;
use super::calls::Calling;

/// Of each worker: its slot table and how many legs it has.
type Before = Vec<(SlotTable, usize)>;

impl Supervisor {
    /// How many more legs of this kind could come: to `room`, or to a new room. Nothing is changed by it.
    pub(in crate::supervisor) fn headroom(
        &mut self,
        room: Option<RoomId>,
        source: &Source,
    ) -> Result<Headroom, EngineError> {
        let mut state = match room {
            Some(room) => self.room(room)?.clone(),
            None => self.room_to_be(),
        };
        let blueprint = Blueprint::new(source, state.frame, &self.config)?;
        let compiled = self.compile_anywhere(&blueprint.graphs)?;
        let leg = Asking {
            graphs: &blueprint.graphs,
            costs: self.price(&compiled),
            priority: Priority::default(),
        };
        let before = self.tables();
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
        self.put_tables_back(before);
        let price = Duration::from_nanos(leg.costs.ingress + leg.costs.egress);
        let workers = played.into_iter().map(|(worker, _)| worker);
        let spread = self.spread(workers);
        Ok(Headroom::new(spread, price, leg.costs.measured, limited_by))
    }

    /// How many more calls of this kind there could be. Nothing is changed by it.
    pub(in crate::supervisor) fn headroom_of_calls(
        &mut self,
        config: &CallConfig,
    ) -> Result<Headroom, EngineError> {
        let blueprint = CallBlueprint::new([config.a, config.b], &self.config)?;
        let compiled = self.compile_anywhere(&blueprint.graphs)?;
        let call = Calling {
            graphs: &blueprint.graphs,
            flows: self.prices.flows(&compiled),
            priority: config.priority,
        };
        let before = self.tables();
        let mut played = Vec::new();
        let limited_by = loop {
            match self.play_call(call, &compiled, &played) {
                Ok(worker) => played.push(worker),
                Err(error) => break error,
            }
        };
        self.put_tables_back(before);
        let price = Duration::from_nanos(call.flows.all());
        let spread = self.spread(played.into_iter());
        Ok(Headroom::new(
            spread,
            price,
            call.flows.hinted == 0,
            limited_by,
        ))
    }

    /// Compiles graphs where there is a handle for their plan; when there is none the first worker says why.
    pub(in crate::supervisor) fn compile_anywhere(
        &self,
        graphs: &LegGraphs,
    ) -> Result<Compiled, EngineError> {
        let holds = |site: &&Site| site.plans.can_hold(graphs);
        let site = self.sites.iter().find(holds).unwrap_or(&self.sites[0]);
        site.plans.compile(graphs.clone())
    }

    fn tables(&self) -> Before {
        let sites = self.sites.iter();
        sites.map(|site| (site.table.clone(), site.legs)).collect()
    }

    fn put_tables_back(&mut self, before: Before) {
        for (site, (table, legs)) in self.sites.iter_mut().zip(before) {
            (site.table, site.legs) = (table, legs);
        }
    }

    /// How many of those played each worker has.
    fn spread(&self, played: impl Iterator<Item = u8>) -> Vec<WorkerHeadroom> {
        let empty = |worker| WorkerHeadroom { worker, legs: 0 };
        let mut spread: Vec<_> = (0..self.sites.len()).map(empty).collect();
        played.for_each(|worker| spread[usize::from(worker)].legs += 1);
        spread
    }

    /// One call, in the tables alone; `played` are on their workers before it. The worker that takes it.
    fn play_call(
        &mut self,
        call: Calling<'_>,
        compiled: &Compiled,
        played: &[u8],
    ) -> Result<u8, EngineError> {
        self.room_for_a_call(played.len())?;
        let worker = self.admit_call(call)?;
        let here = played.iter().filter(|on| **on == worker).count();
        let at = usize::from(worker);
        self.seats_for(at, compiled, here)?;
        let site = &mut self.sites[at];
        site.table.add_flows(call.flows);
        site.legs += 2;
        Ok(worker)
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

    /// Whether there is a seat for every op of one more, when `played` more have come.
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
