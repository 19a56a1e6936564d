//! The step: every slot that has become due, each in the order that [`worker`](super) says.

use core::time::Duration;

use super::{Io, Worker};

/// After a stall at most this much is made up for; older periods are skipped (D14).
pub const CATCH_UP: Duration = Duration::from_millis(60);

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Slots run.
    pub slots: u32,
    /// Slots given up (D14).
    pub skipped: u32,
    /// Slots still owed: run them in the next step.
    pub owed: u32,
}

impl Worker {
    /// Runs every slot that is due at `now`, at most two cycles of them.
    ///
    /// After a stall up to [`CATCH_UP`] of slots are run in order; the older ones are skipped:
    /// no leg runs in them, and each learns at its next turn how many periods it missed.
    ///
    /// Real-time: allocates no; blocks no; cost bounded by the legs due.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn step(&mut self, now: Duration, io: &mut Io) -> Report {
        self.step_around(now, io, |_| {})
    }

    /// As [`step`](Self::step), with `after` called after every slot: a replay looks at the rooms there.
    pub(crate) fn step_around(
        &mut self,
        now: Duration,
        io: &mut Io,
        mut after: impl FnMut(&Self),
    ) -> Report {
        io.note_step(self.config.index, now);
        let mut report = Report::default();
        let Some(last) = self.slot_at(now) else {
            return report;
        };
        if last < self.next {
            return report;
        }
        let most = (CATCH_UP.as_nanos() / self.config.slot.as_nanos().max(1)) as u64;
        let behind = last + 1 - self.next;
        if behind > most {
            report.skipped = u32::try_from(behind - most).unwrap_or(u32::MAX);
            self.skip_to(last + 1 - most);
        }
        let end = (last + 1).min(self.next + 2 * self.schedule.cycle() as u64);
        while self.next < end {
            self.run_slot(self.next, now, io);
            after(self);
            self.next = self.slot_after(self.next);
            report.slots += 1;
        }
        report.owed = (last + 1).saturating_sub(self.next) as u32;
        io.stats.current().record_skipped(u64::from(report.skipped));
        report
    }

    fn run_slot(&mut self, slot: u64, now: Duration, io: &mut Io) {
        let intended = self.time_of(slot);
        let begin = io.cost_clock.now();
        let segments = self.counters.segments;
        self.apply(slot, io);
        self.swaps(io);
        self.take_passed(slot, io);
        self.drain(io);
        self.take_partials(io);
        self.run_arrivals(slot, intended, io);
        self.run_due(slot, intended, io);
        self.depart(io);
        self.hand_over_fallen(io);
        self.tell_keys(slot, intended, io);
        self.tell(slot, intended, io);
        self.tell_calls(slot, intended, io);
        let end = io.cost_clock.now();
        let rest = end.saturating_sub(begin + core::mem::take(&mut self.accounts.ran));
        io.costs.current().rest.record(rest, 1);
        self.counters.slots += 1;
        io.pulse.beat();
        self.counters.busy += end.saturating_sub(begin);
        let next_due = intended + self.config.slot;
        if end > next_due {
            self.counters.late_segments += self.counters.segments - segments;
        }
        self.govern(intended, end.saturating_sub(begin), io);
        self.name_culprit(intended, end.saturating_sub(next_due), io);
        let stats = io.stats.current();
        stats.record_slot(
            now.saturating_sub(intended),
            end.saturating_sub(begin),
            end.saturating_sub(next_due),
        );
    }
}
