//! A packetiser behind a call's decoder: the holes of what came in stand in what goes out (D3).
//!
//! Nothing is made up for what is missing: what was collected goes out at once, as a packet shorter than the others, and
//! the stream goes on behind the hole, as many sequence numbers later as packets of ours would have filled it.

use super::{Fed, PacketOutlet, Packetiser, Position};
use crate::arrival::Step;
use crate::encoded::Encoded;
use core::time::Duration;

impl Packetiser {
    /// Media time of a full packet.
    #[must_use]
    pub fn ptime(&self) -> Duration {
        self.ptime
    }

    /// Whether both make the same packets of the same audio, but for where their streams stand.
    #[must_use]
    pub fn makes_the_same_as(&self, other: &Self) -> bool {
        let format = |it: &Self| (it.codec, it.payload_type, it.size, it.ptime);
        format(self) == format(other)
    }

    /// Where the stream stands: what a packet of the next sample alone would have.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            ssrc: self.ssrc,
            sequence: self.sequence,
            timestamp: self.end(),
        }
    }

    /// Goes on with a stream that was somebody else's; the next packet is marked.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn go_on_from(&mut self, position: Position) {
        self.ssrc = position.ssrc;
        self.sequence = position.sequence;
        self.timestamp = position.timestamp;
        self.drop_collected();
        self.marker = true;
    }

    /// Before the media of a packet that came `step` after the newest: a hole is left as it was found, a marker is
    /// kept. What was collected before a hole is sent, stamped with `leg`, not to leave before `not_before`: here, or by the
    /// encoder, which left it in `encoded`.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets collected).
    pub fn mirror(
        &mut self,
        step: &Step,
        leg: u64,
        encoded: &Encoded,
        not_before: Duration,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let mut fed = Fed::default();
        if step.is_behind_hole() {
            fed = self.flush((leg, not_before), encoded, outlet);
            self.sequence = self.sequence.wrapping_add(self.missing(step));
            self.timestamp = self.timestamp.wrapping_add(step.apart as u32);
        }
        self.marker |= step.marker || step.anew;
        fed
    }

    /// What was collected goes out, for a leg and not to leave before a time.
    pub(super) fn flush(
        &mut self,
        (leg, not_before): (u64, Duration),
        encoded: &Encoded,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let end = self.end();
        let mut fed = Fed::default();
        if self.staged > 0 {
            let ticks = self.ticks(self.staged);
            self.send(leg, &[], ticks, not_before, outlet, &mut fed);
        } else {
            let [flushed, _] = encoded.payloads();
            fed = self.pass(leg, flushed, not_before, None, outlet);
        }
        // The encoder leaves out what is less than a frame.
        self.timestamp = end;
        self.drop_collected();
        fed
    }

    /// Packets of ours in a hole, at least one when any of theirs is missing. A pause in which nothing was sent is none.
    fn missing(&self, step: &Step) -> u16 {
        let theirs = u32::from(step.ahead.max(0).unsigned_abs());
        let lost = theirs
            .saturating_mul(step.ticks)
            .min(step.apart.max(0).unsigned_abs());
        let packet = self.codec.clock().samples_in(self.ptime).0;
        let packets = lost.div_ceil(packet.max(1));
        packets.max(theirs.min(1)) as u16
    }
}
