//! What comes of an encoder: octets to be cut, or payloads that are coded as a whole.

use super::{Fed, KeySender, PacketOutlet, Packetiser};
use crate::encoded::{Encoded, Payload};
use core::time::Duration;

impl Packetiser {
    /// Takes what an encoder made of one frame and sends every packet it completes, as [`feed`](Self::feed) does.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets).
    pub fn take(
        &mut self,
        leg: u64,
        encoded: &Encoded,
        now: Duration,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        self.take_beside(leg, encoded, now, None, outlet)
    }

    /// As [`take`](Self::take); while there are keys to send, their packets take the places of the audio's.
    ///
    /// Real-time: allocates no; blocks no; cost O(octets).
    pub fn take_beside(
        &mut self,
        leg: u64,
        encoded: &Encoded,
        now: Duration,
        keys: Option<&mut KeySender>,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        if !self.codec.is_framed() {
            return self.feed_beside(leg, encoded.bytes(), now, keys, outlet);
        }
        let [_, payloads] = encoded.payloads();
        let fed = self.pass(leg, payloads, now, keys, outlet);
        self.collected = self.codec.ticks_of(encoded.held());
        fed
    }

    /// Sends payloads that are coded as a whole. One that need not be sent leaves its time out, and the next is marked as
    /// the start of a talk spurt (RFC 3551, section 4.1).
    pub(super) fn pass<'a>(
        &mut self,
        leg: u64,
        payloads: impl Iterator<Item = Payload<'a>>,
        now: Duration,
        mut keys: Option<&mut KeySender>,
        outlet: &mut impl PacketOutlet,
    ) -> Fed {
        let (mut fed, mut not_before) = (Fed::default(), now);
        for Payload { octets, samples } in payloads {
            let ticks = self.codec.ticks_of(samples);
            let waited = core::mem::take(&mut self.collected);
            if let Some(keys) = keys.as_deref_mut().filter(|keys| keys.busy()) {
                self.send_key(keys, ticks, (leg, not_before), outlet, &mut fed);
            } else if octets.is_empty() {
                self.timestamp = self.timestamp.wrapping_add(ticks);
                self.marker = true;
            } else {
                if fed == Fed::default() {
                    fed.waited = self.codec.samples_of(waited);
                }
                self.send(leg, octets, ticks, not_before, outlet, &mut fed);
            }
            not_before += self.codec.rate().duration_of(samples);
        }
        fed
    }
}
