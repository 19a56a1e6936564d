//! The engine in virtual time: workers, supervisor and clock in the calling thread.
//!
//! The handles are the ones of the real engine; only time is the caller's. Nothing here is
//! measured, so a run is the same every time, bit for bit. Tests live on it, and offline work
//! can.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use talkpath_rt::clock::{Clock, ManualClock};
use talkpath_rt::thread::Obtained;

use crate::api::engine_calls;
use crate::config::{ConfigError, EngineConfig};
use crate::error::StartError;
use crate::record::control::ControlTape;
use crate::record::recorder::Recorder;
use crate::record::{RecordTo, RecordingState, session, taps};
use crate::scripted::{Cost, ScriptedClock};
use crate::shard_link::ShardLink;
use crate::supervisor::{Link, Supervisor};
use crate::wiring::{Wired, Wiring, builder, wire};
use crate::worker::script::Work;

use posts::{Core, Order, Post};

mod posts;

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

impl fmt::Debug for VirtualEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualEngine")
            .field("now", &self.clock.now())
            .finish_non_exhaustive()
    }
}

engine_calls!(VirtualEngine);

impl VirtualEngine {
    /// An engine at rest. `cores`, `priority` and `lock_memory` mean nothing here.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn new(config: EngineConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let clock = ManualClock::new(START);
        let wired = wire_scripted(&config, &clock);
        Ok(Self::of(config, clock, wired, None))
    }

    /// As [`new`](Self::new), with the session written down for a [replay](crate::replay) until
    /// [`end_recording`](Self::end_recording).
    ///
    /// # Errors
    /// The first setting out of its range, or a header that cannot be written.
    pub fn recorded(config: EngineConfig, to: RecordTo) -> Result<Self, StartError> {
        config.validate()?;
        let clock = ManualClock::new(START);
        let mut wired = wire_scripted(&config, &clock);
        let recording = session::begin(&config, (START, START), &mut wired.0, to)
            .map_err(StartError::Recording)?;
        Ok(Self::of(config, clock, wired, Some(recording)))
    }

    fn of(
        config: EngineConfig,
        clock: ManualClock,
        (wiring, costs): (Wiring, Vec<ScriptedClock>),
        recording: Option<(Recorder, ControlTape)>,
    ) -> Self {
        let Wiring {
            workers: wired,
            routes,
            shard,
        } = wiring;
        let (mut workers, mut ends) = (Vec::new(), Vec::new());
        for Wired {
            worker,
            io,
            ends: end,
        } in wired
        {
            workers.push(Some(Post {
                worker,
                io,
                epoch: 0,
                held: Duration::ZERO,
            }));
            ends.push((end, Obtained::default()));
        }
        let clocks = costs.clone();
        let slot = config.slot;
        let builder = builder(config.clone(), move |place| Box::new(clocks[place].clone()));
        let mut supervisor = Supervisor::new(config, ends, routes, START, START, builder);
        let recorder = recording.map(|(recorder, tape)| {
            supervisor.set_tape(tape);
            recorder
        });
        let core = Core {
            supervisor,
            costs,
            script: None,
            workers,
            lost: Vec::new(),
            waiting: Vec::new(),
            base: START,
            slot,
            clock: clock.clone(),
            recorder,
        };
        let core = Arc::new(Mutex::new(core));
        let link = Link::Here(Arc::<Mutex<Core>>::clone(&core));
        Self {
            link,
            core,
            clock,
            shard: Mutex::new(Some(shard)),
        }
    }

    /// Ends the recording, if there is one; how it fared.
    pub fn end_recording(&self) -> Option<RecordingState> {
        let mut core = self.core();
        let posts = core.workers.iter_mut().enumerate();
        for (index, post) in posts.filter_map(|(index, post)| Some((index, post.as_mut()?))) {
            taps::of_worker(index as u8, &mut post.io, &mut taps::Flush);
        }
        core.supervisor.flush_tapes();
        let recorder = core.recorder.as_mut()?;
        recorder.finish();
        Some(recorder.shared().state())
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
        while core.due() < end {
            core.slot(&mut around, Order::Ascending);
        }
        core.clock.set(end);
    }

    /// As [`advance`](Self::advance), with the workers run in every slot in an order that `seed` decides: no result may
    /// depend on it.
    pub fn advance_shuffled(&self, span: Duration, seed: u64) {
        let mut core = self.core();
        let end = core.clock.now() + span;
        let mut random = seed | 1;
        while core.due() < end {
            // xorshift64: any scatter will do.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            core.slot(&mut |step| step(), Order::From(random));
        }
        core.clock.set(end);
    }

    /// The workers are held up: time passes and no slot is run. The next [`advance`](Self::advance)
    /// finds it late.
    pub fn stall(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Worker `index` alone is held up for `span` from now on: the others go on. It catches up by the rule of D14, or is
    /// given up when that is longer than the watchdog has patience: then it comes home after `span`, and ends.
    pub fn stall_worker(&self, index: usize, span: Duration) {
        let mut core = self.core();
        let until = core.clock.now() + span;
        if let Some(Some(post)) = core.workers.get_mut(index) {
            post.held = until;
        }
    }

    /// Worker `index` ends, as by a panic outside of any node that says `fault`.
    pub fn end_worker(&self, index: usize, fault: &str) {
        let mut core = self.core();
        let Some(post) = core.workers.get_mut(index).and_then(Option::take) else {
            return;
        };
        core.supervisor.exited(index, post.epoch, fault.to_owned());
        let Post {
            worker, io, epoch, ..
        } = post;
        core.supervisor.bury(index, epoch, worker, io);
        core.look_after();
    }

    /// From now on every op costs what `cost` says: busy time, prices and the governor see that, and a worker that has
    /// not finished begins its next slot late. Without a script work costs nothing.
    pub fn script_costs(&self, cost: impl FnMut(Work) -> Duration + Send + 'static) {
        let mut core = self.core();
        let cost: Arc<Mutex<Cost>> = Arc::new(Mutex::new(cost));
        core.script = Some(cost);
        for at in 0..core.workers.len() {
            core.follow_script(at);
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything wired, with a clock for each worker that measures what a script says.
fn wire_scripted(config: &EngineConfig, clock: &ManualClock) -> (Wiring, Vec<ScriptedClock>) {
    let costs = RefCell::new(Vec::new());
    let wiring = wire(config, START, || {
        let cost = ScriptedClock::new(clock.clone());
        costs.borrow_mut().push(cost.clone());
        Box::new(cost)
    });
    (wiring, costs.into_inner())
}

#[cfg(test)]
#[path = "virtual_engine_tests.rs"]
mod tests;
