//! What a worker counts.

use crate::worker::stats::WorkerCounters;

/// A number of one worker.
pub(super) type OfWorker = fn(&WorkerCounters) -> u64;

pub(super) const WORKER: &[(&str, &str, OfWorker)] = &[
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
        "keys_unheard_total",
        "Packets of keys not heard: earlier ones were not told yet",
        |c| c.keys_unheard,
    ),
    (
        "keys_unsent_total",
        "Keys of ours that were not sent: too many waited",
        |c| c.keys_unsent,
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
