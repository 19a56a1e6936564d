//! What one worker is built of: everything it will ever touch, and both ends of each of its rings (D11).
//!
//! The thread that will be the worker calls this after it was pinned: it is the first to write to all these pages, so they
//! lie on its NUMA node and it waits for none of them later. The other ends go to the threads they are for.
//!
//! A way between two workers is built by the one that sends. What takes the place of a lost worker builds the ways back as
//! well, since the others have no time for it.

use std::num::NonZeroU32;
use std::time::Duration;

use talkpath_graph::SampleRate;
use talkpath_graph::node::MAX_FRAME;
use talkpath_nodes::packet::Packet;
use talkpath_rt::boxes::{Borrower, Lender, boxes, boxes_of_pool};
use talkpath_rt::clock::Clock;
use talkpath_rt::command::commands;
use talkpath_rt::handle::Handle;
use talkpath_rt::pages;
use talkpath_rt::pulse::pulse;
use talkpath_rt::ring::{Consumer, Producer, ring};
use talkpath_rt::{outlet, timing};

use super::Wired;
use crate::config::EngineConfig;
use crate::proto::{PacketBox, Partial, Passed};
use crate::supervisor::{ACKS, COMMANDS, Ends, GARBAGE};
use crate::worker::fence::PANICS;
use crate::worker::governor::Marks;
use crate::worker::io::{Io, Mesh, Peer};
use crate::worker::levels::WorkerLevels;
use crate::worker::{Worker, WorkerConfig, costs};

/// Rooms that two workers can share at a time without a sum going unsent, at one rate.
const SHARED_ROOMS: usize = 128;
/// Sums of one room that can be under way at a time: the one awaited and the next.
const UNDER_WAY: usize = 2;
/// Legs and packets on their way from one worker to another.
const PASSED: usize = 1_024;

/// What a worker brings along.
pub(crate) struct Stock {
    /// Index and epoch.
    pub(super) place: (usize, u16),
    /// Its mesh is empty.
    pub(super) wired: Wired,
    /// The shard's end of the packets in.
    pub(super) lender: Lender<Packet>,
    /// The shard's end of the packets out.
    pub(super) borrower: Borrower<Packet>,
    /// To every other worker, ascending.
    pub(super) ways: Vec<Way>,
    /// From every other worker likewise, and boxes that make up for those of the lost one; of a replacement.
    pub(super) anew: Option<(Vec<Way>, Vec<PacketBox>)>,
}

/// One direction between two workers.
pub(super) struct Way {
    pub out: WayOut,
    pub into: WayIn,
}

pub(super) type WayOut = (Lender<Partial>, Producer<Passed>);
pub(super) type WayIn = (Borrower<Partial>, Consumer<Passed>);

impl Stock {
    /// Builds a worker of a new engine.
    pub fn new(config: &EngineConfig, index: usize, cost_clock: Box<dyn Clock>) -> Self {
        Self::of((index, 0), config, cost_clock)
    }

    /// Builds what takes the place of a lost worker.
    pub fn anew(config: &EngineConfig, place: (usize, u16), cost_clock: Box<dyn Clock>) -> Self {
        let mut stock = Self::of(place, config, cost_clock);
        let lender = &mut stock.lender;
        let mut spare: Vec<_> = std::iter::from_fn(|| lender.take_stock()).collect();
        // What the lost worker may have had beside its ring: in jitter buffers.
        let most = lender.pool().min(2 * spare.len());
        spare.resize_with(most, || pages::boxed(Packet::empty()));
        stock.anew = Some((ways(config), spare));
        stock
    }

    fn of(place: (usize, u16), config: &EngineConfig, cost_clock: Box<dyn Clock>) -> Self {
        // A leg that moves takes its boxes along: they come back over another pair than they went out.
        let [inward, outward] = config.packet_boxes();
        let (lender, packets_in) = boxes_of_pool(inward, inward * config.workers, Packet::empty);
        let (packets_out, borrower) = boxes(outward, Packet::empty);
        Self {
            place,
            wired: wired(config, place, (packets_in, packets_out), cost_clock),
            lender,
            borrower,
            ways: ways(config),
            anew: None,
        }
    }
}

fn wired(
    config: &EngineConfig,
    (index, epoch): (usize, u16),
    (packets_in, packets_out): (Borrower<Packet>, Lender<Packet>),
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
        mesh: Mesh::new(),
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
        // Known when the mesh is.
        levels: WorkerLevels::default(),
    };
    let worker = Worker::new(WorkerConfig {
        // At most MAX_WORKERS.
        index: index as u8,
        epoch,
        slot: config.slot,
        // Known when all have been built.
        base: Duration::ZERO,
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

/// One way to, or from, each of the others.
fn ways(config: &EngineConfig) -> Vec<Way> {
    let way = |_| {
        let (lender, borrower) = boxes(UNDER_WAY * SHARED_ROOMS, empty_partial);
        let (pass, passed) = ring::<Passed>(PASSED);
        Way {
            out: (lender, pass),
            into: (borrower, passed),
        }
    };
    (1..config.workers).map(way).collect()
}

/// What a worker has of the two ways between it and `index`.
pub(super) fn peer(index: u8, epoch: u16, out: WayOut, into: WayIn) -> Peer {
    let ((partials_out, passed_out), (partials_in, passed_in)) = (out, into);
    Peer {
        index,
        epoch,
        partials_out,
        partials_in,
        passed_out,
        passed_in,
    }
}

fn empty_partial() -> Partial {
    Partial {
        room: Handle::new(0, NonZeroU32::MIN),
        mix: 0,
        epoch: 0,
        rate: SampleRate::HZ_8000,
        samples: [0; MAX_FRAME],
    }
}
