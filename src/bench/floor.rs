//! The floor under a room's figures: the least any program can do for N phones that hear each other.
//!
//! A bare loop on the first worker's core takes every phone's packet, decodes µ-law by table, adds it to the bus of its
//! room, takes the phone's own part out of the last full bus, encodes and sends: 50 times a second, each phone at a moment
//! of its own. No jitter buffer, no limiter, no check of what came. Sockets, phones and speech are those of the run it is
//! put beside, so the ratio is what the engine costs more.

use std::io;
use std::time::Duration;

use serde::Serialize;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{self, Placement, Task};

use super::error::BenchError;
use super::phones::{Desk, Order, Way, heard_ssrc};
use super::place::Places;
use super::scenario::Scenario;
use served::Floor;

mod served;

const THREAD: &str = "bench-floor";
/// Given to start-up.
const WARM_UP: Duration = Duration::from_millis(500);

/// What the loop took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Taken {
    /// CPU time of the loop's thread for one phone's second, in milliseconds.
    pub cpu_ms_per_leg_second: f64,
    /// Packets that came of those that were sent in sequence, in percent.
    pub received_percent: f64,
}

/// Runs the loop for `span` with phones in a process of their own.
pub(super) fn run(
    scenario: &Scenario,
    mut desk: Desk,
    places: &Places,
    span: Duration,
) -> Result<Taken, BenchError> {
    let legs = scenario.legs();
    thread::raise_nofile(legs as u64 + 64);
    let phone = |seat| desk.address(seat);
    let floor = Floor::new(scenario, phone).map_err(|why| BenchError::Phones(why.to_string()))?;
    let ways = floor.ways()?;
    let stop = Flag::new();
    let stopped = stop.clone();
    let placement = Placement {
        name: THREAD.into(),
        core: places.workers.first().copied(),
        priority: Some(places.worker_priority),
    };
    let thread = thread::spawn(placement, move |_| floor.run(&MonotonicClock, &stopped))?;
    let clock = MonotonicClock;
    for (seat, way) in ways.into_iter().enumerate() {
        desk.tell(Order::Connect {
            seat,
            way: Way::Socket(way),
            talk: 0,
            hears: heard_ssrc(seat, 1),
            asked: clock.now(),
        })?;
    }
    clock.sleep_until(clock.now() + WARM_UP);
    let task = Task::named(THREAD).ok_or_else(|| io::Error::other("no thread of that name"))?;
    desk.tell(Order::Window)?;
    let (before, from) = (task.cpu_time()?, clock.now());
    clock.sleep_until(from + span);
    let (after, to) = (task.cpu_time()?, clock.now());
    let (heard, _) = desk.finish()?;
    stop.raise();
    let floor = thread.join();
    floor.map_err(|_| BenchError::Phones("the bare loop panicked".into()))?;
    let heard = heard.last().cloned().unwrap_or_default();
    let in_sequence = (heard.received + heard.missing).max(1);
    Ok(Taken {
        cpu_ms_per_leg_second: 1e3 * (after - before).as_secs_f64()
            / (to - from).as_secs_f64()
            / legs as f64,
        received_percent: 100.0 * heard.received as f64 / in_sequence as f64,
    })
}
