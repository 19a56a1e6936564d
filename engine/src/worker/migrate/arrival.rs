//! What other workers have passed on: legs and calls that take their berths, and packets that followed them.
//!
//! On the worker's thread.

use talkpath_nodes::state::State;

use crate::proto::{Ack, Berth, CallBody, CallId, Garbage, LegBody, LegId, Passed, Seats};
use crate::worker::Worker;
use crate::worker::apply::Tried;
use crate::worker::bank::Seat;
use crate::worker::io::{Io, leak};

impl Worker {
    /// Takes in what other workers have passed on, in slot `slot`.
    ///
    /// Real-time: allocates no; blocks no; cost O(what was passed).
    pub(in crate::worker) fn take_passed(&mut self, slot: u64, io: &mut Io) {
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
    pub(in crate::worker) fn call_came(&mut self, call: CallId, body: Box<CallBody>) {
        if self.moves.early_calls.len() < self.moves.early_calls.capacity() {
            self.moves.early_calls.push((call, body));
        } else {
            leak(body, &mut self.counters.overflows);
        }
    }

    /// A leg is out of the ring. There is a place for each that has a berth; one too many would be a fault: leaked, not
    /// freed on this thread, and counted.
    pub(in crate::worker) fn came(&mut self, leg: LegId, body: Box<LegBody>) {
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
        let seated = self.add_leg(leg, body);
        if matches!(seated, Tried::Done) {
            self.counters.legs_arrived += 1;
            self.moves.set_gone(leg, None);
        }
        self.berthed(leg, seated, berth, io);
    }

    /// Tells the supervisor how the arrival of leg `leg`, or of the call of which that is side A, has ended, and gives the
    /// berth back.
    pub(in crate::worker) fn berthed(
        &mut self,
        leg: LegId,
        seated: Tried,
        berth: Box<Berth>,
        io: &mut Io,
    ) {
        match seated {
            Tried::Done => self.acknowledge(&mut io.acks, Ack::LegHere { leg }),
            // The supervisor has given away its room, plan or seats: a bug of it, and what came is gone.
            Tried::Stale(back) | Tried::Refused(back) => {
                self.counters.refused_commands += 1;
                self.acknowledge(&mut io.acks, Ack::LegGone { leg });
                if let Some(back) = back {
                    leak(back, &mut self.counters.overflows);
                }
            }
            Tried::Freed(_) | Tried::Full => {}
        }
        self.free(&mut io.garbage, Garbage::Berth(leg, berth));
    }
}

/// Gives a body the seats of its berth; those that it had stay there, and its states are told.
pub(in crate::worker) fn reseat(
    seats: &mut Seats,
    states: &mut [(Seat, State)],
    berth: &mut Berth,
) {
    core::mem::swap(seats, &mut berth.seats);
    berth.seats_of = berth.from;
    for (seat, _) in states {
        let at = berth.seats.iter().position(|old| old == seat);
        if let Some(new) = at.and_then(|at| seats.iter().nth(at)) {
            *seat = *new;
        }
    }
}
