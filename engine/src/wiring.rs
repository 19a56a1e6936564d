//! Joins what each worker has built into one engine: workers, supervisor and shard get their ends of each other's rings.
//!
//! Control side.

use std::time::Duration;

use talkpath_rt::clock::Clock;
use talkpath_rt::ring::ring;

use crate::config::EngineConfig;
use crate::shard_link::{FromWorkers, Inlet, Outflow, ShardLink, ToWorkers};
use crate::supervisor::{Ends, Routes};
use crate::worker::io::{Mesh, Peer};
use crate::worker::{Worker, io::Io};

mod stock;

pub(crate) use stock::Stock;
use stock::{Way, WayIn, WayOut, peer};

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

/// Has what takes the place of a lost worker, by index and epoch, built by who will be it.
pub(crate) type Builder = Box<dyn FnMut((usize, u16)) -> Stock + Send>;

/// Has it built by whoever asks for it. By place: what measures the worker.
pub(crate) fn builder(
    config: EngineConfig,
    cost_clock: impl Fn(usize) -> Box<dyn Clock> + Send + 'static,
) -> Builder {
    Box::new(move |place| Stock::anew(&config, place, cost_clock(place.0)))
}

/// Builds all workers here and joins them. Each has a cost clock of its own.
pub(crate) fn wire(
    config: &EngineConfig,
    base: Duration,
    cost_clock: impl Fn() -> Box<dyn Clock>,
) -> Wiring {
    let stock = |index| Stock::new(config, index, cost_clock());
    join(config, base, (0..config.workers).map(stock).collect())
}

/// Joins the workers of a new engine, which are there by index, as many as are configured.
pub(crate) fn join(config: &EngineConfig, base: Duration, stocks: Vec<Stock>) -> Wiring {
    let (mut lenders, mut borrowers) = (Vec::new(), Vec::new());
    let (mut workers, mut ways) = (Vec::new(), Vec::new());
    for mut stock in stocks {
        stock.wired.worker.set_base(base);
        lenders.push(stock.lender);
        borrowers.push(stock.borrower);
        workers.push(stock.wired);
        ways.push(stock.ways);
    }
    for (wired, mesh) in workers.iter_mut().zip(mesh(ways)) {
        wired.io.mesh = mesh;
        wired.ends.levels = wired.io.levels();
    }
    let legs = config.capacity_legs;
    let (changes, told) = ring(legs.max(64));
    let (outflows, told_out) = ring(LOSSES);
    let (spent, spent_rx) = ring(LOSSES);
    let (spent_out, spent_out_rx) = ring(LOSSES);
    let shard = ShardLink {
        to_worker: ToWorkers::new(lenders, legs, Some(told), Some(spent)),
        from_worker: FromWorkers::new(borrowers, legs, Some(told_out), Some(spent_out)),
        slot: config.slot,
        base,
    };
    let several = config.workers > 1;
    Wiring {
        workers,
        routes: Routes::new(several, (changes, spent_rx), (outflows, spent_out_rx)),
        shard,
    }
}

/// Joins what was built [anew](Stock::anew) to those that live on.
pub(crate) fn rejoin(base: Duration, stock: Stock) -> Rewired {
    let Stock {
        place: (index, epoch),
        mut wired,
        lender,
        borrower,
        ways,
        anew,
    } = stock;
    wired.worker.set_base(base);
    // At most MAX_WORKERS.
    let worker = index as u8;
    let (back, spare) = anew.unwrap_or_default();
    let mut peers = Vec::new();
    for (other, (to, from)) in others(worker).zip(ways.into_iter().zip(back)) {
        wired.io.mesh.push(peer(other, 0, to.out, from.into));
        let there = peer(worker, epoch, from.out, to.into);
        peers.push((other, Box::new(there)));
    }
    wired.ends.levels = wired.io.levels();
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

/// Every worker's ends of the mesh; `ways` is by worker, then by the other.
fn mesh(ways: Vec<Vec<Way>>) -> Vec<Mesh> {
    let count = ways.len();
    let mut outward: Vec<Vec<WayOut>> = Vec::new();
    let mut inward: Vec<Vec<WayIn>> = (0..count).map(|_| Vec::new()).collect();
    for (worker, ways) in ways.into_iter().enumerate() {
        let mut out = Vec::new();
        for (other, way) in others(worker as u8).zip(ways) {
            out.push(way.out);
            inward[usize::from(other)].push(way.into);
        }
        outward.push(out);
    }
    // Both are by the other, ascending.
    let mut all = Vec::new();
    for (worker, ends) in outward.into_iter().zip(inward).enumerate() {
        let ends = ends.0.into_iter().zip(ends.1);
        let peers = others(worker as u8).zip(ends);
        all.push(
            peers
                .map(|(other, (out, into))| peer(other, 0, out, into))
                .collect(),
        );
    }
    all
}

/// All workers but this one, ascending, without an end.
fn others(worker: u8) -> impl Iterator<Item = u8> {
    (0..u8::MAX).filter(move |other| *other != worker)
}
