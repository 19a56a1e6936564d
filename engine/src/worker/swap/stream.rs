//! The streams of a leg across a swap: the one that goes out continues, the one that comes in finds its jitter buffer.
//!
//! On the worker's thread.

use talkpath_rt::slab::Slab;

use crate::proto::{LegBody, LegId, LegTag, Seats, Swap};

use super::super::bank::{Bank, Seat};

pub(super) fn holds(seats: &Seats, packetiser: crate::proto::PacketiserSeat) -> bool {
    let is = |seat: &Seat| matches!(seat, Seat::Packetise(seat) if *seat == packetiser);
    seats.egress.iter().any(is)
}

/// The new packetiser goes on with the stream as soon as the leg's plan has it.
pub(super) fn continue_stream(bank: &mut Bank, body: &LegBody, swap: &mut Swap) {
    if let Some(continued) = swap.continued
        && holds(&body.seats, continued.to)
    {
        swap.continued = None;
        let ends = [continued.to, continued.from];
        if let Some([to, from]) = bank.packetise.get_disjoint_mut(ends) {
            to.continue_from(from);
        }
    }
}

/// The packet's jitter buffer of a leg whose plan is being swapped: the new one has its packets from the beginning.
pub(in crate::worker) fn jitter_seat_for(
    legs: &Slab<Box<LegBody>, LegTag>,
    bank: &Bank,
    leg: LegId,
    payload_type: u8,
) -> Option<talkpath_rt::handle::Handle<talkpath_nodes::jitter::JitterBuffer>> {
    let body = legs.get(leg)?;
    let coming = body.swap.iter().flat_map(|swap| &swap.seats.ingress);
    let seats = body.seats.ingress.iter().chain(coming);
    let mut buffers = seats.filter_map(|seat| match seat {
        Seat::Jitter(seat) => Some(*seat),
        _ => None,
    });
    let fits = |seat: &_| {
        let buffer = bank.jitter.get(*seat);
        buffer.is_some_and(|buffer| buffer.config().payload_type == payload_type)
    };
    let first = buffers.clone().next();
    buffers.find(fits).or(first)
}
