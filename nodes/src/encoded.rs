//! What encoders hand to packetisers: the octets of one frame, and where packets end if the codec decides that.
//!
//! One plane of a worker's scratch (D9). A codec that codes sample by sample leaves octets, which the packetiser cuts as it
//! likes; one that codes packets as a whole leaves payloads, each with its length in time, since what it
//! collects for the next one is its own.

use crate::units::MAX_UNITS;
use arrayvec::ArrayVec;
use talkpath_graph::Samples;
use talkpath_graph::node::MAX_FRAME;

/// Most octets one room frame encodes to: 20 ms of L16 at 48 kHz. The second of two packets of Opus is kept within what the
/// first has left, which no bit rate of voice comes near.
pub const MAX_ENCODED: usize = MAX_FRAME * 2;

/// A payload by its end in the octets and its length in time.
#[derive(Clone, Copy, Debug)]
struct Cut {
    end: usize,
    samples: Samples,
}

/// Octets of one frame.
#[derive(Debug)]
pub struct Encoded {
    bytes: Box<[u8; MAX_ENCODED]>,
    len: usize,
    cuts: ArrayVec<Cut, MAX_UNITS>,
    /// What the encoder holds for the next payload.
    held: Samples,
    /// Payloads that were finished early, before a hole in what came.
    flushed: usize,
}

/// One payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// Its octets; none when it need not be sent (DTX).
    pub octets: &'a [u8],
    /// How long it is, at the codec's rate.
    pub samples: Samples,
}

impl Encoded {
    /// An empty plane in `bytes`. Control side.
    #[must_use]
    pub fn new(bytes: Box<[u8; MAX_ENCODED]>) -> Self {
        Self {
            bytes,
            len: 0,
            cuts: ArrayVec::new(),
            held: Samples(0),
            flushed: 0,
        }
    }

    /// All octets.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Empties it.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn clear(&mut self) {
        (self.len, self.flushed, self.held) = (0, 0, Samples(0));
        self.cuts.clear();
    }

    /// The octets not yet written, to encode into; then [`Encoded::grow`] or [`Encoded::end_payload`].
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.len..]
    }

    /// So many octets of the room were written.
    pub fn grow(&mut self, octets: usize) {
        self.len = (self.len + octets).min(MAX_ENCODED);
    }

    /// So many octets of the room are a payload of `samples`; none for one that need not be sent.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn end_payload(&mut self, octets: usize, samples: Samples) {
        self.grow(octets);
        let cut = Cut {
            end: self.len,
            samples,
        };
        // As many as the shortest packets of a frame; what has no place is not sent.
        if self.cuts.try_push(cut).is_err() {
            self.len -= octets;
        }
    }

    /// What ends here lies before a hole in what came.
    pub fn end_flush(&mut self) {
        self.flushed = self.cuts.len();
    }

    /// The encoder holds so much for the next payload.
    pub fn hold(&mut self, samples: Samples) {
        self.held = samples;
    }

    /// What the encoder holds for the next payload.
    #[must_use]
    pub fn held(&self) -> Samples {
        self.held
    }

    /// The payloads before the hole, and those behind it or all when there is none.
    pub fn payloads(&self) -> [impl Iterator<Item = Payload<'_>>; 2] {
        let part = |from: usize, to: usize| {
            (from..to).map(|n| {
                let start = n.checked_sub(1).map_or(0, |before| self.cuts[before].end);
                Payload {
                    octets: &self.bytes[start..self.cuts[n].end],
                    samples: self.cuts[n].samples,
                }
            })
        };
        [part(0, self.flushed), part(self.flushed, self.cuts.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Default for Encoded {
        fn default() -> Self {
            Self::new(Box::new([0; MAX_ENCODED]))
        }
    }

    #[test]
    fn payloads_are_told_apart_and_split_at_the_hole() {
        let mut encoded = Encoded::default();
        encoded.room()[..3].copy_from_slice(&[1, 2, 3]);
        encoded.end_payload(3, Samples(160));
        encoded.end_flush();
        encoded.end_payload(0, Samples(320));
        encoded.room()[..1].copy_from_slice(&[4]);
        encoded.end_payload(1, Samples(320));
        encoded.hold(Samples(80));
        let [before, behind] = encoded.payloads().map(Iterator::collect::<Vec<_>>);
        let payload = |octets, samples| Payload {
            octets,
            samples: Samples(samples),
        };
        assert_eq!(before, [payload(&[1, 2, 3], 160)]);
        assert_eq!(behind, [payload(&[], 320), payload(&[4], 320)]);
        assert_eq!(encoded.held(), Samples(80));
        encoded.clear();
        assert!(encoded.bytes().is_empty() && encoded.held() == Samples(0));
        assert!(encoded.payloads().into_iter().flatten().next().is_none());
    }

    #[test]
    fn too_many_payloads_are_not_sent() {
        let mut encoded = Encoded::default();
        for _ in 0..20 {
            encoded.end_payload(1, Samples(1));
        }
        assert_eq!(encoded.bytes().len(), MAX_UNITS);
    }
}
