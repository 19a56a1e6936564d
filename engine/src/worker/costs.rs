//! What the work costs (D15): per plan and half, the time of one leg and period, of a call that of one packet; per node kind,
//! the time of one op.
//!
//! Log-linear bars of fixed bounds, eight to the octave, so a value is told to an eighth. The worker records into a
//! [`CostStats`] and exchanges it for an empty one, as it does with slot timing; control adds up, and prices legs by it.
//! A reading of nothing (virtual time) is no measurement and is not recorded.

use core::time::Duration;

use talkpath_nodes::spec::Spec;
use talkpath_rt::pages;
use talkpath_rt::timing::{Sink, Source, Tally, exchange_of};

use crate::proto::{PlanId, Segment};

/// Bars of one histogram: up to 2²⁷ ns; what takes longer counts as that.
const BARS: usize = 208;
/// Bits of a value that choose the bar within its octave.
const FINE: u32 = 3;

/// Which cohorts have their ops timed one by one: every so many, so that reading the clock stays below 1 % of the work.
/// Odd, so that it does not fall on ways in only where they take turns with ways out.
pub const PROBE_EVERY: u32 = 17;

/// Kinds of nodes in the order of [`kind_index`], as `/metrics` names them.
pub const KINDS: [&str; 15] = [
    "jitter",
    "decode",
    "conceal",
    "resample",
    "gain",
    "meter",
    "contribute",
    "mix_minus",
    "limit",
    "encode",
    "packetise",
    "tone",
    "clip",
    "ext",
    "fade",
];

/// Place of a kind in [`KINDS`]; none for those of point-to-point calls, whose turns are timed whole.
#[must_use]
pub fn kind_index(spec: &Spec) -> Option<usize> {
    Some(match spec {
        Spec::Jitter { .. } => 0,
        Spec::Decode { .. } => 1,
        Spec::Conceal { .. } => 2,
        Spec::Resample { .. } => 3,
        Spec::Gain { .. } => 4,
        Spec::Meter { .. } => 5,
        Spec::Contribute { .. } => 6,
        Spec::MixMinus { .. } => 7,
        Spec::Limit { .. } => 8,
        Spec::Encode { .. } => 9,
        Spec::Packetise { .. } => 10,
        Spec::Tone { .. } => 11,
        Spec::Clip { .. } => 12,
        Spec::Ext { .. } => 13,
        Spec::Fade { .. } => 14,
        Spec::Arrival { .. } | Spec::Payload { .. } | Spec::Relay { .. } => return None,
    })
}

/// A histogram of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    counts: [u32; BARS],
    total: u32,
}

impl Bars {
    /// Nothing measured.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: [0; BARS],
            total: 0,
        }
    }

    /// Counts `times` measurements of `span`; none when the span is nothing.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn record(&mut self, span: Duration, times: u32) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        if nanos > 0 {
            let bar = &mut self.counts[bar(nanos)];
            *bar = bar.saturating_add(times);
            self.total = self.total.saturating_add(times);
        }
    }

    /// Measurements.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.total
    }

    /// The time that the part `quantile` (0 to 1) of the measurements did not exceed, to an eighth above; nothing when
    /// there is none.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let wanted = (f64::from(self.total) * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        Duration::from_nanos(found.map_or(0, top))
    }

    /// Adds the measurements of another.
    pub fn add(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        for (sum, part) in self.counts.iter_mut().zip(&other.counts) {
            *sum = sum.saturating_add(*part);
        }
        self.total = self.total.saturating_add(other.total);
    }

    /// Forgets half of what was measured, so that what is new outweighs it.
    pub fn fade(&mut self) {
        self.counts.iter_mut().for_each(|count| *count /= 2);
        self.total = self.counts.iter().sum();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if self.total > 0 {
            *self = Self::new();
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

/// The bar of a time in nanoseconds.
fn bar(nanos: u64) -> usize {
    let octave = nanos.ilog2();
    let bar = match octave.checked_sub(FINE) {
        None => nanos,
        Some(shift) => (u64::from(shift) << FINE) + (nanos >> shift),
    };
    (bar as usize).min(BARS - 1)
}

/// The longest time of a bar, in nanoseconds.
fn top(bar: usize) -> u64 {
    let (bar, fine) = (bar as u64, 1 << FINE);
    match (bar >> FINE).checked_sub(1) {
        None => bar,
        Some(shift) => ((bar % fine + fine + 1) << shift) - 1,
    }
}

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
    fn every_time_is_in_a_bar_that_ends_an_eighth_above_it_at_most() {
        for nanos in (1..5_000).chain([65_535, 65_536, 1_000_000, 99_999_999]) {
            let top = top(bar(nanos));
            assert!(top >= nanos, "{nanos} is in the bar up to {top}");
            assert!(top - nanos <= nanos / 8, "{nanos} is told as {top}");
        }
        assert_eq!(bar(u64::MAX), BARS - 1);
    }

    #[test]
    fn a_quantile_is_that_of_the_sorted_times() {
        let mut bars = Bars::new();
        assert_eq!(bars.quantile(0.9), Duration::ZERO);
        for micros in 1..=100 {
            bars.record(Duration::from_micros(micros), 1);
        }
        bars.record(Duration::ZERO, 50);
        assert_eq!(bars.count(), 100, "nothing is no measurement");
        let at = bars.quantile(0.9).as_nanos();
        assert!((90_000..=102_000).contains(&at), "{at}");
        assert!(bars.quantile(1.0) >= Duration::from_micros(100));
        bars.fade();
        assert!(bars.count() <= 100);
    }

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
