//! Shutdown: the ends come home through the join; and what holds even when an end is just dropped.

use crate::{Seen, explore};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use talkpath_rt::ring::ring;
use talkpath_rt::ring::weaken::Weak;

/// A value in flight that counts where it ended.
struct InFlight {
    control: loom::thread::ThreadId,
    ended: Arc<Ended>,
}

#[derive(Default)]
struct Ended {
    on_control: AtomicUsize,
    elsewhere: AtomicUsize,
}

impl Ended {
    fn counts(&self) -> (usize, usize) {
        let here = self.on_control.load(Ordering::Relaxed);
        (here, self.elsewhere.load(Ordering::Relaxed))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // The model has failed already.
        }
        let count = if loom::thread::current().id() == self.control {
            &self.ended.on_control
        } else {
            &self.ended.elsewhere
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn in_flight(ended: &Arc<Ended>) -> Box<InFlight> {
    Box::new(InFlight {
        control: loom::thread::current().id(),
        ended: Arc::clone(ended),
    })
}

/// talkpath's shutdown: the worker hands its ends to the joiner and drops nothing. Control drops its
/// own ends before or after; two boxes are still in the rings.
fn ends_come_home(weak: Weak) {
    let seen = Seen::new(&["own end first", "own end last", "moved on", "left behind"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        for own_first in [true, false] {
            let ended = Arc::new(Ended::default());
            let (mut commands, mut waiting) = ring(2);
            let (mut garbage, freed) = ring(2);
            let worker = loom::thread::spawn(move || {
                // One step: whatever is there becomes garbage.
                if let Some(body) = waiting.pop() {
                    garbage.push(body).map_err(|_| ()).expect("room for two");
                }
                (waiting, garbage)
            });
            for _ in 0..2 {
                let body = in_flight(&ended);
                commands.push(body).map_err(|_| ()).expect("room for two");
            }
            if own_first {
                drop((commands, freed));
                outcomes.mark("own end first");
                drop(worker.join().unwrap());
            } else {
                drop(worker.join().unwrap());
                outcomes.mark(match freed.len() {
                    0 => "left behind",
                    _ => "moved on",
                });
                drop((commands, freed));
                outcomes.mark("own end last");
            }
            assert_eq!(ended.counts(), (2, 0));
        }
    });
    seen.all();
}

/// The ring's own guarantee: whichever end is dropped last, on whatever thread, each value ends once.
fn ends_are_dropped(weak: Weak) {
    let seen = Seen::new(&["by the writer", "by the reader"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let ended = Arc::new(Ended::default());
        let (mut tx, rx) = ring(2);
        let other = loom::thread::spawn(move || drop(rx));
        for _ in 0..2 {
            let body = in_flight(&ended);
            tx.push(body).map_err(|_| ()).expect("room for two");
        }
        drop(tx);
        other.join().unwrap();
        match ended.counts() {
            (2, 0) => outcomes.mark("by the writer"),
            (0, 2) => outcomes.mark("by the reader"),
            other => panic!("values ended {other:?} times"),
        }
    });
    seen.all();
}

#[test]
fn memory_is_freed_off_the_worker() {
    ends_come_home(Weak::Sound);
}

#[test]
fn the_last_end_drops_what_is_left() {
    ends_are_dropped(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    ends_come_home(Weak::Commit);
}

/// Without its Release the last end may not see what the first one wrote, and leaks it.
#[test]
#[should_panic(expected = "values ended (0, 0) times")]
fn weakened_abandon_is_noticed() {
    ends_are_dropped(Weak::Abandon);
}
