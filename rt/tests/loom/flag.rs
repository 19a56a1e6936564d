//! A thread that is told to stop by a flag, which orders nothing, and is joined: it stops, and whoever joined it has all
//! it did.

use crate::{Seen, explore};
use loom::cell::UnsafeCell;
use std::sync::Arc;
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::weaken::Weak;

/// What a worker works on, until it is taken from it.
struct State(UnsafeCell<u32>);

impl State {
    fn turn(&self) {
        // SAFETY: the worker has it; loom checks that nobody else reads or writes now.
        self.0.with_mut(|turns| unsafe { *turns += 1 });
    }

    fn turns(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|turns| unsafe { *turns })
    }
}

/// `joins`: whether who stops the worker waits for its end before it takes the state.
fn model(joins: bool) {
    let seen = Seen::new(&["stopped before it began", "stopped after a turn"]);
    let outcomes = seen.clone();
    explore(Weak::Sound, move || {
        let state = Arc::new(State(UnsafeCell::new(0)));
        let stop = Flag::new();
        let (sign, own) = (stop.clone(), Arc::clone(&state));
        let worker = loom::thread::spawn(move || {
            let mut made = 0;
            while !sign.is_raised() {
                own.turn();
                made += 1;
                loom::thread::yield_now();
            }
            made
        });
        stop.raise();
        let joined = joins.then(|| worker.join().unwrap());
        let turns = state.turns();
        if let Some(made) = joined {
            assert_eq!(turns, made, "all of its turns");
        }
        outcomes.mark(match turns {
            0 => "stopped before it began",
            _ => "stopped after a turn",
        });
    });
    seen.all();
}

#[test]
fn who_stops_a_thread_and_joins_it_has_all_it_did() {
    model(true);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_flag_alone_is_noticed() {
    model(false);
}
