//! The status as a list of numbers with their meaning: one row per counter.
//!
//! `docs/counters.md` explains each; adding a counter means adding a row to `each`, `worker`, `engine` or `times`, and there.

use crate::status::{Counter, Status};

use each::EACH;
use engine::ENGINE;
use times::TIMES;
use worker::WORKER;

mod each;
mod engine;
mod times;
mod worker;

/// All rows. Worker counters are summed, worker times are those of the worst.
pub(crate) fn counters(status: &Status) -> Vec<Counter> {
    let workers = &status.workers;
    let counter = |name, help, grows, value| Counter {
        name,
        help,
        value,
        of_workers: Vec::new(),
        grows,
    };
    let of_engine = ENGINE
        .iter()
        .map(|&(name, help, grows, of)| counter(name, help, grows, of(status) as f64));
    let of_worker = WORKER.iter().map(|&(name, help, of)| {
        let sum: u64 = workers.iter().map(|worker| of(&worker.counters)).sum();
        counter(name, help, true, sum as f64)
    });
    let of_each = EACH.iter().map(|&(name, help, of)| {
        let of_workers: Vec<_> = workers.iter().map(of).collect();
        let sum = of_workers.iter().sum();
        Counter {
            of_workers,
            ..counter(name, help, true, sum)
        }
    });
    let measured = TIMES.iter().flatten().map(|&(name, help, of)| {
        let worst = workers.iter().map(of).fold(0.0, f64::max);
        counter(name, help, false, worst / 1e6)
    });
    let uptime = counter(
        "uptime_seconds",
        "Since the engine's start",
        false,
        status.uptime,
    );
    of_engine
        .chain(of_each)
        .chain(of_worker)
        .chain(measured)
        .chain([uptime])
        .collect()
}
