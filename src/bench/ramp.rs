//! `overload`: legs join until the engine refuses, and then go on asking.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use talkpath_edge::net::NetError;
use talkpath_engine::Status;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::during::is_for_now;
use super::error::BenchError;
use super::seats::Seats;
use super::server::Server;

/// So many refusals in a row, and it is said to be full.
const FULL: u32 = 10;
/// Counters of the engine that speak of overload, by parts of their names.
const SPEAKS_OF: [&str; 5] = ["refused", "shed", "governor", "late", "displaced"];

/// One second of joining.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    /// Seconds of joining at its end.
    pub second: f64,
    /// Legs at its end.
    pub legs: usize,
    /// Slots that ended late, in percent.
    pub late_percent: f64,
    pub busy_p99_us: f64,
    /// Part of one core that the workers' threads used together, in percent.
    pub worker_cpu_percent: f64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Overload {
    /// Legs that were to join.
    pub offered: usize,
    /// Legs there were when the first was refused, or all there are.
    pub admitted: usize,
    /// What the engine said to the first one it refused.
    pub refusal: Option<String>,
    pub ramp: Vec<Step>,
    /// Counters of the engine that speak of overload, over the measured stretch; those that stand still are left out.
    pub counters: BTreeMap<&'static str, f64>,
}

/// Who comes next, and how it went.
#[derive(Default)]
pub(super) struct Queue {
    next: usize,
    in_a_row: u32,
    pub refused: u64,
    pub joined: u64,
    pub told: Overload,
}

impl Queue {
    /// `rate` legs a second, a second at a time, until so many are refused in a row or all have joined.
    pub(super) fn ramp(
        &mut self,
        rate: u32,
        seats: &mut Seats<'_>,
        server: &Server,
    ) -> Result<(), BenchError> {
        self.told.offered = seats.scenario.legs();
        let mut last = server.moment()?;
        let began = last.at;
        while self.in_a_row < FULL && self.next < seats.scenario.legs() {
            let end = MonotonicClock.now() + Duration::from_millis(950);
            self.offer(rate, end, seats)?;
            let now = server.moment()?;
            let window = last.until(&now, server.send_wait());
            let second = (now.at - began).as_secs_f64();
            let seconds = window.span.as_secs_f64();
            let cpu: Duration = window.workers.iter().sum();
            self.told.ramp.push(Step {
                second,
                legs: seats.seated(),
                late_percent: 100.0 * window.late_slots as f64 / window.slots.max(1) as f64,
                busy_p99_us: window.busy.at(0.99) as f64 / 1e3,
                worker_cpu_percent: 100.0 * cpu.as_secs_f64() / seconds,
            });
            last = now;
        }
        (self.refused, self.joined) = (0, 0);
        Ok(())
    }

    /// Legs ask to join, `rate` a second, until `end`; one that is refused asks again, in its turn.
    pub(super) fn offer(
        &mut self,
        rate: u32,
        end: Duration,
        seats: &mut Seats<'_>,
    ) -> Result<(), BenchError> {
        let clock = MonotonicClock;
        let begin = clock.now();
        for n in 0.. {
            let due = begin + Duration::from_secs(1) * n / rate;
            if due >= end || self.next >= seats.scenario.legs() {
                break;
            }
            clock.sleep_until(due);
            self.ask(seats)?;
        }
        clock.sleep_until(end);
        Ok(())
    }

    fn ask(&mut self, seats: &mut Seats<'_>) -> Result<(), BenchError> {
        match seats.join(self.next) {
            Ok(()) => {
                self.next += 1;
                self.joined += 1;
                self.in_a_row = 0;
                if self.told.refusal.is_none() {
                    self.told.admitted = seats.seated();
                }
            }
            Err(BenchError::Engine(no)) if is_for_now(&no) => self.count(&no),
            Err(BenchError::Net(no @ (NetError::Capacity { .. } | NetError::NoPort { .. }))) => {
                self.count(&no);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn count(&mut self, no: &dyn std::error::Error) {
        self.refused += 1;
        self.in_a_row += 1;
        self.told.refusal.get_or_insert_with(|| no.to_string());
    }

    /// The first ones join, uncounted.
    pub(super) fn begin(&mut self, count: usize, seats: &mut Seats<'_>) -> Result<(), BenchError> {
        while self.next < count.min(seats.scenario.legs()) && self.in_a_row < FULL {
            self.ask(seats)?;
        }
        Ok(())
    }
}

/// What the engine counted of overload between two moments.
pub(super) fn counted(first: &Status, last: &Status) -> BTreeMap<&'static str, f64> {
    let before: BTreeMap<_, _> = first.counters().map(|c| (c.name, c.value)).collect();
    last.counters()
        .filter(|counter| counter.grows && SPEAKS_OF.iter().any(|part| counter.name.contains(part)))
        .map(|c| (c.name, c.value - before.get(c.name).unwrap_or(&0.0)))
        .filter(|(_, value)| *value != 0.0)
        .collect()
}
