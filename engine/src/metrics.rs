//! The status as a list of numbers with their meaning: one row per counter.
//!
//! `docs/counters.md` explains each; adding a counter means adding a row here and there.

use crate::record::RecordingState;
use crate::status::{Counter, Status, WorkerStatus};
use crate::worker::stats::WorkerCounters;

/// A number of one worker.
type OfWorker = fn(&WorkerCounters) -> u64;

const WORKER: &[(&str, &str, OfWorker)] = &[
    ("worker_transactions_total", "Transactions applied", |c| {
        c.transactions
    }),
    (
        "worker_stale_commands_total",
        "Commands that named something gone",
        |c| c.stale_commands,
    ),
    (
        "worker_refused_commands_total",
        "Commands that could not be carried out (a bug)",
        |c| c.refused_commands,
    ),
    (
        "worker_deferred_total",
        "Slots a transaction waited for reserved room (a bug)",
        |c| c.deferred,
    ),
    (
        "worker_overflows_total",
        "Values leaked because reserved room was missing (a bug)",
        |c| c.overflows,
    ),
    ("packets_in_total", "Packets received from shards", |c| {
        c.packets_in
    }),
    (
        "packets_stale_total",
        "Packets for a leg that is gone",
        |c| c.packets_stale,
    ),
    ("packets_held_total", "Packets for a leg on hold", |c| {
        c.packets_held
    }),
    (
        "packets_crowded_total",
        "Packets of calls beyond those that may run in one slot",
        |c| c.packets_crowded,
    ),
    (
        "packets_relayed_total",
        "Packets of calls passed on as they are",
        |c| c.packets_relayed,
    ),
    (
        "packets_transcoded_total",
        "Packets of calls decoded or regrouped",
        |c| c.packets_transcoded,
    ),
    ("packets_out_total", "Packets given to shards", |c| {
        c.packets_out
    }),
    (
        "packets_unsent_total",
        "Packets not sent: no empty box or a full ring",
        |c| c.packets_unsent,
    ),
    (
        "frames_not_finite_total",
        "Frames silenced because an op failed",
        |c| c.not_finite,
    ),
    (
        "partials_unsent_total",
        "Sums another worker was owed and not sent",
        |c| c.partials_unsent,
    ),
    (
        "partials_late_total",
        "Sums of another worker that came too late",
        |c| c.partials_late,
    ),
    (
        "partials_stray_total",
        "Sums of another worker nobody waited for",
        |c| c.partials_stray,
    ),
    (
        "partials_other_epoch_total",
        "Sums of another worker under another membership of the room",
        |c| c.partials_other_epoch,
    ),
    (
        "packets_passed_total",
        "Packets passed on to another worker",
        |c| c.packets_passed,
    ),
    (
        "legs_arrived_total",
        "Legs that came from another worker",
        |c| c.legs_arrived,
    ),
    (
        "plan_swaps_total",
        "Legs that were given another plan while they ran",
        |c| c.swaps,
    ),
    (
        "calls_arrived_total",
        "Calls that came from another worker",
        |c| c.calls_arrived,
    ),
    (
        "node_panics_total",
        "Nodes that panicked, each with half a leg",
        |c| c.panics,
    ),
    (
        "worker_events_deferred_total",
        "Events told later because the ring was full",
        |c| c.events_deferred,
    ),
    ("worker_segments_total", "Segments run", |c| c.segments),
    (
        "governor_sheds_total",
        "Steps by which the governor left something out",
        |c| c.sheds,
    ),
    (
        "governor_recoveries_total",
        "Steps by which it took that back",
        |c| c.recoveries,
    ),
    (
        "shed_noise_suppression_total",
        "Frames without noise suppression",
        |c| c.shed_frames[0],
    ),
    (
        "shed_gain_control_total",
        "Frames without gain control",
        |c| c.shed_frames[1],
    ),
    (
        "shed_echo_cancellation_total",
        "Frames without echo cancellation",
        |c| c.shed_frames[2],
    ),
    (
        "shed_resampling_total",
        "Frames through a short resampler",
        |c| c.shed_frames[3],
    ),
    (
        "shed_concealment_total",
        "Frames whose gaps would fade to silence",
        |c| c.shed_frames[4],
    ),
    (
        "shed_periods_total",
        "Segments of whole periods left out",
        |c| c.shed_frames[5],
    ),
    (
        "worker_late_segments_total",
        "Segments run in a slot that ended late",
        |c| c.late_segments,
    ),
];

/// A number of the whole engine, and whether it only grows.
type OfEngine = fn(&Status) -> u64;

const ENGINE: &[(&str, &str, bool, OfEngine)] = &[
    ("rooms", "Rooms just now", false, |s| s.rooms.len() as u64),
    ("calls", "Point-to-point calls just now", false, |s| {
        s.calls.len() as u64
    }),
    ("legs", "Legs in rooms just now", false, |s| s.legs() as u64),
    (
        "calls_begun_total",
        "Calls that were given a handle",
        true,
        |s| s.supervisor.calls_begun,
    ),
    (
        "calls_moved_total",
        "Calls that changed their worker",
        true,
        |s| s.supervisor.calls_moved,
    ),
    ("calls_ended_total", "Calls that are over", true, |s| {
        s.supervisor.calls_ended
    }),
    ("rooms_created_total", "Rooms created", true, |s| {
        s.supervisor.rooms_created
    }),
    ("legs_joined_total", "Legs that joined", true, |s| {
        s.supervisor.legs_joined
    }),
    ("legs_left_total", "Legs that are gone", true, |s| {
        s.supervisor.legs_left
    }),
    (
        "legs_moved_total",
        "Legs that went to another worker",
        true,
        |s| s.supervisor.legs_moved,
    ),
    (
        "legs_displaced_total",
        "Legs that left for an emergency call",
        true,
        |s| s.supervisor.legs_displaced,
    ),
    (
        "refused_capacity_total",
        "Requests refused: capacity spent",
        true,
        |s| s.supervisor.refused_capacity,
    ),
    (
        "refused_busy_total",
        "Requests refused: too many edits waiting",
        true,
        |s| s.supervisor.refused_busy,
    ),
    (
        "refused_caller_total",
        "Requests refused: they could not be right",
        true,
        |s| s.supervisor.refused_caller,
    ),
    (
        "edits_waiting",
        "Edits waiting for the worker",
        false,
        |s| s.supervisor.edits_waiting,
    ),
    (
        "command_ring_full_total",
        "Times the command ring had no room",
        true,
        |s| s.supervisor.command_ring_full,
    ),
    (
        "edits_failed_total",
        "Commands the worker did not carry out",
        true,
        |s| s.supervisor.edits_failed,
    ),
    (
        "boxes_freed_total",
        "Boxes freed by the control side",
        true,
        |s| s.supervisor.boxes_freed,
    ),
    (
        "events_lost_total",
        "Events lost to slow subscribers",
        true,
        |s| s.supervisor.events_lost,
    ),
    (
        "events_lost_critical_total",
        "Critical events lost to slow subscribers",
        true,
        |s| s.supervisor.events_lost_critical,
    ),
    ("recording", "1 while the session is recorded", false, |s| {
        let goes_on = |recording: &RecordingState| recording.ended.is_none();
        s.recording.as_ref().is_some_and(goes_on).into()
    }),
    (
        "recording_bytes_total",
        "Bytes written of the recording",
        true,
        |s| s.recording.as_ref().map_or(0, |recording| recording.bytes),
    ),
    (
        "stale_returns_total",
        "Handles given back twice (a bug)",
        true,
        |s| s.supervisor.stale_returns,
    ),
    (
        "workers_lost_total",
        "Workers that ended or hung",
        true,
        |s| s.supervisor.workers_lost,
    ),
    (
        "workers_replaced_total",
        "Workers put in the place of lost ones",
        true,
        |s| s.supervisor.workers_replaced,
    ),
    (
        "workers_out",
        "Lost workers whose threads have not come back",
        false,
        |s| s.supervisor.workers_out,
    ),
    (
        "workers_not_replaced",
        "Workers that hang and get no successor",
        false,
        |s| s.supervisor.workers_not_replaced,
    ),
    (
        "moves_taken_back_total",
        "Legs and calls that could not be sent to another worker",
        true,
        |s| s.supervisor.moves_taken_back,
    ),
    (
        "numa_nodes",
        "NUMA nodes that the workers are on",
        false,
        Status::nodes,
    ),
    (
        "rooms_across_nodes",
        "Rooms with parts on more than one NUMA node",
        false,
        Status::rooms_across_nodes,
    ),
    (
        "legs_rebuilt_total",
        "Legs built anew after the loss of a worker",
        true,
        |s| s.supervisor.legs_rebuilt,
    ),
    (
        "legs_lost_total",
        "Legs that left with a lost worker",
        true,
        |s| s.supervisor.legs_lost,
    ),
    (
        "packets_fenced_total",
        "Packets a worker wrote after it was given up",
        true,
        |s| s.supervisor.packets_fenced,
    ),
    (
        "packet_boxes_lost_total",
        "Packet boxes that went with lost workers",
        true,
        |s| s.supervisor.packet_boxes_lost,
    ),
];

/// What is measured of one worker; a time of [`TIMES`] is in microseconds.
type Measured = fn(&WorkerStatus) -> f64;

const TIMES: &[(&str, &str, Measured)] = &[
    ("wake_seconds_p50", "Wake-up lateness, median", |w| {
        w.wake_us.p50
    }),
    (
        "wake_seconds_p99",
        "Wake-up lateness, 99th percentile",
        |w| w.wake_us.p99,
    ),
    (
        "wake_seconds_p999",
        "Wake-up lateness, 99.9th percentile",
        |w| w.wake_us.p999,
    ),
    ("wake_seconds_max", "Wake-up lateness, largest", |w| {
        w.wake_us.max
    }),
    ("busy_seconds_p50", "Step time, median", |w| w.busy_us.p50),
    ("busy_seconds_p99", "Step time, 99th percentile", |w| {
        w.busy_us.p99
    }),
    ("busy_seconds_p999", "Step time, 99.9th percentile", |w| {
        w.busy_us.p999
    }),
    ("busy_seconds_max", "Step time, largest", |w| w.busy_us.max),
    (
        "processing_seconds_p50",
        "From a slot's beginning to the hand-over of a packet, median",
        |w| w.processing_us.p50,
    ),
    (
        "processing_seconds_p99",
        "From a slot's beginning to the hand-over of a packet, 99th percentile",
        |w| w.processing_us.p99,
    ),
    (
        "processing_seconds_p999",
        "From a slot's beginning to the hand-over of a packet, 99.9th percentile",
        |w| w.processing_us.p999,
    ),
    (
        "processing_seconds_max",
        "From a slot's beginning to the hand-over of a packet, largest",
        |w| w.processing_us.max,
    ),
    (
        "end_seconds_p50",
        "How far beyond its slot a step ended, median",
        |w| w.end_us.p50,
    ),
    (
        "end_seconds_p99",
        "How far beyond its slot a step ended, 99th percentile",
        |w| w.end_us.p99,
    ),
    (
        "end_seconds_p999",
        "How far beyond its slot a step ended, 99.9th percentile",
        |w| w.end_us.p999,
    ),
    (
        "end_seconds_max",
        "How far beyond its slot a step ended, largest",
        |w| w.end_us.max,
    ),
];

/// What is told of every worker by itself: a sum hides one of several that stands still or is full.
const EACH: &[(&str, &str, Measured)] = &[
    ("worker_slots_total", "Slots run", |w| {
        w.counters.slots as f64
    }),
    (
        "worker_skipped_slots_total",
        "Slots given up after a stall",
        |w| w.counters.skipped_slots as f64,
    ),
    (
        "worker_late_slots_total",
        "Slots that ended too late",
        |w| w.late_slots as f64,
    ),
    ("worker_busy_seconds_total", "Time spent in steps", |w| {
        w.counters.busy.as_secs_f64()
    }),
];

/// All rows. Worker counters are summed, worker times are those of the worst.
pub(crate) fn counters(status: &Status) -> Vec<Counter> {
    let workers = &status.workers;
    let counter = |name, help, grows, value| Counter {
        name,
        help,
        value,
        of_workers: Vec::new(),
        grows,
    };
    let of_engine = ENGINE
        .iter()
        .map(|&(name, help, grows, of)| counter(name, help, grows, of(status) as f64));
    let of_worker = WORKER.iter().map(|&(name, help, of)| {
        let sum: u64 = workers.iter().map(|worker| of(&worker.counters)).sum();
        counter(name, help, true, sum as f64)
    });
    let of_each = EACH.iter().map(|&(name, help, of)| {
        let of_workers: Vec<_> = workers.iter().map(of).collect();
        let sum = of_workers.iter().sum();
        Counter {
            of_workers,
            ..counter(name, help, true, sum)
        }
    });
    let measured = TIMES.iter().map(|&(name, help, of)| {
        let worst = workers.iter().map(of).fold(0.0, f64::max);
        counter(name, help, false, worst / 1e6)
    });
    let uptime = counter(
        "uptime_seconds",
        "Since the engine's start",
        false,
        status.uptime,
    );
    of_engine
        .chain(of_each)
        .chain(of_worker)
        .chain(measured)
        .chain([uptime])
        .collect()
}
