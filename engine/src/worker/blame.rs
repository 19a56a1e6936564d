//! Who made a slot late (D14): the cohort that took longest in it, told once per episode.

use core::time::Duration;

use crate::proto::{Culprit, WorkerEventKind};

use super::Worker;
use super::io::Io;

/// What is kept from slot to slot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blame {
    /// The slowest cohort of the slot at hand.
    slowest: Option<Culprit>,
    /// The last slot was late too.
    late: bool,
}

impl Blame {
    /// A cohort has run.
    pub fn ran(&mut self, cohort: Culprit) {
        if self
            .slowest
            .is_none_or(|slowest| cohort.took > slowest.took)
        {
            self.slowest = Some(cohort);
        }
    }
}

impl Worker {
    /// The slot is over, `by` after the next was to begin; zero when in time. The first late slot of an episode is
    /// told; one that finds the event ring full is counted.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(super) fn name_culprit(&mut self, now: Duration, by: Duration, io: &mut Io) {
        let culprit = self.accounts.blame.slowest.take();
        let begins = !by.is_zero() && !self.accounts.blame.late;
        self.accounts.blame.late = !by.is_zero();
        if begins && !self.event(io, now, WorkerEventKind::Late { by, culprit }) {
            self.counters.events_deferred += 1;
        }
    }
}
