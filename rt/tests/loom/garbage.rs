//! Reserve before apply: two transactions of one piece of garbage each, room for one.

use crate::{Seen, explore, wait_for};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use talkpath_rt::command::{CommandRx, Next, Room, Txn, commands};
use talkpath_rt::outlet::{GarbageTx, garbage};
use talkpath_rt::ring::weaken::Weak;

/// A body that only control may free.
struct Body {
    freed: Arc<AtomicUsize>,
    control: loom::thread::ThreadId,
}

impl Drop for Body {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // The model has failed already.
        }
        assert_eq!(loom::thread::current().id(), self.control);
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

/// The worker: applies two transactions, each of which turns its body into garbage.
fn work(mut rx: CommandRx<Box<Body>>, mut garbage: GarbageTx<Box<Body>>) -> u64 {
    for _ in 0..2 {
        loop {
            let room = Room {
                garbage: garbage.vacant(),
                acks: 0,
            };
            if let Next::Txn(ops) = rx.next(0, room) {
                for body in ops {
                    garbage.push(body).map_err(|_| ()).expect("reserved");
                }
                break;
            }
            loom::thread::yield_now();
        }
    }
    rx.deferrals()
}

fn model(weak: Weak) {
    let seen = Seen::new(&["deferral", "no deferral"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let freed = Arc::new(AtomicUsize::new(0));
        let (mut tx, rx) = commands(4);
        let (garbage_tx, mut garbage_rx) = garbage(1);
        for _ in 0..2 {
            let body = Box::new(Body {
                freed: Arc::clone(&freed),
                control: loom::thread::current().id(),
            });
            let txn = Txn {
                ops: vec![body],
                not_before: 0,
                garbage: 1,
                acks: 0,
            };
            tx.submit(txn).expect("the ring holds both");
        }
        let worker = loom::thread::spawn(move || work(rx, garbage_tx));
        for expected in 1..=2 {
            drop(wait_for(|| garbage_rx.pop()));
            assert_eq!(freed.load(Ordering::Relaxed), expected);
        }
        match worker.join().unwrap() {
            0 => outcomes.mark("no deferral"),
            1 => outcomes.mark("deferral"),
            more => panic!("{more} deferrals of one transaction"),
        }
    });
    seen.all();
}

#[test]
fn control_frees_each_box_once() {
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
