//! The engine on real time: pinned worker threads, a supervisor thread, and handles for all.

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
use crate::record::{self, RecordTo, RecordingState, session, taps};
use crate::shard_link::ShardLink;
use crate::supervisor::{Link, Request, Supervisor};
use crate::wiring::{Wired, Wiring, wire};
use crate::worker::{Worker, io::Io};

mod recorder;
mod threads;

use recorder::RecorderThread;
use threads::{Ended, quieten_workers, run_supervisor, run_worker};

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
    obtained: Vec<Obtained>,
    shard: Mutex<Option<ShardLink>>,
    running: Mutex<Option<Running>>,
    recording: Option<Arc<record::recorder::Shared>>,
}

/// One worker's thread.
type WorkerThread = RtThread<Ended<(Worker, Io)>>;

/// The threads.
struct Running {
    stop: Arc<AtomicBool>,
    workers: Vec<WorkerThread>,
    supervisor: JoinHandle<()>,
    recorder: Option<RecorderThread>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("workers", &self.shared.obtained)
            .finish_non_exhaustive()
    }
}

engine_calls!(Engine);

impl Engine {
    /// Starts an engine: allocates everything, then starts the workers and the supervisor.
    ///
    /// # Errors
    /// A setting out of its range, or a thread that cannot be started. A real-time priority or a
    /// core that is refused is a warning in the status, no error.
    pub fn start(config: EngineConfig) -> Result<Self, StartError> {
        Self::start_with(config, None)
    }

    /// As [`start`](Self::start), with the session written down for a [replay](crate::replay) until the engine is shut
    /// down or the recording reaches its limit. It is written by a thread of its own and no worker ever waits for it;
    /// one that cannot keep up ends the recording, not the media.
    ///
    /// # Errors
    /// As for [`start`](Self::start), and a header that cannot be written.
    pub fn start_recorded(config: EngineConfig, to: RecordTo) -> Result<Self, StartError> {
        Self::start_with(config, Some(to))
    }

    fn start_with(config: EngineConfig, to: Option<RecordTo>) -> Result<Self, StartError> {
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
        let started = clock.now();
        let mut wiring = wire(&config, base, || Box::new(clock));
        let recording = to
            .map(|to| session::begin(&config, (base, started), &mut wiring, to))
            .transpose()
            .map_err(StartError::Recording)?;
        let Wiring {
            workers: wired,
            routes,
            shard,
        } = wiring;
        quieten_workers();
        let stop = Arc::new(AtomicBool::new(false));
        let (mut workers, mut ends, mut obtained) = (Vec::new(), Vec::new(), Vec::new());
        for (
            index,
            Wired {
                worker,
                io,
                ends: end,
            },
        ) in wired.into_iter().enumerate()
        {
            let flag = Arc::clone(&stop);
            let place = placement(&config, index);
            match thread::spawn(place, move |_| run_worker(worker, io, &flag)) {
                Ok(worker) => {
                    let mut got = worker.obtained().clone();
                    got.warnings.append(&mut warnings);
                    got.warnings
                        .iter()
                        .for_each(|warning| tracing::warn!("{warning}"));
                    ends.push((end, got.clone()));
                    obtained.push(got);
                    workers.push(worker);
                }
                Err(why) => {
                    give_up(&stop, workers);
                    return Err(why.into());
                }
            }
        }
        let mut supervisor = Supervisor::new(config, ends, routes, base, started);
        let recorder = recording.map(|(recorder, tape)| {
            supervisor.set_tape(tape);
            recorder
        });
        let recording = recorder.as_ref().map(|recorder| recorder.shared());
        let (requests, inbox) = unbounded();
        let spawned = std::thread::Builder::new()
            .name("talkpath-control".to_owned())
            .spawn(move || run_supervisor(supervisor, &inbox));
        let supervisor = match spawned {
            Ok(supervisor) => supervisor,
            Err(why) => {
                give_up(&stop, workers);
                return Err(StartError::Supervisor(why));
            }
        };
        let recorder = match recorder.map(RecorderThread::spawn).transpose() {
            Ok(recorder) => recorder,
            Err(why) => {
                give_up(&stop, workers);
                return Err(StartError::Recording(why));
            }
        };
        let running = Running {
            stop,
            workers,
            supervisor,
            recorder,
        };
        let shared = Shared {
            link: Link::Thread(requests),
            base,
            obtained,
            shard: Mutex::new(Some(shard)),
            running: Mutex::new(Some(running)),
            recording,
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

    /// How the recording fares, if the session is recorded.
    pub fn recording(&self) -> Option<RecordingState> {
        self.shared.recording.as_ref().map(|shared| shared.state())
    }

    /// Where slot 0 is on the monotonic clock.
    pub fn base(&self) -> Duration {
        self.shared.base
    }

    /// The core and priority each worker has, and what it did not get.
    pub fn workers(&self) -> &[Obtained] {
        &self.shared.obtained
    }

    /// Whether all threads run. False after [`shutdown`](Self::shutdown), and when a thread has ended by itself, which
    /// is a bug of talkpath: calls may still be answered then, but there is no media any more. All that is left to do
    /// is to drain and shut down.
    pub fn is_alive(&self) -> bool {
        let running = self.shared.running();
        running.as_ref().is_some_and(|threads| {
            let ended = threads.workers.iter().any(RtThread::is_finished);
            !ended && !threads.supervisor.is_finished()
        })
    }

    /// Stops the workers, then the supervisor, and frees what they had. What legs there are leave
    /// with [`LeaveReason::Shutdown`](crate::event::LeaveReason::Shutdown). Calls after it say
    /// [`Stopped`](crate::EngineError::Stopped). A second call does nothing.
    pub fn shutdown(&self) {
        self.shared.shutdown();
    }
}

/// Where worker `index` is to run. Without a choice the workers take the last cores of the inherited mask, the first
/// worker the last; with fewer cores than workers they share.
fn placement(config: &EngineConfig, index: usize) -> Placement {
    let name = match config.workers {
        1 => config.name.clone(),
        _ => format!("{}-{index}", config.name),
    };
    let allowed = thread::allowed_cores();
    let default = || allowed.iter().rev().cycle().nth(index).copied();
    Placement {
        name,
        core: config.cores.get(index).copied().or_else(default),
        priority: config.priority,
    }
}

/// The engine does not start after all.
fn give_up(stop: &AtomicBool, workers: Vec<WorkerThread>) {
    stop.store(true, Ordering::Release);
    workers.into_iter().for_each(|worker| drop(worker.join()));
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shutdown(&self) {
        let running = self.running().take();
        let Some(Running {
            stop,
            workers,
            supervisor,
            recorder,
        }) = running
        else {
            return;
        };
        stop.store(true, Ordering::Release);
        // A worker's ends come back with its thread and are freed here, when none of them runs any more.
        let mut ends = Vec::new();
        for (index, worker) in workers.into_iter().enumerate() {
            match worker.join() {
                Ok(mut ended) => {
                    // At most MAX_WORKERS.
                    taps::of_worker(index as u8, &mut ended.ends.1, &mut taps::Flush);
                    if let Some(fault) = ended.fault() {
                        tracing::error!("a worker had panicked: {fault}");
                    }
                    ends.push(ended.ends);
                }
                Err(_) => tracing::error!("a worker thread had panicked"),
            }
        }
        drop(ends);
        if self.link.ask(|reply| Request::Stop { reply }).is_err() {
            tracing::error!("the supervisor had stopped before the engine");
        }
        if supervisor.join().is_err() {
            tracing::error!("the supervisor thread had panicked");
        }
        if let Some(recorder) = recorder {
            recorder.end();
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
