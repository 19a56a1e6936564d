//! Builds the rings between supervisor, worker and shard, both ends of each, from the
//! configuration. Everything a worker will ever touch is allocated here (D11).

use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::clock::Clock;
use talkpath_rt::command::commands;
use talkpath_rt::{outlet, timing};

use crate::config::EngineConfig;
use crate::supervisor::{ACKS, COMMANDS, Ends, GARBAGE};
use crate::worker::{Worker, WorkerConfig, io::Io};

/// The shard's way to a worker: packets in, packets out, and the slot grid they live on (D16).
#[derive(Debug)]
pub struct ShardLink {
    /// Boxes for what was received.
    pub to_worker: Lender<Packet>,
    /// What is to be sent; each box must be given back.
    pub from_worker: Borrower<Packet>,
    /// Length of a slot.
    pub slot: Duration,
    /// Slot `k` is at `base + k * slot` on the monotonic clock.
    pub base: Duration,
}

/// A worker with its ends of the rings, and the ends of its neighbours.
pub(crate) struct Wiring {
    pub worker: Worker,
    pub io: Io,
    pub ends: Ends,
    pub shard: ShardLink,
}

/// Allocates it all.
pub(crate) fn wire(config: &EngineConfig, base: Duration, cost_clock: Box<dyn Clock>) -> Wiring {
    let legs = config.capacity_legs;
    let (command_tx, command_rx) = commands(COMMANDS);
    let (ack_tx, ack_rx) = outlet::acks(ACKS);
    let (garbage_tx, garbage_rx) = outlet::garbage(GARBAGE);
    let (event_tx, event_rx) = outlet::events((2 * legs).max(1_024));
    let (stats_source, stats_sink) = timing::exchange();
    let (to_worker, packets_in) = boxes(legs * config.packets_in_per_leg, Packet::empty);
    let (packets_out, from_worker) = boxes(legs * config.packets_out_per_leg, Packet::empty);
    let io = Io {
        commands: command_rx,
        acks: ack_tx,
        garbage: garbage_tx,
        events: event_tx,
        packets_in,
        packets_out,
        stats: stats_source,
        cost_clock,
    };
    let ends = Ends {
        commands: command_tx,
        acks: ack_rx,
        garbage: garbage_rx,
        events: event_rx,
        stats: stats_sink,
    };
    let worker = Worker::new(WorkerConfig {
        slot: config.slot,
        base,
        legs,
        seats: config.seats(),
        rooms: config.capacity_rooms,
        plans: config.capacity_plans,
    });
    let shard = ShardLink {
        to_worker,
        from_worker,
        slot: config.slot,
        base,
    };
    Wiring {
        worker,
        io,
        ends,
        shard,
    }
}
