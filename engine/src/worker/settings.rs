//! Settings of a leg that runs: level, hold and resume, SSRC.

use talkpath_nodes::gain::GainNode;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;

use crate::priority::Priority;
use crate::proto::{Direction, Leaving, LegId};

use super::Worker;
use super::apply::Tried;
use super::bank::Seat;
use super::route::jitter_seat;

impl Worker {
    pub(super) fn set_gain(&mut self, leg: LegId, linear: f32) -> Tried {
        let Some(body) = self.legs.get_mut(leg) else {
            return Tried::Stale(None);
        };
        if body.run.leaving != Leaving::No {
            return Tried::Stale(None);
        }
        if let Some(held) = &mut body.run.held {
            *held = linear;
            return Tried::Done;
        }
        match self.gain_of(leg) {
            Some(gain) => gain.set_target(linear),
            None => return Tried::Refused(None),
        }
        Tried::Done
    }

    /// What sets the level of a leg in the room.
    pub(super) fn gain_of(&mut self, leg: LegId) -> Option<&mut GainNode> {
        let seat = self.legs.get(leg)?.seats.level()?;
        self.bank.gain.get_mut(seat)
    }

    /// Hold and resume. Its part in the room ends and begins with a ramp over a frame.
    pub(super) fn set_direction(
        &mut self,
        leg: LegId,
        direction: Direction,
        packets: &mut Borrower<Packet>,
    ) -> Tried {
        let Some(body) = self.legs.get_mut(leg) else {
            return Tried::Stale(None);
        };
        body.direction.send = direction.send;
        let heard = body.direction.receive && body.run.held.is_none();
        match (heard, direction.receive) {
            (true, false) => self.hold(leg),
            (false, true) => self.resume(leg, packets),
            _ => {}
        }
        Tried::Done
    }

    /// Lets the leg's next ingress ramp to silence and be the last; at once if it never ran.
    fn hold(&mut self, leg: LegId) {
        let target = self.gain_of(leg).map(|gain| {
            let target = gain.target();
            gain.set_target(0.0);
            target
        });
        if let Some(body) = self.legs.get_mut(leg) {
            body.run.held = target;
            body.direction.receive = target.is_some() && body.run.ingress_period.is_some();
        }
    }

    /// What was queued before the hold is old news after it: it goes back.
    fn resume(&mut self, leg: LegId, packets: &mut Borrower<Packet>) {
        let Some(body) = self.legs.get_mut(leg) else {
            return;
        };
        let held = body.run.held.take();
        if !body.direction.receive {
            body.direction.receive = true;
            body.run.ingress_period = None;
            let seat = jitter_seat(body);
            self.empty_jitter(seat, packets);
        }
        if let (Some(target), Some(gain)) = (held, self.gain_of(leg)) {
            gain.set_target(target);
        }
    }

    /// Of a leg, or of the call it is a side of.
    pub(super) fn set_priority(&mut self, leg: LegId, priority: Priority) -> Tried {
        match self.legs.get_mut(leg) {
            Some(body) => body.run.priority = priority,
            None => return self.set_call_priority(leg, priority),
        }
        Tried::Done
    }

    pub(super) fn set_ssrc(&mut self, leg: LegId, ssrc: u32) -> Tried {
        let Some(body) = self.legs.get(leg) else {
            return self.set_call_ssrc(leg, ssrc);
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
}
