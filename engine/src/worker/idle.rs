//! A worker with nothing to do sleeps through most of its slots.
//!
//! Waking is what an idle worker costs: 22 µs of a core each time on a virtual machine, 2.3 % with a thousand slots a
//! second. So after a second without a leg, a call, a room or a command it runs one slot in [`REST`] only, on the same
//! grid. The slots between are left out on purpose: they are not owed and not counted as missed. What decides is the
//! worker's own state and what its command ring said, so a replay and virtual time rest in the same slots.

use core::time::Duration;

use super::Worker;
use super::tell::STAMP_EVERY;

/// Nothing must have been there for this long: by then whatever was on its way to a leg that has gone has come.
const QUIET: Duration = Duration::from_secs(1);
/// From one slot of a worker at rest to the next, and so the longest that a command waits. Less than the 10 ms that an
/// edit for several workers leaves them (D12).
const REST: Duration = Duration::from_millis(8);

impl Worker {
    /// There was something to do: every slot is run again.
    pub(super) fn stir(&mut self) {
        self.quiet = 0;
    }

    /// `slot` has been run: which is the next.
    pub(super) fn slot_after(&mut self, slot: u64) -> u64 {
        let slots = |span: Duration| (span.as_nanos() / self.config.slot.as_nanos().max(1)) as u64;
        self.quiet = if self.is_empty() { self.quiet + 1 } else { 0 };
        if self.quiet < slots(QUIET) {
            return slot + 1;
        }
        // The slot in which figures are told is not left out.
        let next = |every: u64| (slot / every.max(1) + 1) * every.max(1);
        next(slots(REST)).min(next(slots(STAMP_EVERY)))
    }

    /// Whether nothing is here that could fall due by itself.
    fn is_empty(&self) -> bool {
        self.legs.is_empty()
            && self.rooms.is_empty()
            && self.calls.is_empty()
            && self.moves.is_empty()
            && self.governor.steps() == 0
    }
}
