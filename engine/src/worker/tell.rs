//! Slot part 3: departures, and what the supervisor is told.
//!
//! States (who talks, a clip's end) are told when they change and told again until the ring
//! took them; figures travel about once a second, each leg in a slot of its own, and only
//! grow: so a full ring delays an event and never loses one.

use core::time::Duration;

use talkpath_nodes::meter::SILENCE;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;

use crate::event::EventClass;
use crate::proto::{Ack, Garbage, Leaving, LegBody, LegId, Segment, WorkerEvent, WorkerEventKind};

use super::Worker;
use super::io::Io;
use super::route::jitter_seat;
use super::stats::LegStats;

/// How often figures are told.
pub(super) const STAMP_EVERY: Duration = Duration::from_secs(1);
/// The part of the event ring's places kept for critical events, and as many for warnings.
const KEPT: usize = 16;

impl Worker {
    /// Detaches the legs that have ramped out.
    ///
    /// Real-time: allocates no; blocks no; cost O(legs leaving).
    pub(super) fn depart(&mut self, io: &mut Io) {
        let still_ramps = |body: &LegBody| {
            // A leg put on hold or fenced meanwhile has nothing left to ramp.
            let runs = body.direction.receive && !body.run.ingress_fenced;
            runs && body.run.leaving != Leaving::Done
        };
        let mut at = 0;
        while let Some(&leg) = self.leaving.get(at) {
            let done = self.legs.get(leg).is_none_or(|body| !still_ramps(body));
            if !done {
                at += 1;
                continue;
            }
            self.leaving.swap_remove(at);
            self.end_swap_now(leg, io);
            let Some(mut body) = self.legs.remove(leg) else {
                continue;
            };
            self.leave(leg, &body);
            body.run.stats = self.settled(&body, &mut io.packets_in);
            self.bank.uninstall(body.seats.iter(), &mut body.states);
            self.acknowledge(&mut io.acks, Ack::LegGone { leg });
            self.free(&mut io.garbage, Garbage::Leg(leg, body));
        }
    }

    /// Events of the legs that ran in this slot, and the figures that are due.
    ///
    /// Real-time: allocates no; blocks no; cost O(legs due).
    pub(super) fn tell(&mut self, slot: u64, now: Duration, io: &mut Io) {
        let cycle = self.schedule.cycle() as u64;
        let per_stamp = (STAMP_EVERY.as_nanos() / self.config.slot.as_nanos().max(1)) as u64;
        let cycles_per_stamp = (per_stamp / cycle).max(1);
        for segment in [Segment::Ingress, Segment::Egress] {
            for at in 0..self.schedule.due(segment, slot).len() {
                let leg = self.schedule.due(segment, slot)[at].leg;
                self.tell_states(leg, now, io);
                // Legs take turns over the second.
                let stamp =
                    (slot / cycle + u64::from(leg.index())).is_multiple_of(cycles_per_stamp);
                if stamp {
                    self.tell_figures(leg, now, io);
                }
            }
        }
        if slot.is_multiple_of(per_stamp) {
            let levels = io.levels();
            // What finds no empty box goes on in the one it has, like the timing.
            let costs = io.costs.publish();
            if !(io.stats.publish() && costs) {
                // Recording goes on in the same box: nothing is lost.
                self.counters.events_deferred += 1;
            }
            let figures = WorkerEventKind::Worker {
                counters: self.counters,
                levels,
            };
            if !self.event(io, now, figures) {
                self.counters.events_deferred += 1;
            }
        }
    }

    fn tell_states(&mut self, leg: LegId, now: Duration, io: &mut Io) {
        let Some(body) = self.legs.get(leg) else {
            return;
        };
        let run = &body.run;
        let talking = run.stats.talking && body.direction.receive;
        let (talk, finished) = (
            run.told_talking != talking,
            run.finished && !run.told_finished,
        );
        if talk
            && self.event(io, now, WorkerEventKind::Talking { leg, talking })
            && let Some(body) = self.legs.get_mut(leg)
        {
            body.run.told_talking = talking;
        }
        if finished
            && self.event(io, now, WorkerEventKind::Finished { leg })
            && let Some(body) = self.legs.get_mut(leg)
        {
            body.run.told_finished = true;
        }
    }

    fn tell_figures(&mut self, leg: LegId, now: Duration, io: &mut Io) {
        let Some(body) = self.legs.get(leg) else {
            return;
        };
        let stats = self.figures(body);
        // Told again within the second: nothing to make good when the ring is full.
        if !self.event(io, now, WorkerEventKind::Leg { leg, stats }) {
            self.counters.events_deferred += 1;
        }
    }

    /// A leg's figures: what the worker noted and what its jitter buffer counts.
    fn figures(&self, body: &LegBody) -> LegStats {
        let mut stats = body.run.stats;
        if let Some(buffer) = jitter_seat(body).and_then(|seat| self.bank.jitter.get(seat)) {
            stats.add(buffer.counters(), buffer.config().codec.rate());
            stats.add_delay(buffer.delay());
            stats.queued = buffer.queued() as u32;
        }
        if !body.direction.receive {
            (stats.talking, stats.level) = (false, SILENCE);
        }
        stats
    }

    /// Empties a leg's jitter buffer for good and closes its figures.
    pub(super) fn settled(&mut self, body: &LegBody, packets: &mut Borrower<Packet>) -> LegStats {
        self.empty_jitter(jitter_seat(body), packets);
        self.figures(body)
    }

    /// Tells the supervisor, unless only places are left that are kept for events that matter more. One ring keeps
    /// their order; only the worker fills it, so a place that was free still is.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(super) fn event(&self, io: &mut Io, at: Duration, kind: WorkerEventKind) -> bool {
        let kept = io.events.capacity() / KEPT;
        let kept = match kind.class() {
            EventClass::Critical => 0,
            EventClass::Warning => kept,
            EventClass::Notice | EventClass::Info => 2 * kept,
        };
        io.events.has_room(kept + 1) && io.events.push(WorkerEvent { at, kind }).is_ok()
    }
}
