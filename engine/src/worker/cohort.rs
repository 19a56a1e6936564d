//! Runs one segment for the strands of a cohort, op by op (D7).
//!
//! A cohort is a run of legs with equal plan due in one slot; it is taken [`LANES`] at a time.
//! For every op the kind is looked up once, then its kernel runs for every lane. What ops of
//! one kind do stands in `inward` (towards the room), `outward` (from it) and `ext`.

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrayvec::ArrayVec;
use talkpath_graph::{Op, Plan, Shed};
use talkpath_nodes::finite;
use talkpath_nodes::packet::Packet;
use talkpath_nodes::spec::Spec;
use talkpath_rt::boxes::{Borrower, Lender};
use talkpath_rt::clock::Clock;
use talkpath_rt::slab::Slab;

use crate::proto::{LegBody, LegId, LegTag, RoomBody, RoomTag, Segment};

use super::arena::{Arena, LANES, at};
use super::bank::{Bank, Seat};
use super::costs::CostStats;
use super::fence::Fallen;
use super::script::{CostScript, Work};
use super::shed::{Run, Spare};
use super::stats::WorkerCounters;

/// One strand of the cohort in this period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub leg: LegId,
    /// Periods given up since it last ran (D14), or spent on hold.
    pub skipped: u32,
    /// A node of it has panicked: it runs no further.
    pub fenced: bool,
    /// Effects left out, a bit each (D15), and those that were in its last period.
    pub shed: u8,
    /// Those of its last period.
    pub was_shed: u8,
    /// Its last period was left out: its voice comes back with a ramp.
    pub back: bool,
}

/// Everything a segment touches while it runs.
pub(super) struct Cohort<'a> {
    pub legs: &'a mut Slab<Box<LegBody>, LegTag>,
    pub rooms: &'a mut Slab<Box<RoomBody>, RoomTag>,
    pub bank: &'a mut Bank,
    pub arena: &'a mut Arena,
    pub counters: &'a mut WorkerCounters,
    pub packets_in: &'a mut Borrower<Packet>,
    pub packets_out: &'a mut Lender<Packet>,
    /// This worker's index and epoch.
    pub worker: (u8, u16),
    /// Length of a slot.
    pub slot_time: Duration,
    pub slot: u64,
    /// Intended time of the slot.
    pub now: Duration,
    pub lanes: ArrayVec<Lane, LANES>,
    /// The lane the op at hand takes next.
    pub at: usize,
    /// Strands whose node panicked.
    pub fallen: &'a mut Fallen,
    /// For a frame before an effect that fades.
    pub spare: &'a mut Spare,
    /// What its ops are timed with, when they are.
    pub probe: Option<Probe<'a>>,
    /// What its ops cost in virtual time.
    pub script: Option<&'a mut (dyn CostScript + 'static)>,
    /// Kind of the op at hand, and the half it stands in.
    #[cfg(test)]
    pub op: (&'static str, Segment),
}

impl Lane {
    /// Whether an op is left out, or runs cheaply, for this lane.
    fn sheds(&self, spec: &Spec) -> bool {
        let is = |shed: Shed| self.shed >> shed.index() & 1 == 1;
        spec.shed().is_some_and(is)
    }
}

/// Times the ops of a cohort one by one.
pub(super) struct Probe<'a> {
    pub clock: &'a dyn Clock,
    pub costs: &'a mut CostStats,
    /// The kind of the one that took longest so far, and how long.
    pub dearest: Option<(Duration, &'static str)>,
}

impl Cohort<'_> {
    /// Runs the segment's ops over the lanes. A lane whose node panics is taken out (D18); the op goes on with the next
    /// one. The kind of the op that took longest, if they are timed.
    ///
    /// Real-time: allocates no; blocks no; cost O(ops × lanes × frame). A panic allocates.
    pub(super) fn run(&mut self, plan: &Plan<Spec>, segment: Segment) -> Option<&'static str> {
        self.counters.segments += self.lanes.len() as u64;
        for (index, op) in plan.ops.iter().enumerate() {
            self.at = 0;
            let begin = self.probe.as_ref().map(|probe| probe.clock.now());
            #[cfg(test)]
            self.begin(op, segment);
            // What a panic leaves half done is the state of one node, which never runs again, and its planes.
            while let Err(payload) =
                catch_unwind(AssertUnwindSafe(|| self.run_op(index, op, segment)))
            {
                self.fence(self.at.saturating_sub(1), segment, op.spec.kind(), payload);
            }
            self.account(&op.spec, begin);
        }
        let dearest = self.probe.as_ref().and_then(|probe| probe.dearest);
        dearest.map(|(_, kind)| kind)
    }

    /// What a test wants to happen in this op.
    #[cfg(test)]
    fn begin(&mut self, op: &Op<Spec>, segment: Segment) {
        self.op = (op.spec.kind(), segment);
        for (n, lane) in self
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| !lane.fenced)
        {
            let place = (self.op.0, segment, lane.leg);
            super::injected::spoil(place, op, n, &mut self.arena.pcm);
        }
    }

    /// An op has run: what it cost, in truth or by the script.
    fn account(&mut self, spec: &Spec, begin: Option<Duration>) {
        if let Some(shed) = spec.shed() {
            for lane in self.lanes.iter().filter(|lane| lane.sheds(spec)) {
                self.counters.shed_frames[shed.index()] += 1;
                if let Some(leg) = self.legs.get_mut(lane.leg) {
                    leg.run.stats.shed_frames += 1;
                }
            }
        }
        if let Some(script) = &mut self.script {
            for lane in self.lanes.iter().filter(|lane| !lane.fenced) {
                script.ran(Work {
                    kind: spec.kind(),
                    leg: lane.leg,
                    shed: lane.sheds(spec),
                });
            }
        }
        if let (Some(probe), Some(begin)) = (&mut self.probe, begin) {
            let took = probe.clock.now().saturating_sub(begin);
            probe.costs.op(spec, took, self.lanes.len() as u32);
            let longest = probe.dearest.map_or(Duration::ZERO, |(longest, _)| longest);
            if took > longest {
                probe.dearest = Some((took, spec.kind()));
            }
        }
    }

    /// How an effect runs for a lane in this period.
    pub(super) fn run_of(lane: Lane, shed: Shed) -> Run {
        Run::of(lane.was_shed, lane.shed, shed)
    }

    /// The next lane of the op at hand.
    pub(super) fn next_lane(&mut self) -> Option<usize> {
        while self.lanes.get(self.at).is_some_and(|lane| lane.fenced) {
            self.at += 1;
        }
        let lane = self.at;
        if lane == self.lanes.len() {
            return None;
        }
        self.at += 1;
        #[cfg(test)]
        super::injected::trip((self.op.0, self.op.1, self.lanes[lane].leg));
        Some(lane)
    }

    fn run_op(&mut self, i: usize, op: &Op<Spec>, segment: Segment) {
        match &op.spec {
            Spec::Jitter { frame, .. } => self.jitter(i, op, *frame),
            Spec::Decode { format, .. } => self.decode(i, op, format.frame),
            Spec::Conceal { .. } => self.conceal(i, op),
            Spec::Resample { to, .. } => self.resample(i, op, *to, segment),
            Spec::Gain { .. } => self.gain(i, op, segment),
            Spec::Meter { .. } => self.meter(i, op, segment),
            Spec::Contribute { .. } => self.contribute(op),
            Spec::Tone { format, .. } => self.tone(i, op, *format),
            Spec::Clip { format, .. } => self.clip(i, op, *format),
            Spec::MixMinus { format, minus_own } => self.mix_minus(op, *format, *minus_own),
            Spec::Limit { .. } => self.limit(i, op),
            Spec::Encode { .. } => self.encode(i, op),
            Spec::Packetise { format, .. } => self.packetise(i, op, *format),
            Spec::Fade { format, into } => self.fade(i, op, *format, *into, segment),
            // These are of calls, which run by themselves (`calls`).
            Spec::Arrival { .. } | Spec::Payload { .. } | Spec::Relay { .. } => {}
            Spec::Ext { .. } => self.ext(i, op, segment),
        }
    }

    /// The leg of a lane with its seat for op `i`.
    pub(super) fn seat(&mut self, lane: Lane, segment: Segment, i: usize) -> Seat {
        self.legs
            .get(lane.leg)
            .and_then(|leg| leg.seats.of(segment).get(i).copied())
            .unwrap_or(Seat::Stateless)
    }

    /// The plane an in-place op works on, holding its input.
    pub(super) fn in_place(arena: &mut Arena, op: &Op<Spec>, lane: usize) -> usize {
        let (from, to) = (at(op.inputs[0], lane), at(op.outputs[0], lane));
        if let Ok([from, to]) = arena.pcm.get_disjoint_mut([from, to]) {
            to.copy_from(from);
        }
        to
    }

    /// Contains a value that is not finite where it arose (D18): the frame is silenced and
    /// counted, and the caller resets the op's state. `true` when all was well.
    pub(super) fn finite(&mut self, lane: Lane, plane: usize) -> bool {
        if finite::guard(self.arena.pcm[plane].as_mut_slice()) {
            return true;
        }
        self.count_not_finite(lane);
        false
    }

    /// Counts a frame that was not finite against the leg and the worker.
    pub(super) fn count_not_finite(&mut self, lane: Lane) {
        self.counters.not_finite += 1;
        if let Some(leg) = self.legs.get_mut(lane.leg) {
            leg.run.stats.not_finite += 1;
        }
    }
}
