//! The status: what the supervisor knows, as one record.

use std::time::Duration;

use crate::proto::{LegId, RoomId};
use crate::status::{
    Fill, LateStatus, LegStatus, PlanInfo, RoomStatus, Status, SupervisorCounters, WorkerStatus,
};

use super::Supervisor;
use super::legs::{LegState, Stage};
use super::rooms::RoomState;
use super::site::Site;

impl Supervisor {
    pub(super) fn status(&self) -> Status {
        let seconds = |span: Duration| span.as_secs_f64();
        Status {
            at: seconds(self.now),
            uptime: seconds(self.now.saturating_sub(self.started)),
            slot_us: u64::try_from(self.config.slot.as_micros()).unwrap_or(u64::MAX),
            workers: self.sites.iter().map(worker_status).collect(),
            rooms: self
                .rooms
                .iter()
                .map(|(id, room)| self.room_status(*id, room))
                .collect(),
            capacity: self.fills(),
            supervisor: SupervisorCounters {
                edits_waiting: self.sum(|site| site.transactions.waiting().0 as u64),
                command_ring_full: self.sum(|site| site.transactions.ring_full),
                events_lost: self.subscribers.lost(),
                workers_out: self.workers_out(),
                packet_boxes_lost: self.routes.boxes_lost,
                ..self.counters
            },
        }
    }

    fn sum(&self, of: impl Fn(&Site) -> u64) -> u64 {
        self.sites.iter().map(of).sum()
    }

    fn room_status(&self, id: RoomId, room: &RoomState) -> RoomStatus {
        let legs = self.legs.iter().filter(|(_, leg)| leg.room == id);
        RoomStatus {
            id: id.to_string(),
            name: room.name.to_string(),
            frame_ms: room.frame.as_millis(),
            mix_slot: room.mix.slot,
            workers: room.on.iter().collect(),
            margin: room.margin,
            rates: room.rates.iter().map(|(rate, _)| rate.hz()).collect(),
            closing: room.closing,
            legs: legs.map(|(id, leg)| leg_status(*id, leg)).collect(),
        }
    }

    /// What is in use of what there is.
    fn fills(&self) -> Vec<Fill> {
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
        let own = [
            fill("legs", legs),
            fill("rooms", rooms),
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
            for ring in rings {
                // The worker whose ring was fullest.
                merge(&mut all, ring, |known, other| {
                    if other.high_water > known.high_water {
                        *known = other;
                    }
                });
            }
        }
        own.into_iter().chain(all).collect()
    }

    /// Plans of the worker that has most of them.
    fn fullest_plans(&self) -> (usize, usize, usize) {
        let fills = self.sites.iter().map(|site| site.plans.fill());
        fills.max().unwrap_or_default()
    }

    /// All plans of all workers; one that several have is told once.
    pub(super) fn plan_infos(&self) -> Vec<PlanInfo> {
        let mut infos: Vec<PlanInfo> = Vec::new();
        for info in self.sites.iter().flat_map(|site| site.plans.infos()) {
            let same = |known: &&mut PlanInfo| {
                known.ingress == info.ingress && known.egress == info.egress
            };
            match infos.iter_mut().find(same) {
                Some(known) => known.legs += info.legs,
                None => infos.push(info),
            }
        }
        infos
    }
}

/// Takes in what another worker has of the same.
fn merge(all: &mut Vec<Fill>, one: Fill, into: impl FnOnce(&mut Fill, Fill)) {
    match all.iter_mut().find(|known| known.what == one.what) {
        Some(known) => into(known, one),
        None => all.push(one),
    }
}

fn worker_status(site: &Site) -> WorkerStatus {
    let status = WorkerStatus::new(
        &site.obtained,
        &site.timing,
        site.counters,
        site.last_late
            .map(|(at, by, culprit)| LateStatus::new(at, by, culprit)),
        site.table.load(),
    );
    WorkerStatus {
        epoch: site.epoch,
        ..status
    }
}

fn leg_status(id: LegId, leg: &LegState) -> LegStatus {
    LegStatus {
        id: id.to_string(),
        bits: id.to_bits(),
        kind: leg.face.kind,
        codec: leg.face.codec.clone(),
        rate: leg.rate.hz(),
        worker: leg.worker,
        state: match leg.stage {
            Stage::Joining => "joining",
            Stage::In => "in",
            Stage::Leaving(_) => "leaving",
        },
        gain_db: leg.gain_db,
        muted: leg.muted,
        receive: leg.direction.receive,
        send: leg.direction.send,
        slots_before: leg.place.before,
        slots_after: leg.place.after,
        stats: leg.stats,
    }
}
