//! A leg goes from one worker to another (D6).
//!
//! At the slot both were told, the one that has the leg takes it out of its slabs and sends it over the mesh; the other
//! puts it into the berth that the supervisor made, and runs its next period. Nothing is copied, nothing is
//! reset: sequence, timestamp and every state go on. Packets that still come the old way are passed on, behind the leg in
//! the same ring.

use talkpath_nodes::packet::Packet;
use talkpath_nodes::state::State;
use talkpath_rt::pages;
use talkpath_rt::ring::Full;

use crate::proto::{Ack, Berth, CallBody, CallId, Garbage, Leaving, LegBody, LegId, Passed, Seats};

use super::Worker;
use super::apply::Tried;
use super::bank::Seat;
use super::io::{Io, Mesh, give_back, leak};

/// Legs that can be awaited at a time; the supervisor sends no more to one worker.
pub(crate) const BERTHS: usize = 8;
/// Places of a mesh ring that packets leave to legs.
const RESERVED: usize = BERTHS;

/// What a worker keeps of legs that come and have gone.
pub(super) struct Moves {
    /// Berths; its capacity is their number.
    awaited: Vec<(LegId, Box<Berth>)>,
    /// Legs that came and are not seated yet; as many at most.
    pub(super) early_legs: Vec<(LegId, Box<LegBody>)>,
    /// Calls that came likewise.
    pub(super) early_calls: Vec<(CallId, Box<CallBody>)>,
    /// By index of the leg: where it went.
    gone: Box<[Option<(LegId, u8)>]>,
    /// Berths of legs that were to come from a worker that is lost; as many at most.
    pub(super) given_up: Vec<(LegId, Box<Berth>)>,
}

impl Moves {
    /// For an engine of `leg_ids` legs. Control side: allocates.
    pub fn new(leg_ids: usize) -> Self {
        Self {
            awaited: pages::reserved(BERTHS),
            early_legs: pages::reserved(BERTHS),
            early_calls: pages::reserved(BERTHS),
            gone: pages::filled(leg_ids, None),
            given_up: pages::reserved(BERTHS),
        }
    }

    /// Answers still owed to the supervisor: an ack and a piece of garbage each.
    pub fn owed(&self) -> usize {
        self.awaited.len() + self.given_up.len()
    }

    /// Whether nothing is awaited and nothing has come before its berth.
    pub fn is_empty(&self) -> bool {
        self.owed() == 0 && self.early_legs.is_empty() && self.early_calls.is_empty()
    }

    /// Gives up the berths of legs that were to come from worker `from` and are not here.
    pub(super) fn give_up(&mut self, from: u8) {
        let mut at = 0;
        while let Some((leg, berth)) = self.awaited.get(at) {
            let calls = self.early_calls.iter().map(|(_, body)| body.sides[0]);
            let legs = self.early_legs.iter().map(|(early, _)| *early);
            let came = legs.chain(calls).any(|early| early == *leg);
            if came || berth.from != from {
                at += 1;
                continue;
            }
            let berth = self.awaited.swap_remove(at);
            self.given_up.push(berth);
        }
    }

    fn went(&self, leg: LegId) -> Option<u8> {
        let (known, to) = (*self.gone.get(leg.index() as usize)?)?;
        (known == leg).then_some(to)
    }

    pub fn set_gone(&mut self, leg: LegId, to: Option<u8>) {
        if let Some(entry) = self.gone.get_mut(leg.index() as usize) {
            *entry = to.map(|to| (leg, to));
        }
    }
}

impl core::fmt::Debug for Moves {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Moves")
            .field("awaited", &self.awaited.len())
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Sends a leg with everything of it to worker `to`.
    pub(super) fn send_leg(&mut self, leg: LegId, to: u8, mesh: &mut Mesh) -> Tried {
        let stays = self
            .legs
            .get(leg)
            .is_some_and(|body| body.run.leaving == Leaving::No);
        if !stays {
            return Tried::Stale(None);
        }
        if self.legs.get(leg).is_some_and(|body| body.swap.is_some()) {
            // The supervisor lets no leg go that is being swapped.
            return Tried::Refused(None);
        }
        let Some(peer) = mesh.iter_mut().find(|peer| peer.index == to) else {
            return Tried::Refused(None);
        };
        if !peer.passed_out.has_room(1) {
            return Tried::Refused(None);
        }
        let Some(mut body) = self.legs.remove(leg) else {
            return Tried::Stale(None);
        };
        self.leave(leg, &body);
        self.bank.uninstall(body.seats.iter(), &mut body.states);
        self.moves.set_gone(leg, Some(to));
        if let Err(Full(lost)) = peer.passed_out.push(Passed::Leg(leg, body)) {
            // There was a place a moment ago and only this thread fills the ring.
            leak(lost, &mut self.counters.overflows);
        }
        Tried::Done
    }

    /// Keeps a berth for a leg that will come.
    pub(super) fn await_leg(&mut self, leg: LegId, value: Box<Berth>) -> Tried {
        let full = self.moves.awaited.len() == self.moves.awaited.capacity();
        if self.legs.contains(leg) || full {
            return Tried::Refused(Some(Garbage::Berth(leg, value)));
        }
        self.moves.awaited.push((leg, value));
        Tried::Done
    }

    /// Takes in what other workers have passed on, in slot `slot`.
    ///
    /// Real-time: allocates no; blocks no; cost O(what was passed).
    pub(super) fn take_passed(&mut self, slot: u64, io: &mut Io) {
        for at in 0..io.mesh.len() {
            for _ in 0..io.mesh[at].passed_in.capacity() {
                match io.mesh[at].passed_in.pop() {
                    None => break,
                    Some(Passed::Packet(packet)) => self.deliver(packet, io),
                    Some(Passed::Leg(leg, body)) => {
                        self.came(leg, body);
                        // At once: what comes behind it in the ring are its packets.
                        self.seat_those_that_came(slot, io);
                    }
                    Some(Passed::Call(call, body)) => {
                        self.call_came(call, body);
                        self.seat_those_that_came(slot, io);
                    }
                }
            }
        }
        // One whose berth came later than itself.
        self.seat_those_that_came(slot, io);
        self.return_berths(io);
    }

    fn seat_those_that_came(&mut self, slot: u64, io: &mut Io) {
        self.seat_calls_that_came(slot, io);
        let mut at = 0;
        while let Some(&(leg, _)) = self.moves.early_legs.get(at) {
            match self
                .moves
                .awaited
                .iter()
                .position(|(awaited, _)| *awaited == leg)
            {
                Some(berth) => {
                    let (_, body) = self.moves.early_legs.swap_remove(at);
                    let (_, berth) = self.moves.awaited.swap_remove(berth);
                    self.berth(leg, body, berth, io);
                }
                None => at += 1,
            }
        }
    }

    fn seat_calls_that_came(&mut self, slot: u64, io: &mut Io) {
        let mut at = 0;
        while let Some((_, body)) = self.moves.early_calls.get(at) {
            let leg = body.sides[0];
            let mut awaited = self.moves.awaited.iter();
            match awaited.position(|(awaited, _)| *awaited == leg) {
                Some(berth) => {
                    let (call, body) = self.moves.early_calls.swap_remove(at);
                    let (_, berth) = self.moves.awaited.swap_remove(berth);
                    self.berth_call(call, body, berth, slot, io);
                }
                None => at += 1,
            }
        }
    }

    /// As [`came`](Self::came), of a call.
    pub(super) fn call_came(&mut self, call: CallId, body: Box<CallBody>) {
        if self.moves.early_calls.len() < self.moves.early_calls.capacity() {
            self.moves.early_calls.push((call, body));
        } else {
            leak(body, &mut self.counters.overflows);
        }
    }

    /// A leg is out of the ring. There is a place for each that has a berth; one too many would be a fault: leaked, not
    /// freed on this thread, and counted.
    pub(super) fn came(&mut self, leg: LegId, body: Box<LegBody>) {
        if self.moves.early_legs.len() < self.moves.early_legs.capacity() {
            self.moves.early_legs.push((leg, body));
        } else {
            leak(body, &mut self.counters.overflows);
        }
    }

    /// Seats a leg that has come, and tells the supervisor.
    fn berth(&mut self, leg: LegId, mut body: Box<LegBody>, mut berth: Box<Berth>, io: &mut Io) {
        reseat(&mut body.seats, &mut body.states, &mut berth);
        (body.plan, body.slots_before, body.slots_after) = (berth.plan, berth.before, berth.after);
        match self.add_leg(leg, body) {
            Tried::Done => {
                self.counters.legs_arrived += 1;
                self.moves.set_gone(leg, None);
                self.acknowledge(&mut io.acks, Ack::LegHere { leg });
            }
            // The supervisor has given away its room, plan or seats: a bug of it, and the leg is gone.
            Tried::Stale(back) | Tried::Refused(back) => {
                self.counters.refused_commands += 1;
                self.acknowledge(&mut io.acks, Ack::LegGone { leg });
                if let Some(back) = back {
                    leak(back, &mut self.counters.overflows);
                }
            }
            Tried::Freed(_) => {}
        }
        self.free(&mut io.garbage, Garbage::Berth(leg, berth));
    }

    fn deliver(&mut self, packet: Box<Packet>, io: &mut Io) {
        if let Some(packet) = self.route(packet, &mut io.mesh) {
            give_back(&mut io.packets_in, packet, &mut self.counters.overflows);
        }
    }

    /// A packet for a leg that is not here: passed on when the leg has gone elsewhere. Comes back when it has not, or
    /// when there is no room.
    pub(super) fn elsewhere(
        &mut self,
        packet: Box<Packet>,
        mesh: &mut Mesh,
    ) -> Option<Box<Packet>> {
        let Some(leg) = LegId::from_bits(packet.leg) else {
            return Some(packet);
        };
        let to = self.moves.went(leg);
        if let Some(peer) = mesh.iter_mut().find(|peer| Some(peer.index) == to) {
            if !peer.passed_out.has_room(RESERVED + 1) {
                return Some(packet);
            }
            self.counters.packets_passed += 1;
            return match peer.passed_out.push(Passed::Packet(packet)) {
                Err(Full(Passed::Packet(packet))) => Some(packet),
                _ => None,
            };
        }
        Some(packet)
    }
}

/// Gives a body the seats of its berth; those that it had stay there, and its states are told.
pub(super) fn reseat(seats: &mut Seats, states: &mut [(Seat, State)], berth: &mut Berth) {
    core::mem::swap(seats, &mut berth.seats);
    berth.seats_of = berth.from;
    for (seat, _) in states {
        let at = berth.seats.iter().position(|old| old == seat);
        if let Some(new) = at.and_then(|at| seats.iter().nth(at)) {
            *seat = *new;
        }
    }
}
