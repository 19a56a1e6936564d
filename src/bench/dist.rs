//! A distribution of times: recorded in a histogram of fixed bounds, sent between processes as its filled bars, told
//! in a few numbers.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The shortest time told apart from zero, in nanoseconds.
const LOWEST: u64 = 100;
/// The longest time; longer ones count as this.
const HIGHEST: u64 = 100_000_000_000;
/// Significant decimal digits.
const DIGITS: u8 = 3;

/// Times in nanoseconds. Recording never allocates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Bars", into = "Bars")]
pub(super) struct Dist(Histogram<u64>);

/// Value in nanoseconds and how often, ascending: only what was seen.
#[derive(Serialize, Deserialize)]
struct Bars(Vec<(u64, u64)>);

/// A distribution in six numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Quantiles {
    /// Values seen.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half lie below.
    pub p50: f64,
    /// 99 % lie below.
    pub p99: f64,
    /// 99.9 % lie below.
    pub p999: f64,
    /// The largest.
    pub max: f64,
}

impl Dist {
    /// Empty. Allocates all it will ever need.
    pub(super) fn new() -> Self {
        Self(Histogram::new_with_bounds(LOWEST, HIGHEST, DIGITS).expect("the bounds are in order"))
    }

    /// One time more.
    pub(super) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(nanos);
    }

    /// Values seen.
    pub(super) fn len(&self) -> u64 {
        self.0.len()
    }

    /// The time below which `quantile` (0 to 1) of all lie, in nanoseconds.
    pub(super) fn at(&self, quantile: f64) -> u64 {
        match self.0.value_at_quantile(quantile) {
            // What is below the first bar is as good as nothing.
            value if self.0.equivalent(value, 0) => 0,
            value => value,
        }
    }

    /// The numbers, in units of `unit` nanoseconds.
    pub(super) fn quantiles(&self, unit: f64) -> Quantiles {
        let at = |quantile| self.at(quantile) as f64 / unit;
        Quantiles {
            count: self.len(),
            mean: self.0.mean() / unit,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }

    /// What every time in `histogram` has beyond `wait`; nothing where it is shorter.
    pub(super) fn beyond(histogram: &Histogram<u64>, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let bars = Self::from(histogram);
        let less = |(value, count): (u64, u64)| (value.saturating_sub(wait), count);
        Bars(bars.bars().map(less).collect()).into()
    }

    fn bars(&self) -> impl Iterator<Item = (u64, u64)> {
        let bars = self.0.iter_recorded();
        bars.map(|bar| (bar.value_iterated_to(), bar.count_at_value()))
    }
}

impl Default for Dist {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&Histogram<u64>> for Dist {
    fn from(histogram: &Histogram<u64>) -> Self {
        Self(histogram.clone())
    }
}

impl From<Bars> for Dist {
    fn from(bars: Bars) -> Self {
        let mut dist = Self::new();
        for (value, count) in bars.0 {
            dist.0.saturating_record_n(value, count);
        }
        dist
    }
}

impl From<Dist> for Bars {
    fn from(dist: Dist) -> Self {
        Self(dist.bars().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_survives_the_way_between_processes() {
        let mut dist = Dist::new();
        for micros in 1..=1_000 {
            dist.record(Duration::from_micros(micros));
        }
        dist.record(Duration::ZERO);
        let text = serde_json::to_string(&dist).unwrap();
        let back: Dist = serde_json::from_str(&text).unwrap();
        let (there, here) = (dist.quantiles(1e3), back.quantiles(1e3));
        assert_eq!(there.count, here.count);
        for (a, b) in [
            (there.p50, here.p50),
            (there.p99, here.p99),
            (there.max, here.max),
        ] {
            assert!((a - b).abs() <= a * 0.002, "{a} {b}");
        }
        assert!((499.0..=502.0).contains(&here.p50), "{}", here.p50);
    }

    #[test]
    fn a_wait_that_is_meant_is_taken_out_of_every_time() {
        let mut dist = Dist::new();
        for micros in [100, 750, 800, 1_750] {
            dist.record(Duration::from_micros(micros));
        }
        let beyond = Dist::beyond(&dist.0, Duration::from_micros(750)).quantiles(1e3);
        // To the three digits a time is kept with.
        assert!(beyond.count == 4 && beyond.p50 < 1.0, "{beyond:?}");
        assert!((998.0..=1_002.0).contains(&beyond.max), "{beyond:?}");
    }

    #[test]
    fn what_was_never_late_reads_as_zero() {
        let mut never = Dist::new();
        never.record(Duration::ZERO);
        assert_eq!(never.quantiles(1e3).max, 0.0);
        never.record(Duration::from_millis(3));
        assert_eq!(never.len(), 2);
        assert!((2.99..=3.01).contains(&never.quantiles(1e6).max));
    }
}
