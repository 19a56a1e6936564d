//! Two real threads on every structure, over the ring that ships. `scripts/sanitizers` runs it under ThreadSanitizer.
//!
//! A plain program, since libtest under ThreadSanitizer reports races of its own. As an ordinary test it is short;
//! `TALKPATH_STRESS` is the number of values that each scene moves; `TALKPATH_STRESS_FAULT` plants a fault instead, which a
//! sanitizer has to report or its silence means nothing.

#[path = "stress/edits.rs"]
mod edits;
#[path = "stress/planted.rs"]
mod planted;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{spawn, yield_now};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::ring::{Consumer, Producer, ring};
use talkpath_rt::timing::{SlotStats, exchange};

/// Moves so many values.
type Scene = fn(u64);

/// More than a word, so that a torn or early read shows, and plain memory, so that a race does.
type Value = [u64; 5];

fn value(number: u64) -> Value {
    [number, !number, number << 7, number ^ 0x5555, number]
}

/// Calls `attempt` until it gives something.
fn until<R>(mut attempt: impl FnMut() -> Option<R>) -> R {
    loop {
        match attempt() {
            Some(result) => return result,
            None => yield_now(),
        }
    }
}

/// One by one and in chunks, by value and by slice.
fn rings(count: u64) {
    let (tx, rx) = ring::<Value>(8);
    let writer = spawn(move || write(tx, count));
    read(rx, count);
    writer.join().expect("no panic");
}

fn write(mut tx: Producer<Value>, count: u64) {
    let mut next = 0;
    while next < count {
        let values = [value(next), value(next + 1), value(next + 2)];
        let pushed = match next % 3 {
            0 => u64::from(tx.push(values[0]).is_ok()),
            1 if tx.push_all(values[..2].iter().copied()).is_ok() => 2,
            2 if tx.push_slice(&values) => 3,
            _ => 0,
        };
        next += pushed;
        if pushed == 0 {
            yield_now();
        }
    }
}

fn read(mut rx: Consumer<Value>, count: u64) {
    let mut next = 0;
    while next < count {
        let mut pair = [[0; 5]; 2];
        if next % 2 == 0 && rx.pop_slice(&mut pair) {
            assert_eq!(pair, [value(next), value(next + 1)]);
            next += 2;
        } else if let Some(&waiting) = rx.peek() {
            assert_eq!((rx.pop(), waiting), (Some(waiting), value(next)));
            next += 1;
        } else {
            yield_now();
        }
    }
}

/// An inventory of four goes round.
fn packets(count: u64) {
    let (lender, borrower) = boxes(4, || value(0));
    let shard = spawn(move || lend(lender, count));
    let borrower = borrow(borrower, count);
    let lender = shard.join().expect("no panic");
    assert_eq!((lender.available(), borrower.waiting()), (4, 0));
}

fn lend(mut lender: Lender<Value>, count: u64) -> Lender<Value> {
    for number in 0..count {
        let mut packet = until(|| lender.take());
        *packet = value(number);
        lender.send(packet).expect("the ring holds the inventory");
    }
    lender
}

fn borrow(mut borrower: Borrower<Value>, count: u64) -> Borrower<Value> {
    for number in 0..count {
        let mut packet = until(|| borrower.recv());
        assert_eq!(*packet, value(number));
        packet.fill(number);
        borrower
            .give_back(packet)
            .expect("the ring holds the inventory");
    }
    borrower
}

/// Histograms by box, while control collects.
fn statistics(count: u64) {
    let (mut source, mut sink) = exchange();
    let worker = spawn(move || {
        for _ in 0..count {
            source.current().record_skipped(1);
            // Not sent without an empty at hand: then it is still in the box.
            let _sent = source.publish();
        }
        source
    });
    let mut sum = SlotStats::new();
    while !worker.is_finished() {
        sink.collect(&mut sum);
        yield_now();
    }
    let mut source = worker.join().expect("no panic");
    sink.collect(&mut sum);
    assert!(sum.skipped_slots > 0, "nothing came through");
    assert_eq!(sum.skipped_slots + source.current().skipped_slots, count);
}

/// A value in flight that counts its end.
struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Both ends go at the same time; whoever is last ends what is left.
fn ends(count: u64) {
    for _ in 0..count / 100 {
        let ended = Arc::new(AtomicUsize::new(0));
        let (mut tx, mut rx) = ring(4);
        for _ in 0..3 {
            let body = Box::new(InFlight(Arc::clone(&ended)));
            assert!(tx.push(body).is_ok(), "room for four");
        }
        let reader = spawn(move || drop(rx.pop()));
        drop(tx);
        reader.join().expect("no panic");
        assert_eq!(ended.load(Ordering::Relaxed), 3);
    }
}

fn main() {
    if let Ok(fault) = std::env::var("TALKPATH_STRESS_FAULT") {
        return planted::commit(&fault);
    }
    let asked = std::env::var("TALKPATH_STRESS");
    let count = asked.map_or(5_000, |count| count.parse().expect("a whole number"));
    let scenes: [(&str, Scene); 5] = [
        ("rings", rings),
        ("packets", packets),
        ("edits", edits::edits),
        ("statistics", statistics),
        ("ends", ends),
    ];
    for (name, scene) in scenes {
        scene(count);
        println!("stress {name}: {count} values");
    }
}
