//! Puts the tapes on and starts the threads: one for each worker, one for the supervisor. The desk is the caller's.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Sender, bounded, unbounded};
use talkpath_graph::SampleRate;
use talkpath_nodes::mix::mix_minus;
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::{Consumer, Producer};
use talkpath_rt::tape::{Numbers, PutTape, TakeTape};
use talkpath_rt::thread::Obtained;

use super::ask::Made;
use super::codecs::Codecs;
use super::course::{Ask, ControlLog, Course, Log, WorkerLog};
use super::desk::{Desk, Told};
use super::file::{ControlStream, Recording};
use super::report::{Listener, Mix, ReplayError, Replayed};
use crate::event::{EventClass, EventFilter};
use crate::proto::{RoomBody, RoomId};
use crate::record::block::{COST, STEPS, StreamId};
use crate::record::control::Control;
use crate::record::steps::PlayedClock;
use crate::record::taps::{self, Taps};
use crate::supervisor::{Course as Stance, Learnt, Request, Supervisor};
use crate::wiring::{Wired, Wiring, builder, wire};
use crate::worker::{Worker, io::Io};

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

/// A thread of the replay; at its end it says the time of its last step.
struct Thread {
    name: String,
    over: Flag,
    handle: JoinHandle<Duration>,
}

/// All of them.
pub(super) struct Threads {
    all: Vec<Thread>,
    /// Steps and polls so far, of all.
    pub progress: Arc<AtomicU64>,
}

impl Threads {
    pub fn have_ended(&self) -> bool {
        self.all.iter().all(|thread| thread.handle.is_finished())
    }

    /// Has all of them end soon.
    pub fn stop(&self) {
        self.all.iter().for_each(|thread| thread.over.raise());
    }

    /// Waits for them. The time of the last step of any.
    fn join(self) -> Result<Duration, ReplayError> {
        let mut last = Duration::ZERO;
        let mut panicked = None;
        for Thread { name, over, handle } in self.all {
            match handle.join() {
                Ok(time) => last = last.max(time),
                // Half way through a step there is nothing that makes sense.
                Err(_) if over.is_raised() => {}
                Err(payload) => {
                    let words = words(&*payload).to_owned();
                    let thread = name;
                    panicked = panicked.or(Some(ReplayError::Panicked { thread, words }));
                }
            }
        }
        panicked.map_or(Ok(last), Err)
    }
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let words = payload.downcast_ref::<&str>().copied();
    words
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
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
    let mut threads = Threads {
        all: Vec::new(),
        progress: Arc::clone(&progress),
    };
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
    let (reply, events) = bounded(1);
    let filter = EventFilter::default()
        .of_classes([EventClass::Notice, EventClass::Warning])
        .backlog(BACKLOG);
    supervisor.handle(Request::Subscribe { filter, reply });
    let events = events.recv().map_err(|_| ReplayError::Panicked {
        thread: "supervisor".to_owned(),
        words: "it does not answer".to_owned(),
    })?;
    let (tell, coded) = bounded(BACKLOG);
    let over = control_over.clone();
    if learns {
        supervisor.set_course(Stance::Learning(Learnt::default()));
    }
    let control = recording.control();
    let spawned = spawn("supervisor", control_over, move || {
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
    });
    let started = (|| {
        threads.all.push(spawned?);
        for body in bodies {
            let (name, over) = (format!("worker {}", body.index), body.over.clone());
            threads.all.push(spawn(&name, over, move || body.run())?);
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

fn spawn(
    name: &str,
    over: Flag,
    body: impl FnOnce() -> Duration + Send + 'static,
) -> Result<Thread, ReplayError> {
    let handle = std::thread::Builder::new()
        .name(format!("replay {name}"))
        .spawn(body)
        .map_err(ReplayError::Thread)?;
    Ok(Thread {
        name: name.to_owned(),
        over,
        handle,
    })
}

/// What a worker's thread owns.
struct Body {
    worker: Worker,
    io: Io,
    index: u8,
    steps: Numbers,
    base: Duration,
    over: Flag,
    progress: Arc<AtomicU64>,
    mixes: Option<Sender<Mix>>,
    /// Where it says at its end what came when.
    log: Option<(WorkerLog, Sender<Log>)>,
}

impl Body {
    fn run(self) -> Duration {
        let Self {
            mut worker,
            mut io,
            steps,
            base,
            over,
            progress,
            mixes,
            index,
            mut log,
        } = self;
        let mut now = Duration::ZERO;
        // By room: the last mix that was told.
        let mut told = std::collections::BTreeMap::new();
        for since in steps {
            if over.is_raised() {
                break;
            }
            now = now.saturating_add(Duration::from_nanos(since));
            let first = worker.slot();
            let report = worker.step_around(now, &mut io, |worker| {
                if let Some(mixes) = &mixes {
                    tell_mixes(worker, index, base, &mut told, mixes);
                }
                if let Some((log, _)) = &mut log {
                    log.ran(worker.slot(), worker.counters());
                }
            });
            if let Some((log, _)) = &mut log {
                log.skipped(first, report.skipped.into());
            }
            progress.fetch_add(1, Ordering::Relaxed);
        }
        if let Some((log, logs)) = log {
            // Nobody waits for it when a thread could not be started.
            let log = Log::Worker(index.into(), log);
            logs.send(log).unwrap_or_default();
        }
        now
    }
}

/// Tells of the rooms whose mix is new.
fn tell_mixes(
    worker: &Worker,
    index: u8,
    base: Duration,
    told: &mut std::collections::BTreeMap<RoomId, u64>,
    mixes: &Sender<Mix>,
) {
    for (room, body) in worker.rooms() {
        if body.mixes == 0 || told.insert(room, body.mixes) == Some(body.mixes) {
            continue;
        }
        if let Some(mix) = mix_of(room, body, index, worker.due().saturating_sub(base)) {
            // The desk reads until this thread is over.
            mixes.send(mix).unwrap_or_default();
        }
    }
}

/// What somebody hears who says nothing, at the highest rate there is.
fn mix_of(room: RoomId, body: &RoomBody, worker: u8, at: Duration) -> Option<Mix> {
    let bus = body.buses.iter().max_by_key(|bus| bus.rate())?;
    let rate: SampleRate = bus.rate();
    let mut samples = vec![0.0; bus.sum().len()];
    mix_minus(bus.sum(), &[], bus.cross(), &mut samples);
    Some(Mix {
        room,
        worker,
        number: body.mixes,
        at,
        rate,
        samples,
    })
}

/// Polls and requests as they were. What the session met with that the recording does not hold is its end.
fn run_supervisor(
    supervisor: &mut Supervisor,
    mut control: ControlStream,
    over: &Flag,
    progress: &AtomicU64,
    mut codecs: Codecs,
) -> Vec<Ask> {
    let (mut at, mut asks) = (Duration::ZERO, Vec::new());
    while let Some(note) = control.next() {
        if over.is_raised() {
            break;
        }
        match note {
            Control::Poll(now) => {
                at = now;
                supervisor.poll(now);
            }
            Control::Ask(asked) => {
                let Some(request) = control.request(asked.clone(), supervisor) else {
                    break;
                };
                supervisor.about(Some(asks.len()));
                let made = codecs.handle(request, at, supervisor);
                supervisor.about(None);
                let mix = match made {
                    Some(Made::Room(room)) => supervisor.mix_of(room),
                    _ => None,
                };
                asks.push(Ask { asked, made, mix });
            }
            Control::Cannot => break,
        }
        progress.fetch_add(1, Ordering::Relaxed);
    }
    asks
}
