//! The sending side: the packets of keys, one after the other.
//!
//! The first packet is marked and goes out at once, updates follow every packet time, and the last report is sent three
//! times, as packets may be lost (RFC 4733, section 2.5.1.4). Between two keys there is a pause, since a
//! receiver that decodes tones needs one.

use super::Report;
use arrayvec::ArrayVec;
use core::time::Duration;
use talkpath_graph::SampleRate;

/// Times that the end of an event is reported.
const ENDS: u8 = 3;
/// Keys that wait behind the one being sent.
const WAITING: usize = 32;
/// The longest key; more is cut.
const LONGEST: Duration = Duration::from_secs(60);
/// Least pause between two keys.
const PAUSE: Duration = Duration::from_millis(50);

/// A key to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    event: u8,
    volume: u8,
    ticks: u32,
}

/// A packet of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPacket {
    /// First of the event.
    pub marker: bool,
    /// Ticks from the event's first packet to the timestamp of this one: a multiple of 65,535 in an event so long.
    pub segment: u32,
    /// What it says.
    pub report: Report,
    /// Nothing follows of this event: the stream's timestamp goes on behind it.
    pub last: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sending {
    key: Key,
    /// Ticks of it that have passed.
    passed: u32,
    ends: u8,
}

/// Sends keys, one after the other. Owned by the worker that owns the leg.
#[derive(Clone, Debug)]
pub struct Keys {
    clock: SampleRate,
    /// Ticks of a packet time.
    step: u32,
    sending: Option<Sending>,
    waiting: ArrayVec<Key, WAITING>,
    /// Ticks of pause left.
    pause: u32,
}

impl Keys {
    /// Nothing to send; reports every `ptime`, in ticks of `clock`.
    #[must_use]
    pub fn new(clock: SampleRate, ptime: Duration) -> Self {
        Self {
            clock,
            step: clock.samples_in(ptime).0.max(1),
            sending: None,
            waiting: ArrayVec::new(),
            pause: 0,
        }
    }

    /// A key of `length` (at least a packet time, at most 60 s) after those that wait. False when
    /// 32 do.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn press(&mut self, event: u8, volume: u8, length: Duration) -> bool {
        let ticks = self.clock.samples_in(length.min(LONGEST)).0.max(self.step);
        let key = Key {
            event,
            volume,
            ticks,
        };
        self.waiting.try_push(key).is_ok()
    }

    /// How many more can wait.
    #[must_use]
    pub fn room(&self) -> usize {
        self.waiting.remaining_capacity()
    }

    /// Takes over what `old` had to send. At another clock or packet time the key being sent is cut off, and those that
    /// wait are sent by the new one.
    ///
    /// Real-time: allocates no; blocks no; cost O(keys waiting).
    pub(super) fn continue_from(&mut self, old: &Self) {
        if (self.clock, self.step) == (old.clock, old.step) {
            self.clone_from(old);
            return;
        }
        self.sending = None;
        self.waiting.clear();
        self.pause = self.clock.samples_in(PAUSE).0;
        for key in &old.waiting {
            let ticks = super::rescale(key.ticks, old.clock.hz(), self.clock.hz());
            let ticks = ticks.max(self.step);
            self.waiting.push(Key { ticks, ..*key });
        }
    }

    /// Whether a key is being sent or waits: audio is held back meanwhile.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.sending.is_some() || !self.waiting.is_empty()
    }

    /// A packet time has passed: the packet that is due. `None` in the pause between keys and when there is none.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn due(&mut self) -> Option<KeyPacket> {
        if self.sending.is_none() {
            if self.pause > 0 {
                self.pause = self.pause.saturating_sub(self.step);
                return None;
            }
            self.sending = self.waiting.pop_at(0).map(|key| Sending {
                key,
                passed: 0,
                ends: 0,
            });
        }
        let sending = self.sending.as_mut()?;
        let marker = sending.passed == 0;
        let total = sending.key.ticks;
        sending.passed = sending.passed.saturating_add(self.step).min(total);
        let end = sending.passed == total;
        sending.ends += u8::from(end);
        let last = sending.ends == ENDS;
        // The segment that holds the last tick; the first has none before it.
        let full = u32::from(u16::MAX);
        let segment = sending.passed.saturating_sub(1) / full * full;
        let packet = KeyPacket {
            marker,
            segment,
            report: Report {
                event: sending.key.event,
                end,
                volume: sending.key.volume,
                // At most 65,535 by the division above.
                duration: (sending.passed - segment) as u16,
            },
            last,
        };
        if last {
            self.sending = None;
            self.pause = self.clock.samples_in(PAUSE).0;
        }
        Some(packet)
    }
}
