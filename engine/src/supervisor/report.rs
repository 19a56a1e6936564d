//! The status: what the supervisor knows, as one record.

use std::time::Duration;

use talkpath_rt::timing::SlotStats;

use crate::ledger::{FlowLedger, LegLedger, Placed};
use crate::proto::{LegId, RoomId};
use crate::status::{
    AdmissionStatus, CallStatus, Fill, LegStatus, PlanInfo, RoomStatus, SideStatus, Status,
    SupervisorCounters, WorkerStatus,
};

use super::Supervisor;
use super::calls::{self, CallState};
use super::legs::{LegState, Stage};
use super::plans::Compiled;
use super::rooms::RoomState;
use super::site::Site;

impl Supervisor {
    pub(super) fn status(&self) -> Status {
        let seconds = |span: Duration| span.as_secs_f64();
        Status {
            at: seconds(self.now),
            uptime: seconds(self.now.saturating_sub(self.started)),
            slot_us: u64::try_from(self.config.slot.as_micros()).unwrap_or(u64::MAX),
            workers: (0..)
                .zip(&self.sites)
                .map(|(worker, site)| worker_status(site, self.node(worker)))
                .collect(),
            rooms: self
                .rooms
                .iter()
                .map(|(id, room)| self.room_status(*id, room))
                .collect(),
            calls: self
                .calls
                .values()
                .map(|call| self.call_status(call))
                .collect(),
            capacity: self.fills(),
            admission: AdmissionStatus::of(&self.config),
            costs: self.cost_status(),
            supervisor: SupervisorCounters {
                edits_waiting: self.sum(|site| site.transactions.waiting().0 as u64),
                command_ring_full: self.sum(|site| site.transactions.ring_full),
                events_lost: self.subscribers.lost().total(),
                events_lost_critical: self.subscribers.lost().critical,
                workers_out: self.workers_out(),
                workers_not_replaced: self.sum(|site| site.given_up.into()),
                packet_boxes_lost: self.routes.boxes_lost,
                ..self.counters
            },
            recording: self.tape.as_ref().map(|tape| tape.state()),
        }
    }

    /// Slot timing of every worker since the start.
    pub(super) fn timing(&self) -> Vec<SlotStats> {
        self.sites.iter().map(|site| site.timing.clone()).collect()
    }

    pub(super) fn leg_status(&self, id: LegId, leg: &LegState) -> LegStatus {
        LegStatus {
            id: id.to_string(),
            bits: id.to_bits(),
            kind: leg.face.kind,
            codec: leg.face.codec.clone(),
            rate: leg.rate.hz(),
            plan: leg.plan.to_bits(),
            plan_name: self.plan_name(leg),
            worker: leg.worker,
            state: match leg.stage {
                Stage::Joining => "joining",
                Stage::In => "in",
                Stage::Leaving(_) => "leaving",
            },
            priority: leg.priority,
            gain_db: leg.gain_db,
            muted: leg.muted,
            receive: leg.direction.receive,
            send: leg.direction.send,
            slots_before: leg.place.before,
            slots_after: leg.place.after,
            ledger: self.ledger(leg),
            stats: leg.stats,
        }
    }

    fn plan_name(&self, leg: &LegState) -> String {
        let plans = &self.sites[usize::from(leg.worker)].plans;
        let compiled = plans.compiled(leg.plan);
        compiled.map(Compiled::name).unwrap_or_default()
    }

    /// Where the delay of a leg comes from.
    pub(super) fn ledger(&self, leg: &LegState) -> LegLedger {
        let slots = |slots: u32| self.config.slot * slots;
        let room = self.rooms.get(&leg.room);
        let margin = room.map_or(0, |room| room.margin);
        let placed = Placed {
            before: slots(leg.place.before),
            after: slots(leg.place.after),
            margin: slots(margin),
        };
        let plans = &self.sites[usize::from(leg.worker)].plans;
        let compiled = plans.compiled(leg.plan);
        let latencies = compiled.map(|compiled| compiled.latencies);
        let rates = room.iter().flat_map(|room| &room.rates);
        let rates = rates.map(|(rate, _)| *rate);
        LegLedger::new(
            latencies.unwrap_or_default(),
            placed,
            leg.rate,
            rates,
            &leg.stats,
        )
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
            legs: legs.map(|(id, leg)| self.leg_status(*id, leg)).collect(),
        }
    }

    fn call_status(&self, call: &CallState) -> CallStatus {
        let plans = &self.sites[usize::from(call.worker)].plans;
        let compiled = plans.compiled(call.plan);
        let latencies = compiled.map_or_else(Default::default, |compiled| compiled.latencies);
        let stats = [call.stats.from_a, call.stats.from_b];
        let side = |n: usize| {
            let (leg, config, direction) =
                (call.info.sides[n], call.configs[n], call.directions[n]);
            SideStatus {
                id: leg.to_string(),
                bits: leg.to_bits(),
                codec: config.codec.to_string(),
                payload_type: config.payload_type,
                ptime_ms: config.ptime.as_millis() as u64,
                receive: direction.receive,
                send: direction.send,
                ledger: FlowLedger::new(&latencies[n], &stats[n]),
            }
        };
        let [a, b] = call.configs;
        CallStatus {
            id: call.info.id.to_string(),
            sides: [side(0), side(1)],
            worker: call.worker,
            plan: call.plan.to_bits(),
            state: match call.stage {
                calls::Stage::Beginning => "beginning",
                calls::Stage::Up => "up",
                calls::Stage::Ending(_) => "ending",
            },
            priority: call.priority,
            relay: (a.codec, a.ptime) == (b.codec, b.ptime),
            stats: call.stats,
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

fn worker_status(site: &Site, node: Option<u32>) -> WorkerStatus {
    let status = WorkerStatus::new(
        &site.obtained,
        &site.timing,
        site.counters(),
        site.last_late.clone(),
        &site.table.load(),
    );
    WorkerStatus {
        epoch: site.epoch,
        node,
        governor: site.shedding.status(),
        ..status
    }
}
