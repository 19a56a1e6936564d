//! Chunks of two through two places: aborted, refused, published.

use crate::{Seen, explore, wait_for};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::ring::{Producer, ring};

/// Starts a chunk and gives up after its first item.
fn abort(tx: &mut Producer<u32>) {
    let items = [90, 91].into_iter().inspect(|&item| {
        if item == 91 {
            // Unwinds without the panic hook's message in every execution.
            resume_unwind(Box::new("aborted"));
        }
    });
    let chunk = AssertUnwindSafe(|| tx.push_all(items).is_ok());
    assert!(catch_unwind(chunk).is_err(), "the chunk was not aborted");
}

fn model(weak: Weak) {
    let seen = Seen::new(&["none", "all", "aborted", "refused"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut tx, mut rx) = ring(2);
        let seen = outcomes.clone();
        let writer = loom::thread::spawn(move || {
            abort(&mut tx);
            seen.mark("aborted");
            for first in [0, 2] {
                let mut items = [first, first + 1].into_iter();
                while let Err(back) = tx.push_all(items) {
                    assert_eq!(back.len(), 2);
                    seen.mark("refused");
                    items = back;
                    loom::thread::yield_now();
                }
            }
        });
        for first in [0, 2] {
            wait_for(|| match rx.len() {
                0 => {
                    outcomes.mark("none");
                    None
                }
                2 => {
                    outcomes.mark("all");
                    Some(())
                }
                part => panic!("{part} of a chunk seen"),
            });
            let mut chunk = [99; 2];
            assert!(rx.pop_slice(&mut chunk));
            assert_eq!(chunk, [first, first + 1]);
        }
        writer.join().unwrap();
    });
    seen.all();
}

#[test]
fn all_or_none() {
    model(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_take_is_noticed() {
    model(Weak::Take);
}
