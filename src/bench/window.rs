//! The server's figures from one moment to another.

use std::time::Duration;

use hdrhistogram::Histogram;
use talkpath_engine::status::{Status, WorkerStatus};
use talkpath_rt::timing::{SlotStats, Tally};

use super::dist::Dist;

/// What the server's threads used so far.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub workers: Vec<Duration>,
    /// None without sockets.
    pub shard: Option<Duration>,
    /// The whole process but for the bare loop, which is no part of the server.
    pub all: Duration,
}

/// The server at one moment.
pub(super) struct Moment {
    pub at: Duration,
    pub status: Status,
    pub timing: Vec<SlotStats>,
    /// The shard's; none without sockets.
    pub shard: Option<SlotStats>,
    pub used: Used,
    pub allocations: u64,
}

/// The server from one moment to another.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub span: Duration,
    pub slots: u64,
    pub late_slots: u64,
    pub missed_slots: u64,
    /// Packets that came to the workers.
    pub packets_taken: u64,
    pub partials_late: u64,
    pub legs_moved: u64,
    pub plans_swapped: u64,
    /// Of all workers, as are the three below.
    pub wake: Dist,
    pub busy: Dist,
    pub end: Dist,
    /// From the beginning of its slot to the handing over of a packet.
    pub processing: Dist,
    /// Of the shard, as is the one below: from the time it was to send a packet to its beginning to. Empty without sockets.
    pub sent: Dist,
    /// What it took in a slot.
    pub shard_busy: Dist,
    /// CPU time of each worker's thread.
    pub workers: Vec<Duration>,
    /// Of the shard's, and of all other threads of the server; none without sockets.
    pub shard: Option<Duration>,
    pub rest: Option<Duration>,
    /// Calls of the workers to the allocator, from before the first join on.
    pub allocations: u64,
}

impl Moment {
    /// From this moment to `last`. The shard waits for `send_wait` on purpose, from the beginning of a slot.
    pub(super) fn until(&self, last: &Self, send_wait: Duration) -> Window {
        let since = |of: fn(&WorkerStatus) -> u64| -> u64 {
            let sum = |moment: &Self| moment.status.workers.iter().map(of).sum::<u64>();
            sum(last) - sum(self)
        };
        let mut stats = SlotStats::new();
        for (first, last) in self.timing.iter().zip(&last.timing) {
            stats.add(&difference(first, last));
        }
        let shard = self.shard.as_ref().zip(last.shard.as_ref());
        let shard = shard.map(|(first, last)| difference(first, last));
        let shard = shard.unwrap_or_default();
        let (sent, shard_busy) = (Dist::beyond(&shard.handed, send_wait), (&shard.busy).into());
        let used = last.used.workers.iter().zip(&self.used.workers);
        let workers: Vec<Duration> = used.map(|(last, first)| *last - *first).collect();
        let shard = last.used.shard.zip(self.used.shard);
        let shard = shard.map(|(last, first)| last - first);
        let all = last.used.all.saturating_sub(self.used.all);
        let rest = |shard| all.saturating_sub(workers.iter().sum::<Duration>() + shard);
        Window {
            span: last.at - self.at,
            slots: stats.slots,
            late_slots: stats.late_slots,
            missed_slots: stats.skipped_slots,
            packets_taken: since(|worker| worker.counters.packets_in),
            partials_late: since(|worker| worker.counters.partials_late),
            legs_moved: last.status.supervisor.legs_moved - self.status.supervisor.legs_moved,
            plans_swapped: since(|worker| worker.counters.swaps),
            wake: (&stats.wake).into(),
            busy: (&stats.busy).into(),
            end: (&stats.end).into(),
            processing: (&stats.handed).into(),
            sent,
            shard_busy,
            shard,
            rest: shard.map(rest),
            workers,
            allocations: last.allocations,
        }
    }
}

/// What `last` has more than `first`, of one thread.
fn difference(first: &SlotStats, last: &SlotStats) -> SlotStats {
    let mut difference = last.clone();
    let less = |histogram: &mut Histogram<u64>, first: &Histogram<u64>| {
        histogram
            .subtract(first)
            .expect("the later one holds all that the earlier one has");
    };
    less(&mut difference.wake, &first.wake);
    less(&mut difference.busy, &first.busy);
    less(&mut difference.end, &first.end);
    less(&mut difference.handed, &first.handed);
    difference.slots -= first.slots;
    difference.late_slots -= first.late_slots;
    difference.skipped_slots -= first.skipped_slots;
    difference
}
