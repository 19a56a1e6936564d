//! When a swap may begin, and when the leg has crossed: looked at before every slot.
//!
//! Pure functions on the worker's thread.

use talkpath_graph::Samples;
use talkpath_rt::slab::Slab;

use crate::proto::{Leaving, LegBody, LegPlan, PlanTag, Segment};

use super::super::bank::Bank;
use super::stream::holds;

/// Whether a half of the leg runs at all.
fn runs(body: &LegBody, plans: &Slab<Box<LegPlan>, PlanTag>, segment: Segment) -> bool {
    let open = match segment {
        Segment::Ingress => body.direction.receive,
        Segment::Egress => body.direction.send,
    };
    let there = plans.get(body.plan).and_then(|plan| plan.segment(segment));
    open && !body.run.fenced(segment) && body.run.leaving != Leaving::Done && there.is_some()
}

/// Whether the leg has heard the last mix it was part of; trivially when it does not both speak and hear.
fn has_heard_itself(body: &LegBody, plans: &Slab<Box<LegPlan>, PlanTag>) -> bool {
    let run = |segment| runs(body, plans, segment);
    let both = run(Segment::Ingress) && run(Segment::Egress);
    !both || body.run.own_mix <= body.run.heard_mix
}

pub(super) fn may_begin(body: &LegBody, plans: &Slab<Box<LegPlan>, PlanTag>, bank: &Bank) -> bool {
    let Some(swap) = body.swap.as_ref().filter(|swap| !swap.begun) else {
        return false;
    };
    if swap.rate.is_some() && !has_heard_itself(body, plans) {
        return false;
    }
    let Some(continued) = swap
        .continued
        .filter(|_| runs(body, plans, Segment::Egress))
    else {
        return true;
    };
    // The old packetiser's last packet is to be whole when the new one goes on.
    let frames = match &swap.crossing {
        Some(crossing) if !holds(&crossing.seats, continued.to) => u32::from(crossing.frames[1]),
        _ => 0,
    };
    let old = bank.packetise.get(continued.from);
    let more = Samples(frames * continued.frame.0);
    old.is_none_or(|old| old.is_whole_after(more))
}

/// Whether each half has run as many frames of the crossing as it needs, or does not run.
pub(super) fn crossed(body: &LegBody, plans: &Slab<Box<LegPlan>, PlanTag>) -> bool {
    let Some(swap) = &body.swap else {
        return true;
    };
    let Some(crossing) = &swap.crossing else {
        return swap.begun;
    };
    let one = |segment: Segment| {
        let at = segment as usize;
        swap.ran[at] >= crossing.frames[at] || !runs(body, plans, segment)
    };
    let all = one(Segment::Ingress) && one(Segment::Egress);
    swap.begun && all && (swap.rate.is_none() || has_heard_itself(body, plans))
}
