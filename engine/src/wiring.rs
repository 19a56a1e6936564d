//! Builds the rings between supervisor, workers and shard, both ends of each, from the
//! configuration. Everything a worker will ever touch is allocated here (D11).

use std::time::Duration;

use talkpath_graph::SampleRate;
use talkpath_graph::node::MAX_FRAME;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender, boxes, boxes_of_pool};
use talkpath_rt::clock::Clock;
use talkpath_rt::command::commands;
use talkpath_rt::handle::Handle;
use talkpath_rt::ring::ring;
use talkpath_rt::{outlet, timing};

use crate::config::EngineConfig;
use crate::proto::{Partial, Passed};
use crate::shard_link::{FromWorkers, ShardLink, ToWorkers};
use crate::supervisor::{ACKS, COMMANDS, Ends, GARBAGE, Routes};
use crate::worker::fence::PANICS;
use crate::worker::governor::Marks;
use crate::worker::io::{Mesh, Peer};
use crate::worker::{Worker, WorkerConfig, costs, io::Io};

/// Rooms that two workers can share at a time without a sum going unsent, at one rate.
const SHARED_ROOMS: usize = 128;
/// Sums of one room that can be under way at a time: the one awaited and the next.
const UNDER_WAY: usize = 2;
/// Legs and packets on their way from one worker to another.
const PASSED: usize = 1_024;

/// A worker with its ends of the rings, and the supervisor's.
pub(crate) struct Wired {
    pub worker: Worker,
    pub io: Io,
    pub ends: Ends,
}

/// All workers, and the ends of their neighbours.
pub(crate) struct Wiring {
    pub workers: Vec<Wired>,
    pub routes: Routes,
    pub shard: ShardLink,
}

/// Allocates it all. Each worker has a cost clock of its own.
pub(crate) fn wire(
    config: &EngineConfig,
    base: Duration,
    cost_clock: impl Fn() -> Box<dyn Clock>,
) -> Wiring {
    let count = config.workers;
    let inward = config.legs_per_worker() * config.packets_in_per_leg;
    let (mut lenders, mut borrowers, mut workers) = (Vec::new(), Vec::new(), Vec::new());
    for (index, mesh) in mesh(count).into_iter().enumerate() {
        // A leg that moves takes its boxes along: they come back over another pair than they went out.
        let (lender, packets_in) = boxes_of_pool(inward, inward * count, Packet::empty);
        let outward = config.legs_per_worker() * config.packets_out_per_leg;
        let (packets_out, borrower) = boxes(outward, Packet::empty);
        lenders.push(lender);
        borrowers.push(borrower);
        let packets = (packets_in, packets_out);
        workers.push(wire_one(config, index, base, packets, mesh, cost_clock()));
    }
    let (route_tx, route_rx) = (count > 1)
        .then(|| ring(config.capacity_legs.max(64)))
        .unzip();
    let shard = ShardLink {
        to_worker: ToWorkers::new(lenders, config.capacity_legs, route_rx),
        from_worker: FromWorkers::new(borrowers),
        slot: config.slot,
        base,
    };
    Wiring {
        workers,
        routes: Routes::new(route_tx),
        shard,
    }
}

fn wire_one(
    config: &EngineConfig,
    index: usize,
    base: Duration,
    (packets_in, packets_out): (Borrower<Packet>, Lender<Packet>),
    mesh: Mesh,
    cost_clock: Box<dyn Clock>,
) -> Wired {
    let legs = config.legs_per_worker();
    let (command_tx, command_rx) = commands(COMMANDS);
    let (ack_tx, ack_rx) = outlet::acks(ACKS);
    let (garbage_tx, garbage_rx) = outlet::garbage(GARBAGE + PANICS);
    let (event_tx, event_rx) = outlet::events((2 * legs).max(1_024));
    let (stats_source, stats_sink) = timing::exchange();
    let (cost_source, cost_sink) = costs::exchange(config.capacity_plans);
    let io = Io {
        commands: command_rx,
        acks: ack_tx,
        garbage: garbage_tx,
        events: event_tx,
        packets_in,
        packets_out,
        mesh,
        stats: stats_source,
        costs: cost_source,
        script: None,
        cost_clock,
        tape: None,
    };
    let ends = Ends {
        commands: command_tx,
        acks: ack_rx,
        garbage: garbage_rx,
        events: event_rx,
        stats: stats_sink,
        costs: cost_sink,
    };
    let worker = Worker::new(WorkerConfig {
        // At most MAX_WORKERS.
        index: index as u8,
        slot: config.slot,
        base,
        legs,
        leg_ids: config.capacity_legs,
        seats: config.seats(),
        marks: Marks {
            above: config.shed_above,
            below: config.shed_below,
        },
        rooms: config.capacity_rooms,
        plans: config.capacity_plans,
    });
    Wired { worker, io, ends }
}

/// Every worker's ends of the mesh.
fn mesh(count: usize) -> Vec<Mesh> {
    let mut all: Vec<Mesh> = (0..count).map(|_| Mesh::new()).collect();
    for a in 0..count {
        for b in a + 1..count {
            let (to_b, from_a) = boxes(UNDER_WAY * SHARED_ROOMS, empty_partial);
            let (to_a, from_b) = boxes(UNDER_WAY * SHARED_ROOMS, empty_partial);
            let (pass_to_b, passed_by_a) = ring::<Passed>(PASSED);
            let (pass_to_a, passed_by_b) = ring::<Passed>(PASSED);
            all[a].push(Peer {
                index: b as u8,
                partials_out: to_b,
                partials_in: from_b,
                passed_out: pass_to_b,
                passed_in: passed_by_b,
            });
            all[b].push(Peer {
                index: a as u8,
                partials_out: to_a,
                partials_in: from_a,
                passed_out: pass_to_a,
                passed_in: passed_by_a,
            });
        }
    }
    all
}

fn empty_partial() -> Partial {
    Partial {
        room: Handle::new(0, std::num::NonZeroU32::MIN),
        mix: 0,
        epoch: 0,
        rate: SampleRate::HZ_8000,
        samples: [0; MAX_FRAME],
    }
}
