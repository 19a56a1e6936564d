//! Starting and ending the network side: rings, shard thread, clerk thread. Control side.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam::channel::{Sender, bounded};
use talkpath_engine::ShardLink;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::ring::ring;
use talkpath_rt::slab::Slab;
use talkpath_rt::thread::{Obtained, RtThread, raise_nofile, spawn};
use talkpath_rt::timing::{SlotStats, exchange};

use super::clerk::{Clerk, Desk, Office, Published, lock};
use super::config::NetConfig;
use super::counters::NetCounters;
use super::error::NetError;
use super::grid::{Grid, run};
use super::handle::Net;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::ports::PortPool;
use super::shard::Shard;
use super::status::Snapshot;
use super::sweep::Sweep;
use super::wall::Wall;

/// Room of the command ring and of its mirror.
const COMMANDS: usize = 256;
/// Files that are not media sockets: SIP, HTTP, recordings, epoll, standard streams.
const OTHER_FILES: u64 = 512;

/// What all clones of [`Net`] share; the last one shuts down.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) office: Arc<Office>,
    pub(crate) obtained: Obtained,
    pub(crate) warnings: Vec<String>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    shard: RtThread<Shard>,
    stop_shard: Arc<AtomicBool>,
    clerk: JoinHandle<()>,
    stop_clerk: Sender<()>,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Threads")
    }
}

impl Net {
    /// Starts the shard thread on the worker's slot grid, and the clerk.
    ///
    /// # Errors
    /// A setting out of range, no epoll, no thread.
    pub fn start(config: NetConfig, link: ShardLink) -> Result<Self, NetError> {
        config.validate()?;
        let grid = grid(&config, &link)?;
        let (limit, warnings) = limit(config.capacity);
        let capacity = config.capacity;
        let (commands, obeyed) = ring(COMMANDS);
        let (returned, returning) = ring(COMMANDS);
        let (events, heard) = ring(capacity.max(64));
        let (timing, tally) = exchange();
        let ShardLink {
            to_worker,
            from_worker,
            ..
        } = link;
        let publish =
            (config.status_interval.as_nanos() / grid.slot.as_nanos().max(1)).max(1) as u64;
        let media_timeout = config.media_timeout;
        let stop_shard = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop_shard);
        // Epoll first: a thread that cannot work is not started.
        let inbound = Inbound::new(to_worker).map_err(|source| NetError::Start {
            what: "epoll",
            source,
        })?;
        let shard = Shard {
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
        };
        let thread = spawn(config.placement.clone(), move |_| {
            run(shard, &MonotonicClock, grid, publish, &stopped)
        })
        .map_err(NetError::Spawn)?;
        let obtained = thread.obtained().clone();
        let office = Arc::new(Office {
            limit,
            desk: Mutex::new(Desk {
                commands,
                backlog: VecDeque::new(),
                ports: PortPool::new(&config.ports, config.quarantine),
                attached: HashMap::new(),
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
                stop_shard.store(true, Ordering::Release);
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
            owner: Arc::new(Owner {
                office,
                obtained,
                warnings,
                threads: Mutex::new(Some(threads)),
            }),
        })
    }
}

impl Owner {
    /// For tests that play the shard themselves.
    #[cfg(test)]
    pub(crate) fn without_threads(office: Arc<Office>) -> Self {
        Self {
            office,
            obtained: Obtained {
                core: None,
                priority: None,
                warnings: Vec::new(),
            },
            warnings: Vec::new(),
            threads: Mutex::new(None),
        }
    }

    /// See [`Net::is_alive`].
    pub(crate) fn is_alive(&self) -> bool {
        let threads = lock(&self.threads);
        threads
            .as_ref()
            .is_some_and(|threads| !threads.shard.is_finished() && !threads.clerk.is_finished())
    }

    /// See [`Net::shutdown`].
    pub(crate) fn shutdown(&self) {
        lock(&self.office.desk).closed = true;
        let Some(threads) = lock(&self.threads).take() else {
            return;
        };
        threads.stop_shard.store(true, Ordering::Release);
        // The shard comes back to be freed here, with the sockets it still had.
        if threads.shard.join().is_err() {
            tracing::error!("the media shard had panicked");
        }
        drop(threads.stop_clerk);
        if threads.clerk.join().is_err() {
            tracing::error!("the network clerk had panicked");
        }
        lock(&self.office.subscribers).clear();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn grid(config: &NetConfig, link: &ShardLink) -> Result<Grid, NetError> {
    let slot = link.slot;
    let grid = Grid {
        base: link.base,
        slot,
        lead: config.receive_lead.unwrap_or(slot / 4),
        lag: config.send_lag.unwrap_or(slot / 4),
    };
    if grid.lead + grid.lag >= slot {
        return Err(NetError::Config {
            key: "receive_lead + send_lag",
            actual: format!("{:?}", grid.lead + grid.lag),
            expected: "less than a slot",
        });
    }
    Ok(grid)
}

/// How many legs the system's open files allow, two sockets each.
fn limit(capacity: usize) -> (usize, Vec<String>) {
    let files = raise_nofile(2 * capacity as u64 + OTHER_FILES);
    let possible = usize::try_from(files.now.saturating_sub(OTHER_FILES) / 2).unwrap_or(usize::MAX);
    if possible >= capacity {
        return (capacity, Vec::new());
    }
    let warning = format!(
        "capacity lowered from {capacity} to {possible} network legs: only {} open files are granted, {} were \
         asked for (raise the hard limit, `ulimit -Hn`)",
        files.now, files.wanted
    );
    (possible, vec![warning])
}
