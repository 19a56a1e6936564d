//! What the worker says: acks settle edits, garbage is freed, events are passed on (`answers/events`).
//!
//! On the supervisor's thread.

use crate::event::{EventKind, LeaveReason};
use crate::proto::{Ack, Garbage, LegId};

use super::Supervisor;
use super::legs::Stage;
use super::transactions::Note;

mod events;

/// Events taken in per poll, so that a storm of them never keeps requests waiting.
const EVENTS: usize = 4_096;

impl Supervisor {
    /// Takes in all there is: acks first, then the boxes they speak of, then events.
    pub(super) fn hear(&mut self) {
        for worker in 0..self.sites.len() {
            self.hear_one(worker);
        }
    }

    fn hear_one(&mut self, worker: usize) {
        let site = &mut self.sites[worker];
        site.acks.gauge();
        site.garbage.gauge();
        site.events.gauge();
        while let Some(ack) = self.sites[worker].acks.pop() {
            self.ack(worker, ack);
        }
        while let Some(garbage) = self.sites[worker].garbage.pop() {
            if let Garbage::Panic(panic) = garbage {
                // These have places of their own in the ring.
                self.fenced(panic);
                continue;
            }
            self.sites[worker].transactions.box_back();
            self.counters.boxes_freed += 1;
            self.free(worker, garbage);
        }
        for _ in 0..EVENTS {
            let Some(event) = self.sites[worker].events.pop() else {
                break;
            };
            self.event(worker, event);
        }
        let site = &mut self.sites[worker];
        site.stats.collect(&mut site.timing);
        self.hear_costs(worker);
    }

    fn ack(&mut self, worker: usize, ack: Ack) {
        match ack {
            Ack::Done { txn, slot } => {
                let settled = self.sites[worker].transactions.done(txn);
                self.learn(slot, settled.asked, &settled.placings);
                for (note, failed) in settled.notes {
                    self.settle(worker, note, failed);
                }
            }
            Ack::Stale { txn, index } | Ack::Refused { txn, index } => {
                let note = self.sites[worker].transactions.failed(txn, index);
                if matches!(note, Some(Note::Send(_) | Note::SendCall(_))) {
                    return;
                }
                tracing::error!(
                    txn = txn.0,
                    index,
                    worker,
                    ?ack,
                    "the worker could not carry out an edit"
                );
                self.counters.edits_failed += 1;
            }
            Ack::BerthBack { .. } => self.sites[worker].transactions.leg_answered(),
            Ack::LegGone { leg } => {
                self.sites[worker].transactions.leg_answered();
                self.gone(leg);
            }
            Ack::Swapped { leg } => {
                self.sites[worker].transactions.leg_answered();
                self.swapped(leg, true);
            }
            Ack::LegHere { leg } => {
                self.sites[worker].transactions.leg_answered();
                self.arrived(leg);
                self.call_arrived(leg);
            }
        }
    }

    /// The fate of one command.
    fn settle(&mut self, worker: usize, note: Note, failed: bool) {
        match (note, failed) {
            (Note::Join(leg), false) => {
                let Some(state) = self.legs.get_mut(&leg) else {
                    return;
                };
                if state.stage == Stage::Joining {
                    state.stage = Stage::In;
                }
                let room = state.room;
                // Told once, also of a leg that was built anew.
                if !std::mem::replace(&mut state.told, true) {
                    self.publish(self.now, EventKind::Joined { room, leg });
                }
            }
            (
                Note::Peer {
                    worker: other,
                    epoch,
                },
                _,
            ) => {
                self.cut(worker, other, epoch);
                self.cut_calls(worker, other, epoch);
            }
            (Note::Call(call), failed) => self.call_begun(call, failed),
            // It never was there, or is not any more: its handle must not stay taken.
            (Note::Join(leg) | Note::Leave(leg), true) => self.gone(leg),
            (Note::Swap(leg), true) => self.swapped(leg, false),
            (Note::Send(leg), true) => self.not_sent(leg, worker),
            (Note::SendCall(call), true) => self.call_not_sent(call, worker),
            (
                Note::Swap(_)
                | Note::Await(_)
                | Note::Leave(_)
                | Note::Send(_)
                | Note::SendCall(_)
                | Note::ReplaceCall
                | Note::Add
                | Note::Remove
                | Note::Lend
                | Note::Set,
                _,
            ) => {}
        }
    }

    /// The leg is not on the worker any more.
    fn gone(&mut self, leg: LegId) {
        if self.call_sides.contains_key(&leg) {
            return self.missed_call(leg);
        }
        if self.comes_no_more(leg) {
            return self.missed(leg);
        }
        if let Some(state) = self.legs.get_mut(&leg) {
            state.gone = true;
            if state.stays() {
                state.leave(LeaveReason::Requested);
            }
        }
        self.retire(leg);
    }

    /// Whether the leg was on its way from a worker that is lost.
    fn comes_no_more(&self, leg: LegId) -> bool {
        let moving = self.legs.get(&leg).and_then(|leg| leg.moving.as_ref());
        moving.is_some_and(|moving| self.sites[usize::from(moving.from)].epoch != moving.from_epoch)
    }

    /// A box is back: what it held is free again, and the box is dropped here.
    fn free(&mut self, worker: usize, garbage: Garbage) {
        match garbage {
            Garbage::Plan(plan, _) => {
                let known = self.sites[worker].plans.freed(plan);
                self.counters.stale_returns += u64::from(!known);
            }
            Garbage::Room(room, _) => self.room_freed(worker, room),
            Garbage::Peer(peer) => self.peer_back(worker, peer),
            Garbage::Bus(..) | Garbage::Keys(_) | Garbage::Panic(_) => {}
            Garbage::Call(call, body) => self.call_freed(worker, call, &body),
            Garbage::Berth(_, berth) => self.give_seats(usize::from(berth.seats_of), &berth.seats),
            Garbage::Swap(_, swap) => {
                let back = if swap.done { &swap.gone } else { &swap.new };
                self.give_back(worker, back);
            }
            Garbage::Leg(leg, body) => {
                self.give_seats(worker, &body.seats);
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.bodies = state.bodies.saturating_sub(1);
                    if !state.stays() {
                        state.stats = body.run.stats;
                    }
                }
                self.retire(leg);
            }
        }
    }
}
