//! A global allocator that counts what the watched threads ask of it.
//!
//! The binary installs it so that `bench room` can show that the worker allocates nothing. While no thread is
//! watched it costs one relaxed load a call. A library must not install an allocator; this one only offers it.
//!
//! The one file of this package with `unsafe`: `GlobalAlloc` is an unsafe trait, so counting calls cannot be had without
//! it, and the program that is measured must be the program that runs.
#![allow(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; every call is handed to the system allocator unchanged"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};

use talkpath_engine::proto::MAX_WORKERS;
use talkpath_rt::thread::Task;

/// The system allocator, counting.
#[derive(Debug)]
pub struct Counting;

/// Kernel thread ids that are watched.
static WATCHED: [AtomicI32; MAX_WORKERS] = [const { AtomicI32::new(0) }; MAX_WORKERS];
/// How many of them.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OWN_ID: Cell<i32> = const { Cell::new(0) };
}

/// Starts to count the calls (allocate, reallocate, free) of these threads, from zero; of the first 16 of them.
pub fn watch(threads: &[Task]) {
    CALLS.store(0, Ordering::Relaxed);
    for (watched, thread) in WATCHED.iter().zip(threads) {
        watched.store(thread.id(), Ordering::Relaxed);
    }
    COUNT.store(threads.len().min(MAX_WORKERS), Ordering::Relaxed);
}

/// Calls of the watched threads so far.
pub fn calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

fn own_thread() -> i32 {
    OWN_ID.with(|id| {
        if id.get() == 0 {
            id.set(Task::current().id());
        }
        id.get()
    })
}

fn is_among(watched: &[AtomicI32], own: i32) -> bool {
    watched.iter().any(|id| id.load(Ordering::Relaxed) == own)
}

fn count() {
    let watched = &WATCHED[..COUNT.load(Ordering::Relaxed)];
    if !watched.is_empty() && is_among(watched, own_thread()) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every method passes its arguments to `System` unchanged and returns what it returns; counting touches
// atomics and a const-initialised thread-local without destructor, so it neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count();
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}
