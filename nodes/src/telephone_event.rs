//! Keys and other named events in RTP: RFC 4733, reading, hearing, sending and passing on.
//!
//! An event is sent as packets that share the timestamp of its beginning and carry a growing duration; the last one is
//! marked and repeated. [`Ear`] makes one key of them whatever is lost, repeated or late; [`Keys`] makes them of
//! a key; [`rescale`] puts a duration on another clock.
//!
//! [`KeySender`] puts keys into a stream of ours.
//!
//! Plain state, no I/O; time is an argument. Used by the worker that owns the leg.

mod ear;
mod keys;
mod sender;

pub use ear::{Ear, Ending, Heard, Told};
pub use keys::{KeyPacket, Keys};
pub use sender::{KeyMade, KeySender};

/// Events of DTMF: 0 to 9, *, #, A to D, by code (RFC 4733, section 3.2).
pub const DTMF: &str = "0123456789*#ABCD";

/// What one packet says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which event, by its code in the registry of RFC 4733; 0..=15 are [`DTMF`].
    pub event: u8,
    /// The last report of the event.
    pub end: bool,
    /// Level in -dBm0, 0..=63. Only of meaning for tones.
    pub volume: u8,
    /// Ticks from the packet's timestamp to now.
    pub duration: u16,
}

impl Report {
    /// Octets of a report.
    pub const SIZE: usize = 4;

    /// Reads a payload of one report; `None` unless it has four octets at least. What follows are reports of
    /// events after this one, which nobody sends for keys.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low] = payload.first_chunk::<{ Self::SIZE }>()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload (RFC 4733, section 2.3).
    #[must_use]
    pub fn write(self) -> [u8; Self::SIZE] {
        let [high, low] = self.duration.to_be_bytes();
        let flags = (u8::from(self.end) << 7) | (self.volume & 0x3f);
        [self.event, flags, high, low]
    }
}

/// The event of a key, in either case; `None` for what is no key.
#[must_use]
pub fn event_of(key: char) -> Option<u8> {
    let at = DTMF.find(key.to_ascii_uppercase())?;
    u8::try_from(at).ok()
}

/// The key of an event; `None` for what is no key.
#[must_use]
pub fn key_of(event: u8) -> Option<char> {
    DTMF.chars().nth(usize::from(event))
}

/// `ticks` of one clock in those of another, rounded to nearest, saturating.
///
/// Real-time: allocates no; blocks no; cost O(1).
#[must_use]
pub fn rescale(ticks: u32, from_hz: u32, to_hz: u32) -> u32 {
    let from = u64::from(from_hz.max(1));
    let scaled = (u64::from(ticks) * u64::from(to_hz) + from / 2) / from;
    u32::try_from(scaled).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_survive_and_short_payloads_are_refused() {
        for event in [0, 11, 15, 255] {
            for (end, volume, duration) in [(false, 0, 0), (true, 63, u16::MAX), (true, 10, 160)] {
                let report = Report {
                    event,
                    end,
                    volume,
                    duration,
                };
                assert_eq!(Report::read(&report.write()), Some(report));
            }
        }
        assert_eq!(Report::read(&[1, 2, 3]), None);
        let reserved = Report::read(&[5, 0x40 | 9, 0, 1]).unwrap();
        assert_eq!((reserved.volume, reserved.end), (9, false));
    }

    #[test]
    fn keys_have_events_and_back() {
        let events: Vec<_> = DTMF.chars().map(|key| event_of(key).unwrap()).collect();
        assert_eq!(events, (0..16).collect::<Vec<u8>>());
        assert_eq!((event_of('d'), event_of('x')), (Some(15), None));
        assert_eq!((key_of(10), key_of(16)), (Some('*'), None));
    }

    #[test]
    fn durations_change_clocks() {
        assert_eq!(rescale(160, 8_000, 48_000), 960);
        assert_eq!(rescale(961, 48_000, 8_000), 160);
        assert_eq!(rescale(u32::MAX, 8_000, 48_000), u32::MAX);
        assert_eq!(rescale(7, 0, 8_000), 56_000);
    }
}
