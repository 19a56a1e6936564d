//! `talkpath bench room`: synthetic callers through the real worker and the real clock, without sockets.
//!
//! What it measures is the worker alone, from packet box to packet box. The callers run on a thread of their own
//! (on another core where there is one), so their cost is in none of the figures.

mod callers;
mod report;
mod signal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use talkpath_engine::{
    Class, Engine, EngineConfig, EngineError, Leg, LegConfig, NetworkConfig, RoomConfig, StartError,
};
use talkpath_nodes::codec::{Codec, EncodeFault};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::{self, Placement, Task};

use crate::{alloc, codec_name, config, output};
use callers::{Callers, Talk};
use report::{Report, Run};
use signal::Voices;

/// Name of the worker's thread, by which its CPU time is found.
const WORKER: &str = "bench-worker";
/// SCHED_FIFO priorities, if they may be had: the worker's above the callers'.
const PRIORITY: u8 = 60;
/// Time given to joins, start-up delays of the jitter buffers and first-touched memory.
const WARM_UP: Duration = Duration::from_millis(1500);
const DYNAMIC_PAYLOAD_TYPE: u8 = 96;

/// What `bench room` is told.
#[derive(Args, Clone, Debug)]
pub struct RoomArgs {
    /// Callers, all of them talking
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=4000))]
    legs: u32,
    /// How long to measure, after a warm-up of 1.5 s
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Codec of every caller: pcmu, pcma, l16/8000, l16/16000 or l16/48000
    #[arg(long, value_name = "NAME", default_value = "pcmu", value_parser = codec_name::parse)]
    codec: Codec,
    /// Rooms; the callers are spread over them evenly
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4000))]
    rooms: u32,
    /// Workers; the legs are spread over them one by one, whatever room they are in
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    workers: u32,
    /// Core of the worker, when there is one [default: the last one allowed]
    #[arg(long, value_name = "CORE", conflicts_with = "workers")]
    core: Option<usize>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
}

/// Why the bench has no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The engine did not start.
    #[error("the engine did not start")]
    Start(#[from] StartError),
    /// The engine refused a leg or the room.
    #[error("the engine refused")]
    Engine(#[from] EngineError),
    /// The codec refused to encode what the callers say.
    #[error("the callers' voices could not be encoded")]
    Encode(#[from] EncodeFault),
    /// The core is not one of ours.
    #[error("--core: was {actual}, allowed: cores this process may run on: {allowed}")]
    Core {
        /// What was asked for.
        actual: usize,
        /// The inherited affinity mask.
        allowed: String,
    },
    /// Standard output does not take the report.
    #[error("the report cannot be written")]
    Output(#[source] std::io::Error),
    /// The callers' thread did not start or did not end well.
    #[error("the callers: {0}")]
    Callers(String),
    /// The worker's thread could not be timed.
    #[error("the worker's CPU time cannot be read")]
    Cpu(#[from] std::io::Error),
    /// What must be zero was not.
    #[error("{calls} allocator calls on the worker, allowed: 0")]
    Allocated {
        /// Calls counted.
        calls: u64,
    },
}

impl BenchError {
    /// Whether other flags are needed.
    pub fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Core { .. })
    }
}

/// Measures and prints.
///
/// # Errors
/// [`BenchError`]; an allocation on the worker is one, after the figures are printed.
pub fn room(args: &RoomArgs) -> Result<(), BenchError> {
    check_core(args.core, &thread::allowed_cores())?;
    let report = measure(args)?;
    let text = if args.json {
        format!("{}\n", report.json())
    } else {
        report.to_string()
    };
    output::print(&text).map_err(BenchError::Output)?;
    match report.allocations {
        0 => Ok(()),
        calls => Err(BenchError::Allocated { calls }),
    }
}

/// A worker elsewhere than asked for would be measured as if it had the core.
fn check_core(core: Option<usize>, allowed: &[usize]) -> Result<(), BenchError> {
    match core.filter(|core| !allowed.contains(core)) {
        None => Ok(()),
        Some(actual) => Err(BenchError::Core {
            actual,
            allowed: config::list(allowed),
        }),
    }
}

fn measure(args: &RoomArgs) -> Result<Report, BenchError> {
    // L16 at 48 kHz fits a packet box at 10 ms only (D16).
    let ptime = args.codec.max_ptime().min(Duration::from_millis(20));
    let engine = Engine::start(EngineConfig {
        // Room for all of them on any worker, while they are being spread.
        capacity_legs: (args.legs * args.workers) as usize,
        capacity_rooms: args.rooms as usize,
        workers: args.workers as usize,
        cores: args.core.into_iter().collect(),
        priority: Some(PRIORITY),
        lock_memory: true,
        name: WORKER.into(),
        ..EngineConfig::default()
    })?;
    let workers = worker_threads(args.workers)?;
    alloc::watch(&workers);
    let legs = join(&engine, args, ptime)?;
    spread(&legs, args.workers as usize)?;

    let stop = Arc::new(AtomicBool::new(false));
    let callers = start_callers(&engine, &legs, args, ptime, &stop)?;
    let clock = MonotonicClock;
    clock.sleep_until(clock.now() + WARM_UP);
    let before = cpu_time(&workers)?;
    let from = clock.now();
    let first = engine.status()?;
    clock.sleep_until(from + Duration::from_secs(args.seconds.into()));
    let cpu = cpu_time(&workers)? - before;
    let elapsed = clock.now() - from;
    let last = engine.status()?;
    let allocations = alloc::calls();

    stop.store(true, Ordering::Relaxed);
    let (traffic, link) = callers
        .join()
        .map_err(|_| BenchError::Callers("their thread panicked".into()))?;
    engine.shutdown();
    drop(link);
    let run = Run {
        legs: args.legs,
        rooms: args.rooms,
        codec: args.codec.to_string(),
        ptime,
        elapsed,
        cpu,
    };
    Ok(Report::new(run, &first, &last, traffic, allocations))
}

/// The threads of the workers; the engine numbers them when there are several.
fn worker_threads(count: u32) -> Result<Vec<Task>, BenchError> {
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

/// CPU time of all of them.
fn cpu_time(threads: &[Task]) -> Result<Duration, BenchError> {
    let each = threads.iter().map(|thread| thread.cpu_time());
    Ok(each.sum::<Result<_, _>>()?)
}

/// Puts leg *n* on worker *n* modulo their number, a few at a time.
fn spread(legs: &[Leg], workers: usize) -> Result<(), BenchError> {
    let clock = MonotonicClock;
    for (n, leg) in legs.iter().enumerate().filter(|_| workers > 1) {
        while let Err(busy) = leg.move_to(n % workers) {
            if busy.class() != Class::Transient {
                return Err(busy.into());
            }
            clock.sleep_until(clock.now() + Duration::from_millis(5));
        }
    }
    Ok(())
}

/// The rooms with all their legs.
fn join(engine: &Engine, args: &RoomArgs, ptime: Duration) -> Result<Vec<Leg>, BenchError> {
    let rooms: Result<Vec<_>, EngineError> = (0..args.rooms)
        .map(|n| engine.create_room(RoomConfig::new(format!("bench-{n}"))))
        .collect();
    let rooms = rooms?;
    let network = || NetworkConfig {
        ptime,
        ..NetworkConfig::new(args.codec, payload_type(args.codec))
    };
    let legs: Result<Vec<_>, EngineError> = (0..args.legs)
        .map(|n| rooms[n as usize % rooms.len()].join(LegConfig::network(network())))
        .collect();
    Ok(legs?)
}

fn start_callers(
    engine: &Engine,
    legs: &[Leg],
    args: &RoomArgs,
    ptime: Duration,
    stop: &Arc<AtomicBool>,
) -> Result<thread::RtThread<(callers::Traffic, talkpath_engine::ShardLink)>, BenchError> {
    let link = engine
        .take_shard_link()
        .ok_or_else(|| BenchError::Callers("the shard's link is taken".into()))?;
    let talk = Talk {
        payload_type: payload_type(args.codec),
        ptime,
        ticks: args.codec.rate().samples_in(ptime).0,
    };
    let voices = Voices::encode(args.codec, ptime)?;
    let ids: Vec<_> = legs.iter().map(Leg::id).collect();
    let callers = Callers::new(link, &ids, talk, voices);
    let placement = Placement {
        name: "bench-callers".into(),
        core: thread::allowed_cores().first().copied(),
        priority: Some(PRIORITY - 1),
    };
    let stop = stop.clone();
    thread::spawn(placement, move |_| callers.run(&stop))
        .map_err(|e| BenchError::Callers(e.to_string()))
}

fn payload_type(codec: Codec) -> u8 {
    codec.static_payload_type().unwrap_or(DYNAMIC_PAYLOAD_TYPE)
}
