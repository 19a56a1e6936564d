//! Time: the only place where talkpath reads a clock or sleeps.
//!
//! A point in time is a [`Duration`] since the clock's epoch. [`MonotonicClock`] is the kernel's
//! `CLOCK_MONOTONIC`, so its points compare with kernel stamps mapped onto that clock, and deadlines
//! are absolute: lateness never adds up. [`ManualClock`] is virtual time for tests and rendering.

use crate::sys;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A source of time that can be slept on.
pub trait Clock: Send {
    /// The time since the clock's epoch. Never goes back.
    ///
    /// Real-time: allocates no; blocks no.
    fn now(&self) -> Duration;

    /// Returns once [`now`](Self::now) has reached `deadline`; at once if it has.
    ///
    /// Real-time: allocates no; blocks until the deadline and for nothing else.
    fn sleep_until(&self, deadline: Duration);
}

/// The kernel's monotonic clock. Its epoch is that of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        sys::time::now(sys::time::Source::Monotonic)
    }

    fn sleep_until(&self, deadline: Duration) {
        sys::time::sleep_until(deadline);
    }
}

/// A clock that moves only when told to. Clones share the time.
///
/// Sleeping moves it to the deadline, so a thread loop runs through virtual time without waiting.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    /// Nanoseconds since the epoch.
    now: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Duration) -> Self {
        let clock = Self::default();
        clock.set(start);
        clock
    }

    /// Moves the clock forward by `span`.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(nanos(span), Ordering::Relaxed);
    }

    /// Moves the clock to `time`. An earlier time than now leaves it where it is.
    pub fn set(&self, time: Duration) {
        self.now.fetch_max(nanos(time), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.now.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, deadline: Duration) {
        self.set(deadline);
    }
}

/// Whole nanoseconds; 584 years at most.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn sleeps_to_an_absolute_deadline_and_never_wakes_early() {
        let clock = MonotonicClock;
        let deadline = clock.now() + Duration::from_millis(2);
        clock.sleep_until(deadline);
        assert!(clock.now() >= deadline);
        clock.sleep_until(Duration::ZERO);
    }

    #[test]
    fn manual_time_moves_only_when_told() {
        let clock = ManualClock::new(Duration::from_secs(5));
        let shared = clock.clone();
        assert_eq!(shared.now(), Duration::from_secs(5));
        clock.advance(Duration::from_millis(10));
        assert_eq!(shared.now(), Duration::from_millis(5010));
        shared.sleep_until(Duration::from_secs(6));
        clock.set(Duration::from_secs(1));
        assert_eq!(clock.now(), Duration::from_secs(6));
    }
}
