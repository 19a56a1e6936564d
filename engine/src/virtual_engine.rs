//! The engine in virtual time: worker, supervisor and clock in the calling thread.
//!
//! The handles are the ones of the real engine; only time is the caller's. Nothing here is
//! measured, so a run is the same every time, bit for bit. Tests live on it, and offline work
//! can.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use talkpath_rt::clock::{Clock, ManualClock};
use talkpath_rt::thread::Obtained;

use crate::api::engine_calls;
use crate::config::{ConfigError, EngineConfig};
use crate::supervisor::{Desk, Link, Request, Supervisor};
use crate::wiring::{ShardLink, Wiring, wire};
use crate::worker::{Worker, io::Io};

/// Where virtual time begins; not at zero, so that nothing can take zero for "now".
const START: Duration = Duration::from_secs(1_000);

/// An engine whose time passes when it is told.
///
/// ```
/// use std::time::Duration;
/// use talkpath_engine::{EngineConfig, LegConfig, PortConfig, RoomConfig, SampleRate, VirtualEngine};
///
/// let engine = VirtualEngine::new(EngineConfig::default())?;
/// let room = engine.create_room(RoomConfig::new("lobby"))?;
/// room.join(LegConfig::tone(440.0, -20.0))?;
/// let (_leg, mut port) = room.join_port(PortConfig::new(SampleRate::HZ_8000))?;
/// let mut frame = vec![0; port.frame().as_usize()];
/// engine.advance(Duration::from_millis(60));
/// while port.read(&mut frame).is_ok() {}
/// assert!(frame.iter().any(|sample| sample.abs() > 1_000), "the tone is heard");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct VirtualEngine {
    link: Link,
    core: Arc<Mutex<Core>>,
    clock: ManualClock,
    shard: Mutex<Option<ShardLink>>,
}

struct Core {
    supervisor: Supervisor,
    worker: Worker,
    io: Io,
    clock: ManualClock,
}

impl fmt::Debug for VirtualEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualEngine")
            .field("now", &self.clock.now())
            .finish_non_exhaustive()
    }
}

engine_calls!(VirtualEngine);

impl VirtualEngine {
    /// An engine at rest. `core`, `priority` and `lock_memory` mean nothing here.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn new(config: EngineConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let clock = ManualClock::new(START);
        let Wiring {
            worker,
            io,
            ends,
            shard,
        } = wire(&config, START, Box::new(clock.clone()));
        let supervisor = Supervisor::new(config, ends, Obtained::default(), START);
        let core = Core {
            supervisor,
            worker,
            io,
            clock: clock.clone(),
        };
        let core = Arc::new(Mutex::new(core));
        let link = Link::Here(Arc::<Mutex<Core>>::clone(&core));
        Ok(Self {
            link,
            core,
            clock,
            shard: Mutex::new(Some(shard)),
        })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// The time now.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// The clock; setting it forward without [`advance`](Self::advance) is a stall of the worker.
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// The shard's ends of the packet rings; there is one set.
    pub fn take_shard_link(&self) -> Option<ShardLink> {
        self.shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Lets `span` pass, slot by slot: every slot that begins in it is run, its own beginning
    /// included and its end excluded.
    pub fn advance(&self, span: Duration) {
        self.advance_around(span, |step| step());
    }

    /// As [`advance`](Self::advance), with something around every step of the worker (and of the
    /// worker alone): a test counts allocations there.
    pub fn advance_around(&self, span: Duration, mut around: impl FnMut(&mut dyn FnMut())) {
        let mut core = self.core();
        let end = core.clock.now() + span;
        while core.worker.due() < end {
            core.slot(&mut around);
        }
        core.clock.set(end);
    }

    /// The worker is held up: time passes and no slot is run. The next [`advance`](Self::advance)
    /// finds it late.
    pub fn stall(&self, span: Duration) {
        self.clock.advance(span);
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Runs the next slot at its time, or now when that has passed.
    fn slot(&mut self, around: &mut dyn FnMut(&mut dyn FnMut())) {
        self.clock.set(self.worker.due());
        let now = self.clock.now();
        let (worker, io) = (&mut self.worker, &mut self.io);
        around(&mut || {
            worker.step(now, io);
        });
        self.supervisor.poll(now);
    }
}

impl Desk for Core {
    fn take(&mut self, request: Request) {
        self.supervisor.poll(self.clock.now());
        self.supervisor.handle(request);
    }
}
