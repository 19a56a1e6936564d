//! One writer, one reader, three items through two places.

use crate::{Seen, explore, wait_for};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::ring::{Full, ring};

fn model(weak: Weak) {
    let seen = Seen::new(&["full", "empty"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut tx, mut rx) = ring(2);
        let seen = outcomes.clone();
        let writer = loom::thread::spawn(move || {
            for item in 0..3 {
                let mut item = Box::new(item);
                while let Err(Full(back)) = tx.push(item) {
                    seen.mark("full");
                    item = back;
                    loom::thread::yield_now();
                }
            }
        });
        for expected in 0..3 {
            let item = wait_for(|| {
                let item = rx.pop();
                if item.is_none() {
                    outcomes.mark("empty");
                }
                item
            });
            assert_eq!(*item, expected);
        }
        assert_eq!(rx.pop(), None);
        writer.join().unwrap();
    });
    seen.all();
}

#[test]
fn first_in_first_out() {
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
