//! A leg has come to its new worker, or stays where it was.
//!
//! On the supervisor's thread.

use crate::event::EventKind;
use crate::proto::{Command, LegId};

use super::super::Supervisor;
use super::super::batch::Batch;
use super::super::holdings::Held;
use super::Moving;

impl Supervisor {
    /// The leg runs on its new worker: its packets go there, and what waited goes out.
    pub(in crate::supervisor) fn arrived(&mut self, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let (worker, room) = (state.worker, state.room);
        let Some(mut moving) = state.moving.take() else {
            return;
        };
        self.routes.set(leg, worker);
        self.send_waiting(leg, std::mem::take(&mut moving.waiting));
        let mut batch = Batch::default();
        self.left_behind(leg, &moving, &mut batch);
        self.submit_at(batch, 0);
        self.part_left(room, moving.from);
        self.counters.legs_moved += 1;
        let worker = usize::from(worker);
        self.publish(self.now, EventKind::Moved { leg, worker });
    }

    /// Sends what has waited for the leg.
    fn send_waiting(&mut self, leg: LegId, waiting: Vec<(Option<usize>, Command)>) {
        for (asked, edit) in waiting {
            self.about(asked);
            self.send_edit(leg, edit);
        }
        self.about(None);
    }

    /// Worker `at` has no room on the way for a leg it was to send: the leg stays there, and what waited for it elsewhere is
    /// given up.
    pub(in crate::supervisor) fn not_sent(&mut self, leg: LegId, at: usize) {
        let epoch = self.sites[at].epoch;
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let sends =
            |moving: &mut Box<Moving>| usize::from(moving.from) == at && moving.from_epoch == epoch;
        let Some(moving) = state.moving.take_if(sends) else {
            return;
        };
        let moving = *moving;
        let berth = state.held();
        (state.worker, state.epoch) = (moving.from, epoch);
        (state.plan, state.place, state.seats) = (moving.plan, moving.place, moving.seats);
        self.send_waiting(leg, moving.waiting);
        let mut batch = Batch::default();
        self.unawait(leg, (berth.worker, berth.epoch), &mut batch);
        let site = &mut self.sites[usize::from(berth.worker)];
        site.legs -= usize::from(site.epoch == berth.epoch);
        self.vacate(&berth, &mut batch);
        self.submit_at(batch, 0);
        self.part_left(berth.room, berth.worker);
        self.counters.moves_taken_back += 1;
        let worker = usize::from(berth.worker);
        self.publish(self.now, EventKind::NotMoved { leg, worker });
    }

    /// A worker need not wait for a leg any more, unless it is lost.
    pub(in crate::supervisor) fn unawait(
        &self,
        leg: LegId,
        (worker, epoch): (u8, u16),
        batch: &mut Batch,
    ) {
        if self.sites[usize::from(worker)].epoch == epoch {
            batch.push(worker, Command::DropBerth { leg });
        }
    }

    /// What a leg that has moved held where it was is given up, but its seats; unless that worker is lost.
    pub(in crate::supervisor) fn left_behind(
        &mut self,
        leg: LegId,
        moving: &Moving,
        batch: &mut Batch,
    ) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let held = Held {
            worker: moving.from,
            epoch: moving.from_epoch,
            plan: moving.plan,
            place: moving.place,
            ..state.held()
        };
        let site = &mut self.sites[usize::from(moving.from)];
        site.legs -= usize::from(site.epoch == moving.from_epoch);
        self.vacate(&held, batch);
    }
}
