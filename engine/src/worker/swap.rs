//! Another plan for a leg that stays (D13): the worker's part.
//!
//! What is kept, new and gone the supervisor has written down; a kept state stays in its seat. A swap waits for
//! a whole packet to be out, and one that changes the rate until the leg has heard what it said last. Then the leg gets
//! the crossing, a plan that has old and new side by side and fades from one to the other, for as many frames as each half
//! needs; then the new plan. What is not heard needs no crossing. All of it happens at slot boundaries, on the worker's
//! thread.
//!
//! | file | what |
//! |---|---|
//! | `swap/when` | when a swap may begin, and when the leg has crossed |
//! | `swap/stream` | the streams out and in go on |

use talkpath_nodes::mix;

use crate::proto::{Ack, Garbage, Leaving, LegBody, LegId, PlanId, RoomBody, Seats, Swap};

use super::Worker;
use super::apply::Tried;
use super::bank::Seat;
use super::io::{Io, leak};
use stream::continue_stream;
pub(super) use stream::jitter_seat_for;
use when::{crossed, may_begin};

mod stream;
mod when;

impl Worker {
    /// Takes a swap in: its new states are seated, and wait.
    pub(super) fn swap_leg(&mut self, leg: LegId, mut value: Box<Swap>) -> Tried {
        let crossing = value.crossing.as_ref().map(|crossing| crossing.plan);
        let mut plans = crossing.into_iter().chain([value.plan]);
        let known = plans.all(|plan| self.plans.contains(plan));
        let stays = |body: &&mut Box<LegBody>| body.run.leaving == Leaving::No;
        let Some(body) = self.legs.get_mut(leg).filter(stays).filter(|_| known) else {
            return Tried::Stale(Some(Garbage::Swap(leg, value)));
        };
        let room = self.swapping.len() < self.swapping.capacity();
        if body.swap.is_some() || !room {
            return Tried::Refused(Some(Garbage::Swap(leg, value)));
        }
        if !self.bank.install(&mut value.states) {
            self.bank.uninstall(value.new.iter(), &mut value.states);
            return Tried::Refused(Some(Garbage::Swap(leg, value)));
        }
        body.swap = Some(value);
        self.swapping.push(leg);
        Tried::Done
    }

    /// Begins the swaps that need not wait any more, and ends those that have crossed.
    ///
    /// Real-time: allocates no; blocks no; cost O(swaps under way × ops).
    pub(super) fn swaps(&mut self, io: &mut Io) {
        let mut at = 0;
        while let Some(&leg) = self.swapping.get(at) {
            self.begin_swap(leg);
            let body = self.legs.get(leg);
            if body.is_none_or(|body| crossed(body, &self.plans)) {
                self.swapping.swap_remove(at);
                self.end_swap(leg, io);
            } else {
                at += 1;
            }
        }
    }

    /// A leg that is detached has no frames left to cross in.
    pub(super) fn end_swap_now(&mut self, leg: LegId, io: &mut Io) {
        if let Some(at) = self.swapping.iter().position(|swapping| *swapping == leg) {
            self.swapping.swap_remove(at);
            self.end_swap(leg, io);
        }
    }

    fn begin_swap(&mut self, leg: LegId) {
        let ready = |body: &&mut Box<LegBody>| may_begin(body, &self.plans, &self.bank);
        if self.legs.get_mut(leg).filter(ready).is_none() {
            return;
        }
        let Some(mut body) = self.legs.remove(leg) else {
            return;
        };
        if let Some(mut swap) = body.swap.take() {
            swap.begun = true;
            if let Some(crossing) = &mut swap.crossing {
                self.take_plan(leg, &mut body, crossing.plan, &mut crossing.seats);
                continue_stream(&mut self.bank, &body, &mut swap);
            }
            body.swap = Some(swap);
        }
        self.put_back(leg, body);
    }

    /// The leg has its new plan; what went goes back to the supervisor.
    fn end_swap(&mut self, leg: LegId, io: &mut Io) {
        let Some(mut body) = self.legs.remove(leg) else {
            return;
        };
        if let Some(mut swap) = body.swap.take() {
            let (plan, mut seats) = (swap.plan, core::mem::take(&mut swap.seats));
            self.take_plan(leg, &mut body, plan, &mut seats);
            swap.seats = seats;
            continue_stream(&mut self.bank, &body, &mut swap);
            if let Some((rate, own)) = &mut swap.rate {
                core::mem::swap(rate, &mut body.rate);
                core::mem::swap(own, &mut body.own);
                if let Some(room) = self.rooms.get_mut(body.room) {
                    take_leave_of(room, &mut body, own, *rate);
                }
            }
            if swap.new.iter().any(|seat| matches!(seat, Seat::Clip(_))) {
                // Another clip has an end of its own.
                (body.run.finished, body.run.told_finished) = (false, false);
            }
            let [ingress, egress] = swap.revived;
            body.run.ingress_fenced &= !ingress;
            body.run.egress_fenced &= !egress;
            for seat in &swap.gone {
                if let Seat::Jitter(seat) = *seat {
                    self.empty_jitter(Some(seat), &mut io.packets_in);
                    if let Some(buffer) = self.bank.jitter.get(seat) {
                        let rate = buffer.config().codec.rate();
                        body.run.stats.add(buffer.counters(), rate);
                        body.run.stats.add_delay(buffer.delay());
                    }
                }
            }
            self.bank.uninstall(swap.gone.iter(), &mut swap.states);
            core::mem::swap(&mut body.states, &mut swap.room);
            core::mem::swap(&mut body.keys, &mut swap.keys);
            if let (Some(now), Some(was)) = (&mut body.keys, &swap.keys) {
                now.continue_from(was);
            }
            swap.done = true;
            self.counters.swaps += 1;
            self.acknowledge(&mut io.acks, Ack::Swapped { leg });
            self.free(&mut io.garbage, Garbage::Swap(leg, swap));
        }
        self.put_back(leg, body);
    }

    /// Another plan in the slot table and in the leg; `seats` are exchanged. The level is that of before.
    fn take_plan(&mut self, leg: LegId, body: &mut LegBody, plan: PlanId, seats: &mut Seats) {
        self.leave(leg, body);
        body.plan = plan;
        core::mem::swap(&mut body.seats, seats);
        if !self.enter_at_its_phases(leg, body) {
            self.counters.refused_commands += 1;
        }
        if let (Some(now), Some(was)) = (body.seats.level(), seats.level())
            && let Some([now, was]) = self.bank.gain.get_disjoint_mut([now, was])
        {
            now.set_target(was.target());
        }
    }

    fn put_back(&mut self, leg: LegId, body: Box<LegBody>) {
        if let Err(refused) = self.legs.insert(leg, body) {
            // Its place was empty a moment ago.
            leak(refused.value, &mut self.counters.overflows);
        }
    }
}

/// The leg is at another rate now, and cannot subtract what it said at the old one. Silence need not be; the crossing has
/// seen to that. Anything else is taken out of a sum that is still gathered, and of one that is closed the leg
/// is given silence, with the next one, which has the tail of the resampler.
fn take_leave_of(
    room: &mut RoomBody,
    body: &mut LegBody,
    own: &[i32],
    rate: talkpath_graph::SampleRate,
) {
    let part_of = core::mem::take(&mut body.run.own_mix);
    if own.iter().all(|sample| *sample == 0) {
        return;
    }
    if part_of > room.closed {
        if let Some(bus) = room.bus_mut(rate) {
            mix::retract(own, bus.gathering());
        }
    } else if part_of >= room.mixes {
        body.run.deaf_until = part_of + 1;
    }
}
