//! A leg goes from one worker to another (D6).
//!
//! At the slot both were told, the one that has the leg takes it out of its slabs and sends it over the mesh; the other
//! puts it into the berth that the supervisor made, and runs its next period. Nothing is copied, nothing is
//! reset: sequence, timestamp and every state go on. Packets that still come the old way are passed on, behind the leg in
//! the same ring.

use talkpath_nodes::packet::Packet;
use talkpath_rt::pages;
use talkpath_rt::ring::Full;

use crate::proto::{Ack, Berth, CallBody, CallId, Garbage, Leaving, LegBody, LegId, Passed};

use super::Worker;
use super::apply::Tried;
use super::io::{Io, Mesh, give_back, leak};

pub(super) use arrival::reseat;

mod arrival;

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
    /// Berths of legs that will not come, and the answer to that; as many at most.
    pub(super) given_up: Vec<(Ack, Box<Berth>)>,
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
            let (leg, berth) = self.awaited.swap_remove(at);
            self.given_up.push((Ack::LegGone { leg }, berth));
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
            return Tried::Full;
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

    /// The leg stays where it is.
    pub(super) fn drop_berth(&mut self, leg: LegId) -> Tried {
        let mut awaited = self.moves.awaited.iter();
        let Some(at) = awaited.position(|(awaited, _)| *awaited == leg) else {
            return Tried::Stale(None);
        };
        if self.moves.given_up.len() == self.moves.given_up.capacity() {
            return Tried::Refused(None);
        }
        let (leg, berth) = self.moves.awaited.swap_remove(at);
        self.moves.given_up.push((Ack::BerthBack { leg }, berth));
        Tried::Done
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
