//! What is written down after a cohort, whichever way it came to run: how long its packets took to be made, what it cost, and
//! whether it was the slowest of its slot (D14, D15).
//!
//! Owner: the worker.

use core::time::Duration;

use crate::proto::{Culprit, LegId, PlanId, RoomId, Segment};

use talkpath_rt::pages;

use super::blame::Blame;
use super::io::Io;

/// Which op of a plan took longest, each half by itself, when it was last timed op by op.
#[derive(Clone, Copy, Debug, Default)]
struct Dearest {
    /// The plan; another of that index before it counts no more.
    plan: Option<PlanId>,
    ops: [Option<&'static str>; 2],
}

/// What is kept over the cohorts of a slot.
#[derive(Debug)]
pub(super) struct Accounts {
    pub blame: Blame,
    /// Time the cohorts of the slot at hand took.
    pub ran: Duration,
    /// When the cohort at hand began, and the packets that had been sent by then.
    begin: Duration,
    sent: u64,
    /// By index of the plan.
    dearest: Box<[Dearest]>,
}

/// Those that ran side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub plan: PlanId,
    pub segment: Segment,
    /// How many they were.
    pub legs: u32,
    /// What the time is shared by: their periods, or their packets.
    pub shares: u32,
    /// The first of them, and its room.
    pub first: Option<(LegId, Option<RoomId>)>,
    /// Of those whose ops were timed one by one, the kind that took longest.
    pub op: Option<&'static str>,
}

impl Accounts {
    /// Of a worker with room for so many plans. On its own thread, before it is ready.
    pub fn new(plans: usize) -> Self {
        Self {
            blame: Blame::default(),
            ran: Duration::ZERO,
            begin: Duration::ZERO,
            sent: 0,
            dearest: pages::filled(plans, Dearest::default()),
        }
    }

    /// What took longest of this half of the plan, now or when it was last looked at.
    fn dearest(
        &mut self,
        plan: PlanId,
        segment: Segment,
        op: Option<&'static str>,
    ) -> Option<&'static str> {
        let known = self.dearest.get_mut(plan.index() as usize)?;
        if known.plan != Some(plan) {
            *known = Dearest {
                plan: Some(plan),
                ..Dearest::default()
            };
        }
        let last = &mut known.ops[segment as usize];
        *last = op.or(*last);
        *last
    }

    /// Cohorts run from now on, when `sent` packets have been sent.
    ///
    /// Real-time: allocates no; blocks no; cost O(1) and a reading of the clock.
    pub fn begin(&mut self, sent: u64, io: &Io) {
        (self.begin, self.sent) = (io.cost_clock.now(), sent);
    }

    /// A cohort has run in the slot that began at `slot_begin`; the next one begins.
    ///
    /// Real-time: allocates no; blocks no; cost O(1) and a reading of the clock.
    pub fn ran(&mut self, cohort: Ran, sent: u64, slot_begin: Duration, io: &mut Io) {
        let Ran {
            plan,
            segment,
            legs,
            shares,
            first,
            op,
        } = cohort;
        let end = io.cost_clock.now();
        match sent - core::mem::replace(&mut self.sent, sent) {
            0 => {}
            packets => {
                let took = end.saturating_sub(slot_begin);
                io.stats.current().record_handed(took, packets);
            }
        }
        let took = end.saturating_sub(core::mem::replace(&mut self.begin, end));
        self.ran += took;
        io.costs.current().cohort(plan, segment, took, shares);
        let op = self.dearest(plan, segment, op);
        if let Some((leg, room)) = first {
            self.blame.ran(Culprit {
                leg,
                room,
                plan,
                segment,
                op,
                legs,
                took,
            });
        }
    }
}
