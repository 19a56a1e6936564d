//! What a worker calls of this crate neither allocates nor frees: one row per operation.

#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;
use talkpath_rt::boxes::boxes;
use talkpath_rt::clock::{Clock, ManualClock, MonotonicClock};
use talkpath_rt::command::{Next, Room, Txn, commands};
use talkpath_rt::ring::ring;
use talkpath_rt::slab::{FreeList, Slab};
use talkpath_rt::thread::thread_cpu_time;
use talkpath_rt::timing::exchange;

/// The system's allocator, counting the calls of each thread.
struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations and frees while `work` runs.
fn calls(work: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(calls(|| drop(std::hint::black_box(Box::new(1)))), 2);
}

#[test]
fn nothing_a_worker_calls_allocates() {
    let (mut tx, mut rx) = ring::<u64>(4);
    let (mut command_tx, mut command_rx) = commands::<Box<u64>>(8);
    let (mut lender, mut borrower) = boxes(2, || 0u64);
    let (mut source, _sink) = exchange();
    let mut free = FreeList::<Box<u64>>::with_capacity(2);
    let (a, b) = (free.take().unwrap(), free.take().unwrap());
    let mut slab = Slab::<Box<u64>>::with_capacity(2);
    let mut value = Some(Box::new(1));
    slab.insert(b, Box::new(2)).unwrap();
    let room = Room {
        garbage: 1,
        acks: 1,
    };
    let txn = Txn {
        ops: vec![Box::new(3)],
        not_before: 0,
        garbage: 1,
        acks: 1,
    };
    command_tx.submit(txn).unwrap();
    let mut applied = Vec::with_capacity(1);
    let mut published = 0;
    let manual = ManualClock::new(Duration::ZERO);

    let rows: [(&str, &mut dyn FnMut()); 7] = [
        ("ring, full and empty", &mut || {
            while tx.push(1).is_ok() {}
            assert!(!tx.push_slice(&[2]));
            while rx.pop().is_some() {}
            tx.push_all([1, 2, 3].into_iter()).unwrap();
            assert!(rx.peek().is_some() && rx.pop_slice(&mut [0; 3]));
        }),
        ("command", &mut || {
            if let Next::Txn(ops) = command_rx.next(0, room) {
                applied.extend(ops);
            }
            assert!(matches!(command_rx.next(0, room), Next::Empty));
        }),
        ("boxes, empty inventory", &mut || {
            while let Some(empty) = lender.take() {
                lender.send(empty).unwrap();
            }
            while let Some(full) = borrower.recv() {
                borrower.give_back(full).unwrap();
            }
            let unsent = lender.take().unwrap();
            lender.put_back(unsent);
        }),
        ("slab", &mut || {
            slab.insert(a, value.take().unwrap()).unwrap();
            assert!(slab.get_disjoint_mut([a, b]).is_some());
            assert_eq!(slab.iter_mut().count(), 2);
            value = slab.remove(a);
            assert!(slab.get(a).is_none());
        }),
        ("statistics, no empty at hand", &mut || {
            for _ in 0..9 {
                let stats = source.current();
                stats.record_slot(Duration::ZERO, Duration::MAX, Duration::from_nanos(1));
                stats.record_skipped(1);
                published += u32::from(source.publish());
            }
        }),
        ("monotonic clock", &mut || {
            MonotonicClock.sleep_until(MonotonicClock.now());
            assert!(!thread_cpu_time().is_zero());
        }),
        ("manual clock", &mut || manual.sleep_until(manual.now())),
    ];
    for (row, work) in rows {
        assert_eq!(calls(work), 0, "{row}");
    }
    assert_eq!((applied.len(), published), (1, 2));
}
