//! Asks the cache for the legs that run next, while those before them are computed.
//!
//! A leg is touched once a period, so everything of it has left the cache by then. Two chunks ahead its body is asked
//! for, one chunk ahead, when the body is there, the states it names.

use talkpath_rt::prefetch::prefetch;
use talkpath_rt::slab::Slab;

use crate::proto::{LegBody, LegTag, Segment};

use super::Worker;
use super::arena::LANES;
use super::bank::Bank;
use super::schedule::Due;

/// Bytes of a leg's seats that a usual plan uses, of room for 32 ops.
const SEATS: usize = 128;

/// What is asked for.
pub(super) struct Ahead<'a> {
    legs: &'a Slab<Box<LegBody>, LegTag>,
    bank: &'a Bank,
    segment: Segment,
}

impl Worker {
    /// The view of the legs through which `segment` of those due is asked for.
    pub(super) fn ahead(&self, segment: Segment) -> Ahead<'_> {
        Ahead {
            legs: &self.legs,
            bank: &self.bank,
            segment,
        }
    }
}

impl Ahead<'_> {
    /// Before the first chunk of `due`.
    pub(super) fn begin(&self, due: &[Due]) {
        self.bodies(due.iter().take(2 * LANES));
    }

    /// Before a chunk runs; `rest` is what is due after it.
    ///
    /// Real-time: allocates no; blocks no; cost O(chunk × ops).
    pub(super) fn step(&self, rest: &[Due]) {
        self.bodies(rest.iter().skip(LANES).take(LANES));
        for leg in rest
            .iter()
            .take(LANES)
            .filter_map(|due| self.legs.get(due.leg))
        {
            prefetch(&*leg.own, usize::MAX);
            for seat in leg.seats.of(self.segment) {
                self.bank.prefetch(*seat);
            }
        }
    }

    fn bodies<'d>(&self, due: impl Iterator<Item = &'d Due>) {
        for leg in due.filter_map(|due| self.legs.get(due.leg)) {
            prefetch(leg.seats.of(self.segment), SEATS);
            prefetch(&leg.run, usize::MAX);
            prefetch(&leg.direction, 1);
        }
    }
}
