//! One run from its first thread to its last: start, join, warm up, measure, stop.

use std::time::Duration;

use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::Obtained;

use super::dist::Dist;
use super::during::{Done, act};
use super::environment::Environment;
use super::error::BenchError;
use super::floor::{self, Taken};
use super::phones::{Heard, Order};
use super::place::Places;
use super::ramp::{Overload, Queue, counted};
use super::reference::BareLoop;
use super::report::Report;
use super::scenario::{During, Scenario};
use super::seats::Seats;
use super::server::Server;
use super::window::Window;
use callers::{apart, beside};

mod callers;

/// Time given to joins, start-up delays of the jitter buffers and first-touched memory.
const WARM_UP: Duration = Duration::from_millis(1_500);
/// The end of a window waits for the workers' word, which comes on the second and is seen some time after: what happens ends so
/// much before it, or a busy supervisor made the window a second longer than was asked.
const EARLY: Duration = Duration::from_millis(250);
/// The bare loop that mixes runs so long at most, before and after.
const FLOOR: Duration = Duration::from_secs(10);
/// One measured stretch: what the server and what the phones say of it.
pub(super) struct Stretch {
    /// Legs at its end.
    pub legs: usize,
    pub server: Window,
    pub phones: Heard,
    pub done: Done,
}

/// Everything a report is made of.
pub(super) struct Outcome {
    /// Before anything happens, where something does.
    pub quiet: Option<Stretch>,
    pub measured: Stretch,
    /// How late the bare loop woke; `None` when it failed.
    pub bare: Option<Dist>,
    pub cores: Vec<Option<usize>>,
    pub priorities: Vec<Option<u8>>,
    pub warnings: Vec<String>,
    /// None without sockets, or where the shard may be anywhere.
    pub shard_core: Option<usize>,
    pub phones_core: Option<usize>,
    /// In `overload` only.
    pub overload: Option<Overload>,
    /// What the bare loop that mixes took, before and after.
    pub floor: Option<(Taken, Taken)>,
    pub environment: Environment,
}

/// Runs the scenario.
pub(super) fn run(scenario: &Scenario) -> Result<Report, BenchError> {
    let mut environment = Environment::before();
    let places = Places::new(scenario, &environment.cores_allowed);
    let floor_before = floor(scenario, &places)?;
    let mut server = Server::start(scenario, &places)?;
    if let Some(worker) = server.first_worker() {
        environment.look_at(worker);
    }
    let desk = match scenario.common.sockets {
        false => beside(scenario, &server, &places)?,
        // The process inherits our cores, before they become those of the server.
        true => {
            let desk = apart(scenario, server.engine.base(), &places)?;
            server.open(&places)?;
            desk
        }
    };
    let phones_core = desk.place.core;
    let mut seats = Seats::new(scenario, &server.engine, server.net.clone(), desk)?;
    let mut queue = Queue::default();
    match scenario.during {
        During::Overload(rate) => queue.begin(rate as usize, &mut seats)?,
        _ => seats.fill()?,
    }
    let clock = MonotonicClock;
    clock.sleep_until(clock.now() + WARM_UP);

    let base = server.engine.base();
    let core = server
        .engine
        .workers()
        .first()
        .and_then(|worker| worker.core);
    let bare = BareLoop::start(base, core, Some(places.bare_priority))?;
    let span = Duration::from_secs(scenario.common.seconds.into());
    let mut pairs = Vec::new();
    let quiet = (scenario.during != During::Nothing).then_some(During::Nothing);
    for during in quiet.into_iter().chain([scenario.during]) {
        if let During::Overload(rate) = during {
            queue.ramp(rate, &mut seats, &server)?;
        }
        let first = server.moment()?;
        seats.desk.tell(Order::Window)?;
        let done = act(during, &mut seats, &mut queue, span.saturating_sub(EARLY))?;
        let last = server.moment()?;
        // What lies between two stretches is nobody's.
        seats.desk.tell(Order::Window)?;
        pairs.push((first, last, done, seats.seated()));
    }
    let bare = bare.finish();
    let (heard, rings) = seats.desk.finish()?;
    let workers = server.engine.workers().to_vec();
    let mut overload = matches!(scenario.during, During::Overload(_)).then_some(queue.told);
    if let (Some(overload), Some((first, last, ..))) = (&mut overload, pairs.last()) {
        overload.counters = counted(&first.status, &last.status);
    }
    let warnings = warnings(&workers);
    let shard_core = server.net.as_ref().and_then(|net| net.status().core);
    let send_wait = server.send_wait();
    server.shutdown(&environment.cores_allowed)?;
    // They must outlive the worker.
    drop(rings);
    let floor_after = floor(scenario, &places)?;
    environment.after();

    // The warm-up was heard first, and something between any two stretches.
    let heard = heard.into_iter().skip(1).step_by(2);
    let mut stretches: Vec<Stretch> = pairs
        .into_iter()
        .zip(heard)
        .map(|((first, last, done, legs), phones)| Stretch {
            legs,
            server: first.until(&last, send_wait),
            phones,
            done,
        })
        .collect();
    let Some(measured) = stretches.pop() else {
        return Err(BenchError::Phones("they told of no window".into()));
    };
    let outcome = Outcome {
        quiet: stretches.pop(),
        measured,
        bare,
        cores: workers.iter().map(|worker| worker.core).collect(),
        priorities: workers.iter().map(|worker| worker.priority).collect(),
        warnings,
        shard_core,
        phones_core,
        overload,
        floor: floor_before.zip(floor_after),
        environment,
    };
    Ok(Report::new(scenario, outcome))
}

/// The bare loop that mixes, where it is asked for.
fn floor(scenario: &Scenario, places: &Places) -> Result<Option<Taken>, BenchError> {
    if !scenario.common.floor {
        return Ok(None);
    }
    let desk = apart(scenario, MonotonicClock.now(), places)?;
    let span = Duration::from_secs(scenario.common.seconds.into()).min(FLOOR);
    floor::run(scenario, desk, places, span).map(Some)
}

/// What the workers wanted and did not get, each once.
fn warnings(workers: &[Obtained]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for warning in workers.iter().flat_map(|worker| &worker.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    warnings
}
