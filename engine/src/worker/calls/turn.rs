//! One direction of a call in one slot: every packet through its ops, in the order they came.
//!
//! A packet is passed on whole, or taken apart into pieces of 10 ms that go through decoder, resampler, encoder
//! and packetiser one after the other (`turn/pieces`). Keys go past the ops (`turn/keyed`). On the worker's thread.

use core::time::Duration;

use talkpath_graph::{Op, Plan};
use talkpath_nodes::arrival::{Refusal, Step};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::packetise::Fed;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::units::{Unit, Units};
use talkpath_rt::boxes::{Borrower, Lender};

use crate::proto::{Flow, LegId, LegKeys};

use super::super::arena::Arena;
use super::super::bank::{Bank, Seat};
use super::super::io::give_back;
use super::super::outward::Outlet;
use super::super::script::{CostScript, Work};
use super::super::stats::WorkerCounters;

pub(super) mod keyed;
mod pieces;

/// Everything a direction touches while it runs.
pub(super) struct Turn<'a> {
    pub seats: &'a [Seat],
    pub flow: &'a mut Flow,
    pub bank: &'a mut Bank,
    pub arena: &'a mut Arena,
    pub counters: &'a mut WorkerCounters,
    pub packets_in: &'a mut Borrower<Packet>,
    pub packets_out: &'a mut Lender<Packet>,
    pub at_hand: &'a mut Units,
    /// This worker's index and epoch.
    pub worker: (u8, u16),
    /// Ticks per second of what goes out.
    pub clock_rate: u32,
    /// Keys of the side that sends.
    pub keys: Option<&'a mut LegKeys>,
    /// Those of the side that is sent.
    pub to_keys: Option<&'a LegKeys>,
    /// The side that sends.
    pub leg: LegId,
    /// The side that is sent.
    pub to: LegId,
    /// Intended time of the slot.
    pub now: Duration,
    /// Resamplers take their short filters (D15).
    pub short: bool,
    /// What the ops are to cost, in virtual time.
    pub script: Option<&'a mut (dyn CostScript + 'static)>,
    /// Kind of the op at hand.
    pub kind: &'static str,
}

impl Turn<'_> {
    /// All packets of the slot; their boxes go back.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets × ops). A panic allocates.
    pub fn run(&mut self, plan: &Plan<Spec>) {
        // Taken from the end, so that none has to move up.
        self.flow.inbox.reverse();
        while let Some(packet) = self.flow.inbox.pop() {
            let waited = self.now.saturating_sub(packet.received);
            let is_key = self.is_key(packet.header.payload_type);
            self.at_hand.push(Unit::Packet(packet));
            let outcome = if is_key {
                self.key()
            } else if self.gives_way() {
                self.give_way()
            } else {
                self.packet(plan).map(|step| {
                    self.flow.stats.waited.record(waited);
                    self.count(&step);
                })
            };
            if let Err(refusal) = outcome {
                self.refuse(refusal);
            }
            for packet in self.at_hand.drain(..).filter_map(Unit::into_packet) {
                give_back(self.packets_in, packet, &mut self.counters.overflows);
            }
        }
    }

    fn packet(&mut self, plan: &Plan<Spec>) -> Result<Step, Refusal> {
        // The graphs of calls begin with one of these two.
        match plan.ops.split_first() {
            Some((first, [])) => self.relay(first),
            Some((first, rest)) => {
                let step = self.arrival(first)?;
                self.take_apart(&step, first, rest);
                Ok(step)
            }
            None => Err(Refusal::Stale),
        }
    }

    /// The op whose turn it is.
    fn enter(&mut self, op: &Op<Spec>) {
        self.kind = op.spec.kind();
        if let Some(script) = &mut self.script {
            script.ran(Work {
                kind: self.kind,
                leg: self.leg,
                shed: self.short && op.spec.shed().is_some(),
            });
        }
        #[cfg(test)]
        {
            use super::super::injected;
            let place = (self.kind, crate::proto::Segment::Ingress, self.leg);
            injected::trip(place);
            injected::spoil(place, op, 0, &mut self.arena.pcm);
        }
    }

    /// As it is, under a header of our own.
    fn relay(&mut self, op: &Op<Spec>) -> Result<Step, Refusal> {
        self.enter(op);
        let not_before = self.release(self.now);
        let (Some(Seat::Relay(seat)), [Unit::Packet(packet)]) =
            (self.seats.first(), &self.at_hand[..])
        else {
            return Err(Refusal::Stale);
        };
        let Some(relay) = self.bank.relay.get_mut(*seat) else {
            return Err(Refusal::Stale);
        };
        if core::mem::take(&mut self.flow.paused) {
            relay.arrival().resume();
        }
        let outlet = &mut Outlet {
            packets: self.packets_out,
            worker: self.worker,
            life: self.flow.life,
            after: Duration::ZERO,
            clock_rate: self.clock_rate,
        };
        let (fed, step) = relay.pass(self.to.to_bits(), packet, not_before, outlet)?;
        self.counters.packets_relayed += 1;
        self.sent(fed);
        Ok(step)
    }

    /// Whether the packet is taken, and how far it is from the one before.
    fn arrival(&mut self, op: &Op<Spec>) -> Result<Step, Refusal> {
        self.enter(op);
        let (Some(Seat::Arrival(seat)), [Unit::Packet(packet)]) =
            (self.seats.first(), &self.at_hand[..])
        else {
            return Err(Refusal::Stale);
        };
        let Some(arrival) = self.bank.arrival.get_mut(*seat) else {
            return Err(Refusal::Stale);
        };
        if core::mem::take(&mut self.flow.paused) {
            arrival.resume();
        }
        let step = arrival.judge(packet)?;
        self.counters.packets_transcoded += 1;
        Ok(step)
    }

    /// The time at which a packet may leave that is wanted to leave at `wanted`: not before the one before it.
    fn release(&mut self, wanted: Duration) -> Duration {
        self.flow.release = self.flow.release.max(wanted);
        self.flow.release
    }

    fn sent(&mut self, fed: Fed) {
        let (sent, unsent) = (
            u64::from(fed.sent),
            u64::from(fed.dropped_no_box + fed.dropped_full),
        );
        self.counters.packets_out += sent;
        self.counters.packets_unsent += unsent;
        self.flow.stats.sent += sent;
        self.flow.stats.unsent += unsent;
    }

    fn count(&mut self, step: &Step) {
        let stats = &mut self.flow.stats;
        stats.resyncs += u64::from(step.anew && stats.passed > 0);
        stats.passed += 1;
        stats.missing += u64::from(step.ahead.max(0).unsigned_abs());
    }

    fn refuse(&mut self, refusal: Refusal) {
        let stats = &mut self.flow.stats;
        *match refusal {
            Refusal::Malformed => &mut stats.malformed,
            Refusal::Duplicate => &mut stats.duplicate,
            Refusal::Late => &mut stats.late,
            _ => &mut stats.stale,
        } += 1;
    }
}
