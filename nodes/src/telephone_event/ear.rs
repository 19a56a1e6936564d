//! The hearing side: one key for all the packets of an event.

use super::Report;
use core::time::Duration;

/// Silence after which an event whose end was lost is over.
const TIME_OUT: Duration = Duration::from_millis(40);
/// Silence after which an earlier timestamp is no late packet but a source that began anew.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// How an event came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its end was reported.
    Reported,
    /// The next event began.
    Superseded,
    /// No packet came for 40 ms.
    TimedOut,
}

/// What is heard of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An event began.
    Began {
        /// Which.
        event: u8,
        /// Its level in -dBm0.
        volume: u8,
        /// The RTP timestamp of its beginning.
        timestamp: u32,
    },
    /// It is over.
    Ended {
        /// Which.
        event: u8,
        /// Ticks it lasted, as far as is known.
        ticks: u32,
        /// How its end was noticed.
        ending: Ending,
    },
}

/// What one packet can tell: the end of an event, the beginning of the next, and that one's end.
pub type Told = arrayvec::ArrayVec<Heard, 3>;

/// The event at hand, or the last one.
#[derive(Clone, Copy, Debug)]
struct Current {
    event: u8,
    /// Timestamp of its beginning.
    began: u32,
    /// Timestamp of the segment at hand: an event longer than 65,535 ticks has several (RFC 4733, section 2.5.1.3).
    segment: u32,
    /// Ticks from its beginning, the longest that was reported.
    ticks: u32,
    received: Duration,
    over: bool,
}

/// Hears the events of one stream. Owned by the worker that owns the leg.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    current: Option<Current>,
}

impl Ear {
    /// Takes a packet of the event payload type: its timestamp, the report, and when it was received.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn hear(&mut self, timestamp: u32, report: Report, received: Duration) -> Told {
        let mut told = Told::new();
        let duration = u32::from(report.duration);
        match &mut self.current {
            Some(current) if current.is_told_by(timestamp, report.event) => {
                // What comes after the end, or out of order, says nothing new.
                current.segment = if later(timestamp, current.segment) {
                    timestamp
                } else {
                    current.segment
                };
                let ticks = timestamp.wrapping_sub(current.began).wrapping_add(duration);
                current.ticks = current.ticks.max(ticks);
                current.received = received;
            }
            Some(current) if current.is_late(timestamp, received) => return told,
            _ => {
                told.extend(self.end(Ending::Superseded));
                self.current = Some(Current {
                    event: report.event,
                    began: timestamp,
                    segment: timestamp,
                    ticks: duration,
                    received,
                    over: false,
                });
                told.push(Heard::Began {
                    event: report.event,
                    volume: report.volume,
                    timestamp,
                });
            }
        }
        if report.end {
            told.extend(self.end(Ending::Reported));
        }
        told
    }

    /// Time goes on: an event of which nothing has come for 40 ms is over.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn tick(&mut self, now: Duration) -> Option<Heard> {
        let current = self.current.as_ref()?;
        if now.saturating_sub(current.received) < TIME_OUT {
            return None;
        }
        self.end(Ending::TimedOut)
    }

    /// The event that lasts.
    #[must_use]
    pub fn event(&self) -> Option<u8> {
        let current = self.current.as_ref().filter(|current| !current.over)?;
        Some(current.event)
    }

    /// Where a report of the event at hand, or of the last one, lies: the timestamp the event began at, and the ticks from
    /// there to the end of what the report tells of. `None` for a report of another event.
    #[must_use]
    pub fn place(&self, timestamp: u32, report: Report) -> Option<(u32, u32)> {
        let current = self.current.as_ref()?;
        let told = current.is_told_by(timestamp, report.event);
        let ticks = timestamp.wrapping_sub(current.began);
        told.then(|| {
            (
                current.began,
                ticks.wrapping_add(u32::from(report.duration)),
            )
        })
    }

    /// The source is another one: the event at hand is over, and the timestamps to come have nothing to do with the old.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn restart(&mut self) -> Option<Heard> {
        let ended = self.end(Ending::Superseded);
        self.current = None;
        ended
    }

    fn end(&mut self, ending: Ending) -> Option<Heard> {
        let current = self.current.as_mut().filter(|current| !current.over)?;
        current.over = true;
        Some(Heard::Ended {
            event: current.event,
            ticks: current.ticks,
            ending,
        })
    }
}

impl Current {
    /// A packet of this very event: of its first segment, of the one at hand, or of the next one, which begins where
    /// a full one ends.
    fn is_told_by(&self, timestamp: u32, event: u8) -> bool {
        let full = u32::from(u16::MAX);
        let since = timestamp.wrapping_sub(self.began);
        event == self.event
            && (timestamp == self.began
                || timestamp == self.segment
                || (since.is_multiple_of(full) && since <= self.ticks.next_multiple_of(full)))
    }

    /// A packet of an event before this one.
    fn is_late(&self, timestamp: u32, received: Duration) -> bool {
        !later(timestamp, self.segment) && received.saturating_sub(self.received) < FORGOTTEN
    }
}

/// Whether `a` is after `b` on the circle of timestamps.
fn later(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

#[cfg(test)]
mod tests;
