//! Faults that a sanitizer has to report. Undefined behaviour on purpose: only `scripts/sanitizers` asks for it.

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::Arc;
use std::thread::spawn;

struct Shared(UnsafeCell<u64>);

// SAFETY: it is not: two threads write without any order, which ThreadSanitizer has to see.
unsafe impl Sync for Shared {}

impl Shared {
    fn write(&self) {
        for value in 0..100_000 {
            // SAFETY: none, see above.
            unsafe { *self.0.get() = black_box(value) };
        }
    }
}

fn race() {
    let shared = Arc::new(Shared(UnsafeCell::new(0)));
    let other = Arc::clone(&shared);
    let writer = spawn(move || other.write());
    shared.write();
    writer.join().expect("no panic");
}

fn overrun() {
    let values = black_box(vec![1u64; 4]);
    // SAFETY: none: one past the end, which AddressSanitizer has to see.
    let beyond = unsafe { *values.as_ptr().add(black_box(4)) };
    println!("read {beyond}");
}

pub fn commit(fault: &str) {
    match fault {
        "race" => race(),
        "overrun" => overrun(),
        other => panic!("fault was '{other}', allowed: race, overrun"),
    }
}
