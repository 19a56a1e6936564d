//! What the work costs (D15): per plan and half, the time of one leg and period, of a call that of one packet; per node kind,
//! the time of one op.
//!
//! The worker records into a [`CostStats`] and exchanges it for an empty one, as it does with slot timing;
//! control adds up, and prices legs by it. A reading of nothing (virtual time) is no measurement and is not recorded.

use core::time::Duration;

use talkpath_nodes::spec::Spec;
use talkpath_rt::pages;
use talkpath_rt::timing::{Sink, Source, Tally, exchange_of};

use crate::proto::{PlanId, Segment};

pub use bars::Bars;
pub use kinds::{KINDS, kind_index};

mod bars;
mod kinds;

/// Which cohorts have their ops timed one by one: every so many, so that reading the clock stays below 1 % of the work.
/// Odd, so that it does not fall on ways in only where they take turns with ways out.
pub const PROBE_EVERY: u32 = 17;

/// What one plan's cohorts measured, per leg and period; of a call, per packet.
#[derive(Clone, Debug, Default)]
pub struct PlanCost {
    /// The plan; none of that index has run yet.
    pub plan: Option<PlanId>,
    /// Towards the room.
    pub ingress: Bars,
    /// From the room.
    pub egress: Bars,
}

impl PlanCost {
    fn add(&mut self, other: &Self) {
        if other.plan.is_some() && self.plan != other.plan {
            self.clear();
            self.plan = other.plan;
        }
        self.ingress.add(&other.ingress);
        self.egress.add(&other.egress);
    }

    fn clear(&mut self) {
        self.plan = None;
        self.ingress.clear();
        self.egress.clear();
    }
}

/// Costs measured on one worker.
#[derive(Clone, Debug)]
pub struct CostStats {
    /// By index of the plan.
    pub plans: Box<[PlanCost]>,
    /// By kind, in the order of [`KINDS`]: one op of one leg.
    pub kinds: [Bars; KINDS.len()],
    /// What a slot took beside its cohorts: commands, packets, mixing, events.
    pub rest: Bars,
}

impl CostStats {
    /// For `plans` plans. Control side: allocates.
    #[must_use]
    pub fn new(plans: usize) -> Self {
        Self {
            plans: pages::filled(plans, PlanCost::default()),
            kinds: [const { Bars::new() }; KINDS.len()],
            rest: Bars::new(),
        }
    }

    /// A cohort of `legs` legs took so long.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn cohort(&mut self, plan: PlanId, segment: Segment, took: Duration, legs: u32) {
        let Some(entry) = self.plans.get_mut(plan.index() as usize) else {
            return;
        };
        if legs == 0 || took.is_zero() {
            return;
        }
        if entry.plan != Some(plan) {
            entry.clear();
            entry.plan = Some(plan);
        }
        let half = match segment {
            Segment::Ingress => &mut entry.ingress,
            Segment::Egress => &mut entry.egress,
        };
        half.record(took / legs, legs);
    }

    /// An op of `legs` legs took so long.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn op(&mut self, spec: &Spec, took: Duration, legs: u32) {
        if let Some(kind) = kind_index(spec).filter(|_| legs > 0) {
            self.kinds[kind].record(took / legs, legs);
        }
    }
}

impl Tally for CostStats {
    fn add(&mut self, other: &Self) {
        for (sum, part) in self.plans.iter_mut().zip(&other.plans) {
            sum.add(part);
        }
        for (sum, part) in self.kinds.iter_mut().zip(&other.kinds) {
            sum.add(part);
        }
        self.rest.add(&other.rest);
    }

    fn clear(&mut self) {
        self.plans.iter_mut().for_each(PlanCost::clear);
        self.kinds.iter_mut().for_each(Bars::clear);
        self.rest.clear();
    }
}

/// The worker's end of the cost exchange.
pub type CostSource = Source<CostStats>;
/// Control's end of the cost exchange.
pub type CostSink = Sink<CostStats>;

/// An exchange of costs of `plans` plans. Allocates all the boxes there will be.
#[must_use]
pub fn exchange(plans: usize) -> (CostSource, CostSink) {
    exchange_of(|| CostStats::new(plans))
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_rt::slab::FreeList;

    #[test]
    fn what_another_plan_of_that_index_cost_is_forgotten() {
        let mut ids = FreeList::with_capacity(1);
        let first: PlanId = ids.take().expect("free");
        ids.give(first).expect("out");
        let second: PlanId = ids.take().expect("free");
        let mut sum = CostStats::new(1);
        for (plan, micros) in [(first, 10), (second, 30)] {
            let mut stats = CostStats::new(1);
            stats.cohort(plan, Segment::Ingress, Duration::from_micros(8 * micros), 8);
            sum.add(&stats);
        }
        assert_eq!(sum.plans[0].plan, Some(second));
        assert_eq!(sum.plans[0].ingress.count(), 8);
        let at = sum.plans[0].ingress.quantile(0.5).as_nanos();
        assert!((30_000..=34_000).contains(&at), "{at}");
        sum.clear();
        assert_eq!((sum.plans[0].plan, sum.plans[0].ingress.count()), (None, 0));
    }
}
