//! A histogram of times: log-linear bars of fixed bounds, eight to the octave, so a value is told to an eighth.

use core::time::Duration;

/// Bars of one histogram: up to 2²⁷ ns; what takes longer counts as that.
const BARS: usize = 208;

/// Bits of a value that choose the bar within its octave.
const FINE: u32 = 3;

/// A histogram of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    counts: [u32; BARS],
    total: u32,
}

impl Bars {
    /// Nothing measured.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: [0; BARS],
            total: 0,
        }
    }

    /// Counts `times` measurements of `span`; none when the span is nothing.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn record(&mut self, span: Duration, times: u32) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        if nanos > 0 {
            let bar = &mut self.counts[bar(nanos)];
            *bar = bar.saturating_add(times);
            self.total = self.total.saturating_add(times);
        }
    }

    /// Measurements.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.total
    }

    /// The time that the part `quantile` (0 to 1) of the measurements did not exceed, to an eighth above; nothing when
    /// there is none.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let wanted = (f64::from(self.total) * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        Duration::from_nanos(found.map_or(0, top))
    }

    /// Adds the measurements of another.
    pub fn add(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        for (sum, part) in self.counts.iter_mut().zip(&other.counts) {
            *sum = sum.saturating_add(*part);
        }
        self.total = self.total.saturating_add(other.total);
    }

    /// Forgets half of what was measured, so that what is new outweighs it.
    pub fn fade(&mut self) {
        self.counts.iter_mut().for_each(|count| *count /= 2);
        self.total = self.counts.iter().sum();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if self.total > 0 {
            *self = Self::new();
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

/// The bar of a time in nanoseconds.
fn bar(nanos: u64) -> usize {
    let octave = nanos.ilog2();
    let bar = match octave.checked_sub(FINE) {
        None => nanos,
        Some(shift) => (u64::from(shift) << FINE) + (nanos >> shift),
    };
    (bar as usize).min(BARS - 1)
}

/// The longest time of a bar, in nanoseconds.
fn top(bar: usize) -> u64 {
    let (bar, fine) = (bar as u64, 1 << FINE);
    match (bar >> FINE).checked_sub(1) {
        None => bar,
        Some(shift) => ((bar % fine + fine + 1) << shift) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_a_bar_that_ends_an_eighth_above_it_at_most() {
        for nanos in (1..5_000).chain([65_535, 65_536, 1_000_000, 99_999_999]) {
            let top = top(bar(nanos));
            assert!(top >= nanos, "{nanos} is in the bar up to {top}");
            assert!(top - nanos <= nanos / 8, "{nanos} is told as {top}");
        }
        assert_eq!(bar(u64::MAX), BARS - 1);
    }

    #[test]
    fn a_quantile_is_that_of_the_sorted_times() {
        let mut bars = Bars::new();
        assert_eq!(bars.quantile(0.9), Duration::ZERO);
        for micros in 1..=100 {
            bars.record(Duration::from_micros(micros), 1);
        }
        bars.record(Duration::ZERO, 50);
        assert_eq!(bars.count(), 100, "nothing is no measurement");
        let at = bars.quantile(0.9).as_nanos();
        assert!((90_000..=102_000).contains(&at), "{at}");
        assert!(bars.quantile(1.0) >= Duration::from_micros(100));
        bars.fade();
        assert!(bars.count() <= 100);
    }
}
