//! Slots and their times: which is the next, which are given up (D14).

use core::time::Duration;

use super::Worker;

impl Worker {
    /// Slot 0 is at `base`. Before the first step.
    pub(crate) fn set_base(&mut self, base: Duration) {
        self.config.base = base;
    }

    /// Intended time of a slot.
    #[must_use]
    pub fn time_of(&self, slot: u64) -> Duration {
        let nanos = self.config.slot.as_nanos() as u64;
        self.config.base + Duration::from_nanos(nanos.saturating_mul(slot))
    }

    /// Intended time of the next slot: when to call [`Worker::step`].
    #[must_use]
    pub fn due(&self) -> Duration {
        self.time_of(self.next)
    }

    /// The next slot to run; while one runs, that one.
    pub(crate) fn slot(&self) -> u64 {
        self.next
    }

    /// Gives up the slots before `slot` (D14).
    pub(crate) fn skip_to(&mut self, slot: u64) {
        let from = self.next;
        if from < slot {
            self.counters.skipped_slots += slot - from;
            self.next = slot;
            self.forget_sums(from);
        }
    }

    /// Begins with the second slot from `now` on: for a worker that takes the place of another. Before the first step.
    pub fn begin_after(&mut self, now: Duration) {
        self.next = self.slot_at(now).map_or(0, |slot| slot + 2);
    }

    /// Slots from `from` on were skipped: what was gathered for a mix among them must not get into a later one.
    fn forget_sums(&mut self, from: u64) {
        for (_, room) in self.rooms.iter_mut() {
            if room.coming(from) != room.coming(self.next) {
                room.buses.iter_mut().for_each(|bus| bus.forget());
            }
        }
    }

    pub(super) fn slot_at(&self, now: Duration) -> Option<u64> {
        let since = now.checked_sub(self.config.base)?;
        Some((since.as_nanos() / self.config.slot.as_nanos().max(1)) as u64)
    }
}
