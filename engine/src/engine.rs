//! The engine on real time: pinned worker threads, a supervisor thread, and handles for all.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use talkpath_rt::thread::Obtained;

use crate::api::engine_calls;
use crate::config::EngineConfig;
use crate::error::StartError;
use crate::record::{self, RecordTo, RecordingState, taps};
use crate::shard_link::ShardLink;
use crate::supervisor::{Link, Request};

mod crew;
mod nodes;
mod recorder;
mod start;
mod threads;

use crew::Crew;
use recorder::RecorderThread;

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

/// The threads.
struct Running {
    crew: Arc<Mutex<Crew>>,
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
    /// Starts an engine: starts the workers' threads, each of which builds what it will own on its own core,
    /// then the supervisor.
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

    /// Whether there is media: the supervisor runs, and at least one worker. False after [`shutdown`](Self::shutdown),
    /// when the supervisor has ended by itself, which is a bug of talkpath, and for the moment in which the only worker
    /// is replaced.
    pub fn is_alive(&self) -> bool {
        let running = self.shared.running();
        running.as_ref().is_some_and(|threads| {
            lock(&threads.crew).is_alive() && !threads.supervisor.is_finished()
        })
    }

    /// Whether the engine looks after its workers: false after [`shutdown`](Self::shutdown), and when the supervisor has
    /// ended by itself, which is a bug of talkpath. All that is left to do then is to drain and shut down.
    pub fn is_running(&self) -> bool {
        let running = self.shared.running();
        running
            .as_ref()
            .is_some_and(|threads| !threads.supervisor.is_finished())
    }

    /// Stops the workers, then the supervisor, and frees what they had. What legs there are leave
    /// with [`LeaveReason::Shutdown`](crate::event::LeaveReason::Shutdown). Calls after it say
    /// [`Stopped`](crate::EngineError::Stopped). A second call does nothing.
    pub fn shutdown(&self) {
        self.shared.shutdown();
    }
}

fn lock(crew: &Mutex<Crew>) -> MutexGuard<'_, Crew> {
    crew.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shutdown(&self) {
        let running = self.running().take();
        let Some(Running {
            crew,
            supervisor,
            recorder,
        }) = running
        else {
            return;
        };
        // A worker's ends come back with its thread and are freed here, when none of them runs any more.
        let mut ended = lock(&crew).close();
        for home in &mut ended {
            // At most MAX_WORKERS.
            taps::of_worker(home.index as u8, &mut home.ended.ends.1, &mut taps::Flush);
            if let Some(fault) = home.ended.fault() {
                tracing::error!("a worker had panicked: {fault}");
            }
        }
        drop(ended);
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
mod loss_tests;

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
