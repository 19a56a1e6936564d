//! What happens while it is measured: nothing, joins and leaves, legs that go from worker to worker or change plan, or legs that
//! ask to join although there is no room.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use talkpath_engine::{Class, EngineError};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::error::BenchError;
use super::ramp::Queue;
use super::scenario::During;
use super::seats::Seats;
use super::swaps::Swaps;

/// Seats of `churn` that are empty at a time, if there are so many.
const VACANT: usize = 8;

/// What was done. What is still under way at the end counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    /// Legs that joined.
    pub joins: u64,
    /// Legs that left.
    pub leaves: u64,
    /// Legs sent to another worker.
    pub moves: u64,
    /// Plans of legs that were changed.
    pub swaps: u64,
    /// What the engine refused, for the moment or for want of room.
    pub refused: u64,
}

/// Does it, for `span`.
pub(super) fn act(
    during: During,
    seats: &mut Seats<'_>,
    queue: &mut Queue,
    span: Duration,
) -> Result<Done, BenchError> {
    let clock = MonotonicClock;
    let end = clock.now() + span;
    let mut done = Done::default();
    match during {
        During::Nothing => clock.sleep_until(end),
        During::Churn(rate) => {
            let mut churn = Churn::new(seats);
            // A leave and a join in turns.
            every(Duration::from_secs(1) / (2 * rate), end, |n| {
                churn.step(n, seats, &mut done)
            })?;
            churn.fill(seats)?;
        }
        During::Overload(rate) => {
            queue.offer(rate, end, seats)?;
            (done.joins, done.refused) = (queue.joined, queue.refused);
        }
        During::Swap(rate) => {
            let mut swaps = Swaps::new(seats.scenario);
            every(Duration::from_secs(1) / rate, end, |n| {
                swaps.step(n as usize, seats, &mut done)
            })?;
        }
        During::Migrate(rate) => {
            let legs = seats.scenario.legs();
            every(Duration::from_secs(1) / rate, end, |n| {
                migrate(n as usize % legs, n as usize / legs, seats, &mut done)
            })?;
        }
    }
    Ok(done)
}

/// `step` at every `period` until `end`, on absolute time: what took long is made up for.
fn every(
    period: Duration,
    end: Duration,
    mut step: impl FnMut(u32) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let clock = MonotonicClock;
    let begin = clock.now();
    for n in 0.. {
        let due = begin + period * n;
        if due >= end {
            break;
        }
        clock.sleep_until(due);
        step(n)?;
    }
    clock.sleep_until(end);
    Ok(())
}

/// The seats that come and go, and those that are empty.
struct Churn {
    taken: VecDeque<usize>,
    vacant: VecDeque<usize>,
}

impl Churn {
    fn new(seats: &Seats<'_>) -> Self {
        Self {
            taken: seats.scenario.loose().into(),
            vacant: VecDeque::new(),
        }
    }

    /// The leg that is there longest leaves; the seat that is empty longest is taken.
    fn step(&mut self, n: u32, seats: &mut Seats<'_>, done: &mut Done) -> Result<(), BenchError> {
        if n.is_multiple_of(2) {
            if let Some(seat) = self.taken.pop_front() {
                done.leaves += u64::from(seats.leave(seat)?);
                self.vacant.push_back(seat);
            }
            return Ok(());
        }
        let enough = self.vacant.len() >= VACANT || self.taken.is_empty();
        if enough && let Some(seat) = self.vacant.pop_front() {
            match seats.join(seat) {
                Ok(()) => {
                    done.joins += 1;
                    self.taken.push_back(seat);
                }
                Err(BenchError::Engine(no)) if is_for_now(&no) => {
                    done.refused += 1;
                    self.vacant.push_front(seat);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Nobody is missing in what comes after.
    fn fill(&mut self, seats: &mut Seats<'_>) -> Result<(), BenchError> {
        while let Some(seat) = self.vacant.pop_front() {
            seats.join(seat)?;
        }
        Ok(())
    }
}

/// Leg `seat` goes one worker on; it has made `turns` of them.
fn migrate(
    seat: usize,
    turns: usize,
    seats: &mut Seats<'_>,
    done: &mut Done,
) -> Result<(), BenchError> {
    let workers = seats.scenario.workers;
    let Some(leg) = seats.leg(seat) else {
        return Ok(());
    };
    match leg.move_to((seat + turns + 1) % workers) {
        Ok(()) => done.moves += 1,
        Err(no) if is_for_now(&no) => done.refused += 1,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Whether it may succeed later.
pub(super) fn is_for_now(error: &EngineError) -> bool {
    matches!(error.class(), Class::Transient | Class::Capacity)
}
