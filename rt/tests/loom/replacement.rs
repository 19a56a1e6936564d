//! A worker hangs and another takes its place: the shard changes over to the new ring while the old worker may still write.
//!
//! What the old one writes is sent before the change or found behind it, never heard after it, and freed once, when its
//! thread has come home.

use crate::{Seen, explore, wait_for};
use loom::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::ring::{Consumer, ring};

/// A packet whose contents loom watches and whose end is counted.
struct Packet {
    contents: UnsafeCell<u32>,
    freed: Arc<AtomicUsize>,
}

impl Packet {
    fn read(&self) -> u32 {
        // SAFETY: written before it was sent; loom checks that nobody writes now.
        self.contents.with(|contents| unsafe { *contents })
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the new worker sends first.
const NEW: u32 = 100;

type Outflow = Consumer<Box<Packet>>;

fn model(weak: Weak) {
    let seen = Seen::new(&[
        "all sent before",
        "some sent before",
        "all found behind the fence",
    ]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let freed = Arc::new(AtomicUsize::new(0));
        let packet = |value| {
            Box::new(Packet {
                contents: UnsafeCell::new(value),
                freed: Arc::clone(&freed),
            })
        };
        let (mut out, from_old) = ring(2);
        let (mut changes, mut told) = ring::<Outflow>(1);
        let (mut spent, mut come_back) = ring::<Outflow>(1);
        // It had hung in the middle of a step, and ends that step.
        let old_ones = [packet(0), packet(1)];
        let old = loom::thread::spawn(move || {
            for packet in old_ones {
                out.push(packet).map_err(|_| ()).expect("room for two");
            }
            out
        });
        let shard = loom::thread::spawn(move || {
            let (mut current, mut sent) = (from_old, 0);
            loop {
                if let Some(new) = told.pop() {
                    let old = std::mem::replace(&mut current, new);
                    spent.push(old).map_err(|_| ()).expect("a place for each");
                }
                match current.pop() {
                    Some(packet) if packet.read() == NEW => return (sent, current, told, spent),
                    Some(packet) => {
                        assert_eq!(packet.read(), sent, "in order, and never after the new one");
                        sent += 1;
                    }
                    None => loom::thread::yield_now(),
                }
            }
        });
        let (mut new_out, from_new) = ring(1);
        changes
            .push(from_new)
            .map_err(|_| ())
            .expect("room for one change");
        new_out
            .push(packet(NEW))
            .map_err(|_| ())
            .expect("room for one");
        let mut behind = wait_for(|| come_back.pop());
        let home = old.join().unwrap();
        // Its thread has come home: nothing more is written, and what is left is freed here.
        let mut fenced = 0;
        while let Some(packet) = behind.pop() {
            assert!(packet.read() < NEW);
            fenced += 1;
        }
        let (sent, ..) = shard.join().unwrap();
        assert_eq!(sent + fenced, 2, "each packet once");
        outcomes.mark(match sent {
            2 => "all sent before",
            1 => "some sent before",
            _ => "all found behind the fence",
        });
        drop((home, behind));
        assert_eq!(freed.load(Ordering::Relaxed), 3);
    });
    seen.all();
}

#[test]
fn nothing_of_a_replaced_worker_is_heard_or_lost() {
    model(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit);
}
