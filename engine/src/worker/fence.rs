//! The panic fence (D18): a node that panics takes its strand's half out, and nothing else.
//!
//! The leg's voice fades out of the room, or its phone is sent nothing more; worker, room and all other legs go on as if
//! it had left. Its states stay seated until the control side removes or replaces the leg. The payload of the
//! panic leaves through the garbage ring. Only this path allocates.

use std::any::Any;

use talkpath_nodes::mix;
use talkpath_rt::ring::Full;

use crate::proto::{Garbage, LegBody, LegPanic, RoomBody, Segment};

use super::Worker;
use super::arena::LANES;
use super::cohort::Cohort;
use super::far::share;
use super::io::{Io, give_back, leak};

/// Panics that can wait for the end of their slot, and places the garbage ring keeps for them.
pub(crate) const PANICS: usize = 64;

/// Panics of this slot.
pub(super) type Fallen = arrayvec::ArrayVec<LegPanic, PANICS>;

impl Cohort<'_> {
    /// Takes lane `n` out after its node has panicked.
    pub(super) fn fence(
        &mut self,
        n: usize,
        segment: Segment,
        node: &'static str,
        payload: Box<dyn Any + Send>,
    ) {
        self.counters.panics += 1;
        let Some(lane) = self.lanes.get_mut(n) else {
            // Not in a lane: there is no strand to blame.
            return core::mem::forget(payload);
        };
        lane.fenced = true;
        let leg = lane.leg;
        for plane in self.arena.units.iter_mut().skip(n).step_by(LANES) {
            for packet in plane.drain(..).filter_map(|unit| unit.into_packet()) {
                give_back(self.packets_in, packet, &mut self.counters.overflows);
            }
        }
        if let Some(body) = self.legs.get_mut(leg) {
            match segment {
                Segment::Ingress => {
                    body.run.ingress_fenced = true;
                    body.run.stats.talking = false;
                    if let Some(room) = self.rooms.get_mut(body.room) {
                        fade_out(body, room, self.slot);
                    }
                }
                Segment::Egress => body.run.egress_fenced = true,
            }
        }
        let panic = LegPanic {
            leg,
            segment,
            node,
            payload,
        };
        if let Err(full) = self.fallen.try_push(panic) {
            leak(full.element(), &mut self.counters.overflows);
        }
    }
}

/// In place of the frame that was not finished: the end of the last one backwards, fading, so that there is no step.
pub(super) fn fade_out(leg: &mut LegBody, room: &mut RoomBody, slot: u64) {
    let mix = room.coming(slot);
    if leg.run.own_mix + 1 != mix {
        return;
    }
    let Some(bus) = room.bus_mut(leg.rate) else {
        return;
    };
    leg.own.reverse();
    let ramp = (leg.own.len() / 4).max(1);
    for (n, sample) in leg.own.iter_mut().enumerate() {
        *sample = share(*sample, ramp.saturating_sub(n), ramp);
    }
    mix::add(&leg.own, bus.gathering());
    leg.run.own_mix = mix;
}

impl Worker {
    /// Hands the panics of this slot to the control side.
    pub(super) fn hand_over_fallen(&mut self, io: &mut Io) {
        for panic in self.fallen.drain(..) {
            if let Err(Full(lost)) = io.garbage.push(Garbage::Panic(panic)) {
                leak(lost, &mut self.counters.overflows);
            }
        }
    }
}

#[cfg(test)]
#[path = "fence_tests.rs"]
mod tests;
