//! Whether calls are heard: every thread there, every worker stepping, the shard at work.
//!
//! Control side. Worker and shard tell their figures about once a second and are never asked, so "standing still" is
//! a counter that did not move between two looks while the clock did. The looks are those of whoever polls
//! `/health`; an idle server spends nothing on it.

use serde_json::json;
use talkpath_edge::http::Health;
use talkpath_edge::net::NetStatus;
use talkpath_engine::Status;

/// Figures come once a second, and one telling may be put off: longer than this is no delay any more.
const STILL: f64 = 2.5;

/// What keeps calls from being heard.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Unfit {
    /// A thread has ended.
    #[error("{0}")]
    Ended(&'static str),
    /// The supervisor is not there to be asked.
    #[error("the engine has stopped")]
    Stopped,
    /// Workers hang, and none is put in their place any more.
    #[error("{workers} workers stand still and are not replaced: {stuck} lost ones hang already")]
    NotReplaced {
        /// How many.
        workers: u64,
        /// Lost before them.
        stuck: u64,
    },
    /// A worker's thread is there, but its slots are not run.
    #[error(
        "worker {worker} stands still: no slot in {seconds:.1} s, expected one every {slot_us} µs"
    )]
    WorkerStill {
        /// Which one, from 0.
        worker: usize,
        /// Since its counter moved.
        seconds: f64,
        /// Length of a slot.
        slot_us: u64,
    },
    /// The shard's thread is there and has legs, but its slots are not run.
    #[error(
        "the thread of the media sockets stands still: no slot in {seconds:.1} s with {legs} legs attached"
    )]
    ShardStill {
        /// Since its counter moved.
        seconds: f64,
        /// Legs it should serve.
        legs: usize,
    },
}

/// A counter that ought to move, and when it last was seen to.
#[derive(Debug, Clone, Copy)]
struct Beat {
    count: u64,
    since: f64,
}

/// What earlier looks saw.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    workers: Vec<Option<Beat>>,
    shard: Option<Beat>,
}

impl Pulse {
    /// Looks at the figures of now. The first look has nothing to compare with and finds nobody still.
    pub(super) fn look(&mut self, engine: &Status, net: &NetStatus) -> Result<(), Unfit> {
        self.workers.resize(engine.workers.len(), None);
        let counts = &engine.supervisor;
        let mut found = match counts.workers_not_replaced {
            0 => Ok(()),
            workers => Err(Unfit::NotReplaced {
                workers,
                stuck: counts.workers_out,
            }),
        };
        for (worker, (beat, status)) in self.workers.iter_mut().zip(&engine.workers).enumerate() {
            let seconds = still(beat, status.counters.slots, engine.at);
            if seconds > STILL && found.is_ok() {
                found = Err(Unfit::WorkerStill {
                    worker,
                    seconds,
                    slot_us: engine.slot_us,
                });
            }
        }
        let legs = net.legs.len();
        if legs == 0 {
            // Idle slots of the shard are not counted.
            self.shard = None;
            return found;
        }
        let seconds = still(&mut self.shard, net.timing.slots, engine.at);
        if seconds > STILL {
            return found.and(Err(Unfit::ShardStill { seconds, legs }));
        }
        found
    }
}

/// Seconds since `count` was first seen as it is. A counter that fell belongs to somebody new.
fn still(beat: &mut Option<Beat>, count: u64, at: f64) -> f64 {
    match beat {
        Some(beat) if beat.count == count => at - beat.since,
        _ => {
            *beat = Some(Beat { count, since: at });
            0.0
        }
    }
}

/// The answer, from the outcome of a look.
pub(super) fn answer(found: Result<&Status, &Unfit>, calls: usize, draining: bool) -> Health {
    match found {
        Err(unfit) => Health::Failed {
            reason: unfit.to_string(),
        },
        Ok(_) if draining => Health::Draining,
        Ok(status) => {
            let figures = [
                ("version", json!(env!("CARGO_PKG_VERSION"))),
                ("uptime", json!(status.uptime)),
                ("workers", json!(status.workers.len())),
                ("rooms", json!(status.rooms.len())),
                ("legs", json!(status.legs())),
                ("calls", json!(calls)),
            ];
            let figures = figures.map(|(name, value)| (name.to_owned(), value));
            Health::Ok {
                figures: figures.into_iter().collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
