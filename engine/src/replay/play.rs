//! Puts the tapes on and starts the threads: one for each worker, one for the supervisor. The desk is the caller's.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crossbeam::channel::{bounded, unbounded};
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::{Consumer, Producer};
use talkpath_rt::tape::{PutTape, TakeTape};
use talkpath_rt::thread::Obtained;

use super::codecs::Codecs;
use super::course::{ControlLog, Course, Log, WorkerLog};
use super::desk::{Desk, Told};
use super::file::Recording;
use super::report::{Listener, ReplayError, Replayed};
use crate::event::{EventClass, EventFilter, EventStream};
use crate::record::block::{COST, STEPS, StreamId};
use crate::record::steps::PlayedClock;
use crate::record::taps::{self, Taps};
use crate::supervisor::{Course as Stance, Learnt, Request, Supervisor};
use crate::wiring::{Wired, Wiring, builder, wire};

use control::run_supervisor;
use worker::Body;

pub(super) use threads::Threads;

mod control;
mod threads;
mod worker;

/// Events and mixes the desk may be behind.
const BACKLOG: usize = 1 << 14;

/// Every end of one thread's rings plays.
struct Playing<'a> {
    recording: &'a Recording,
    over: Flag,
}

impl Taps for Playing<'_> {
    fn put<T>(&mut self, id: StreamId, ring: &mut Producer<T>) {
        let numbers = self.recording.numbers(id);
        ring.set_tape(PutTape::playing(numbers, self.over.clone()));
    }

    fn take<T>(&mut self, id: StreamId, ring: &mut Consumer<T>) {
        let numbers = self.recording.numbers(id);
        ring.set_tape(TakeTape::playing(numbers, self.over.clone()));
    }
}

/// Runs it; with `learns`, its course comes back too.
pub(super) fn play(
    recording: &Recording,
    listener: &mut dyn Listener,
    learns: bool,
) -> Result<(Replayed, Course), ReplayError> {
    let header = recording.header();
    let config = &header.config;
    config.validate()?;
    let base = header.base;
    let Wiring {
        workers,
        shard,
        mut routes,
    } = wire(config, base, || {
        Box::new(talkpath_rt::clock::ManualClock::new(base))
    });
    let progress = Arc::new(AtomicU64::new(0));
    let mut threads = Threads::new(Arc::clone(&progress));
    let (mixes, mixed) = bounded(BACKLOG);
    let mixes = listener.wants_mixes().then_some(mixes);
    let (logs, logged) = unbounded();
    // The supervisor's ends play on one flag: it is one thread.
    let control_over = Flag::new();
    let (mut ends, mut bodies) = (Vec::new(), Vec::new());
    for (index, wired) in workers.into_iter().enumerate() {
        let Wired {
            worker,
            mut io,
            ends: mut end,
        } = wired;
        // At most MAX_WORKERS.
        let index = index as u8;
        let over = Flag::new();
        let mut playing = Playing {
            recording,
            over: over.clone(),
        };
        taps::of_worker(index, &mut io, &mut playing);
        playing.over = control_over.clone();
        taps::of_supervisor(index, &mut end, &mut playing);
        let cost = recording.numbers(StreamId::of_worker(COST, index));
        io.cost_clock = Box::new(PlayedClock::new(cost, over.clone()));
        ends.push((end, Obtained::default()));
        let body = Body {
            worker,
            io,
            index,
            steps: recording.numbers(StreamId::of_worker(STEPS, index)),
            base,
            over,
            progress: Arc::clone(&progress),
            mixes: mixes.clone(),
            log: learns.then(|| (WorkerLog::default(), logs.clone())),
        };
        bodies.push(body);
    }
    drop(mixes);
    // Whoever gives packets to the workers again knows where they went.
    routes.mute();
    let builder = builder(config.clone(), move |_| {
        Box::new(talkpath_rt::clock::ManualClock::new(base))
    });
    let mut supervisor =
        Supervisor::new(config.clone(), ends, routes, base, header.started, builder);
    // A recording ends with the loss of a worker: here none is lost, however slowly it runs.
    supervisor.unwatch();
    let events = subscribe(&mut supervisor)?;
    let (tell, coded) = bounded(BACKLOG);
    let over = control_over.clone();
    if learns {
        supervisor.set_course(Stance::Learning(Learnt::default()));
    }
    let control = recording.control();
    let supervise = move || {
        let asks = run_supervisor(
            &mut supervisor,
            control,
            &over,
            &progress,
            Codecs::new(tell),
        );
        let learnt = supervisor.take_learnt();
        // Nobody waits for it when a thread could not be started.
        let log = Log::Control(ControlLog { asks, learnt });
        logs.send(log).unwrap_or_default();
        Duration::ZERO
    };
    let started = (|| {
        threads.spawn("supervisor", control_over, supervise)?;
        for body in bodies {
            let (name, over) = (format!("worker {}", body.index), body.over.clone());
            threads.spawn(&name, over, move || body.run())?;
        }
        Ok(())
    })();
    if let Err(why) = started {
        threads.stop();
        return Err(why);
    }
    let told = Told {
        events,
        mixed,
        coded,
    };
    let mut desk = Desk::new(recording, shard, told, listener);
    if learns {
        desk.keep();
    }
    let outcome = desk.serve(&threads);
    let last = threads.join();
    let mut replayed = outcome?;
    replayed.session = last?.saturating_sub(base);
    replayed.workers = config.workers;
    let course = Course::new(logged.try_iter().collect(), config.workers, desk.kept());
    Ok((replayed, course))
}

/// What the desk wants to hear of.
fn subscribe(supervisor: &mut Supervisor) -> Result<EventStream, ReplayError> {
    let (reply, events) = bounded(1);
    let filter = EventFilter::default()
        .of_classes([EventClass::Notice, EventClass::Warning])
        .backlog(BACKLOG);
    supervisor.handle(Request::Subscribe { filter, reply });
    events.recv().map_err(|_| ReplayError::Panicked {
        thread: "supervisor".to_owned(),
        words: "it does not answer".to_owned(),
    })
}
