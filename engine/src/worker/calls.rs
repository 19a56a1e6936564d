//! Point-to-point calls on the worker: what it keeps of them, and the commands about them.
//!
//! | file | what |
//! |---|---|
//! | `calls/arrivals` | packets to their direction, and the turn of those due in this slot (D3) |
//! | `calls/keys` | keys of ours to a side (RFC 4733) |
//! | `calls/moves` | to another worker (D6) |
//! | `calls/replace` | another plan for a call that stays (D13) |
//! | `calls/turn` | one packet through the ops of a direction |

use core::time::Duration;
use std::collections::VecDeque;

use talkpath_nodes::units::Units;
use talkpath_rt::pages;
use talkpath_rt::slab::Slab;

use crate::priority::Priority;
use crate::proto::{CallBody, CallId, CallTag, Garbage, LegId, Side, WorkerEventKind};

use super::Worker;
use super::apply::Tried;
use super::bank::Seat;
use super::io::Io;
use arrivals::DueFlow;

mod arrivals;
mod keys;
mod moves;
mod replace;
mod turn;

/// How often figures are told.
const STAMP_EVERY: Duration = Duration::from_secs(1);

/// The calls of a worker.
#[derive(Debug)]
pub(super) struct Calls {
    bodies: Slab<Box<CallBody>, CallTag>,
    /// By index of a side's handle: whose it is.
    sides: Box<[Option<(LegId, CallId, Side)>]>,
    /// The directions that packets have come for in this slot, at most all.
    due: Vec<DueFlow>,
    /// The packet at hand; here, so that its box outlives a node that panics.
    at_hand: Units,
    /// Calls whose figures have changed, with the slot they are told in, ascending; at most all.
    untold: VecDeque<(u64, CallId)>,
}

impl Calls {
    /// For an engine of `leg_ids` legs, of which a call takes two. Control side: allocates.
    pub fn new(leg_ids: usize) -> Self {
        let calls = leg_ids / 2;
        Self {
            bodies: Slab::with_capacity(calls),
            sides: pages::filled(leg_ids, None),
            due: pages::reserved(2 * calls),
            at_hand: Units::new(),
            untold: pages::reserved(calls).into(),
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// The call and the side that a packet's handle names.
    pub(super) fn side_of(&self, leg: LegId) -> Option<(CallId, Side)> {
        let (known, call, side) = (*self.sides.get(leg.index() as usize)?)?;
        (known == leg).then_some((call, side))
    }

    /// The figures of a call that is not waiting for it are to be told in `slot`.
    fn tell_later(&mut self, call: CallId, slot: u64) {
        self.untold.push_back((slot, call));
    }

    fn set_sides(&mut self, call: CallId, sides: [LegId; 2], here: bool) {
        for (leg, side) in sides.into_iter().zip(Side::BOTH) {
            if let Some(entry) = self.sides.get_mut(leg.index() as usize) {
                *entry = here.then_some((leg, call, side));
            }
        }
    }
}

impl Worker {
    pub(super) fn add_call(&mut self, call: CallId, mut value: Box<CallBody>) -> Tried {
        if !self.plans.contains(value.plan) {
            return Tried::Stale(Some(Garbage::Call(call, value)));
        }
        if self.calls.bodies.contains(call) || !self.seat_call(&mut value) {
            return Tried::Refused(Some(Garbage::Call(call, value)));
        }
        let sides = value.sides;
        match self.calls.bodies.insert(call, value) {
            Ok(()) => {
                self.calls.set_sides(call, sides, true);
                sides.into_iter().for_each(|leg| self.listen_on(leg));
                Tried::Done
            }
            Err(refused) => {
                let mut value = refused.value;
                self.bank.uninstall(value.seats.iter(), &mut value.states);
                Tried::Refused(Some(Garbage::Call(call, value)))
            }
        }
    }

    /// The end of a call: between slots nothing of it is under way.
    pub(super) fn remove_call(&mut self, call: CallId) -> Tried {
        match self.take_out(call) {
            Some(body) => Tried::Freed(Garbage::Call(call, body)),
            None => Tried::Stale(None),
        }
    }

    /// A call with all its states.
    fn take_out(&mut self, call: CallId) -> Option<Box<CallBody>> {
        let mut body = self.calls.bodies.remove(call)?;
        self.calls.set_sides(call, body.sides, false);
        self.calls.untold.retain(|(_, untold)| *untold != call);
        self.bank.uninstall(body.seats.iter(), &mut body.states);
        Some(body)
    }

    /// Which of the two directions are passed on, by the side that sends.
    pub(super) fn set_flows(&mut self, call: CallId, open: [bool; 2]) -> Tried {
        let Some(body) = self.calls.bodies.get_mut(call) else {
            return Tried::Stale(None);
        };
        for (flow, open) in body.flows.iter_mut().zip(open) {
            flow.paused |= !open;
            flow.open = open;
        }
        Tried::Done
    }

    /// A new SSRC for what a side is sent.
    pub(super) fn set_call_ssrc(&mut self, leg: LegId, ssrc: u32) -> Tried {
        let Some((call, side)) = self.calls.side_of(leg) else {
            return Tried::Stale(None);
        };
        let Some(body) = self.calls.bodies.get(call) else {
            return Tried::Stale(None);
        };
        match body.seats_of(side.other()).last() {
            Some(Seat::Relay(seat)) => {
                if let Some(relay) = self.bank.relay.get_mut(*seat) {
                    relay.set_ssrc(ssrc);
                }
            }
            Some(Seat::Packetise(seat)) => {
                if let Some(packetiser) = self.bank.packetise.get_mut(*seat) {
                    packetiser.set_ssrc(ssrc);
                }
            }
            _ => return Tried::Refused(None),
        }
        Tried::Done
    }

    /// Another class, by the handle of a side.
    pub(super) fn set_call_priority(&mut self, leg: LegId, priority: Priority) -> Tried {
        let side = self.calls.side_of(leg);
        match side.and_then(|(call, _)| self.calls.bodies.get_mut(call)) {
            Some(body) => body.priority = priority,
            None => return Tried::Stale(None),
        }
        Tried::Done
    }

    /// Tells the figures that have waited for a second.
    ///
    /// Real-time: allocates no; blocks no; cost O(calls told).
    pub(super) fn tell_calls(&mut self, slot: u64, now: Duration, io: &mut Io) {
        while let Some(&(due, call)) = self.calls.untold.front() {
            if due > slot {
                return;
            }
            if let Some(body) = self.calls.bodies.get(call) {
                let stats = body.stats();
                if !self.event(io, now, WorkerEventKind::Call { call, stats }) {
                    // It stays the first of those to be told.
                    self.counters.events_deferred += 1;
                    return;
                }
            }
            self.calls.untold.pop_front();
            if let Some(body) = self.calls.bodies.get_mut(call) {
                body.untold = false;
            }
        }
    }

    /// Slots until figures that have changed are told.
    fn slots_a_second(&self) -> u64 {
        (STAMP_EVERY.as_nanos() / self.config.slot.as_nanos().max(1)) as u64
    }

    fn seat_call(&mut self, value: &mut CallBody) -> bool {
        if self.bank.install(&mut value.states) {
            return true;
        }
        self.bank.uninstall(value.seats.iter(), &mut value.states);
        false
    }
}
