//! Slot part 0: packets from the shard into the jitter buffers of their legs.

use talkpath_nodes::jitter::{JitterBuffer, Put};
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::Borrower;
use talkpath_rt::handle::Handle;

use crate::proto::{LegBody, LegId};

use super::Worker;
use super::bank::Seat;
use super::io::{Io, give_back};

impl Worker {
    /// Puts every packet that waits where it belongs; at most one inventory of them, so bounded.
    ///
    /// Real-time: allocates no; blocks no; cost O(packets waiting).
    pub(super) fn drain(&mut self, io: &mut Io) {
        // The shard may refill while this runs: not more than one inventory in a slot.
        for _ in 0..io.packets_in.inventory() {
            let Some(packet) = io.packets_in.recv() else {
                return;
            };
            self.counters.packets_in += 1;
            if let Some(packet) = self.route(packet) {
                give_back(&mut io.packets_in, packet, &mut self.counters.overflows);
            }
        }
    }

    /// The box comes back unless a jitter buffer kept it.
    fn route(&mut self, packet: Box<Packet>) -> Option<Box<Packet>> {
        let Some(leg) = LegId::from_bits(packet.leg).and_then(|id| self.legs.get_mut(id)) else {
            self.counters.packets_stale += 1;
            return Some(packet);
        };
        if !leg.direction.receive {
            self.counters.packets_held += 1;
            leg.run.stats.received += 1;
            leg.run.stats.flushed += 1;
            return Some(packet);
        }
        let Some(buffer) = jitter_seat(leg).and_then(|seat| self.bank.jitter.get_mut(seat)) else {
            self.counters.packets_stale += 1;
            return Some(packet);
        };
        match buffer.put(packet) {
            Put::Queued => None,
            Put::Dropped(packet, _) => Some(packet),
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
