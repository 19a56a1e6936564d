//! The RTP source heard on one port: sequence checks, loss and jitter, and the probation of a second SSRC. Sans-I/O.
//!
//! RFC 3550 A.1 (sequence numbers), A.3 (loss), A.8 (jitter). One port has one current source. The first SSRC
//! is believed at once: a latch and a negotiated payload type stand before it. Another SSRC replaces it only when
//! two of its packets come in sequence with none of the current source in between, so two senders on one
//! port are never interleaved: the first one stays. Only an address that agrees better with the SDP, while the latch
//! is open, [restarts](Sources::restart) the source without probation.

use std::time::Duration;

use talkpath_nodes::packet::Header;

use super::wall::ticks;

/// Largest jump ahead that still is loss (A.1).
const MAX_DROPOUT: u16 = 3000;
/// Largest step back that still is reordering (A.1).
const MAX_MISORDER: u16 = 100;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is the current source's.
    Accepted,
    /// It completes the probation of a new source, which is the current one from now on.
    Replaced,
    /// Another SSRC, not yet believed.
    Probation,
    /// The current source's, but far out of sequence; the next one in order restarts it.
    OutOfSequence,
}

/// What was received so far, and since the last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reception {
    /// The source reported on.
    pub ssrc: u32,
    /// Packets lost of those expected since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets expected less received since the beginning; negative with duplicates.
    pub cumulative_lost: i32,
    /// Highest sequence number with its count of cycles above.
    pub highest: u32,
    /// Interarrival jitter, RTP ticks.
    pub jitter: u32,
}

/// The current source of a port and the one on probation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    current: Option<Source>,
    candidate: Option<(u32, u16)>,
}

#[derive(Debug, Clone)]
struct Source {
    ssrc: u32,
    base: u32,
    highest: u32,
    restart_at: Option<u16>,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: Option<u32>,
    jitter_16: u32,
}

impl Sources {
    /// Judges a packet that arrived at `at`; `rate` is its RTP clock in Hz, `None` if its timestamp does not tell when it was
    /// sent.
    pub(crate) fn admit(&mut self, header: &Header, at: Duration, rate: Option<u32>) -> Admission {
        let Some(current) = &mut self.current else {
            self.current = Some(Source::new(header).heard(header, at, rate));
            return Admission::Accepted;
        };
        if current.ssrc == header.ssrc {
            self.candidate = None;
            if !current.sequence(header.sequence) {
                return Admission::OutOfSequence;
            }
            current.arrival(header.timestamp, at, rate);
            return Admission::Accepted;
        }
        if self.candidate == Some((header.ssrc, header.sequence)) {
            self.candidate = None;
            self.current = Some(Source::new(header).heard(header, at, rate));
            return Admission::Replaced;
        }
        self.candidate = Some((header.ssrc, header.sequence.wrapping_add(1)));
        Admission::Probation
    }

    /// Believes the sender of a packet at once, whoever was there before: the address it came from decides.
    pub(crate) fn restart(
        &mut self,
        header: &Header,
        at: Duration,
        rate: Option<u32>,
    ) -> Admission {
        let replaces = self.ssrc().is_some_and(|ssrc| ssrc != header.ssrc);
        self.candidate = None;
        self.current = Some(Source::new(header).heard(header, at, rate));
        if replaces {
            Admission::Replaced
        } else {
            Admission::Accepted
        }
    }

    /// SSRC of the current source.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.current.as_ref().map(|source| source.ssrc)
    }

    /// The codec changed: time stamps run at another rate from now on.
    pub(crate) fn clock_changed(&mut self) {
        if let Some(source) = &mut self.current {
            source.transit = None;
            source.jitter_16 = 0;
        }
    }

    /// Figures for a report block; the next call counts its interval from here.
    pub(crate) fn report(&mut self) -> Option<Reception> {
        let source = self.current.as_mut()?;
        let reception = source.reception();
        source.expected_before = source.expected();
        source.received_before = source.received;
        Some(reception)
    }

    /// The same figures, for reading only.
    pub(crate) fn reception(&self) -> Option<Reception> {
        self.current.as_ref().map(Source::reception)
    }
}

impl Source {
    fn new(header: &Header) -> Self {
        let base = u32::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            base,
            highest: base,
            restart_at: None,
            received: 1,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter_16: 0,
        }
    }

    fn heard(mut self, header: &Header, at: Duration, rate: Option<u32>) -> Self {
        self.arrival(header.timestamp, at, rate);
        self
    }

    /// A.1; `false` for a packet far out of sequence.
    fn sequence(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
        } else if ahead <= MAX_MISORDER.wrapping_neg() {
            if self.restart_at != Some(sequence) {
                self.restart_at = Some(sequence.wrapping_add(1));
                return false;
            }
            self.base = u32::from(sequence);
            self.highest = self.base;
            (self.received, self.expected_before, self.received_before) = (0, 0, 0);
        }
        self.restart_at = None;
        self.received = self.received.wrapping_add(1);
        true
    }

    /// A.8: the mean deviation of the transit time, with gain 1/16.
    fn arrival(&mut self, timestamp: u32, at: Duration, rate: Option<u32>) {
        let Some(rate) = rate else {
            return;
        };
        let transit = ticks(at, rate).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let deviation = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A jump of the time stamps (hold, DTX with a sloppy clock) is not jitter.
            if deviation < rate {
                self.jitter_16 = self.jitter_16 + deviation - ((self.jitter_16 + 8) >> 4);
            }
        }
    }

    fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.base).wrapping_add(1)
    }

    fn reception(&self) -> Reception {
        let lost = self.expected().wrapping_sub(self.received) as i32;
        let expected = self.expected().wrapping_sub(self.expected_before);
        let received = self.received.wrapping_sub(self.received_before);
        let missing = u64::from(expected.saturating_sub(received));
        let fraction = (missing << 8).checked_div(u64::from(expected)).unwrap_or(0);
        Reception {
            ssrc: self.ssrc,
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: lost.clamp(-0x80_0000, 0x7f_ffff),
            highest: self.highest,
            jitter: self.jitter_16 >> 4,
        }
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
