//! Slot parts 1 and 2: the segments and mixes that are due.

use core::time::Duration;

use arrayvec::ArrayVec;
use talkpath_graph::Shed;
use talkpath_rt::slab::Slab;

use crate::proto::{Leaving, LegBody, LegId, LegTag, PlanId, RoomBody, RoomId, RoomTag, Segment};

use super::Worker;
use super::account::Ran;
use super::arena::LANES;
use super::cohort::{Cohort, Lane, Probe};
use super::costs::PROBE_EVERY;
use super::fence::fade_out;
use super::governor::Governor;
use super::io::Io;
use super::schedule::Due;
use super::shed;

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
        self.accounts.begin(self.counters.packets_out, io);
        for cohort in rest.chunk_by(|a, b| a.plan == b.plan) {
            let id: PlanId = cohort[0].plan;
            let Some(plan) = self.plans.get(id).and_then(|p| p.segment(segment)) else {
                continue;
            };
            for chunk in cohort.chunks(LANES) {
                rest = &rest[chunk.len()..];
                self.ahead(segment).step(rest);
                let effects = shed::effects(plan);
                let inward = self.plans.get(id).and_then(|p| p.segment(Segment::Ingress));
                let mut turns = Turns {
                    segment,
                    slot,
                    effects,
                    inward: inward.map_or(0, shed::effects),
                    legs: &mut self.legs,
                    rooms: &mut self.rooms,
                    governor: &mut self.governor,
                    left_out: &mut self.counters.shed_frames[shed::PERIODS],
                };
                let (lanes, first) = turns.lanes(chunk);
                let legs = lanes.len() as u32;
                let probed = self.until_probe == 0;
                self.until_probe = self.until_probe.checked_sub(1).unwrap_or(PROBE_EVERY - 1);
                let op = Cohort {
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
                    spare: &mut self.spare,
                    probe: probed.then(|| Probe {
                        clock: &*io.cost_clock,
                        costs: io.costs.current(),
                        dearest: None,
                    }),
                    script: io.script.as_deref_mut(),
                    #[cfg(test)]
                    op: ("", segment),
                }
                .run(plan, segment);
                let cohort = Ran {
                    plan: id,
                    segment,
                    legs,
                    shares: legs,
                    first: first.map(|(leg, room)| (leg, Some(room))),
                    op,
                };
                let sent = self.counters.packets_out;
                self.accounts.ran(cohort, sent, now, io);
            }
        }
    }
}

/// What decides whose turn it is.
struct Turns<'a> {
    segment: Segment,
    slot: u64,
    /// Effects of the plan, a bit each.
    effects: u8,
    /// Those of the way in, by which a leg that has them both ways is counted.
    inward: u8,
    legs: &'a mut Slab<Box<LegBody>, LegTag>,
    rooms: &'a mut Slab<Box<RoomBody>, RoomTag>,
    governor: &'a mut Governor,
    /// Counts the segments left out.
    left_out: &'a mut u64,
}

impl Turns<'_> {
    /// The legs of a chunk that run this period, and the first of them with its room.
    fn lanes(&mut self, chunk: &[Due]) -> (ArrayVec<Lane, LANES>, Option<(LegId, RoomId)>) {
        let (mut lanes, mut first) = (ArrayVec::new(), None);
        for due in chunk {
            let Some(leg) = self.legs.get_mut(due.leg) else {
                continue;
            };
            let Some(room) = self.rooms.get_mut(leg.room) else {
                continue;
            };
            if self.segment == Segment::Egress && has_heard(leg, room) {
                continue;
            }
            let mix = mix_of(leg, room, self.segment, self.slot);
            if may_sit_out(leg, self.segment) {
                let class = leg.run.priority;
                let counts = self.segment == Segment::Ingress || !leg.direction.receive;
                // Of the change of rate in its room's buses a leg has a part, too.
                let crossed = u8::from(counts && room.buses.len() > 1) << Shed::Resampling.index();
                let told = if counts { 0 } else { self.inward };
                let effects = (self.effects & !told) | crossed;
                self.governor.saw(class, effects, counts, room.frame);
                room.coming_best = room.coming_best.min(class);
                if shed::sits_out(self.governor, due.leg.index(), leg, mix) {
                    *self.left_out += 1;
                    leg.run.stats.shed_periods += 1;
                    if self.segment == Segment::Ingress {
                        fade_out(leg, room, self.slot);
                        leg.run.sat_out = true;
                    }
                    continue;
                }
            }
            if let Some(skipped) = turn(leg, self.segment, mix) {
                let half = self.segment as usize;
                let shed = self.governor.of(leg.run.priority).0 & self.effects;
                lanes.push(Lane {
                    leg: due.leg,
                    skipped,
                    fenced: false,
                    shed,
                    was_shed: core::mem::replace(&mut leg.run.shed[half], shed),
                    back: self.segment == Segment::Ingress && core::mem::take(&mut leg.run.sat_out),
                });
                first = first.or(Some((due.leg, leg.room)));
            }
        }
        (lanes, first)
    }
}

/// Whether a half of a leg runs at all, and need not in this period: one that leaves or goes on hold ramps out first.
fn may_sit_out(leg: &LegBody, segment: Segment) -> bool {
    let open = match segment {
        Segment::Ingress => leg.direction.receive && leg.run.held.is_none(),
        Segment::Egress => leg.direction.send,
    };
    open && !leg.run.fenced(segment) && leg.run.leaving == Leaving::No
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
