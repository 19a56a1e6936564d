//! Keys of ours to a side of a call (RFC 4733): a packet every packet time of that side, in the stream it is sent.
//!
//! What the other side says meanwhile is not passed on, and its time goes by (`turn/keyed`). On the worker's thread.

use core::time::Duration;

use crate::proto::{LegId, LegKeys};

use super::super::Worker;
use super::super::bank::Seat;
use super::super::io::Io;
use super::super::outward::Outlet;
use super::Calls;
use super::turn::keyed::encoder_of;

impl Calls {
    /// The keys of a side.
    pub(in crate::worker) fn keys_of(&mut self, leg: LegId) -> Option<&mut LegKeys> {
        let (call, side) = self.side_of(leg)?;
        self.bodies.get_mut(call)?.keys[side.index()].as_deref_mut()
    }
}

impl Worker {
    /// The packet of a key that is due for a side of a call, if one is. On hold they wait.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(in crate::worker) fn send_call_keys(
        &mut self,
        leg: LegId,
        slot: u64,
        now: Duration,
        io: &mut Io,
    ) {
        let told_in = slot + self.slots_a_second();
        let Some((call, to)) = self.calls.side_of(leg) else {
            return;
        };
        let Some(body) = self.calls.bodies.get_mut(call) else {
            return;
        };
        let from = to.other();
        let seats = body.seats.of(from.segment());
        let flow = &mut body.flows[from.index()];
        let keys = body.keys[to.index()].as_deref_mut();
        let open = flow.open && !flow.fenced;
        let Some((keys, ticks)) = keys.filter(|_| open).and_then(|keys| keys.due(now)) else {
            return;
        };
        flow.release = flow.release.max(now);
        let to = (leg.to_bits(), flow.release);
        let outlet = &mut Outlet {
            packets: &mut io.packets_out,
            worker: (self.config.index, self.config.epoch),
            life: flow.life,
            after: Duration::ZERO,
            clock_rate: body.clocks[from.index()],
        };
        let fed = match (seats.first(), seats.last()) {
            (Some(Seat::Relay(relay)), _) => {
                let relay = self.bank.relay.get_mut(*relay);
                relay.map(|relay| relay.send_key(keys, ticks, to, outlet))
            }
            (Some(Seat::Arrival(arrival)), Some(Seat::Packetise(last))) => {
                let arrival = self.bank.arrival.get(*arrival);
                let idle = arrival.and_then(|arrival| arrival.idle(now));
                if let Some(encoder) = encoder_of(seats, &mut self.bank) {
                    encoder.skip();
                }
                let last = self.bank.packetise.get_mut(*last);
                last.map(|last| last.send_key_now(keys, (ticks, idle), to, outlet))
            }
            _ => None,
        };
        let fed = fed.unwrap_or_default();
        self.counters.packets_out += u64::from(fed.sent);
        flow.stats.sent += u64::from(fed.sent);
        let unsent = u64::from(fed.dropped_no_box + fed.dropped_full);
        self.counters.packets_unsent += unsent;
        flow.stats.unsent += unsent;
        if !core::mem::replace(&mut body.untold, true) {
            self.calls.tell_later(call, told_in);
        }
    }
}
