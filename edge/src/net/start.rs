//! Starting the network side: rings, shard thread, clerk thread. Control side; it ends in `owner`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crossbeam::channel::bounded;
use talkpath_engine::ShardLink;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::ring;
use talkpath_rt::slab::Slab;
use talkpath_rt::thread::spawn_prepared;
use talkpath_rt::timing::{SlotStats, exchange};

use super::clerk::Clerk;
use super::config::NetConfig;
use super::counters::NetCounters;
use super::error::NetError;
use super::files;
use super::grid::{Grid, run};
use super::handle::Net;
use super::inbound::Inbound;
use super::office::{Desk, Office, Published};
use super::outbound::Outbound;
use super::owner::{Owner, Threads};
use super::ports::PortPool;
use super::shard::Shard;
use super::status::Snapshot;
use super::sweep::Sweep;
use super::wall::Wall;

/// Room of the command ring and of its mirror.
const COMMANDS: usize = 256;

impl Net {
    /// Starts the shard thread on the worker's slot grid, and the clerk.
    ///
    /// # Errors
    /// A setting out of range, an address that is not of this machine, no epoll, no thread.
    pub fn start(config: NetConfig, link: ShardLink) -> Result<Self, NetError> {
        config.validate()?;
        config.probe()?;
        let grid = grid(&config, &link)?;
        let (limit, warnings) =
            files::limit(config.capacity, config.spare_pairs, config.other_files);
        let capacity = config.capacity;
        let ShardLink {
            to_worker,
            mut from_worker,
            ..
        } = link;
        let publish =
            (config.status_interval.as_nanos() / grid.slot.as_nanos().max(1)).max(1) as u64;
        let media_timeout = config.media_timeout;
        let stop_shard = Flag::new();
        let stopped = stop_shard.clone();
        // Epoll first: a thread that cannot work is not started.
        let mut inbound = Inbound::new(to_worker).map_err(|source| NetError::Start {
            what: "epoll",
            source,
        })?;
        let (built, made) = bounded(1);
        // On the shard's own core: its memory lies where it runs.
        let prepare = move || {
            inbound.to_worker.settle();
            from_worker.settle();
            let (commands, obeyed) = ring(COMMANDS);
            let (returned, returning) = ring(COMMANDS);
            let (events, heard) = ring(capacity.max(64));
            let (timing, tally) = exchange();
            // Who started it waits for exactly this.
            let ends = (commands, returning, heard, tally);
            built.send(ends).unwrap_or_default();
            Shard {
                inbound,
                outbound: Outbound::new(from_worker),
                sweep: Sweep::new(capacity),
                legs: Slab::with_capacity(capacity),
                counters: NetCounters::default(),
                wall: Wall::new(crate::sys::wall_clock(), MonotonicClock.now()),
                media_timeout,
                commands: obeyed,
                returned,
                events,
                timing,
            }
        };
        let thread = spawn_prepared(config.placement.clone(), prepare, move |shard, _| {
            run(shard, &MonotonicClock, grid, publish, &stopped)
        })
        .map_err(NetError::Spawn)?;
        let (commands, returning, heard, tally) = made.recv().map_err(|gone| NetError::Start {
            what: "the shard thread",
            source: std::io::Error::other(gone),
        })?;
        let obtained = thread.obtained().clone();
        let office = Arc::new(Office {
            limit,
            desk: Mutex::new(Desk {
                commands,
                backlog: VecDeque::new(),
                ports: PortPool::new(&config.ports, config.quarantine),
                attached: HashMap::new(),
                most_attached: 0,
                displaced: HashMap::new(),
                closed: false,
            }),
            subscribers: Mutex::new(Vec::new()),
            published: Mutex::new(Published {
                snapshot: Box::new(Snapshot::with_capacity(capacity)),
                timing: SlotStats::new(),
                levels: Default::default(),
            }),
            config,
        });
        let clerk = Clerk {
            office: Arc::clone(&office),
            returned: returning,
            events: heard,
            timing: tally,
            spare: Some(Box::new(Snapshot::with_capacity(capacity))),
        };
        let (stop_clerk, stop) = bounded(0);
        let clerk = std::thread::Builder::new()
            .name("net-clerk".to_owned())
            .spawn(move || clerk.run(&stop));
        let clerk = match clerk {
            Ok(clerk) => clerk,
            Err(source) => {
                stop_shard.raise();
                drop(thread.join());
                return Err(NetError::Start {
                    what: "the clerk thread",
                    source,
                });
            }
        };
        let threads = Threads {
            shard: thread,
            stop_shard,
            clerk,
            stop_clerk,
        };
        Ok(Self {
            owner: Arc::new(Owner::new(office, obtained, warnings, threads)),
        })
    }
}

fn grid(config: &NetConfig, link: &ShardLink) -> Result<Grid, NetError> {
    let slot = link.slot;
    let lead = config.receive_lead.unwrap_or(slot / 4);
    let lag = config.send_lag;
    let both = lead + lag.unwrap_or_default();
    if both >= slot {
        return Err(NetError::Config {
            key: "receive_lead + send_lag",
            actual: format!("{both:?}"),
            expected: "less than a slot",
        });
    }
    Ok(Grid {
        base: link.base,
        slot,
        lead,
        lag,
    })
}
