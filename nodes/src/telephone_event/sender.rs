//! Keys in an RTP stream of ours: what takes the place of an audio packet.
//!
//! The stream's own clock goes on under a key: each of its packet times has a packet of the key instead of audio, with the
//! next sequence number and the timestamp at which the key began (RFC 4733, section 2.5.1). Audio goes on
//! behind it as if it had only been silent.
//!
//! Plain state. Owned by the worker that owns the leg.

use super::{Keys, Report};
use core::time::Duration;
use talkpath_graph::SampleRate;

/// A packet to be sent in the place of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyMade {
    /// The negotiated payload type.
    pub payload_type: u8,
    /// First of its key.
    pub marker: bool,
    /// Timestamp of the key's beginning, or of the segment at hand of a long one.
    pub timestamp: u32,
    /// Its payload.
    pub payload: [u8; Report::SIZE],
}

/// The keys of one stream.
#[derive(Clone, Debug)]
pub struct KeySender {
    keys: Keys,
    payload_type: u8,
    /// Timestamp at which the key at hand began.
    began: u32,
}

impl KeySender {
    /// Nothing to send; a packet every `ptime`, in ticks of `clock`, as `payload_type` (0..=127).
    #[must_use]
    pub fn new(clock: SampleRate, ptime: Duration, payload_type: u8) -> Self {
        Self {
            keys: Keys::new(clock, ptime),
            payload_type: payload_type & 0x7f,
            began: 0,
        }
    }

    /// A key after those that wait. False when 32 do.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn press(&mut self, event: u8, volume: u8, length: Duration) -> bool {
        self.keys.press(event, volume, length)
    }

    /// How many more can wait.
    #[must_use]
    pub fn room(&self) -> usize {
        self.keys.room()
    }

    /// Audio is held back.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.keys.busy()
    }

    /// What takes the place of the audio packet that would have `timestamp`; `None` in the pause between two keys.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys waiting).
    pub fn due(&mut self, timestamp: u32) -> Option<KeyMade> {
        let packet = self.keys.due()?;
        if packet.marker {
            self.began = timestamp;
        }
        Some(KeyMade {
            payload_type: self.payload_type,
            marker: packet.marker,
            timestamp: self.began.wrapping_add(packet.segment),
            payload: packet.report.write(),
        })
    }

    /// Goes on with the keys that `old` had before a change, unless the clock or the packet time is another: then what
    /// waited is begun anew.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys waiting).
    pub fn continue_from(&mut self, old: &Self) {
        self.keys.continue_from(&old.keys);
        self.began = old.began;
    }
}
