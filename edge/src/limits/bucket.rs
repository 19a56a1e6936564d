//! Token bucket: so many a second on average, so many at once.

use std::time::Duration;

/// A rate with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back each second; 0 shuts the door.
    pub per_second: u32,
    /// Tokens a full bucket holds; at least one is always meant.
    pub burst: u32,
}

/// One bucket. Filled when made.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// In billionths of a token, so that short spans are not lost to rounding.
    level: u64,
    at: Duration,
}

const TOKEN: u64 = 1_000_000_000;

impl Bucket {
    /// A full bucket at time `now`.
    pub fn new(rate: Rate, now: Duration) -> Self {
        Self {
            level: full(rate),
            at: now,
        }
    }

    /// Takes one token if there is one.
    pub fn take(&mut self, rate: Rate, now: Duration) -> bool {
        self.fill(rate, now);
        let enough = rate.per_second > 0 && self.level >= TOKEN;
        if enough {
            self.level -= TOKEN;
        }
        enough
    }

    /// True if it is full again, so that forgetting it changes nothing.
    pub fn is_full(&mut self, rate: Rate, now: Duration) -> bool {
        self.fill(rate, now);
        self.level == full(rate)
    }

    fn fill(&mut self, rate: Rate, now: Duration) {
        let span = now.saturating_sub(self.at);
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let gained = nanos.saturating_mul(u64::from(rate.per_second));
        self.level = self.level.saturating_add(gained).min(full(rate));
        self.at = self.at.max(now);
    }
}

fn full(rate: Rate) -> u64 {
    u64::from(rate.burst.max(1)) * TOKEN
}
