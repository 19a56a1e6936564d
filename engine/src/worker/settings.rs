//! Settings of a leg that runs: level, hold and resume, SSRC.

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;

use crate::proto::{Direction, Leaving, LegId};

use super::Worker;
use super::apply::Tried;
use super::bank::Seat;
use super::route::jitter_seat;

impl Worker {
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

    /// Where a leg's gain ramps to; `false` for a leg without one.
    pub(super) fn set_gain_target(&mut self, leg: LegId, linear: f32) -> bool {
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
}
