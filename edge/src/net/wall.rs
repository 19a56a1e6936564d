//! The three clocks of media: the engine's monotonic one, the wall clock of kernel time stamps, and NTP time.

use std::time::Duration;

/// Seconds from the NTP era (1900) to the Unix epoch (1970).
const NTP_UNIX: u64 = 2_208_988_800;
/// A kernel time stamp further in the past is not believed: the wall clock was set meanwhile.
const BELIEVED: Duration = Duration::from_secs(2);

/// How far the wall clock is ahead of the engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    offset: Duration,
}

impl Wall {
    /// From one reading of both clocks: `wall` since the Unix epoch, `now` on the engine's clock.
    pub(crate) fn new(wall: Duration, now: Duration) -> Self {
        Self {
            offset: wall.saturating_sub(now),
        }
    }

    /// Arrival time on the engine's clock of a datagram the kernel stamped `stamped`, read at `now`. Never after
    /// `now`; `now` itself when there is no stamp or it cannot be right.
    pub(crate) fn arrival(&self, stamped: Option<Duration>, now: Duration) -> Duration {
        match stamped.and_then(|stamped| stamped.checked_sub(self.offset)) {
            Some(at) if at <= now && now - at <= BELIEVED => at,
            _ => now,
        }
    }

    /// NTP time stamp (RFC 3550 4: 32 bits of seconds, 32 of fraction) of `at` on the engine's clock.
    pub(crate) fn ntp(&self, at: Duration) -> u64 {
        let wall = self.offset + at;
        let fraction = (u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000;
        (wall.as_secs().wrapping_add(NTP_UNIX) << 32) | fraction
    }

    /// The middle 32 bits of [`ntp`](Self::ntp): 16 of seconds, 16 of fraction.
    pub(crate) fn compact(&self, at: Duration) -> u32 {
        (self.ntp(at) >> 16) as u32
    }
}

/// A span as RTCP counts it: units of 1/65536 s, saturating.
pub(crate) fn compact_span(span: Duration) -> u32 {
    let fraction = (u64::from(span.subsec_nanos()) << 16) / 1_000_000_000;
    u32::try_from((span.as_secs() << 16) | fraction).unwrap_or(u32::MAX)
}

/// The inverse of [`compact_span`].
pub(crate) fn from_compact(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

/// `at` in ticks of a clock of `rate` Hz, modulo 2³²; for differences only.
pub(crate) fn ticks(at: Duration, rate: u32) -> u32 {
    let rate = u64::from(rate);
    let whole = at.as_secs().wrapping_mul(rate);
    whole.wrapping_add(u64::from(at.subsec_nanos()) * rate / 1_000_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_of_a_known_instant() {
        // RFC 3550 figure 2: 10 Nov 1995 11:33:25.125 UTC is 0xb44db705:20000000.
        let wall = Wall::new(
            Duration::from_millis(816_003_205_125),
            Duration::from_secs(50),
        );
        assert_eq!(wall.ntp(Duration::from_secs(50)), 0xb44d_b705_2000_0000);
        assert_eq!(wall.compact(Duration::from_secs(50)), 0xb705_2000);
        assert_eq!(compact_span(Duration::from_millis(5_250)), 0x0005_4000);
        assert_eq!(from_compact(0x0005_4000), Duration::from_millis(5_250));
        assert_eq!(compact_span(Duration::from_secs(70_000)), u32::MAX);
    }

    #[test]
    fn arrival_is_never_later_than_now_nor_absurd() {
        let (now, unix) = (
            Duration::from_secs(1000),
            Duration::from_secs(1_700_000_000),
        );
        let wall = Wall::new(unix, now);
        let ms = Duration::from_millis;
        assert_eq!(wall.arrival(Some(unix - ms(3)), now), now - ms(3));
        assert_eq!(wall.arrival(Some(unix + ms(3)), now), now);
        assert_eq!(wall.arrival(Some(unix - ms(3000)), now), now);
        assert_eq!(wall.arrival(Some(ms(1)), now), now);
        assert_eq!(wall.arrival(None, now), now);
    }

    #[test]
    fn ticks_wrap() {
        assert_eq!(ticks(Duration::from_millis(1500), 8000), 12_000);
        let day = Duration::from_secs(86_400 * 30);
        assert_eq!(
            ticks(day + Duration::from_millis(20), 48_000).wrapping_sub(ticks(day, 48_000)),
            960
        );
    }
}
