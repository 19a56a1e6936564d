//! Another plan for a call that stays (D13): what each direction keeps of the old one, and what goes back.

use talkpath_graph::Plan;
use talkpath_nodes::arrival::Arrival;
use talkpath_nodes::relay::Relay;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::waited::Waited;

use crate::proto::{CallBody, CallId, Garbage, Side};

use super::super::Worker;
use super::super::apply::Tried;
use super::super::bank::{Bank, Seat};

impl Worker {
    /// Another plan for a call that stays: both streams that go out continue, and what is known of a source that sends
    /// on as before is kept (D13).
    pub(in crate::worker) fn replace_call(
        &mut self,
        call: CallId,
        mut value: Box<CallBody>,
    ) -> Tried {
        if !self.calls.bodies.contains(call) || !self.plans.contains(value.plan) {
            return Tried::Stale(Some(Garbage::Call(call, value)));
        }
        if !self.seat_call(&mut value) {
            return Tried::Refused(Some(Garbage::Call(call, value)));
        }
        let Some(here) = self.calls.bodies.get_mut(call) else {
            return Tried::Stale(Some(Garbage::Call(call, value)));
        };
        core::mem::swap(here, &mut value);
        let mut old = value;
        here.flows = core::mem::take(&mut old.flows);
        here.untold = old.untold;
        for (now, was) in here.keys.iter_mut().zip(&old.keys) {
            if let (Some(now), Some(was)) = (now, was) {
                now.continue_from(was);
            }
        }
        for from in Side::BOTH {
            let flow = &mut here.flows[from.index()];
            // New states, so it runs again; what came meanwhile is not missing.
            flow.paused |= core::mem::take(&mut flow.fenced);
            // Of the old plan.
            flow.stats.collected = Waited::default();
            let mut carry = Carry {
                bank: &mut self.bank,
                old: old.seats_of(from),
                new: here.seats_of(from),
            };
            carry.source();
            carry.stream();
            let plan = |id| self.plans.get(id)?.segment(from.segment());
            if let (Some(was), Some(is)) = (plan(old.plan), plan(here.plan)) {
                carry.history(was, is);
            }
        }
        self.bank.uninstall(old.seats.iter(), &mut old.states);
        Tried::Freed(Garbage::Call(call, old))
    }
}

/// What one direction keeps when its plan is replaced.
struct Carry<'a> {
    bank: &'a mut Bank,
    old: &'a [Seat],
    new: &'a [Seat],
}

impl Carry<'_> {
    /// What is known of the packets that come.
    fn source(&mut self) {
        let known = self.old.first().and_then(|seat| door(self.bank, *seat));
        let Some(known) = known.map(|arrival| arrival.clone()) else {
            return;
        };
        let door = self.new.first().and_then(|seat| door(self.bank, *seat));
        if let Some(door) = door {
            door.continue_from(&known);
        }
    }

    /// The state of a resampler, which has heard what went before.
    fn history(&mut self, old: &Plan<Spec>, new: &Plan<Spec>) {
        let filters = |seat: &Seat| matches!(seat, Seat::Resample(_));
        for (op, to) in new
            .ops
            .iter()
            .zip(self.new)
            .filter(|(_, seat)| filters(seat))
        {
            let mut before = old.ops.iter().zip(self.old);
            if let Some((_, from)) = before.find(|(was, _)| was.spec == op.spec) {
                self.bank.exchange(*from, *to);
            }
        }
    }

    /// The stream that goes out, with what was collected for its next packet when that is to be as before.
    fn stream(&mut self) {
        let (Some(&from), Some(&to)) = (self.old.last(), self.new.last()) else {
            return;
        };
        if let (Seat::Packetise(a), Seat::Packetise(b)) = (from, to)
            && let Some([old, new]) = self.bank.packetise.get_disjoint_mut([a, b])
            && old.makes_the_same_as(new)
        {
            return self.bank.exchange(from, to);
        }
        let position = match from {
            Seat::Relay(seat) => self.bank.relay.get(seat).map(|relay| relay.position()),
            Seat::Packetise(seat) => self.bank.packetise.get(seat).map(|last| last.position()),
            _ => None,
        };
        match (to, position) {
            (Seat::Relay(seat), Some(position)) => {
                if let Some(relay) = self.bank.relay.get_mut(seat) {
                    relay.go_on_from(position);
                }
            }
            (Seat::Packetise(seat), Some(position)) => {
                if let Some(packetiser) = self.bank.packetise.get_mut(seat) {
                    packetiser.go_on_from(position);
                }
            }
            _ => {}
        }
    }
}

/// The door of a direction, whichever kind its first op is.
fn door(bank: &mut Bank, seat: Seat) -> Option<&mut Arrival> {
    match seat {
        Seat::Relay(seat) => bank.relay.get_mut(seat).map(Relay::arrival),
        Seat::Arrival(seat) => bank.arrival.get_mut(seat),
        _ => None,
    }
}
