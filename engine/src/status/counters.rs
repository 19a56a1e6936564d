//! What the supervisor counts, and the shape of a number of `/metrics`.

use serde::Serialize;

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
