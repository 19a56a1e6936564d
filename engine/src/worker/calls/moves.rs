//! A call goes from one worker to another (D6), in the way of a leg (`migrate`).
//!
//! The body travels by pointer, its states unseated on one side and seated on the other; both streams that go out go on.
//! Packets that still come the old way are passed on behind it. One that was passed on may be overtaken by one that came
//! the new way in the same slot: a relay passes both on as they came.

use talkpath_rt::ring::Full;

use crate::proto::{Berth, CallBody, CallId, Passed};

use super::super::Worker;
use super::super::apply::Tried;
use super::super::io::{Io, Mesh, leak};
use super::super::migrate::reseat;

impl Worker {
    /// Sends a call with everything of it to worker `to`.
    pub(in crate::worker) fn send_call(&mut self, call: CallId, to: u8, mesh: &mut Mesh) -> Tried {
        if !self.calls.bodies.contains(call) {
            return Tried::Stale(None);
        }
        let peer = mesh.iter_mut().find(|peer| peer.index == to);
        let Some(peer) = peer else {
            return Tried::Refused(None);
        };
        if !peer.passed_out.has_room(1) {
            return Tried::Full;
        }
        let Some(body) = self.take_out(call) else {
            return Tried::Stale(None);
        };
        for leg in body.sides {
            self.moves.set_gone(leg, Some(to));
        }
        if let Err(Full(lost)) = peer.passed_out.push(Passed::Call(call, body)) {
            // There was a place a moment ago and only this thread fills the ring.
            leak(lost, &mut self.counters.overflows);
        }
        Tried::Done
    }

    /// Seats a call that has come, and tells the supervisor.
    pub(in crate::worker) fn berth_call(
        &mut self,
        call: CallId,
        mut body: Box<CallBody>,
        mut berth: Box<Berth>,
        slot: u64,
        io: &mut Io,
    ) {
        let (leg, sides) = (body.sides[0], body.sides);
        reseat(&mut body.seats, &mut body.states, &mut berth);
        body.plan = berth.plan;
        body.untold = true;
        let seated = self.add_call(call, body);
        if matches!(seated, Tried::Done) {
            self.calls.tell_later(call, slot + self.slots_a_second());
            for leg in sides {
                self.moves.set_gone(leg, None);
            }
            self.counters.calls_arrived += 1;
        }
        self.berthed(leg, seated, berth, io);
    }
}
