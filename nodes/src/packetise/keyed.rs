//! A packetiser whose stream has keys in it: RFC 4733.
//!
//! Sequence numbers are shared with the audio and the timestamp goes on as if there were audio. What was
//! collected of audio when a key begins is not sent: it would be heard after the key.

use super::{Fed, PacketOutlet, Packetiser, give_out};
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

    /// Sends a packet of a key with the next sequence number, for a leg and not to leave before a time.
    pub(super) fn give_key(
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
