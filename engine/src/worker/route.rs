//! Slot part 0: packets from the shard into the jitter buffers of their legs.

use arrayvec::ArrayVec;
use talkpath_nodes::jitter::{JitterBuffer, Put};
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;
use talkpath_rt::handle::Handle;
use talkpath_rt::prefetch::prefetch;

use crate::proto::{LegBody, LegId, LegKeys, Segment};

use super::Worker;
use super::bank::Seat;
use super::io::{Io, Mesh, give_back};
use super::swap::jitter_seat_for;

/// Packets routed together, so that what one needs of the cache is asked for while another is put.
const BURST: usize = 8;

impl Worker {
    /// Puts every packet that waits where it belongs; at most one inventory of them, so bounded.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets waiting).
    pub(super) fn drain(&mut self, io: &mut Io) {
        // The shard may refill while this runs: not more than one inventory in a slot.
        for _ in 0..io.packets_in.inventory().div_ceil(BURST) {
            let burst: ArrayVec<Box<Packet>, BURST> = core::iter::from_fn(|| io.packets_in.recv())
                .take(BURST)
                .collect();
            if burst.is_empty() {
                return;
            }
            self.ask_for(&burst);
            self.counters.packets_in += burst.len() as u64;
            for packet in burst {
                if let Some(packet) = self.route(packet, &mut io.mesh) {
                    give_back(&mut io.packets_in, packet, &mut self.counters.overflows);
                }
            }
        }
    }

    /// Asks the cache for where the packets of a burst go: all legs, then all jitter buffers.
    fn ask_for(&self, burst: &[Box<Packet>]) {
        let legs = || {
            burst
                .iter()
                .filter_map(|packet| self.legs.get(LegId::from_bits(packet.leg)?))
        };
        legs().for_each(|leg| prefetch(leg.seats.of(Segment::Ingress), 1));
        legs()
            .filter_map(|leg| jitter_seat(leg))
            .for_each(|seat| self.bank.jitter.prefetch(seat));
    }

    /// The box comes back unless a jitter buffer kept it; a key is heard at once.
    pub(super) fn route(&mut self, packet: Box<Packet>, mesh: &mut Mesh) -> Option<Box<Packet>> {
        let Some(leg) = LegId::from_bits(packet.leg).and_then(|id| self.legs.get_mut(id)) else {
            return self.route_beyond_rooms(packet, mesh);
        };
        if !leg.direction.receive {
            self.counters.packets_held += 1;
            leg.run.stats.received += 1;
            leg.run.stats.flushed += 1;
            return Some(packet);
        }
        let keys = |keys: &LegKeys| keys.takes(packet.header.payload_type);
        if leg.keys.as_deref().is_some_and(keys) {
            if let Some(leg) = LegId::from_bits(packet.leg) {
                self.hear_keys(leg, &packet);
            }
            return Some(packet);
        }
        let seat = match &leg.swap {
            None => jitter_seat(leg),
            Some(_) => LegId::from_bits(packet.leg).and_then(|id| {
                jitter_seat_for(&self.legs, &self.bank, id, packet.header.payload_type)
            }),
        };
        let Some(buffer) = seat.and_then(|seat| self.bank.jitter.get_mut(seat)) else {
            self.counters.packets_stale += 1;
            return Some(packet);
        };
        match buffer.put(packet) {
            Put::Queued => None,
            Put::Dropped(packet, _) => Some(packet),
        }
    }

    /// A packet for no leg of a room here.
    fn route_beyond_rooms(&mut self, packet: Box<Packet>, mesh: &mut Mesh) -> Option<Box<Packet>> {
        match self.route_to_call(packet) {
            Ok(routed) => routed,
            Err(packet) => {
                let nowhere = self.elsewhere(packet, mesh);
                self.counters.packets_stale += u64::from(nowhere.is_some());
                nowhere
            }
        }
    }

    /// Returns every box a leg's jitter buffer holds.
    pub(super) fn empty_jitter(
        &mut self,
        seat: Option<Handle<JitterBuffer>>,
        packets: &mut Borrower<Packet>,
    ) {
        let Some(buffer) = seat.and_then(|seat| self.bank.jitter.get_mut(seat)) else {
            return;
        };
        buffer.restart();
        while let Some(packet) = buffer.pop_any() {
            give_back(packets, packet, &mut self.counters.overflows);
        }
    }
}

/// Where the jitter buffer of a network leg sits.
pub(super) fn jitter_seat(leg: &LegBody) -> Option<Handle<JitterBuffer>> {
    leg.seats.ingress.iter().find_map(|seat| match seat {
        Seat::Jitter(seat) => Some(*seat),
        _ => None,
    })
}
