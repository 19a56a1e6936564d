//! The server under measurement: its threads, where they run and what they used.

use std::time::Duration;

use talkpath_edge::net::{Net, NetConfig};
use talkpath_engine::{Engine, EngineConfig};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::{self, Placement, Task};
use talkpath_rt::timing::SlotStats;

use super::error::BenchError;
use super::place::Places;
use super::reference;
use super::scenario::Scenario;
use super::window::{Moment, Used};
use crate::alloc;

/// Name of the worker's thread, by which its CPU time is found; the engine numbers them when there are several.
const WORKER: &str = "bench-worker";
/// Name of the shard's thread.
const SHARD: &str = "bench-shard";
/// The shard wakes this part of a slot before it.
const LEAD: u32 = 4;
/// A window begins and ends with word of the worker, which comes once a second; this long it is waited for.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// A running server.
pub(super) struct Server {
    pub engine: Engine,
    pub net: Option<Net>,
    workers: Vec<Task>,
    shard: Option<Task>,
    capacity: usize,
    /// The shard wakes this long before a slot.
    lead: Duration,
    slot: Duration,
}

impl Server {
    /// Starts the engine and watches its workers' allocations.
    pub(super) fn start(scenario: &Scenario, places: &Places) -> Result<Self, BenchError> {
        let (legs, workers) = (scenario.legs(), scenario.workers);
        // Room for all of them on any worker, while they are being spread, and for those not yet gone.
        let capacity = (legs * workers + 64).min(20_000);
        let engine = Engine::start(EngineConfig {
            slot: scenario.common.slot(),
            capacity_legs: capacity,
            admit_budget: scenario.admit_budget,
            capacity_rooms: scenario.rooms(),
            workers,
            cores: places.workers.clone(),
            priority: Some(places.worker_priority),
            lock_memory: true,
            name: WORKER.into(),
            ..EngineConfig::default()
        })?;
        let workers = threads(workers)?;
        alloc::watch(&workers);
        Ok(Self {
            engine,
            net: None,
            workers,
            shard: None,
            capacity,
            lead: scenario.common.slot() / LEAD,
            slot: scenario.common.slot(),
        })
    }

    /// From the beginning of a slot to the time at which the shard is to send what was made in it.
    pub(super) fn send_wait(&self) -> Duration {
        self.slot - self.lead
    }

    /// The thread of the first worker.
    pub(super) fn first_worker(&self) -> Option<Task> {
        self.workers.first().copied()
    }

    /// Opens the media sockets, and keeps all threads of this process to the server's cores.
    pub(super) fn open(&mut self, places: &Places) -> Result<(), BenchError> {
        let link = self.engine.take_shard_link();
        let link = link.ok_or_else(|| BenchError::Phones("the shard's link is taken".into()))?;
        let config = NetConfig {
            capacity: self.capacity,
            quarantine: Duration::from_millis(500),
            media_timeout: Duration::ZERO,
            receive_lead: Some(self.lead),
            placement: Placement {
                name: SHARD.into(),
                core: places.shard,
                priority: Some(places.second_priority),
            },
            ..NetConfig::default()
        };
        self.net = Some(Net::start(config, link)?);
        self.shard = Task::named(SHARD);
        if !places.server.is_empty() {
            let pinned: Vec<Task> = self.workers.iter().copied().chain(self.shard).collect();
            Task::confine_all_but(&pinned, &places.server)?;
        }
        Ok(())
    }

    /// Ends the server's threads, and lets this one run anywhere again.
    pub(super) fn shutdown(self, allowed: &[usize]) -> Result<(), BenchError> {
        if let Some(net) = self.net {
            net.shutdown();
        }
        self.engine.shutdown();
        Ok(Task::current().confine_to(allowed)?)
    }

    /// The state of everything, as soon as the workers have told theirs anew.
    pub(super) fn moment(&self) -> Result<Moment, BenchError> {
        let clock = MonotonicClock;
        let told = |timing: &[SlotStats]| timing.iter().map(|t| t.slots).collect::<Vec<_>>();
        let before = told(&self.engine.timing()?);
        let end = clock.now() + PATIENCE;
        loop {
            clock.sleep_until(clock.now() + LOOK);
            let timing = self.engine.timing()?;
            let anew = told(&timing).iter().zip(&before).all(|(a, b)| a != b);
            if anew || clock.now() >= end {
                return Ok(Moment {
                    at: clock.now(),
                    status: self.engine.status()?,
                    timing,
                    shard: self.net.as_ref().map(Net::timing),
                    used: self.used()?,
                    allocations: alloc::calls(),
                });
            }
        }
    }

    fn used(&self) -> Result<Used, BenchError> {
        let each = self.workers.iter().map(|thread| thread.cpu_time());
        let bare = Task::named(reference::THREAD).and_then(|thread| thread.cpu_time().ok());
        let all = thread::process_cpu_time();
        Ok(Used {
            workers: each.collect::<Result<_, _>>()?,
            shard: self.shard.map(Task::cpu_time).transpose()?,
            all: all.saturating_sub(bare.unwrap_or_default()),
        })
    }
}

/// The threads of the workers.
fn threads(count: usize) -> Result<Vec<Task>, BenchError> {
    let name = |index| match count {
        1 => WORKER.to_owned(),
        _ => format!("{WORKER}-{index}"),
    };
    let task = |index| {
        let missing = || std::io::Error::other("no thread of that name");
        Task::named(&name(index)).ok_or_else(missing)
    };
    Ok((0..count).map(task).collect::<Result<_, _>>()?)
}
