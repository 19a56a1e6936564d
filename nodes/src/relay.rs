//! Packets passed on without being decoded: a payload as it came, under a header of our own (D3, D10).
//!
//! Owned by the worker that owns the call. The way out has its own SSRC, payload type, sequence and timestamp, which stand at a
//! constant distance from those that come in: what is missing, late or out of order there is so here too. When the
//! source starts anew the distance is set anew, so that the way out goes on without a hole. The payload is copied once,
//! into a box of the outgoing inventory: the box it came in belongs to the inventory of the way in, and each
//! is bounded by itself, so a call that is not read can never starve what comes in. Keys are in `relay/keyed`.

use crate::arrival::{Arrival, Refusal, Step};
use crate::packet::{Header, Packet};
use crate::packetise::{Fed, PacketOutlet, Position, give_out};
use core::time::Duration;

mod keyed;

/// One direction of a call that is passed on as it is.
#[derive(Clone, Debug)]
pub struct Relay {
    arrival: Arrival,
    payload_type: u8,
    /// Of the packet that follows the newest.
    next: Position,
    /// The next packet is marked, whatever it was.
    marked: bool,
}

impl Relay {
    /// Passes on what `arrival` takes, as `payload_type` (0..=127), from `start` on.
    #[must_use]
    pub fn new(arrival: Arrival, payload_type: u8, start: Position) -> Self {
        Self {
            arrival,
            payload_type: payload_type & 0x7f,
            next: start,
            marked: false,
        }
    }

    /// The door.
    pub fn arrival(&mut self) -> &mut Arrival {
        &mut self.arrival
    }

    /// Where the stream stands: what the packet after the newest will have.
    #[must_use]
    pub fn position(&self) -> Position {
        self.next
    }

    /// Goes on with a stream that was somebody else's.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn go_on_from(&mut self, position: Position) {
        self.next = position;
    }

    /// Takes another SSRC after a collision (RFC 3550 section 8.2). Sequence and timestamp go on; the next packet is marked.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.next.ssrc = ssrc;
        self.marked = true;
    }

    /// Passes `packet` on, stamped with `leg`, not to leave before `not_before`. The stream goes on past a packet that
    /// finds no box or no room: it is missing then.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets).
    ///
    /// # Errors
    /// Why the packet goes no further.
    pub fn pass(
        &mut self,
        leg: u64,
        packet: &Packet,
        not_before: Duration,
        outlet: &mut impl PacketOutlet,
    ) -> Result<(Fed, Step), Refusal> {
        let step = self.arrival.judge(packet)?;
        let header = Header {
            payload_type: self.payload_type,
            marker: core::mem::take(&mut self.marked) || step.marker || step.anew,
            // Both wrap, and so do the differences.
            sequence: self.next.sequence.wrapping_add(step.ahead as u16),
            timestamp: self.next.timestamp.wrapping_add(step.apart as u32),
            ssrc: self.next.ssrc,
        };
        if step.ahead >= 0 {
            self.next.sequence = header.sequence.wrapping_add(1);
            self.next.timestamp = header.timestamp.wrapping_add(step.ticks);
        }
        let mut fed = Fed::default();
        let parts = [packet.payload(), &[]];
        give_out(header, parts, (leg, not_before), outlet, &mut fed);
        Ok((fed, step))
    }
}
