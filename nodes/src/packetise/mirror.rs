//! A packetiser behind a call's decoder: the holes of what came in stand in what goes out (D3).
//!
//! Nothing is made up for what is missing: what was collected goes out at once, as a packet shorter than the others, and
//! the stream goes on behind the hole, as many sequence numbers later as packets of ours would have filled it.

use super::{Fed, PacketOutlet, Packetiser, Position};
use crate::arrival::Step;
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
        let format = |it: &Self| (it.codec, it.payload_type, it.size);
        format(self) == format(other)
    }

    /// Where the stream stands: what a packet of the next sample alone would have.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            ssrc: self.ssrc,
            sequence: self.sequence,
            timestamp: self.timestamp.wrapping_add(self.ticks(self.staged)),
        }
    }

    /// Goes on with a stream that was somebody else's; the next packet is marked.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn go_on_from(&mut self, position: Position) {
        self.ssrc = position.ssrc;
        self.sequence = position.sequence;
        self.timestamp = position.timestamp;
        self.staged = 0;
        self.marker = true;
    }

    /// Before the media of a packet that came `step` after the newest: a hole is left as it was found, a marker is
    /// kept. What was collected before a hole is sent, stamped with `leg`, not to leave before `not_before`.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets collected).
    pub fn mirror(
        &mut self,
        step: &Step,
        leg: u64,
        not_before: Duration,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let mut fed = Fed::default();
        if step.ahead > 0 || step.apart > 0 {
            if self.staged > 0 {
                self.send(leg, &[], not_before, outlet, &mut fed);
            }
            self.sequence = self.sequence.wrapping_add(self.missing(step));
            self.timestamp = self.timestamp.wrapping_add(step.apart as u32);
        }
        self.marker |= step.marker || step.anew;
        fed
    }

    /// Packets of ours in a hole, at least one when any of theirs is missing. A pause in which nothing was sent is none.
    fn missing(&self, step: &Step) -> u16 {
        let theirs = u32::from(step.ahead.max(0).unsigned_abs());
        let lost = theirs
            .saturating_mul(step.ticks)
            .min(step.apart.max(0).unsigned_abs());
        let packets = lost.div_ceil(self.ticks(self.size).max(1));
        packets.max(theirs.min(1)) as u16
    }
}
