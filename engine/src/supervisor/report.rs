//! The status: what the supervisor knows, as one record.

use std::time::Duration;

use talkpath_rt::timing::SlotStats;

use crate::status::{AdmissionStatus, PlanInfo, Status, SupervisorCounters, WorkerStatus};

use super::Supervisor;
use super::site::Site;

mod calls;
mod fills;
mod rooms;

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

    fn sum(&self, of: impl Fn(&Site) -> u64) -> u64 {
        self.sites.iter().map(of).sum()
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
