//! What the engine as a whole counts, the supervisor mostly.

use crate::record::RecordingState;
use crate::status::Status;

/// A number of the whole engine, and whether it only grows.
pub(super) type OfEngine = fn(&Status) -> u64;

pub(super) const ENGINE: &[(&str, &str, bool, OfEngine)] = &[
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
