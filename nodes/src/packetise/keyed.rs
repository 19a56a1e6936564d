//! A packetiser whose stream has keys in it: RFC 4733.
//!
//! Sequence numbers are shared with the audio and the timestamp goes on as if there were audio. What was
//! collected of audio when a key begins is not sent: it would be heard after the key.

use super::{Fed, PacketOutlet, Packetiser, give_out};
use crate::arrival::Step;
use crate::encoded::Encoded;
use crate::packet::Header;
use crate::telephone_event::{KeyMade, KeySender};
use core::time::Duration;

impl Packetiser {
    /// A packet time of `ticks` that belongs to keys: the packet of it that is due, or a pause. Audio after it is marked.
    pub(super) fn send_key(
        &mut self,
        keys: &mut KeySender,
        ticks: u32,
        to: (u64, Duration),
        outlet: &mut impl PacketOutlet,
        fed: &mut Fed,
    ) {
        let timestamp = self.timestamp;
        self.staged = 0;
        self.timestamp = timestamp.wrapping_add(ticks);
        self.marker = true;
        if let Some(key) = keys.due(timestamp) {
            self.give_key(key, to, outlet, fed);
        }
    }

    /// Before a key of a call that came `step` after the newest packet: what was collected goes out, here or as the encoder left it
    /// in `encoded`, and as many numbers are left out as are missing. Gives the timestamp here that belongs to the key's own there.
    /// `to`: for which leg, and when it may leave.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets collected).
    pub fn stop_for_key(
        &mut self,
        step: &Step,
        encoded: &Encoded,
        to: (u64, Duration),
        outlet: &mut impl PacketOutlet,
    ) -> (Fed, u32) {
        let fed = self.flush(to, encoded, outlet);
        self.sequence = self.sequence.wrapping_add(step.ahead.max(0) as u16);
        let timestamp = self.timestamp.wrapping_add(step.apart as u32);
        if step.anew {
            self.timestamp = timestamp;
            self.marker = true;
        }
        (fed, timestamp)
    }

    /// The media of a packet that came `step` after the newest gives its place to keys of ours: time goes on by it. What the
    /// encoder holds is to be dropped with it.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn withhold(&mut self, step: &Step) {
        let ticks = (step.apart.max(0) as u32).wrapping_add(step.ticks);
        self.timestamp = self.end().wrapping_add(ticks);
        self.drop_collected();
        self.marker = true;
    }

    /// A packet time of a call, of `ticks`, that belongs to keys of ours: the packet that is due, for a leg and not to leave before
    /// a time. `idle`: ticks since the audio stopped, `None` when there was none yet. What the encoder holds is to be dropped.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys waiting).
    pub fn send_key_now(
        &mut self,
        keys: &mut KeySender,
        (ticks, idle): (u32, Option<u32>),
        to: (u64, Duration),
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let mut fed = Fed::default();
        // What was collected would be heard after the key.
        self.timestamp = self.end();
        self.drop_collected();
        self.marker = true;
        let timestamp = self.timestamp.wrapping_add(idle.unwrap_or(0));
        if idle.is_none() {
            // Nobody else has a clock for it yet.
            self.timestamp = self.timestamp.wrapping_add(ticks);
        }
        if let Some(key) = keys.due(timestamp) {
            self.give_key(key, to, outlet, &mut fed);
        }
        fed
    }

    /// Sends a packet of a key with the next sequence number, for a leg and not to leave before a time.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn give_key(
        &mut self,
        key: KeyMade,
        to: (u64, Duration),
        outlet: &mut impl PacketOutlet,
        fed: &mut Fed,
    ) {
        let header = Header {
            payload_type: key.payload_type,
            marker: key.marker,
            sequence: self.sequence,
            timestamp: key.timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        give_out(header, [&key.payload, &[]], to, outlet, fed);
    }
}
