//! The mirror ring's reading end.

use super::Shared;
use crate::sync::atomic::Ordering;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::sync::Arc;

pub(in crate::ring) struct Consumer<T> {
    shared: Arc<Shared<T>>,
    /// The head, exact.
    head: usize,
    /// The tail as last seen.
    tail: Cell<usize>,
}

impl<T> Consumer<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let head = 0;
        let tail = Cell::new(0);
        Self { shared, head, tail }
    }

    pub(in crate::ring) fn pop(&mut self) -> Option<T> {
        if !self.has(1) {
            return None;
        }
        let value = self.read(self.head);
        self.take(1);
        Some(value)
    }

    pub(in crate::ring) fn slots(&self) -> usize {
        self.tail.set(self.shared.tail.load(Ordering::Acquire));
        self.shared.filled(self.head, self.tail.get())
    }

    pub(in crate::ring) fn peek(&self) -> Option<&T> {
        if !self.has(1) {
            return None;
        }
        // SAFETY: a filled position is the reader's alone; the borrow of the reader keeps it there.
        let value = |slot: *const MaybeUninit<T>| unsafe { (*slot).assume_init_ref() };
        Some(self.shared.slot(self.head).with(value))
    }

    pub(in crate::ring) fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    pub(in crate::ring) fn is_abandoned(&self) -> bool {
        self.shared.abandoned.load(Ordering::Acquire)
    }

    /// Whether `count` values can be read, looking again when fewer had been seen.
    fn has(&self, count: usize) -> bool {
        self.shared.filled(self.head, self.tail.get()) >= count || self.slots() >= count
    }

    /// The position must be filled, and the head must pass it next.
    fn read(&self, position: usize) -> T {
        // SAFETY: a filled position is the reader's alone, and its value is read once.
        let value = |slot: *mut MaybeUninit<T>| unsafe { (*slot).assume_init_read() };
        self.shared.slot(position).with_mut(value)
    }

    fn take(&mut self, count: usize) {
        self.head = self.shared.after(self.head, count);
        self.shared.head.store(self.head, self.shared.orders.take);
    }
}

impl<T: Copy> Consumer<T> {
    pub(in crate::ring) fn pop_slice(&mut self, out: &mut [T]) -> bool {
        if !self.has(out.len()) {
            return false;
        }
        for (offset, place) in out.iter_mut().enumerate() {
            *place = self.read(self.shared.after(self.head, offset));
        }
        self.take(out.len());
        true
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.shared.leave();
    }
}
