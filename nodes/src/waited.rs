//! How long something waited: the last time, on average, at most. 20 octets that travel by copy.
//!
//! Written by the worker that owns the leg; whole microseconds, less than a sample at any rate there is.

use core::time::Duration;

/// Waits since the beginning of a leg. Packed, so that thousands of them, and what stands beside them, stay small.
#[repr(Rust, packed(4))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    sum_us: u64,
    count: u32,
    last_us: u32,
    most_us: u32,
}

impl Waited {
    /// One more wait. Beyond an hour it counts as the longest that can be said.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn record(&mut self, span: Duration) {
        let us = micros(span);
        self.last_us = us;
        self.most_us = self.most_us.max(us);
        self.sum_us += u64::from(us);
        self.count = self.count.saturating_add(1);
    }

    /// Goes on where `earlier` stopped: its waits came before those here.
    #[must_use]
    pub fn after(mut self, earlier: &Self) -> Self {
        if self.count == 0 {
            self.last_us = earlier.last_us;
        }
        self.most_us = self.most_us.max(earlier.most_us);
        self.sum_us += earlier.sum_us;
        self.count = self.count.saturating_add(earlier.count);
        self
    }

    /// Whether there was any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The last wait; zero while there was none.
    #[must_use]
    pub fn last(&self) -> Duration {
        Duration::from_micros(u64::from(self.last_us))
    }

    /// The mean wait; zero while there was none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_micros(self.sum_us / u64::from(self.count.max(1)))
    }

    /// The longest wait; zero while there was none.
    #[must_use]
    pub fn most(&self) -> Duration {
        Duration::from_micros(u64::from(self.most_us))
    }
}

/// Whole microseconds, at most what fits.
pub(crate) fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn last_mean_and_most_go_on_over_a_change_of_plan() {
        let mut old = Waited::default();
        assert!(old.is_empty());
        assert_eq!((old.last(), old.mean()), (Duration::ZERO, Duration::ZERO));
        [30, 10, 20].iter().for_each(|ms| old.record(*ms * MS));
        assert_eq!(
            (old.last(), old.mean(), old.most()),
            (20 * MS, 20 * MS, 30 * MS)
        );
        let none_since = Waited::default().after(&old);
        assert_eq!(none_since, old);
        let mut new = Waited::default();
        new.record(60 * MS);
        let all = new.after(&old);
        assert_eq!(
            (all.last(), all.mean(), all.most()),
            (60 * MS, 30 * MS, 60 * MS)
        );
        new.record(Duration::MAX);
        assert_eq!(new.last(), Duration::from_micros(u64::from(u32::MAX)));
    }
}
