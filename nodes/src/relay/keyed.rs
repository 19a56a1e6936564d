//! Keys in a stream that is passed on (RFC 4733): those of the other side, and keys of our own in the place of its audio.
//!
//! Both ends have one clock, so a key is passed on as it came, at the constant distance of everything else. The numbers of
//! keys that go no further are left to what follows: the far end misses nothing.

use super::Relay;
use crate::arrival::{Refusal, Step};
use crate::packet::{Header, Packet};
use crate::packetise::{Fed, PacketOutlet, give_out};
use crate::telephone_event::KeySender;
use core::time::Duration;

impl Relay {
    /// Passes a key on as `payload_type`, for a leg and not to leave before a time; without one it goes no further.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// Why the packet is not one of the stream.
    pub fn pass_key(
        &mut self,
        packet: &Packet,
        payload_type: Option<u8>,
        to: (u64, Duration),
        outlet: &mut impl PacketOutlet,
    ) -> Result<(Fed, Step), Refusal> {
        let step = self.arrival.pass_by(packet)?;
        let mut fed = Fed::default();
        // Both wrap, and so do the differences.
        let sequence = self.next.sequence.wrapping_add(step.ahead as u16);
        let timestamp = self.next.timestamp.wrapping_add(step.apart as u32);
        if step.anew {
            // The distance is set anew by it.
            self.next.timestamp = timestamp;
        }
        let Some(payload_type) = payload_type else {
            if step.ahead > 0 {
                self.next.sequence = sequence;
            }
            return Ok((fed, step));
        };
        if step.ahead >= 0 {
            self.next.sequence = sequence.wrapping_add(1);
        }
        let header = Header {
            payload_type,
            marker: step.marker,
            sequence,
            timestamp,
            ssrc: self.next.ssrc,
        };
        give_out(header, [packet.payload(), &[]], to, outlet, &mut fed);
        Ok((fed, step))
    }

    /// Takes a packet whose place in the stream keys of ours have: time goes on by it, the sequence does not.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// Why the packet is not one of the stream.
    pub fn withhold(&mut self, packet: &Packet) -> Result<Step, Refusal> {
        let step = self.arrival.judge(packet)?;
        if step.ahead >= 0 {
            let ticks = (step.apart as u32).wrapping_add(step.ticks);
            self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
        }
        self.marked = true;
        Ok(step)
    }

    /// A packet time of `ticks` that belongs to keys of ours: the packet that is due, for a leg. Its time is that of the stream,
    /// which goes on whether packets come or not.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys waiting).
    pub fn send_key(
        &mut self,
        keys: &mut KeySender,
        ticks: u32,
        (leg, now): (u64, Duration),
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let mut fed = Fed::default();
        let timestamp = match self.arrival.idle(now) {
            Some(idle) => self.next.timestamp.wrapping_add(idle),
            None => {
                // Nobody else has a clock for it yet.
                let at = self.next.timestamp;
                self.next.timestamp = at.wrapping_add(ticks);
                at
            }
        };
        self.marked = true;
        let Some(key) = keys.due(timestamp) else {
            return fed;
        };
        let header = Header {
            payload_type: key.payload_type,
            marker: key.marker,
            sequence: self.next.sequence,
            timestamp: key.timestamp,
            ssrc: self.next.ssrc,
        };
        self.next.sequence = header.sequence.wrapping_add(1);
        give_out(header, [&key.payload, &[]], (leg, now), outlet, &mut fed);
        fed
    }
}
