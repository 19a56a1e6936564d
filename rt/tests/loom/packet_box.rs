//! An inventory of two boxes carries three packets, and all boxes come home.

use crate::{Seen, explore, wait_for};
use loom::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use talkpath_rt::boxes::boxes;
use talkpath_rt::ring::weaken::Weak;

/// A packet whose contents loom watches and whose end is counted.
struct Packet {
    contents: UnsafeCell<u32>,
    freed: Arc<AtomicUsize>,
}

impl Packet {
    fn write(&mut self, value: u32) {
        // SAFETY: `&mut self`; loom checks that it really is exclusive.
        self.contents
            .with_mut(|contents| unsafe { *contents = value });
    }

    fn read(&self) -> u32 {
        // SAFETY: writing takes `&mut self`; loom checks that nobody does.
        self.contents.with(|contents| unsafe { *contents })
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

fn model(weak: Weak) {
    let seen = Seen::new(&["empty inventory", "stock", "returned"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let freed = Arc::new(AtomicUsize::new(0));
        let make = || Packet {
            contents: UnsafeCell::new(99),
            freed: Arc::clone(&freed),
        };
        let (mut lender, mut borrower) = boxes(2, make);
        let seen = outcomes.clone();
        let shard = loom::thread::spawn(move || {
            for value in 0..3 {
                let mut packet = wait_for(|| {
                    let taken = lender.take();
                    seen.mark(match &taken {
                        None => "empty inventory",
                        Some(packet) if packet.read() == 99 => "stock",
                        Some(_) => "returned",
                    });
                    taken
                });
                packet.write(value);
                lender.send(packet).expect("the ring holds the inventory");
            }
            lender
        });
        for expected in 0..3 {
            let mut packet = wait_for(|| borrower.recv());
            assert_eq!(packet.read(), expected);
            packet.write(expected + 10);
            borrower
                .give_back(packet)
                .expect("the ring holds the inventory");
        }
        let lender = shard.join().unwrap();
        assert_eq!((lender.available(), borrower.waiting()), (2, 0));
        assert_eq!(freed.load(Ordering::Relaxed), 0);
        drop((lender, borrower));
        assert_eq!(freed.load(Ordering::Relaxed), 2);
    });
    seen.all();
}

#[test]
fn the_inventory_stays_whole() {
    model(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit);
}
