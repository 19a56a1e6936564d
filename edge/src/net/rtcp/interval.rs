//! When the next RTCP compound is due (RFC 3550 6.2, 6.3.1 and A.7), for a session of two.
//!
//! With two members and voice rates the minimum rules; the bandwidth term is kept because a large compound on a
//! narrow session would otherwise exceed its 5 %. Timer reconsideration is for groups that grow and is left out.

use std::time::Duration;

/// 5 % of a 64 kbit/s session, octets per second.
const BANDWIDTH: f64 = 400.0;
/// Us and the far end.
const MEMBERS: f64 = 2.0;
/// e − 3/2: makes up for what reconsideration would take away (A.7).
const COMPENSATION: f64 = 1.218_28;

/// The time to the next compound: `minimum` is the configured least interval, halved `initial`ly;
/// `average` the mean compound size in octets with lower layers; `random` uniform in 0..1.
pub(crate) fn interval(minimum: Duration, initial: bool, average: f64, random: f64) -> Duration {
    let minimum = if initial { minimum / 2 } else { minimum };
    let needed =
        Duration::from_secs_f64(average * MEMBERS / BANDWIDTH).min(Duration::from_secs(60));
    // The bandwidth term scales with the minimum, so that tests may run fast.
    let needed = needed.min(minimum * 10);
    needed.max(minimum).mul_f64((random + 0.5) / COMPENSATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_randomised() {
        let five = Duration::from_secs(5);
        let at = |initial, random| interval(five, initial, 120.0, random).as_secs_f64();
        assert!((at(false, 0.0) - 2.052).abs() < 0.001);
        assert!((at(false, 1.0) - 6.156).abs() < 0.001);
        assert!((at(true, 0.5) - 2.052).abs() < 0.001);
    }

    #[test]
    fn large_compounds_wait_longer() {
        let mean = interval(Duration::from_secs(5), false, 1400.0, 0.5).as_secs_f64();
        assert!((mean - 7.0 / 1.218_28).abs() < 0.001);
    }
}
