//! loom models of talkpath's protocols, over the mirror ring. Run them with `scripts/loom`.
//!
//! Each model is explored for every interleaving and every value a Relaxed load may return, up to
//! the preemption bound; it asserts that the outcomes it names did occur; and it is shown to fail
//! once the Release it rests on is weakened. Threads wait by yielding: a model that only tries can
//! miss a wrong ordering.
//!
//! | module | property | seen as well | fails without the Release of |
//! |---|---|---|---|
//! | `push_pop` | first in, first out; nothing lost or torn | full, empty | commit, take |
//! | `chunk` | the reader sees all of a chunk or none | abort half way, refusal | commit, take |
//! | `packet_box` | a fixed inventory, none lost or doubled | empty inventory | commit |
//! | `slot_reuse` | no access through a stale generation | a stale ack, a full ring, nothing to apply | commit, take |
//! | `garbage` | each box freed once, by control, room reserved before | a deferral, none | commit, take |
//! | `partial_exchange` | never a partial of another slot, each box back home | late, missing, ahead, unsent | commit |
//! | `partial_exchange::membership` | never a partial of another membership | same, another, late | commit |
//! | `migration` | a strand runs once a period on one worker; no state or packet lost or doubled | late arrival, a packet forwarded, one that waited, a full mesh | commit, take |
//! | `statistics` | no record lost or doubled | swap while recording, no empty at hand | commit |
//! | `replacement` | nothing of a replaced worker is heard after the change; each packet sent once or found behind it | all, some and none of them sent before | commit |
//! | `abandon` | who sees that the other end is gone sees all it did | not gone yet | abandon |
//! | `flag` | who stops a thread by a flag and joins it has all it did | stopped before it began, after a turn | no Release: fails without the join |
//! | `shutdown` | all boxes dropped, memory freed off the worker | both drop orders | abandon, commit |

#![cfg(loom)]

mod abandon;
mod chunk;
mod flag;
mod garbage;
mod migration;
mod packet_box;
mod partial_exchange;
mod push_pop;
mod replacement;
mod shutdown;
mod slot_reuse;
mod statistics;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use talkpath_rt::ring::weaken::{self, Weak};

/// Explores `model` with rings that are `weak`.
fn explore(weak: Weak, model: impl Fn() + Send + Sync + 'static) {
    weaken::rings(weak);
    loom::model(model);
}

/// Outcomes that have to occur in some execution of a model. Not part of what is modelled.
#[derive(Clone)]
struct Seen(Arc<[(&'static str, AtomicBool)]>);

impl Seen {
    fn new(outcomes: &[&'static str]) -> Self {
        let unseen = |&name| (name, AtomicBool::new(false));
        Self(outcomes.iter().map(unseen).collect())
    }

    fn mark(&self, outcome: &str) {
        let found = self.0.iter().find(|(name, _)| *name == outcome);
        found
            .expect("the outcome is on the list")
            .1
            .store(true, Ordering::Relaxed);
    }

    /// Panics unless every outcome occurred.
    fn all(&self) {
        for (name, seen) in self.0.iter() {
            assert!(seen.load(Ordering::Relaxed), "never seen: {name}");
        }
    }
}

/// Calls `attempt` until it gives something, letting the other threads run in between.
fn wait_for<R>(mut attempt: impl FnMut() -> Option<R>) -> R {
    loop {
        match attempt() {
            Some(result) => return result,
            None => loom::thread::yield_now(),
        }
    }
}
