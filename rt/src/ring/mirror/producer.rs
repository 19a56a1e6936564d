//! The mirror ring's writing end.

use super::Shared;
use crate::sync::atomic::Ordering;
use std::cell::Cell;
use std::sync::Arc;

pub(in crate::ring) struct Producer<T> {
    shared: Arc<Shared<T>>,
    /// The head as last seen.
    head: Cell<usize>,
    /// The tail, exact.
    tail: usize,
}

impl<T> Producer<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let head = Cell::new(0);
        let tail = 0;
        Self { shared, head, tail }
    }

    pub(in crate::ring) fn push(&mut self, value: T) -> Result<(), T> {
        if self.cached_slots() == 0 && self.slots() == 0 {
            return Err(value);
        }
        self.write(self.tail, value);
        self.commit(1);
        Ok(())
    }

    pub(in crate::ring) fn push_chunk<I: Iterator<Item = T>>(
        &mut self,
        count: usize,
        items: I,
    ) -> Result<(), I> {
        if self.cached_slots() < count && self.slots() < count {
            return Err(items);
        }
        let mut written = 0;
        for value in items.take(count) {
            self.write(self.shared.after(self.tail, written), value);
            written += 1;
        }
        self.commit(written);
        Ok(())
    }

    pub(in crate::ring) fn slots(&self) -> usize {
        self.head.set(self.shared.head.load(Ordering::Acquire));
        self.cached_slots()
    }

    pub(in crate::ring) fn cached_slots(&self) -> usize {
        self.capacity() - self.shared.filled(self.head.get(), self.tail)
    }

    pub(in crate::ring) fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    pub(in crate::ring) fn is_abandoned(&self) -> bool {
        self.shared.abandoned.load(Ordering::Acquire)
    }

    /// The position must be vacant.
    fn write(&self, position: usize, value: T) {
        // SAFETY: a vacant position is the writer's alone, and this is the writer.
        self.shared.slot(position).with_mut(|slot| unsafe {
            (*slot).write(value);
        });
    }

    fn commit(&mut self, count: usize) {
        self.tail = self.shared.after(self.tail, count);
        self.shared.tail.store(self.tail, self.shared.orders.commit);
    }
}

impl<T: Copy> Producer<T> {
    pub(in crate::ring) fn push_slice(&mut self, items: &[T]) -> bool {
        self.push_chunk(items.len(), items.iter().copied()).is_ok()
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.shared.leave();
    }
}
