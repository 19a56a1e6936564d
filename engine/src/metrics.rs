//! The status as a list of numbers with their meaning: one row per counter.
//!
//! `docs/counters.md` explains each; adding a counter means adding a row to `worker`, `engine` or `times`, and there.

use crate::status::{Counter, Status};

use engine::ENGINE;
use times::TIMES;
use worker::WORKER;

mod engine;
mod times;
mod worker;

/// All rows. Worker counters are summed, worker times are those of the worst.
pub(crate) fn counters(status: &Status) -> Vec<Counter> {
    let workers = &status.workers;
    let of_engine = ENGINE.iter().map(|&(name, help, grows, of)| {
        let value = of(status) as f64;
        Counter {
            name,
            help,
            value,
            grows,
        }
    });
    let of_worker = WORKER.iter().map(|&(name, help, of)| {
        let value = workers
            .iter()
            .map(|worker| of(&worker.counters))
            .sum::<u64>() as f64;
        Counter {
            name,
            help,
            value,
            grows: true,
        }
    });
    let measured = TIMES.iter().map(|&(name, help, of)| {
        let value = workers.iter().map(of).fold(0.0, f64::max) / 1e6;
        Counter {
            name,
            help,
            value,
            grows: false,
        }
    });
    let busy = workers
        .iter()
        .map(|worker| worker.counters.busy.as_secs_f64())
        .sum();
    let late = workers.iter().map(|worker| worker.late_slots).sum::<u64>() as f64;
    let single = [
        Counter {
            name: "worker_busy_seconds_total",
            help: "Time spent in steps",
            value: busy,
            grows: true,
        },
        Counter {
            name: "worker_late_slots_total",
            help: "Slots that ended too late",
            value: late,
            grows: true,
        },
        Counter {
            name: "uptime_seconds",
            help: "Since the engine's start",
            value: status.uptime,
            grows: false,
        },
    ];
    of_engine
        .chain(of_worker)
        .chain(measured)
        .chain(single)
        .collect()
}
