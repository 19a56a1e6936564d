//! Counts heap operations of this thread while a switch is on.
//!
//! Where a test wants counts, it makes [`Counting`] its global allocator; elsewhere they stay 0.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Heap operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub allocations: u64,
    pub frees: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.allocations += other.allocations;
        self.frees += other.frees;
    }
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

/// The system's allocator, counted.
pub struct Counting;

/// Bytes this thread has allocated and not freed, always counted. Only differences mean anything.
pub fn live() -> i64 {
    LIVE.get()
}

fn grow(bytes: usize) {
    LIVE.set(LIVE.get() + bytes as i64);
}

fn shrink(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as i64);
}

fn count(counter: &'static std::thread::LocalKey<Cell<u64>>) {
    if ON.get() {
        counter.set(counter.get() + 1);
    }
}

// SAFETY: every call is passed on unchanged to `System`, whose contract is the same; the counters
// are plain thread-local cells without destructors, so touching them never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        grow(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(&FREES);
        shrink(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(&ALLOCATIONS);
        count(&FREES);
        shrink(layout.size());
        grow(size);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The heap operations of one call.
pub fn of(run: &mut dyn FnMut()) -> Count {
    let before = (ALLOCATIONS.get(), FREES.get());
    ON.set(true);
    run();
    ON.set(false);
    Count {
        allocations: ALLOCATIONS.get() - before.0,
        frees: FREES.get() - before.1,
    }
}
