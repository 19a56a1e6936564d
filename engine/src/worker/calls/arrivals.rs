//! Packets of calls: to the direction they belong to, and that direction's turn in the same slot (D3).

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use talkpath_graph::{FrameTime, Shed};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::units::Unit;

use crate::proto::{CallId, LegId, LegPanic, PlanId, Segment, Side};

use super::super::Worker;
use super::super::account::Ran;
use super::super::io::{Io, give_back, leak};
use super::super::keys::list;
use super::super::shed;
use super::turn::Turn;

/// A direction that packets have come for in this slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DueFlow {
    /// Equal plans run side by side, as cohorts do.
    plan: PlanId,
    from: Side,
    call: CallId,
}

/// A turn that was.
struct Turned {
    /// The side that sends.
    leg: LegId,
    packets: u32,
}

impl Worker {
    /// A packet for a side of a call waits for its turn in this slot; the box comes back when it has none.
    ///
    /// # Errors
    /// The packet, when it is for no call.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(in crate::worker) fn route_to_call(
        &mut self,
        packet: Box<Packet>,
    ) -> Result<Option<Box<Packet>>, Box<Packet>> {
        let side = LegId::from_bits(packet.leg).and_then(|leg| self.calls.side_of(leg));
        let Some((call, from)) = side else {
            return Err(packet);
        };
        let Some(body) = self.calls.bodies.get_mut(call) else {
            return Err(packet);
        };
        let plan = body.plan;
        let flow = &mut body.flows[from.index()];
        flow.stats.received += 1;
        if !flow.open || flow.fenced {
            flow.stats.held += 1;
            self.counters.packets_held += 1;
            return Ok(Some(packet));
        }
        let first = flow.inbox.is_empty();
        if let Err(full) = flow.inbox.try_push(packet) {
            flow.stats.crowded += 1;
            self.counters.packets_crowded += 1;
            return Ok(Some(full.element()));
        }
        if first {
            self.calls.due.push(DueFlow { plan, call, from });
        }
        Ok(None)
    }

    /// Runs every direction that packets have come for in this slot.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets of calls that came).
    pub(in crate::worker) fn run_arrivals(&mut self, slot: u64, now: Duration, io: &mut Io) {
        // Unstable, since stable allocates; all keys differ.
        self.calls.due.sort_unstable();
        self.accounts.begin(self.counters.packets_out, io);
        let mut at = 0;
        while let Some(first) = self.calls.due.get(at).copied() {
            let rest = &self.calls.due[at..];
            let alike = |due: &&DueFlow| (due.plan, due.from) == (first.plan, first.from);
            let count = rest.iter().take_while(alike).count();
            let (mut leg, mut packets) = (None, 0);
            for n in at..at + count {
                let due = self.calls.due[n];
                if let Some(ran) = self.run_flow(due, slot, now, io) {
                    leg = leg.or(Some(ran.leg));
                    packets += ran.packets;
                }
            }
            at += count;
            let cohort = Ran {
                plan: first.plan,
                segment: first.from.segment(),
                // At most all directions.
                legs: count as u32,
                shares: packets,
                first: leg.map(|leg| (leg, None)),
                op: None,
            };
            let sent = self.counters.packets_out;
            self.accounts.ran(cohort, sent, now, io);
        }
        self.calls.due.clear();
    }

    /// The turn of one direction: its packets, in the order they came.
    fn run_flow(&mut self, due: DueFlow, slot: u64, now: Duration, io: &mut Io) -> Option<Turned> {
        let DueFlow { call, from, .. } = due;
        let told_in = slot + self.slots_a_second();
        let body = self.calls.bodies.get_mut(call)?;
        let plan = self.plans.get(body.plan)?.segment(from.segment())?;
        let (leg, to) = (body.sides[from.index()], body.sides[from.other().index()]);
        // At most a burst.
        let packets = body.flows[from.index()].inbox.len() as u32;
        if !core::mem::replace(&mut body.untold, true) {
            self.calls.untold.push_back((told_in, call));
        }
        // Of what the governor may leave out a call has resamplers at most. Whole periods are not left out of it: there is
        // nobody here to conceal a packet that is missing (D15).
        let effects = shed::effects(plan);
        let cycle = slot / self.schedule.cycle() as u64;
        if effects != 0 && body.flows[from.index()].seen.replace(cycle) != Some(cycle) {
            // Once a cycle, whatever its packets are.
            self.governor
                .saw(body.priority, effects, false, FrameTime::Ms20);
        }
        self.counters.segments += 1;
        let [a, b] = &mut body.keys;
        let (keys, to_keys) = match from {
            Side::A => (a, b),
            Side::B => (b, a),
        };
        let mut turn = Turn {
            seats: body.seats.of(from.segment()),
            flow: &mut body.flows[from.index()],
            bank: &mut self.bank,
            arena: &mut self.arena,
            counters: &mut self.counters,
            packets_in: &mut io.packets_in,
            packets_out: &mut io.packets_out,
            at_hand: &mut self.calls.at_hand,
            worker: (self.config.index, self.config.epoch),
            clock_rate: body.clocks[from.index()],
            keys: keys.as_deref_mut(),
            to_keys: to_keys.as_deref(),
            leg,
            to,
            now,
            short: self.governor.sheds(body.priority, Shed::Resampling),
            script: io.script.as_deref_mut(),
            kind: "",
        };
        // What a panic leaves half done is the state of nodes that never run again.
        let ran = catch_unwind(AssertUnwindSafe(|| turn.run(plan)));
        let node = turn.kind;
        if let Some(keys) = keys.as_deref_mut() {
            list(&mut self.listening, leg, keys);
        }
        if let Err(payload) = ran {
            self.counters.panics += 1;
            body.flows[from.index()].fenced = true;
            let panic = LegPanic {
                leg,
                // Seen from the engine: what this side says goes no further.
                segment: Segment::Ingress,
                node,
                payload,
            };
            if let Err(full) = self.fallen.try_push(panic) {
                leak(full.element(), &mut self.counters.overflows);
            }
            let left = self.calls.at_hand.drain(..).filter_map(Unit::into_packet);
            let left = left.chain(body.flows[from.index()].inbox.drain(..));
            for packet in left {
                give_back(&mut io.packets_in, packet, &mut self.counters.overflows);
            }
        }
        Some(Turned { leg, packets })
    }
}
