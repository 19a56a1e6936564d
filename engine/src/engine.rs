//! The engine on real time: a pinned worker thread, a supervisor thread, and handles for all.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::unbounded;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::{self, Obtained, Placement, RtThread};

use crate::api::engine_calls;
use crate::config::EngineConfig;
use crate::error::StartError;
use crate::supervisor::{Link, Request, Supervisor};
use crate::wiring::{ShardLink, Wiring, wire};
use crate::worker::{Worker, io::Io};

mod threads;

use threads::{Ended, run_supervisor, run_worker};

/// A running engine. Clones are handles on the same engine; it is shut down by
/// [`shutdown`](Self::shutdown) or with the last handle.
///
/// ```no_run
/// use talkpath_engine::{Engine, EngineConfig, LegConfig, PortConfig, RoomConfig, SampleRate};
///
/// let engine = Engine::start(EngineConfig::default())?;
/// let room = engine.create_room(RoomConfig::new("lobby"))?;
/// room.join(LegConfig::tone(440.0, -20.0))?;
/// let (_leg, mut port) = room.join_port(PortConfig::new(SampleRate::HZ_8000))?;
/// let mut frame = vec![0; port.frame().as_usize()];
/// while port.read(&mut frame).is_err() {
///     std::thread::yield_now();
/// }
/// engine.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    link: Link,
    base: Duration,
    obtained: Obtained,
    shard: Mutex<Option<ShardLink>>,
    running: Mutex<Option<Running>>,
}

/// The two threads.
struct Running {
    stop: Arc<AtomicBool>,
    worker: RtThread<Ended<(Worker, Io)>>,
    supervisor: JoinHandle<()>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("worker", &self.shared.obtained)
            .finish_non_exhaustive()
    }
}

engine_calls!(Engine);

impl Engine {
    /// Starts an engine: allocates everything, then starts the worker and the supervisor.
    ///
    /// # Errors
    /// A setting out of its range, or a thread that cannot be started. A real-time priority or a
    /// core that is refused is a warning in the status, no error.
    pub fn start(config: EngineConfig) -> Result<Self, StartError> {
        config.validate()?;
        let mut warnings = Vec::new();
        if config.lock_memory
            && let Err(why) = thread::lock_memory()
        {
            warnings.push(format!(
                "the memory is not locked ({why}); a page may have to be waited for"
            ));
        }
        let clock = MonotonicClock;
        let base = clock.now() + 2 * config.slot;
        let Wiring {
            worker,
            io,
            ends,
            shard,
        } = wire(&config, base, Box::new(clock));
        let stop = Arc::new(AtomicBool::new(false));
        let placement = Placement {
            name: config.name.clone(),
            core: config.core.or_else(|| thread::allowed_cores().pop()),
            priority: config.priority,
        };
        let flag = Arc::clone(&stop);
        let worker = thread::spawn(placement, move |_| run_worker(worker, io, &flag))?;
        let mut obtained = worker.obtained().clone();
        obtained.warnings.extend(warnings);
        for warning in &obtained.warnings {
            tracing::warn!("{warning}");
        }
        let supervisor = Supervisor::new(config, ends, obtained.clone(), clock.now());
        let (requests, inbox) = unbounded();
        let spawned = std::thread::Builder::new()
            .name("talkpath-control".to_owned())
            .spawn(move || run_supervisor(supervisor, &inbox));
        let supervisor = match spawned {
            Ok(supervisor) => supervisor,
            Err(why) => {
                stop.store(true, Ordering::Release);
                drop(worker.join());
                return Err(StartError::Supervisor(why));
            }
        };
        let running = Running {
            stop,
            worker,
            supervisor,
        };
        let shared = Shared {
            link: Link::Thread(requests),
            base,
            obtained,
            shard: Mutex::new(Some(shard)),
            running: Mutex::new(Some(running)),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// The shard's ends of the packet rings; there is one set.
    pub fn take_shard_link(&self) -> Option<ShardLink> {
        self.shared
            .shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Where slot 0 is on the monotonic clock.
    pub fn base(&self) -> Duration {
        self.shared.base
    }

    /// The core and priority the worker has, and what it did not get.
    pub fn worker(&self) -> &Obtained {
        &self.shared.obtained
    }

    /// Whether both threads run. False after [`shutdown`](Self::shutdown), and when a thread has ended by itself, which
    /// is a bug of talkpath: calls may still be answered then, but there is no media any more. All that is left to do
    /// is to drain and shut down.
    pub fn is_alive(&self) -> bool {
        let running = self.shared.running();
        running.as_ref().is_some_and(|threads| {
            !threads.worker.is_finished() && !threads.supervisor.is_finished()
        })
    }

    /// Stops the worker, then the supervisor, and frees what they had. What legs there are leave
    /// with [`LeaveReason::Shutdown`](crate::event::LeaveReason::Shutdown). Calls after it say
    /// [`Stopped`](crate::EngineError::Stopped). A second call does nothing.
    pub fn shutdown(&self) {
        self.shared.shutdown();
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shutdown(&self) {
        let running = self.running().take();
        let Some(Running {
            stop,
            worker,
            supervisor,
        }) = running
        else {
            return;
        };
        stop.store(true, Ordering::Release);
        // The worker's ends come back with its thread and are freed here.
        match worker.join() {
            Ok(ended) => {
                if let Some(fault) = ended.fault() {
                    tracing::error!("the worker had panicked: {fault}");
                }
                drop(ended.ends);
            }
            Err(_) => tracing::error!("the worker thread had panicked"),
        }
        if self.link.ask(|reply| Request::Stop { reply }).is_err() {
            tracing::error!("the supervisor had stopped before the engine");
        }
        if supervisor.join().is_err() {
            tracing::error!("the supervisor thread had panicked");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_alive_until_it_is_shut_down() {
        let config = EngineConfig {
            capacity_legs: 1,
            priority: None,
            ..EngineConfig::default()
        };
        let engine = Engine::start(config).expect("the machine has threads");
        assert!(engine.is_alive());
        engine.shutdown();
        assert!(!engine.is_alive());
    }
}
