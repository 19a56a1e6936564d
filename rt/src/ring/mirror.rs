//! The mirror ring: `rtrb`'s contract over [`crate::sync`], so that loom can explore it.
//!
//! Same positions (`0..2 * capacity`), same caching, same three release operations: the writer
//! publishes a tail, the reader publishes a head, and an end that goes leaves a flag, the second to
//! go freeing what is left. Under loom each of the three can be [weakened](weaken) to show that the
//! models would notice.
//!
//! It is compiled under `cfg(loom)` and, over std types, for the property test that compares it with
//! `rtrb`. Production never contains it.

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::cell::UnsafeCell;
use std::mem::MaybeUninit;
// The count of two ends is not what is modelled: `abandoned` carries the protocol, as in rtrb.
use std::sync::Arc;

mod consumer;
mod producer;
#[cfg(loom)]
pub mod weaken;

pub(super) use consumer::Consumer;
pub(super) use producer::Producer;

struct Shared<T> {
    /// Where the reader is; only the reader stores it.
    head: AtomicUsize,
    /// Where the writer is; only the writer stores it.
    tail: AtomicUsize,
    /// Set by the first end to go.
    abandoned: AtomicBool,
    /// Positions from head to tail hold values, which are the reader's; the others are the writer's.
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    orders: Orders,
}

// SAFETY: a slot is touched by the writer until the tail has passed it and by the reader until the
// head has; there is one of each, and Release and Acquire on tail and head order the two.
unsafe impl<T: Send> Sync for Shared<T> {}
// SAFETY: it owns its values, which may be sent.
unsafe impl<T: Send> Send for Shared<T> {}

/// The release side of each pair of operations.
#[derive(Clone, Copy)]
struct Orders {
    commit: Ordering,
    take: Ordering,
    abandon: Ordering,
}

impl Orders {
    const SOUND: Self = Self {
        commit: Ordering::Release,
        take: Ordering::Release,
        abandon: Ordering::Release,
    };
}

impl<T> Shared<T> {
    fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn slot(&self, position: usize) -> &UnsafeCell<MaybeUninit<T>> {
        &self.slots[position % self.capacity()]
    }

    /// The position `count` after `position`.
    fn after(&self, position: usize, count: usize) -> usize {
        (position + count) % (2 * self.capacity()).max(1)
    }

    /// Positions from `head` to `tail`.
    fn filled(&self, head: usize, tail: usize) -> usize {
        if head <= tail {
            tail - head
        } else {
            2 * self.capacity() - head + tail
        }
    }

    /// Called by each end as it goes; the second drops the values that are left.
    fn leave(&self) {
        #[cfg(loom)]
        if std::thread::panicking() {
            return; // The model has failed; its operations are closed.
        }
        if self.abandoned.swap(true, self.orders.abandon) {
            // Acquires what the first end released.
            let _both_gone = self.abandoned.load(Ordering::Acquire);
            let mut head = self.head.load(Ordering::Relaxed);
            let tail = self.tail.load(Ordering::Relaxed);
            while head != tail {
                // SAFETY: both ends are gone, and positions from head to tail hold values.
                self.slot(head)
                    .with_mut(|slot| unsafe { (*slot).assume_init_drop() });
                head = self.after(head, 1);
            }
        }
    }
}

pub(super) fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    #[cfg(loom)]
    let orders = weaken::orders();
    #[cfg(not(loom))]
    let orders = Orders::SOUND;
    let slots = (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit()));
    let shared = Arc::new(Shared {
        head: AtomicUsize::new(0),
        tail: AtomicUsize::new(0),
        abandoned: AtomicBool::new(false),
        slots: slots.collect(),
        orders,
    });
    (Producer::new(Arc::clone(&shared)), Consumer::new(shared))
}
