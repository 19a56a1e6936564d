//! A new plan on a leg that stays (D13): what is kept of the old one, and what goes back.

use talkpath_nodes::mix;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;
use talkpath_rt::slab::Slab;

use crate::proto::{Garbage, Leaving, LegBody, LegId, LegPlan, PlanTag, RoomBody, Segment};

use super::Worker;
use super::apply::Tried;
use super::bank::{Bank, Seat};

impl Worker {
    pub(super) fn replace_leg(
        &mut self,
        leg: LegId,
        mut value: Box<LegBody>,
        packets: &mut Borrower<Packet>,
    ) -> Tried {
        let known = self.rooms.contains(value.room) && self.plans.contains(value.plan);
        if !known
            || !self
                .legs
                .get(leg)
                .is_some_and(|old| old.run.leaving == Leaving::No)
        {
            return Tried::Stale(Some(Garbage::Leg(leg, value)));
        }
        if !self.seat(&mut value) {
            return Tried::Refused(Some(Garbage::Leg(leg, value)));
        }
        if let Some(here) = self.legs.get_mut(leg) {
            core::mem::swap(here, &mut value);
            here.run = value.run.clone();
            // New states, so both halves run again.
            (here.run.ingress_fenced, here.run.egress_fenced) = (false, false);
            if let Some(room) = self.rooms.get_mut(value.room) {
                keep_own_part(room, here, &mut value);
            }
            carry_over(&self.plans, &mut self.bank, &value, here);
        }
        let mut old = value;
        self.leave(leg, &old);
        let stats = self.settled(&old, packets);
        if let Some(here) = self.legs.get_mut(leg) {
            here.run.stats = stats;
            // Hold and resume go the usual way, with their ramps.
            let wanted = here.direction;
            here.direction.receive = old.direction.receive;
            self.set_direction(leg, wanted, packets);
        }
        self.bank.uninstall(old.seats.iter(), &mut old.states);
        let entered = self
            .legs
            .get(leg)
            .and_then(|new| self.phases(new).map(|phases| (phases, new.plan, new.room)));
        match entered {
            Some((phases, plan, room)) if self.enter(leg, plan, room, phases) => {
                Tried::Freed(Garbage::Leg(leg, old))
            }
            _ => Tried::Refused(Some(Garbage::Leg(leg, old))),
        }
    }
}

/// What the leg has put into a sum that it has yet to hear is still subtracted. At another rate it
/// cannot be: then it is taken out of a sum that is still gathered, and of one that is closed the
/// leg is given silence, with the next one, which has the tail of the resampler.
fn keep_own_part(room: &mut RoomBody, new: &mut LegBody, old: &mut LegBody) {
    if new.rate == old.rate {
        core::mem::swap(&mut new.own, &mut old.own);
        return;
    }
    let part_of = core::mem::take(&mut new.run.own_mix);
    if part_of > room.closed {
        if let Some(bus) = room.bus_mut(old.rate) {
            mix::retract(&old.own, bus.gathering());
        }
    } else if part_of >= room.mixes {
        new.run.deaf_until = part_of + 1;
    }
}

/// States of equal ops move to the new plan (D13). The packetiser is new, since its payload type
/// may be, and continues the stream of the old one; a jitter buffer for another payload type
/// starts anew.
fn carry_over(plans: &Slab<Box<LegPlan>, PlanTag>, bank: &mut Bank, old: &LegBody, new: &LegBody) {
    let (Some(old_plan), Some(new_plan)) = (plans.get(old.plan), plans.get(new.plan)) else {
        return;
    };
    for segment in [Segment::Ingress, Segment::Egress] {
        let (Some(was), Some(now)) = (old_plan.segment(segment), new_plan.segment(segment)) else {
            continue;
        };
        for (op, &to) in now.ops.iter().zip(new.seats.of(segment)) {
            let mut before = was.ops.iter().zip(old.seats.of(segment));
            match to {
                Seat::Packetise(to) => {
                    let from = before.find_map(|(_, seat)| {
                        if let Seat::Packetise(s) = seat {
                            Some(*s)
                        } else {
                            None
                        }
                    });
                    if let Some([to, from]) =
                        from.and_then(|from| bank.packetise.get_disjoint_mut([to, from]))
                    {
                        to.continue_from(from);
                    }
                }
                to => {
                    if !old.run.fenced(segment)
                        && let Some((_, &from)) = before.find(|(o, _)| o.spec == op.spec)
                        && same_stream(bank, from, to)
                    {
                        bank.exchange(from, to);
                    }
                }
            }
        }
    }
}

/// Whether two jitter buffers wait for the same payload type; anything else goes together.
fn same_stream(bank: &Bank, from: Seat, to: Seat) -> bool {
    let (Seat::Jitter(from), Seat::Jitter(to)) = (from, to) else {
        return true;
    };
    let payload_type = |seat| {
        bank.jitter
            .get(seat)
            .map(|buffer| buffer.config().payload_type)
    };
    payload_type(from) == payload_type(to)
}
