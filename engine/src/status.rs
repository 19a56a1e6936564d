//! What an engine says of itself: one plain record for the status page, and the same as a
//! list of counters for `/metrics`.
//!
//! Made by the supervisor from what the worker has told it (histograms about once a second);
//! asking costs the worker nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use talkpath_rt::ring::Consumer;
use talkpath_rt::thread::Obtained;
use talkpath_rt::timing::SlotStats;

use crate::ledger::{FlowLedger, LegLedger};
use crate::priority::Priority;
use crate::proto::{CallStats, Culprit, Segment};
use crate::record::RecordingState;
use crate::worker::stats::{LegStats, WorkerCounters};

/// The state of an engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Time of the record on the engine's clock, in seconds.
    pub at: f64,
    /// Seconds since the engine's start.
    pub uptime: f64,
    /// Length of a slot in microseconds.
    pub slot_us: u64,
    /// The workers.
    pub workers: Vec<WorkerStatus>,
    /// The rooms, by handle.
    pub rooms: Vec<RoomStatus>,
    /// The point-to-point calls, by handle.
    pub calls: Vec<CallStatus>,
    /// What is in use of what there is.
    pub capacity: Vec<Fill>,
    /// What the supervisor counts.
    pub supervisor: SupervisorCounters,
    /// How the recording fares; `None` when the session is not recorded (D17).
    pub recording: Option<RecordingState>,
    /// What legs and nodes were measured to cost (D15).
    pub costs: CostStatus,
}

impl Status {
    /// NUMA nodes that the workers are on.
    pub(crate) fn nodes(&self) -> u64 {
        let nodes: BTreeSet<_> = self.workers.iter().map(|worker| worker.node).collect();
        nodes.len() as u64
    }

    /// Rooms with parts on more than one.
    pub(crate) fn rooms_across_nodes(&self) -> u64 {
        let node = |worker: &u8| self.workers.get(usize::from(*worker))?.node;
        let across = |room: &&RoomStatus| {
            let nodes: BTreeSet<_> = room.workers.iter().map(node).collect();
            nodes.len() > 1
        };
        self.rooms.iter().filter(across).count() as u64
    }
}

/// Measured costs (D15); they follow what is measured now, old measurements fade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostStatus {
    /// By kind of node, over all workers: one op of one leg in one period. Sampled.
    pub kinds: Vec<KindCost>,
    /// By plan and worker: one leg in one period, of a call one packet each way.
    pub plans: Vec<PlanCostStatus>,
}

/// What one kind of node costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KindCost {
    /// The kind.
    pub kind: &'static str,
    /// Half of the measurements lie below, in microseconds; 0 when there is none.
    pub p50_us: f64,
    /// 90 % lie below.
    pub p90_us: f64,
    /// 99 % lie below.
    pub p99_us: f64,
}

/// What a leg of one plan costs, or a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlanCostStatus {
    /// Index of the worker.
    pub worker: usize,
    /// The plan, as `/plans` names it.
    pub plan: u64,
    /// Whether the price was measured; else it is the hint.
    pub measured: bool,
    /// What a leg of it is admitted with, both ways together, in microseconds; a call with this for each packet time.
    pub price_us: f64,
    /// Towards the room: median, 90 % and 99 %, in microseconds.
    pub ingress_us: [f64; 3],
    /// From the room.
    pub egress_us: [f64; 3],
}

/// One worker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Core it is pinned to.
    pub core: Option<usize>,
    /// Its NUMA node; `None` where there is only one.
    pub node: Option<u32>,
    /// Workers that were lost in its place before it.
    pub epoch: u16,
    /// SCHED_FIFO priority it has.
    pub priority: Option<u8>,
    /// What it wanted and did not get, in plain words.
    pub warnings: Vec<String>,
    /// How late it woke, in microseconds.
    pub wake_us: Percentiles,
    /// How long its steps took, in microseconds.
    pub busy_us: Percentiles,
    /// How far beyond its slot each step ended, in microseconds; 0 when it did not.
    pub end_us: Percentiles,
    /// How long after the beginning of its slot a packet was handed to the shard, in microseconds: all that a packet is
    /// delayed by beyond the waits of the ledger, which are meant.
    pub processing_us: Percentiles,
    /// Slots in those percentiles.
    pub slots: u64,
    /// Slots that ended too late.
    pub late_slots: u64,
    /// Slots given up after a stall (D14).
    pub skipped_slots: u64,
    /// The last episode of late slots.
    pub last_late: Option<LateStatus>,
    /// What it counts.
    pub counters: WorkerCounters,
    /// Planned work of every slot of the cycle, in microseconds (D2).
    pub planned_us: Vec<f64>,
    /// How long the steps took: (upper bound in microseconds, slots), ascending.
    pub busy_histogram: Vec<(f64, u64)>,
    /// How late it woke: (upper bound in microseconds, slots), ascending.
    pub wake_histogram: Vec<(f64, u64)>,
}

/// An episode of late slots, and what took longest in its first one (D14).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LateStatus {
    /// When it began, on the engine's clock, in seconds.
    pub at: f64,
    /// How late the first slot ended, in microseconds.
    pub by_us: f64,
    /// What took longest; none when no leg ran, and when the machine held the worker up it took little.
    pub culprit: Option<CulpritStatus>,
}

/// Legs of one plan that ran side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CulpritStatus {
    /// The first of them.
    pub leg: String,
    /// Its room; none for the directions of calls.
    pub room: Option<String>,
    /// Their plan, as `/plans` names it.
    pub plan: u64,
    /// The same in a few words, while the plan was there.
    pub plan_name: Option<String>,
    /// `ingress` or `egress`.
    pub segment: &'static str,
    /// How many they were.
    pub legs: u32,
    /// How long they took together, in microseconds.
    pub took_us: f64,
}

impl LateStatus {
    pub(crate) fn new(
        at: Duration,
        by: Duration,
        culprit: Option<Culprit>,
        plan_name: Option<String>,
    ) -> Self {
        let micros = |span: Duration| span.as_secs_f64() * 1e6;
        let culprit = culprit.map(|culprit| CulpritStatus {
            leg: culprit.leg.to_string(),
            room: culprit.room.map(|room| room.to_string()),
            plan: culprit.plan.to_bits(),
            plan_name,
            segment: match culprit.segment {
                Segment::Ingress => "ingress",
                Segment::Egress => "egress",
            },
            legs: culprit.legs,
            took_us: micros(culprit.took),
        });
        Self {
            at: at.as_secs_f64(),
            by_us: micros(by),
            culprit,
        }
    }
}

/// A distribution in five numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half lie below.
    pub p50: f64,
    /// 99 % lie below.
    pub p99: f64,
    /// 99.9 % lie below.
    pub p999: f64,
    /// The largest ever.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

/// One room.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoomStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its frame in milliseconds.
    pub frame_ms: u32,
    /// The slot of its period in which it mixes.
    pub mix_slot: u32,
    /// The workers it is on, by index.
    pub workers: Vec<u8>,
    /// Slots from the mix until the sum is complete (D5); 0 while it is on one worker.
    pub margin: u32,
    /// Rates it has a bus for, in hertz.
    pub rates: Vec<u32>,
    /// Whether it is on its way out.
    pub closing: bool,
    /// Its legs.
    pub legs: Vec<LegStatus>,
}

/// One leg.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its handle as packets carry it.
    pub bits: u64,
    /// `network`, `port`, `tone` or `clip`.
    pub kind: &'static str,
    /// Its codec, for a network leg.
    pub codec: Option<String>,
    /// Rate of its bus, in hertz.
    pub rate: u32,
    /// Its plan, as `/plans` names it.
    pub plan: u64,
    /// The same in a few words.
    pub plan_name: String,
    /// Index of the worker it is on.
    pub worker: u8,
    /// `joining`, `in` or `leaving`.
    pub state: &'static str,
    /// Its class (D15).
    pub priority: Priority,
    /// Its gain in dB.
    pub gain_db: f32,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it is heard.
    pub receive: bool,
    /// Whether it is sent anything.
    pub send: bool,
    /// Slots before the mix at which its ingress runs.
    pub slots_before: u32,
    /// Slots after the mix at which its egress runs.
    pub slots_after: u32,
    /// Where its delay comes from.
    pub ledger: LegLedger,
    /// Its figures, about a second old at most.
    pub stats: LegStats,
}

/// One point-to-point call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its sides, A first.
    pub sides: [SideStatus; 2],
    /// Index of the worker it is on.
    pub worker: u8,
    /// Its plan, as `/plans` names it.
    pub plan: u64,
    /// `beginning`, `up` or `ending`.
    pub state: &'static str,
    /// Its class (D15).
    pub priority: Priority,
    /// Whether nothing is decoded, either way.
    pub relay: bool,
    /// Its figures, about a second old at most.
    pub stats: CallStats,
}

/// One side of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideStatus {
    /// Its handle, as `index.generation`.
    pub id: String,
    /// Its handle as packets carry it.
    pub bits: u64,
    /// Its codec.
    pub codec: String,
    /// Its payload type.
    pub payload_type: u8,
    /// Its packet time in milliseconds.
    pub ptime_ms: u64,
    /// Whether what it says is passed on.
    pub receive: bool,
    /// Whether it is sent what the other says.
    pub send: bool,
    /// Where the delay of what it says comes from.
    pub ledger: FlowLedger,
}

/// Use of one thing there is a fixed number of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// What.
    pub what: String,
    /// In use; a removal the worker has not acknowledged yet counts.
    pub in_use: usize,
    /// How many there are.
    pub limit: usize,
    /// Most that were ever in use, where it is kept; of a ring, the most its control end ever saw in it.
    pub high_water: Option<usize>,
}

/// What the supervisor counts, since the engine's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SupervisorCounters {
    /// Rooms created.
    pub rooms_created: u64,
    /// Calls that were given a handle.
    pub calls_begun: u64,
    /// Calls that are over.
    pub calls_ended: u64,
    /// Calls that went from one worker to another (D6).
    pub calls_moved: u64,
    /// Legs that were given a handle.
    pub legs_joined: u64,
    /// Legs that are gone.
    pub legs_left: u64,
    /// Legs that went from one worker to another (D6).
    pub legs_moved: u64,
    /// Legs that left because an emergency call needed their room (D15).
    pub legs_displaced: u64,
    /// Requests refused because capacity was spent.
    pub refused_capacity: u64,
    /// Requests refused because too many edits waited.
    pub refused_busy: u64,
    /// Requests refused because they could not be right.
    pub refused_caller: u64,
    /// Edits waiting for the worker just now.
    pub edits_waiting: u64,
    /// Times the command ring had no room for an edit whose credits were there.
    pub command_ring_full: u64,
    /// Commands the worker found stale or impossible, seen by their acks.
    pub edits_failed: u64,
    /// Boxes that came back as garbage and were freed.
    pub boxes_freed: u64,
    /// Events lost to slow subscribers.
    pub events_lost: u64,
    /// Of those, critical ones.
    pub events_lost_critical: u64,
    /// Handles or seats given back that were not out: a bug of talkpath.
    pub stale_returns: u64,
    /// Workers that ended by themselves or made no slot for the time of the watchdog (D18).
    pub workers_lost: u64,
    /// Workers put in the place of lost ones.
    pub workers_replaced: u64,
    /// Lost workers whose threads have not come back yet, just now.
    pub workers_out: u64,
    /// Workers that make no slot and get no successor, since as many as may be hang already; just now.
    pub workers_not_replaced: u64,
    /// Moves that were taken back because the way to the other worker was full (D6).
    pub moves_taken_back: u64,
    /// Legs built anew after the loss of a worker.
    pub legs_rebuilt: u64,
    /// Legs that left with a lost worker: ports.
    pub legs_lost: u64,
    /// Packets a worker wrote after it was given up; none was sent.
    pub packets_fenced: u64,
    /// Packet boxes that went with lost workers and were replaced.
    pub packet_boxes_lost: u64,
}

/// A compiled plan in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanInfo {
    /// Its handle as one number.
    pub id: u64,
    /// What it is, in a few words; others may have the same name.
    pub name: String,
    /// Legs and calls that use it.
    pub legs: usize,
    /// The way in, of a call that from A to B, as text; empty when it has none.
    pub ingress: String,
    /// The way out, of a call that from B to A, as text; empty when it has none.
    pub egress: String,
    /// The way in, for Graphviz.
    pub ingress_dot: String,
    /// The way out, for Graphviz.
    pub egress_dot: String,
    /// What one period of both ways costs, by the hints of their nodes, in nanoseconds.
    pub cost_ns: u64,
    /// Delay of the way in by the nodes' own account, in microseconds.
    pub ingress_latency_us: u64,
    /// Delay of the way out, in microseconds.
    pub egress_latency_us: u64,
}

/// One number for `/metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// Name, without the project's prefix.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// The value.
    pub value: f64,
    /// The same of each worker, by its index; empty where that is not told.
    pub of_workers: Vec<f64>,
    /// True for a number that only grows.
    pub grows: bool,
}

impl Fill {
    /// The fill of anything.
    pub fn new(
        what: impl Into<String>,
        in_use: usize,
        limit: usize,
        high_water: Option<usize>,
    ) -> Self {
        Self {
            what: what.into(),
            in_use,
            limit,
            high_water,
        }
    }

    /// The fill of a ring that control reads; its high-water mark is what the reader found.
    pub fn of_ring<T>(what: &str, ring: &Consumer<T>) -> Self {
        Self::new(what, ring.len(), ring.capacity(), Some(ring.high_water()))
    }
}

impl WorkerStatus {
    pub(crate) fn new(
        obtained: &Obtained,
        timing: &SlotStats,
        counters: WorkerCounters,
        last_late: Option<LateStatus>,
        load: &[u64],
    ) -> Self {
        Self {
            core: obtained.core,
            node: None,
            epoch: 0,
            priority: obtained.priority,
            warnings: obtained.warnings.clone(),
            wake_us: Percentiles::of(&timing.wake, timing.max_wake),
            busy_us: Percentiles::of(&timing.busy, timing.max_busy),
            end_us: Percentiles::of(&timing.end, timing.max_end),
            processing_us: Percentiles::of(&timing.handed, timing.max_handed),
            slots: timing.slots,
            late_slots: timing.late_slots,
            skipped_slots: timing.skipped_slots,
            last_late,
            counters,
            planned_us: load.iter().map(|nanos| *nanos as f64 / 1e3).collect(),
            busy_histogram: bars(&timing.busy),
            wake_histogram: bars(&timing.wake),
        }
    }
}

impl Percentiles {
    /// In microseconds, from a histogram of nanoseconds.
    fn of(histogram: &hdrhistogram::Histogram<u64>, max: std::time::Duration) -> Self {
        // What is below the histogram's first bar (0.1 µs) is as good as nothing, and said as 0.
        let at = |quantile| match histogram.value_at_quantile(quantile) {
            value if histogram.equivalent(value, 0) => 0.0,
            value => value as f64 / 1e3,
        };
        let max = max.as_secs_f64() * 1e6;
        Self {
            p50: at(0.5).min(max),
            p99: at(0.99).min(max),
            p999: at(0.999).min(max),
            max,
            mean: (histogram.mean() / 1e3).min(max),
        }
    }
}

/// The non-empty bars of a histogram, four to the octave from 1 µs up.
fn bars(histogram: &hdrhistogram::Histogram<u64>) -> Vec<(f64, u64)> {
    let bars = histogram.iter_log(1_000, 2_f64.powf(0.25));
    bars.filter(|bar| bar.count_since_last_iteration() > 0)
        .map(|bar| {
            (
                bar.value_iterated_to() as f64 / 1e3,
                bar.count_since_last_iteration(),
            )
        })
        .collect()
}

impl Status {
    /// Legs in rooms just now.
    pub fn legs(&self) -> usize {
        self.rooms.iter().map(|room| room.legs.len()).sum()
    }

    /// What is in use of `what` (`legs`, `rooms`, `plans`), and how much there is.
    pub fn fill(&self, what: &str) -> Option<(usize, usize)> {
        let fill = self.capacity.iter().find(|fill| fill.what == what)?;
        Some((fill.in_use, fill.limit))
    }

    /// Every number of the engine, summed over workers, with its meaning.
    pub fn counters(&self) -> impl Iterator<Item = Counter> {
        crate::metrics::counters(self).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_never_late_reads_as_zero() {
        let mut timing = SlotStats::new();
        for _ in 0..1_000 {
            timing.record_slot(
                Duration::from_micros(8),
                Duration::from_micros(3),
                Duration::ZERO,
            );
        }
        timing.record_slot(
            Duration::from_micros(8),
            Duration::from_micros(3),
            Duration::from_micros(40),
        );
        let worker = WorkerStatus::new(
            &Obtained::default(),
            &timing,
            WorkerCounters::default(),
            None,
            &[],
        );
        let end = worker.end_us;
        assert_eq!((end.p50, end.p99, end.p999), (0.0, 0.0, 0.0));
        assert_eq!(end.max, 40.0);
        assert!((7.9..=8.1).contains(&worker.wake_us.p50));
    }
}
