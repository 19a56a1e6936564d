//! Slot parts 1 and 2: the segments and mixes that are due.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_rt::slab::Slab;

use crate::proto::{
    Culprit, Leaving, LegBody, LegId, LegTag, PlanId, RoomBody, RoomId, RoomTag, Segment,
};

use super::Worker;
use super::arena::LANES;
use super::cohort::{Cohort, Lane, Probe};
use super::costs::PROBE_EVERY;
use super::io::Io;
use super::schedule::Due;

impl Worker {
    /// Ingress of the legs due, mix of the rooms due, egress of the legs due.
    ///
    /// Real-time: allocates no; blocks no; cost O(legs and rooms due).
    pub(super) fn run_due(&mut self, slot: u64, now: Duration, io: &mut Io) {
        self.run_segment(Segment::Ingress, slot, now, io);
        self.mix_due(slot, io);
        self.run_segment(Segment::Egress, slot, now, io);
    }

    fn run_segment(&mut self, segment: Segment, slot: u64, now: Duration, io: &mut Io) {
        let mut rest = self.schedule.due(segment, slot);
        self.ahead(segment).begin(rest);
        let mut begin = io.cost_clock.now();
        for cohort in rest.chunk_by(|a, b| a.plan == b.plan) {
            let id: PlanId = cohort[0].plan;
            let Some(plan) = self.plans.get(id).and_then(|p| p.segment(segment)) else {
                continue;
            };
            for chunk in cohort.chunks(LANES) {
                rest = &rest[chunk.len()..];
                self.ahead(segment).step(rest);
                let (lanes, first) = lanes_of(chunk, segment, slot, &mut self.legs, &self.rooms);
                let legs = lanes.len() as u32;
                let probed = self.until_probe == 0;
                self.until_probe = self.until_probe.checked_sub(1).unwrap_or(PROBE_EVERY - 1);
                let sent = self.counters.packets_out;
                Cohort {
                    legs: &mut self.legs,
                    rooms: &mut self.rooms,
                    bank: &mut self.bank,
                    arena: &mut self.arena,
                    counters: &mut self.counters,
                    packets_in: &mut io.packets_in,
                    packets_out: &mut io.packets_out,
                    worker: (self.config.index, self.config.epoch),
                    slot_time: self.config.slot,
                    slot,
                    now,
                    lanes,
                    at: 0,
                    fallen: &mut self.fallen,
                    probe: probed.then(|| Probe {
                        clock: &*io.cost_clock,
                        costs: io.costs.current(),
                    }),
                    script: io.script.as_deref_mut(),
                    #[cfg(test)]
                    kind: "",
                }
                .run(plan, segment);
                let end = io.cost_clock.now();
                match self.counters.packets_out - sent {
                    0 => {}
                    sent => io
                        .stats
                        .current()
                        .record_handed(end.saturating_sub(now), sent),
                }
                let took = end.saturating_sub(core::mem::replace(&mut begin, end));
                self.ran += took;
                io.costs.current().cohort(id, segment, took, legs);
                if let Some((leg, room)) = first {
                    self.blame.ran(Culprit {
                        leg,
                        room: Some(room),
                        plan: id,
                        segment,
                        legs,
                        took,
                    });
                }
            }
        }
    }
}

/// The legs of a chunk that run this period, and the first of them with its room.
fn lanes_of(
    chunk: &[Due],
    segment: Segment,
    slot: u64,
    legs: &mut Slab<Box<LegBody>, LegTag>,
    rooms: &Slab<Box<RoomBody>, RoomTag>,
) -> (ArrayVec<Lane, LANES>, Option<(LegId, RoomId)>) {
    let (mut lanes, mut first) = (ArrayVec::new(), None);
    for due in chunk {
        let Some(leg) = legs.get_mut(due.leg) else {
            continue;
        };
        let Some(room) = rooms.get(leg.room) else {
            continue;
        };
        if segment == Segment::Egress && has_heard(leg, room) {
            continue;
        }
        if let Some(skipped) = turn(leg, segment, mix_of(leg, room, segment, slot)) {
            lanes.push(Lane {
                leg: due.leg,
                skipped,
                fenced: false,
            });
            first = first.or(Some((due.leg, leg.room)));
        }
    }
    (lanes, first)
}

/// Whether a leg whose egress was moved to a later slot ran for this mix in the earlier one.
fn has_heard(leg: &mut LegBody, room: &RoomBody) -> bool {
    core::mem::take(&mut leg.run.moved) && leg.run.heard_mix == room.mixes
}

/// Number of the mix that a leg's run in `slot` belongs to. By it, not by the slot, runs are counted: a leg that is moved
/// to other slots runs once for each mix, on whichever side of a period's beginning they lie.
fn mix_of(leg: &LegBody, room: &RoomBody, segment: Segment, slot: u64) -> u64 {
    let period = u64::from(room.period.max(1));
    match segment {
        Segment::Ingress => room.coming(slot),
        Segment::Egress => room.coming(slot + period - u64::from(leg.slots_after) % period),
    }
}

/// Whether a leg runs this period, and how many periods it missed since it last did: by a
/// stall of the worker, or because it was on hold.
fn turn(leg: &mut LegBody, segment: Segment, period: u64) -> Option<u32> {
    let fenced = leg.run.fenced(segment);
    let (open, last) = match segment {
        Segment::Ingress => (leg.direction.receive, &mut leg.run.ingress_period),
        Segment::Egress => (leg.direction.send, &mut leg.run.egress_period),
    };
    if !open || fenced || leg.run.leaving == Leaving::Done {
        return None;
    }
    if let Some(swap) = &mut leg.swap {
        swap.count(segment);
    }
    let missed = last
        .replace(period)
        .map_or(0, |last| period.saturating_sub(last + 1));
    let missed = u32::try_from(missed).unwrap_or(u32::MAX);
    if segment == Segment::Ingress {
        leg.run.stats.skipped_periods += u64::from(missed);
        // A gain on its way to silence gets there in this run: after it the leg is on hold, or may go.
        leg.direction.receive = leg.run.held.is_none();
        if leg.run.leaving == Leaving::Ramping {
            leg.run.leaving = Leaving::Done;
        }
    }
    Some(missed)
}
