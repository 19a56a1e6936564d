//! Which port pairs are free, in use, and resting. Control side, sans-I/O.
//!
//! A pair is an even port and the one after it. A returned pair rests before it may be used again, or the last
//! packets of the old call would reach the new one. Pairs are handed out in random order, so that the ports of the
//! next call cannot be guessed from this one.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::seq::SliceRandom;

/// Port pairs of one range.
#[derive(Debug)]
pub(crate) struct PortPool {
    free: VecDeque<u16>,
    resting: VecDeque<(Duration, u16)>,
    quarantine: Duration,
    in_use: usize,
}

impl PortPool {
    /// All pairs of `range`, free.
    pub(crate) fn new(range: &RangeInclusive<u16>, quarantine: Duration) -> Self {
        let mut pairs: Vec<u16> = range
            .clone()
            .filter(|port| port % 2 == 0 && *port < *range.end())
            .collect();
        pairs.shuffle(&mut rand::rng());
        Self {
            free: pairs.into(),
            resting: VecDeque::new(),
            quarantine,
            in_use: 0,
        }
    }

    /// A pair that is free at `now`; in use until it is [returned](Self::rest).
    pub(crate) fn take(&mut self, now: Duration) -> Option<u16> {
        while let Some((until, pair)) = self.resting.front().copied() {
            if until > now {
                break;
            }
            self.resting.pop_front();
            self.free.push_back(pair);
        }
        let pair = self.free.pop_front()?;
        self.in_use += 1;
        Some(pair)
    }

    /// Returns a pair that was used; it rests from `now` on.
    pub(crate) fn rest(&mut self, pair: u16, now: Duration) {
        self.in_use -= 1;
        self.resting.push_back((now + self.quarantine, pair));
    }

    /// Returns a pair that could not be bound; it is tried again after all the others.
    pub(crate) fn unusable(&mut self, pair: u16) {
        self.in_use -= 1;
        self.free.push_back(pair);
    }

    /// Pairs free without waiting.
    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    /// Pairs in quarantine, also those whose time is over.
    pub(crate) fn resting(&self) -> usize {
        self.resting.len()
    }

    /// Pairs in use.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(5);

    #[test]
    fn pairs_are_even_and_within_the_range() {
        for (range, pairs) in [
            (10..=19, vec![10, 12, 14, 16, 18]),
            (11..=18, vec![12, 14, 16]),
            (10..=10, vec![]),
        ] {
            let mut pool = PortPool::new(&range, REST);
            let mut all: Vec<_> = std::iter::from_fn(|| pool.take(Duration::ZERO)).collect();
            all.sort_unstable();
            assert_eq!(all, pairs);
            assert_eq!(pool.in_use(), pairs.len());
        }
        assert_eq!(PortPool::new(&(65_530..=65_535), REST).free(), 3);
    }

    #[test]
    fn a_used_pair_rests() {
        let mut pool = PortPool::new(&(10..=13), REST);
        let (a, b) = (
            pool.take(Duration::ZERO).unwrap(),
            pool.take(Duration::ZERO).unwrap(),
        );
        let at = Duration::from_secs(100);
        pool.rest(a, at);
        pool.rest(b, at + Duration::from_secs(1));
        assert_eq!(
            (pool.resting(), pool.in_use(), pool.take(at + REST / 2)),
            (2, 0, None)
        );
        assert_eq!(pool.take(at + REST), Some(a));
        assert_eq!(pool.take(at + REST), None);
        assert_eq!(pool.take(at + REST * 2), Some(b));
    }

    #[test]
    fn an_unusable_pair_goes_to_the_end() {
        let mut pool = PortPool::new(&(10..=13), REST);
        let first = pool.take(Duration::ZERO).unwrap();
        pool.unusable(first);
        assert_ne!(pool.take(Duration::ZERO), Some(first));
        assert_eq!(pool.take(Duration::ZERO), Some(first));
    }
}
