//! One phone's ear: what came, when, and what is missing.

use std::time::Duration;

use talkpath_nodes::packet::Header;

use super::heard::Heard;

/// The stream one phone is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ear {
    /// Its SSRC; everything else is somebody else's.
    pub ssrc: u32,
    asked: Option<Duration>,
    next: Option<u16>,
    last_at: Duration,
    /// Packet time.
    ptime: Duration,
    /// Length of a tick of the RTP clock, seconds.
    tick: f64,
    transit: Option<(u32, f64)>,
    /// RFC 3550 6.4.1, seconds.
    jitter: f64,
}

impl Ear {
    pub(super) fn new(ssrc: u32, asked: Duration, ptime: Duration, clock_rate: u32) -> Self {
        Self {
            ssrc,
            asked: Some(asked),
            next: None,
            last_at: Duration::ZERO,
            ptime,
            tick: 1.0 / f64::from(clock_rate),
            transit: None,
            jitter: 0.0,
        }
    }

    /// Jitter now; `None` before the second packet.
    pub(super) fn jitter(&self) -> Option<Duration> {
        self.transit?;
        Some(Duration::from_secs_f64(self.jitter))
    }

    /// A packet of this stream that came at `at`.
    pub(super) fn hear(&mut self, header: &Header, at: Duration, heard: &mut Heard) {
        heard.received += 1;
        if let Some(asked) = self.asked.take() {
            heard.join.record(at.saturating_sub(asked));
        }
        if let Some(next) = self.next {
            let ahead = header.sequence.wrapping_sub(next);
            if ahead >= 0x8000 {
                heard.disordered += 1;
                return;
            }
            heard.missing += u64::from(ahead);
            let gap = at.saturating_sub(self.last_at);
            heard.gap.record(gap);
            heard.long_gaps += u64::from(gap > 2 * self.ptime);
        }
        self.next = Some(header.sequence.wrapping_add(1));
        self.last_at = at;
        self.take_transit(header.timestamp, at.as_secs_f64());
    }

    fn take_transit(&mut self, timestamp: u32, at: f64) {
        if let Some((last_timestamp, last_at)) = self.transit {
            let ticks = timestamp.wrapping_sub(last_timestamp).cast_signed();
            let difference = (at - last_at) - f64::from(ticks) * self.tick;
            self.jitter += (difference.abs() - self.jitter) / 16.0;
        }
        self.transit = Some((timestamp, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn ear() -> Ear {
        Ear::new(1, Duration::from_millis(970), FRAME, 8_000)
    }

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header {
            sequence,
            timestamp,
            ..Header::default()
        }
    }

    #[test]
    fn gaps_losses_and_disorder_are_told_apart() {
        let (mut ear, mut heard) = (ear(), Heard::default());
        let start = Duration::from_secs(1);
        // 65534, 65535, then 2 are missing, 2, then 1 comes late.
        for (sequence, millis) in [(65_534, 0), (65_535, 20), (2, 81), (1, 82)] {
            let at = start + Duration::from_millis(millis);
            ear.hear(&header(sequence, 0), at, &mut heard);
        }
        assert_eq!((heard.received, heard.missing, heard.disordered), (4, 2, 1));
        assert_eq!((heard.gap.len(), heard.long_gaps), (2, 1));
        let join = heard.join.quantiles(1e6);
        assert!(join.count == 1 && (29.9..30.1).contains(&join.max));
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let (mut ear, mut heard) = (ear(), Heard::default());
        // Every other packet is 8 ms late: |D| is 8 ms throughout, to which J converges.
        for n in 0..400u32 {
            let late = Duration::from_millis(if n % 2 == 0 { 0 } else { 8 });
            let at = Duration::from_secs(1) + FRAME * n + late;
            ear.hear(&header(n as u16, n * 160), at, &mut heard);
        }
        let jitter = ear.jitter().unwrap().as_secs_f64() * 1e3;
        assert!((7.9..=8.01).contains(&jitter), "{jitter}");
        assert_eq!(heard.long_gaps, 0);
    }
}
