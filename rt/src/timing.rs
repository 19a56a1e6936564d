//! Slot timing: how late a worker woke, how long it was busy, how late it finished, when it handed its output over.
//!
//! Histograms have fixed bounds (100 ns to 10 s, two digits) and are allocated once; recording never
//! resizes them. The worker fills a [`SlotStats`] and [publishes](exchange::Source::publish) it through
//! a box ring for an empty one; control adds it up. No lock, nothing lost: with no empty at hand the
//! worker goes on in the one it has.

mod exchange;

pub use exchange::{Sink, Source, Tally, exchange_of};

use hdrhistogram::Histogram;
use std::time::Duration;

/// The shortest time told apart from zero, in nanoseconds.
const LOWEST: u64 = 100;
/// The longest time; longer ones count as this.
const HIGHEST: u64 = 10_000_000_000;
/// Significant decimal digits.
const DIGITS: u8 = 2;

/// What a worker saw of its slots. All times are in nanoseconds.
#[derive(Debug, Clone)]
pub struct SlotStats {
    /// From the intended start of a slot to the wake-up.
    pub wake: Histogram<u64>,
    /// From the wake-up to the end of the step.
    pub busy: Histogram<u64>,
    /// From the intended start of the next slot to the end of the step; zero when in time.
    pub end: Histogram<u64>,
    /// From the intended start of a slot to the handing over of what was made in it, one record per piece.
    pub handed: Histogram<u64>,
    /// Slots run.
    pub slots: u64,
    /// Slots that ended after the next was to start.
    pub late_slots: u64,
    /// Slots given up after a stall.
    pub skipped_slots: u64,
    /// The latest wake-up.
    pub max_wake: Duration,
    /// The longest step.
    pub max_busy: Duration,
    /// The latest end.
    pub max_end: Duration,
    /// The latest handing over.
    pub max_handed: Duration,
}

impl SlotStats {
    /// Empty statistics. Allocates; control calls it.
    #[must_use]
    pub fn new() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(LOWEST, HIGHEST, DIGITS).expect("the bounds are in order")
        };
        Self {
            wake: histogram(),
            busy: histogram(),
            end: histogram(),
            handed: histogram(),
            slots: 0,
            late_slots: 0,
            skipped_slots: 0,
            max_wake: Duration::ZERO,
            max_busy: Duration::ZERO,
            max_end: Duration::ZERO,
            max_handed: Duration::ZERO,
        }
    }

    /// Counts one slot: woken `wake` late, then `busy`, and done `end` after the next was to start
    /// (zero when in time).
    ///
    /// Real-time: allocates no; blocks no; O(1).
    pub fn record_slot(&mut self, wake: Duration, busy: Duration, end: Duration) {
        self.wake.saturating_record(nanos(wake));
        self.busy.saturating_record(nanos(busy));
        self.end.saturating_record(nanos(end));
        self.slots += 1;
        self.late_slots += u64::from(!end.is_zero());
        self.max_wake = self.max_wake.max(wake);
        self.max_busy = self.max_busy.max(busy);
        self.max_end = self.max_end.max(end);
    }

    /// Counts `pieces` handed over `after` the intended start of their slot.
    ///
    /// Real-time: allocates no; blocks no; O(1).
    pub fn record_handed(&mut self, after: Duration, pieces: u64) {
        self.handed.saturating_record_n(nanos(after), pieces);
        self.max_handed = self.max_handed.max(after);
    }

    /// Counts slots that were given up.
    ///
    /// Real-time: allocates no; blocks no; O(1).
    pub fn record_skipped(&mut self, slots: u64) {
        self.skipped_slots += slots;
    }
}

impl Default for SlotStats {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally for SlotStats {
    fn add(&mut self, other: &Self) {
        for (sum, part) in [
            (&mut self.wake, &other.wake),
            (&mut self.busy, &other.busy),
            (&mut self.end, &other.end),
            (&mut self.handed, &other.handed),
        ] {
            sum.add(part).expect("all have the same bounds");
        }
        self.slots += other.slots;
        self.late_slots += other.late_slots;
        self.skipped_slots += other.skipped_slots;
        self.max_wake = self.max_wake.max(other.max_wake);
        self.max_busy = self.max_busy.max(other.max_busy);
        self.max_end = self.max_end.max(other.max_end);
        self.max_handed = self.max_handed.max(other.max_handed);
    }

    fn clear(&mut self) {
        self.wake.reset();
        self.busy.reset();
        self.end.reset();
        self.handed.reset();
        self.slots = 0;
        self.late_slots = 0;
        self.skipped_slots = 0;
        self.max_wake = Duration::ZERO;
        self.max_busy = Duration::ZERO;
        self.max_end = Duration::ZERO;
        self.max_handed = Duration::ZERO;
    }
}

/// The worker's end of the statistics exchange.
pub type StatsSource = Source<SlotStats>;
/// Control's end of the statistics exchange.
pub type StatsSink = Sink<SlotStats>;

/// An exchange of slot statistics. Allocates all the boxes there will be.
#[must_use]
pub fn exchange() -> (StatsSource, StatsSink) {
    exchange_of(SlotStats::new)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MICRO: Duration = Duration::from_micros(1);

    #[test]
    fn records_without_resizing_at_both_ends_of_the_range() {
        let mut stats = SlotStats::new();
        let cells = stats.wake.distinct_values();
        stats.record_slot(Duration::ZERO, Duration::MAX, Duration::ZERO);
        stats.record_slot(5 * MICRO, 70 * MICRO, 3 * MICRO);
        stats.record_skipped(4);
        stats.record_handed(40 * MICRO, 3);
        stats.record_handed(Duration::MAX, 1);
        assert_eq!(stats.wake.distinct_values(), cells);
        assert!(!stats.wake.is_auto_resize());
        assert!(stats.busy.max() >= HIGHEST);
        assert_eq!(
            (stats.slots, stats.late_slots, stats.skipped_slots),
            (2, 1, 4)
        );
        assert_eq!((stats.max_wake, stats.max_end), (5 * MICRO, 3 * MICRO));
        assert_eq!((stats.handed.len(), stats.max_handed), (4, Duration::MAX));
        let near = stats.handed.value_at_quantile(0.75);
        assert!((39_000..=41_000).contains(&near), "{near}");
        let near = stats.busy.value_at_quantile(0.5);
        assert!((69_000..=71_000).contains(&near), "{near}");
    }

    #[test]
    fn sums_equal_one_long_recording() {
        let (mut a, mut b, mut all) = (SlotStats::new(), SlotStats::new(), SlotStats::new());
        for step in 1..100u32 {
            let part = if step % 3 == 0 { &mut a } else { &mut b };
            for stats in [part, &mut all] {
                stats.record_slot(step * MICRO, 2 * step * MICRO, Duration::ZERO);
                stats.record_handed(step * MICRO, 2);
            }
        }
        a.add(&b);
        assert_eq!(
            (&a.wake, &a.busy, &a.handed, a.slots),
            (&all.wake, &all.busy, &all.handed, all.slots)
        );
        assert_eq!(a.max_handed, 99 * MICRO);
        a.clear();
        assert_eq!((a.wake.len(), a.slots, a.max_busy), (0, 0, Duration::ZERO));
        assert_eq!((a.handed.len(), a.max_handed), (0, Duration::ZERO));
    }

    #[test]
    fn statistics_arrive_through_the_exchange() {
        let (mut source, mut sink) = exchange();
        source.current().record_slot(MICRO, MICRO, Duration::ZERO);
        assert!(source.publish());
        let mut sum = SlotStats::new();
        assert_eq!(sink.collect(&mut sum), 1);
        assert_eq!(sum.slots, 1);
    }
}
