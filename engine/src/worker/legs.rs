//! Commands about legs: joining and leaving, and their place in the slot table.

use crate::proto::{Garbage, Leaving, LegBody, LegId, PlanId, RoomId, Segment};

use super::Worker;
use super::apply::Tried;
use super::schedule::Due;

impl Worker {
    pub(super) fn add_leg(&mut self, leg: LegId, mut value: Box<LegBody>) -> Tried {
        if !self.rooms.contains(value.room) || !self.plans.contains(value.plan) {
            return Tried::Stale(Some(Garbage::Leg(leg, value)));
        }
        if self.legs.contains(leg) || !self.seat(&mut value) {
            return Tried::Refused(Some(Garbage::Leg(leg, value)));
        }
        let value = if self.enter_at_its_phases(leg, &value) {
            match self.legs.insert(leg, value) {
                Ok(()) => {
                    self.listen_on(leg);
                    return Tried::Done;
                }
                Err(refused) => refused.value,
            }
        } else {
            value
        };
        self.undo_add(leg, value)
    }

    /// Other slots for a leg that stays; an egress that has run for the mix at hand does not run for it again.
    pub(super) fn move_leg(&mut self, leg: LegId, before: u32, after: u32) -> Tried {
        let Some(mut body) = self.legs.remove(leg) else {
            return Tried::Stale(None);
        };
        self.leave(leg, &body);
        (body.slots_before, body.slots_after) = (before, after);
        body.run.moved = true;
        let entered = self.enter_at_its_phases(leg, &body);
        match self.legs.insert(leg, body) {
            Ok(()) if entered => Tried::Done,
            Ok(()) => Tried::Refused(None),
            Err(refused) => Tried::Refused(Some(Garbage::Leg(leg, refused.value))),
        }
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
        let runs = body.direction.receive && !body.run.ingress_fenced;
        let heard = runs && body.run.ingress_period.is_some();
        body.run.leaving = if heard {
            Leaving::Ramping
        } else {
            Leaving::Done
        };
        // Room for every leg was reserved at the start, and a leg leaves once.
        self.leaving.push(leg);
        match self.gain_of(leg) {
            Some(gain) => gain.set_target(0.0),
            // Nothing to ramp with: it goes at once.
            None => {
                if let Some(body) = self.legs.get_mut(leg) {
                    body.run.leaving = Leaving::Done;
                }
            }
        }
        Tried::Done
    }

    pub(super) fn seat(&mut self, value: &mut LegBody) -> bool {
        if self.bank.install(&mut value.states) {
            return true;
        }
        self.bank.uninstall(value.seats.iter(), &mut value.states);
        false
    }

    pub(super) fn enter_at_its_phases(&mut self, leg: LegId, value: &LegBody) -> bool {
        self.phases(value)
            .is_some_and(|phases| self.enter(leg, value.plan, value.room, phases))
    }

    /// Puts the leg into the slot table; counts it in its room.
    pub(super) fn enter(
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
    pub(super) fn phases(&self, value: &LegBody) -> Option<(u32, u32, u32)> {
        let room = self.rooms.get(value.room)?;
        let period = room.period;
        let before = value.slots_before % period;
        Some((
            (room.mix_slot + period - before) % period,
            (room.mix_slot + value.slots_after) % period,
            period,
        ))
    }
}
