//! The shard's place on the worker's slot grid, and the thread loop that keeps it.

use std::time::Duration;

use talkpath_rt::clock::Clock;
use talkpath_rt::flag::Flag;

use super::shard::Shard;
use super::wall::Wall;
use crate::sys;

/// The wall clock is compared with ours every so many slots.
const WALL_EVERY: u64 = 128;
/// The longest sleep without legs, and so the longest that the first one waits to be attached.
const IDLE: Duration = Duration::from_millis(8);

/// Without media for this long, one wake a slot does for both halves whatever the lag: a fifth less CPU time with 500
/// silent legs. The first packet of the worker then leaves before the next slot and not within its own; one that comes
/// in is not late, since it ends the quiet at once.
const QUIET: Duration = Duration::from_millis(100);

/// The slot grid and the shard's place on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    /// Slot *k* begins at `base + k·slot`.
    pub base: Duration,
    /// Length of a slot.
    pub slot: Duration,
    /// Receive this long before the slot.
    pub lead: Duration,
    /// Send this long after its beginning; `None`: when receiving for the next slot.
    pub lag: Option<Duration>,
}

/// The thread: runs until told to stop or the worker is gone, and returns the shard so that the control side frees
/// it.
pub(crate) fn run(
    mut shard: Shard,
    clock: &impl Clock,
    grid: Grid,
    publish: u64,
    stop: &Flag,
) -> Shard {
    let after = |now: Duration| {
        let slots = now.saturating_sub(grid.base).as_nanos() / grid.slot.as_nanos().max(1);
        slots as u64 + 1
    };
    let start_of = |slot: u64| {
        grid.base + Duration::from_nanos(slot.saturating_mul(grid.slot.as_nanos() as u64))
    };
    let idle_slots = (IDLE.as_nanos() / grid.slot.as_nanos().max(1)).max(1) as u64;
    let quiet_slots = (QUIET.as_nanos() / grid.slot.as_nanos().max(1)).max(1) as u64;
    let mut slot = after(clock.now());
    let mut media_at = slot;
    let mut compared = None;
    let mut published = slot;
    while !stop.is_raised() && !shard.outbound.is_abandoned() {
        if compared.is_none_or(|then| slot - then >= WALL_EVERY) {
            shard.wall = Wall::new(sys::wall_clock(), clock.now());
            compared = Some(slot);
        }
        let begin = start_of(slot);
        if shard.sweep.len() > 0 {
            let intended = begin.saturating_sub(grid.lead);
            clock.sleep_until(intended);
            let woke = clock.now();
            if shard.before_step(slot, woke) {
                media_at = slot;
            }
            let received = clock.now();
            let lagged = match grid.lag {
                Some(lag) if slot - media_at < quiet_slots => {
                    clock.sleep_until(begin + lag);
                    clock.now()
                }
                _ => received,
            };
            if shard.after_step(lagged) {
                media_at = slot;
            }
            let done = clock.now();
            let busy = received.saturating_sub(woke) + done.saturating_sub(lagged);
            let next = intended + grid.slot;
            let late = done.saturating_sub(next);
            shard
                .timing
                .current()
                .record_slot(woke.saturating_sub(intended), busy, late);
            let due = after(done.saturating_sub(grid.slot).saturating_add(grid.lead));
            let next = due.max(slot + 1);
            shard.timing.current().record_skipped(next - slot - 1);
            slot = next;
        } else {
            clock.sleep_until(begin + grid.lag.unwrap_or_default());
            shard.after_step(clock.now());
            slot = after(clock.now()).max(slot) + idle_slots - 1;
        }
        // Without an empty tally at hand recording goes on where it was, and this is tried again.
        if slot - published >= publish && shard.timing.publish() {
            published = slot;
        }
    }
    let now = clock.now();
    shard.farewell(now);
    shard
}
