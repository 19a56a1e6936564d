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
use talkpath_rt::pulse::pulse;
use talkpath_rt::ring::ring;
use talkpath_rt::{outlet, timing};

use crate::config::EngineConfig;
use crate::proto::{Partial, Passed};
use crate::shard_link::{FromWorkers, Inlet, Outflow, ShardLink, ToWorkers};
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
/// Workers that can be replaced between two looks of the shard.
const LOSSES: usize = 32;

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

/// A worker to take the place of one that is lost, and what the others get.
pub(crate) struct Rewired {
    pub wired: Wired,
    pub inlet: Box<Inlet>,
    pub outflow: Box<Outflow>,
    /// By worker: its new ways to and from this one.
    pub peers: Vec<(u8, Box<Peer>)>,
}

/// What measures the busy time of the worker in a place.
pub(crate) type CostClock = Box<dyn Fn(usize) -> Box<dyn Clock> + Send>;

/// Allocates it all. Each worker has a cost clock of its own.
pub(crate) fn wire(
    config: &EngineConfig,
    base: Duration,
    cost_clock: impl Fn() -> Box<dyn Clock>,
) -> Wiring {
    let count = config.workers;
    let (mut lenders, mut borrowers, mut workers) = (Vec::new(), Vec::new(), Vec::new());
    for (index, mesh) in mesh(count).into_iter().enumerate() {
        let (lender, packets_in, packets_out, borrower) = packet_rings(config);
        lenders.push(lender);
        borrowers.push(borrower);
        let packets = (packets_in, packets_out);
        let place = (index, 0);
        workers.push(wire_one(config, place, base, packets, mesh, cost_clock()));
    }
    let (changes, told) = ring(config.capacity_legs.max(64));
    let (outflows, told_out) = ring(LOSSES);
    let (spent, spent_rx) = ring(LOSSES);
    let (spent_out, spent_out_rx) = ring(LOSSES);
    let legs = config.capacity_legs;
    let shard = ShardLink {
        to_worker: ToWorkers::new(lenders, legs, Some(told), Some(spent)),
        from_worker: FromWorkers::new(borrowers, legs, Some(told_out), Some(spent_out)),
        slot: config.slot,
        base,
    };
    Wiring {
        workers,
        routes: Routes::new(count > 1, (changes, spent_rx), (outflows, spent_out_rx)),
        shard,
    }
}

/// Builds what takes the place of worker `index`: everything anew, both ends of each ring.
pub(crate) fn rewire(
    config: &EngineConfig,
    (index, epoch): (usize, u16),
    base: Duration,
    cost_clock: &CostClock,
) -> Rewired {
    let (mut lender, packets_in, packets_out, borrower) = packet_rings(config);
    let mut spare: Vec<_> = std::iter::from_fn(|| lender.take_stock()).collect();
    // What the lost worker may have had beside its ring: in jitter buffers.
    let most = lender.pool().min(2 * spare.len());
    spare.resize_with(most, || Box::new(Packet::empty()));
    let (mut mesh, mut peers) = (Mesh::new(), Vec::new());
    // At most MAX_WORKERS.
    let worker = index as u8;
    for other in (0..config.workers as u8).filter(|other| *other != worker) {
        let (here, mut there) = pair(worker, other);
        there.epoch = epoch;
        mesh.push(here);
        peers.push((other, Box::new(there)));
    }
    let packets = (packets_in, packets_out);
    let place = (index, epoch);
    let wired = wire_one(config, place, base, packets, mesh, cost_clock(index));
    let inlet = Inlet {
        worker,
        epoch,
        lender,
        spare,
        lost: 0,
    };
    let outflow = Outflow {
        worker,
        epoch,
        borrower,
    };
    Rewired {
        wired,
        inlet: Box::new(inlet),
        outflow: Box::new(outflow),
        peers,
    }
}

/// The rings of packets between the shard and one worker: in, then out.
fn packet_rings(
    config: &EngineConfig,
) -> (
    Lender<Packet>,
    Borrower<Packet>,
    Lender<Packet>,
    Borrower<Packet>,
) {
    // A leg that moves takes its boxes along: they come back over another pair than they went out.
    let [inward, outward] = config.packet_boxes();
    let (lender, packets_in) = boxes_of_pool(inward, inward * config.workers, Packet::empty);
    let (packets_out, borrower) = boxes(outward, Packet::empty);
    (lender, packets_in, packets_out, borrower)
}

fn wire_one(
    config: &EngineConfig,
    (index, epoch): (usize, u16),
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
    let (pulse, monitor) = pulse();
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
        pulse,
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
        monitor,
        costs: cost_sink,
    };
    let worker = Worker::new(WorkerConfig {
        // At most MAX_WORKERS.
        index: index as u8,
        epoch,
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
            let (of_a, of_b) = pair(a as u8, b as u8);
            all[a].push(of_a);
            all[b].push(of_b);
        }
    }
    all
}

/// The ways between two workers: what `a` has of them, and what `b` has.
fn pair(a: u8, b: u8) -> (Peer, Peer) {
    let (to_b, from_a) = boxes(UNDER_WAY * SHARED_ROOMS, empty_partial);
    let (to_a, from_b) = boxes(UNDER_WAY * SHARED_ROOMS, empty_partial);
    let (pass_to_b, passed_by_a) = ring::<Passed>(PASSED);
    let (pass_to_a, passed_by_b) = ring::<Passed>(PASSED);
    let of_a = Peer {
        index: b,
        epoch: 0,
        partials_out: to_b,
        partials_in: from_b,
        passed_out: pass_to_b,
        passed_in: passed_by_b,
    };
    let of_b = Peer {
        index: a,
        epoch: 0,
        partials_out: to_a,
        partials_in: from_a,
        passed_out: pass_to_a,
        passed_in: passed_by_a,
    };
    (of_a, of_b)
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
