//! Commands about legs: joining, leaving, hold, level, and a new plan on a leg that stays.

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;
use talkpath_rt::slab::Slab;

use crate::proto::{
    Direction, Garbage, Leaving, LegBody, LegId, LegPlan, PlanId, PlanTag, RoomId, Segment,
};

use super::Worker;
use super::apply::Tried;
use super::bank::{Bank, Seat};
use super::route::jitter_seat;
use super::schedule::Due;

impl Worker {
    pub(super) fn add_leg(&mut self, leg: LegId, mut value: Box<LegBody>) -> Tried {
        if !self.rooms.contains(value.room) || !self.plans.contains(value.plan) {
            return Tried::Stale(Some(Garbage::Leg(leg, value)));
        }
        if self.legs.contains(leg) || !self.seat(&mut value) {
            return Tried::Refused(Some(Garbage::Leg(leg, value)));
        }
        let entered = self
            .phases(&value)
            .is_some_and(|phases| self.enter(leg, value.plan, value.room, phases));
        let value = if entered {
            match self.legs.insert(leg, value) {
                Ok(()) => return Tried::Done,
                Err(refused) => refused.value,
            }
        } else {
            value
        };
        self.undo_add(leg, value)
    }

    fn undo_add(&mut self, leg: LegId, mut value: Box<LegBody>) -> Tried {
        self.leave(leg, &value);
        self.bank.uninstall(value.seats.iter(), &mut value.states);
        Tried::Refused(Some(Garbage::Leg(leg, value)))
    }

    pub(super) fn remove_leg(&mut self, leg: LegId) -> Tried {
        let Some(body) = self.legs.get_mut(leg) else {
            return Tried::Stale(None);
        };
        if body.run.leaving != Leaving::No {
            return Tried::Stale(None);
        }
        let heard = body.direction.receive && body.run.ingress_period.is_some();
        body.run.leaving = if heard {
            Leaving::Ramping
        } else {
            Leaving::Done
        };
        // Room for every leg was reserved at the start, and a leg leaves once.
        self.leaving.push(leg);
        if self.set_gain_target(leg, 0.0) || !heard {
            return Tried::Done;
        }
        // Nothing to ramp with: it goes at once.
        if let Some(body) = self.legs.get_mut(leg) {
            body.run.leaving = Leaving::Done;
        }
        Tried::Done
    }

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
            carry_over(&self.plans, &mut self.bank, &value, here);
        }
        let mut old = value;
        self.leave(leg, &old);
        let stats = self.settled(&old, packets);
        if let Some(here) = self.legs.get_mut(leg) {
            here.run.stats = stats;
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

    pub(super) fn set_gain(&mut self, leg: LegId, linear: f32) -> Tried {
        match self.legs.get(leg) {
            Some(body) if body.run.leaving == Leaving::No => {
                if self.set_gain_target(leg, linear) {
                    Tried::Done
                } else {
                    Tried::Refused(None)
                }
            }
            _ => Tried::Stale(None),
        }
    }

    fn set_gain_target(&mut self, leg: LegId, linear: f32) -> bool {
        let Some(body) = self.legs.get(leg) else {
            return false;
        };
        let seat = body.seats.ingress.iter().rev().find_map(|s| match s {
            Seat::Gain(seat) => Some(*seat),
            _ => None,
        });
        let Some(gain) = seat.and_then(|seat| self.bank.gain.get_mut(seat)) else {
            return false;
        };
        gain.set_target(linear);
        true
    }

    /// Hold and resume. What was queued before a hold is old news after it: it goes back.
    pub(super) fn set_direction(
        &mut self,
        leg: LegId,
        direction: Direction,
        packets: &mut Borrower<Packet>,
    ) -> Tried {
        let Some(body) = self.legs.get_mut(leg) else {
            return Tried::Stale(None);
        };
        let was = core::mem::replace(&mut body.direction, direction);
        if was.receive && !direction.receive {
            body.own.fill(0);
            body.run.stats.talking = false;
            body.run.stats.level = 127;
            let seat = jitter_seat(body);
            self.empty_jitter(seat, packets);
        }
        Tried::Done
    }

    pub(super) fn set_ssrc(&mut self, leg: LegId, ssrc: u32) -> Tried {
        let Some(body) = self.legs.get(leg) else {
            return Tried::Stale(None);
        };
        let seat = body.seats.egress.iter().find_map(|s| match s {
            Seat::Packetise(seat) => Some(*seat),
            _ => None,
        });
        match seat.and_then(|seat| self.bank.packetise.get_mut(seat)) {
            Some(packetiser) => {
                packetiser.set_ssrc(ssrc);
                Tried::Done
            }
            None => Tried::Refused(None),
        }
    }

    fn seat(&mut self, value: &mut LegBody) -> bool {
        if self.bank.install(&mut value.states) {
            return true;
        }
        self.bank.uninstall(value.seats.iter(), &mut value.states);
        false
    }

    /// Puts the leg into the slot table; counts it in its room.
    fn enter(
        &mut self,
        leg: LegId,
        plan: PlanId,
        room: RoomId,
        (ingress, egress, period): (u32, u32, u32),
    ) -> bool {
        let due = Due { plan, leg };
        let Some(plan) = self.plans.get(plan) else {
            return false;
        };
        let inward =
            plan.ingress.is_none() || self.schedule.enter(Segment::Ingress, due, ingress, period);
        let outward =
            plan.egress.is_none() || self.schedule.enter(Segment::Egress, due, egress, period);
        if let Some(room) = self.rooms.get_mut(room) {
            room.legs += 1;
        }
        inward && outward
    }

    /// Takes it out again.
    pub(super) fn leave(&mut self, leg: LegId, value: &LegBody) {
        let Some((ingress, egress, period)) = self.phases(value) else {
            return;
        };
        let due = Due {
            plan: value.plan,
            leg,
        };
        self.schedule.leave(Segment::Ingress, due, ingress, period);
        self.schedule.leave(Segment::Egress, due, egress, period);
        if let Some(room) = self.rooms.get_mut(value.room) {
            room.legs = room.legs.saturating_sub(1);
        }
    }

    /// Ingress phase, egress phase and period in slots.
    fn phases(&self, value: &LegBody) -> Option<(u32, u32, u32)> {
        let room = self.rooms.get(value.room)?;
        let period = self.schedule.period(room.frame);
        let before = value.slots_before % period;
        Some((
            (room.mix_slot + period - before) % period,
            (room.mix_slot + value.slots_after) % period,
            period,
        ))
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
                    if let Some((_, &from)) = before.find(|(o, _)| o.spec == op.spec)
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
