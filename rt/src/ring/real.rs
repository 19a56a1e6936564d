//! The ring in production: `rtrb`, cut down to what [`super`] needs.
//!
//! Its mirror in [`super::mirror`] has the same methods with the same meaning; the property test in
//! [`super::property`] holds the two against each other.

use rtrb::chunks::ChunkError;

use crate::pages;

pub(super) struct Producer<T>(rtrb::Producer<T>);
pub(super) struct Consumer<T>(rtrb::Consumer<T>);

pub(super) fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let (mut producer, consumer) = rtrb::RingBuffer::new(capacity);
    if let Ok(mut all) = producer.write_chunk_uninit(capacity) {
        // Not committed: nothing is in the ring.
        let (places, _) = all.as_mut_slices();
        pages::write(places);
    }
    (Producer(producer), Consumer(consumer))
}

impl<T> Producer<T> {
    pub(super) fn push(&mut self, value: T) -> Result<(), T> {
        self.0
            .push(value)
            .map_err(|rtrb::PushError::Full(value)| value)
    }

    pub(super) fn slots(&self) -> usize {
        self.0.slots()
    }

    /// Never more than [`slots`](Self::slots), and touches no shared memory.
    pub(super) fn cached_slots(&self) -> usize {
        self.0.cached_slots()
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.buffer().capacity()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.0.is_abandoned()
    }

    /// Moves `count` items in by one commit, or gives the iterator back untouched.
    pub(super) fn push_chunk<I: Iterator<Item = T>>(
        &mut self,
        count: usize,
        items: I,
    ) -> Result<(), I> {
        match self.0.write_chunk_uninit(count) {
            Ok(chunk) => {
                chunk.fill_from_iter(items);
                Ok(())
            }
            Err(ChunkError::TooFewSlots(_)) => Err(items),
        }
    }
}

impl<T: Copy> Producer<T> {
    pub(super) fn push_slice(&mut self, items: &[T]) -> bool {
        self.0.push_entire_slice(items).is_ok()
    }
}

impl<T> Consumer<T> {
    pub(super) fn pop(&mut self) -> Option<T> {
        self.0.pop().ok()
    }

    pub(super) fn slots(&self) -> usize {
        self.0.slots()
    }

    pub(super) fn peek(&self) -> Option<&T> {
        self.0.peek().ok()
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.buffer().capacity()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.0.is_abandoned()
    }
}

impl<T: Copy> Consumer<T> {
    pub(super) fn pop_slice(&mut self, out: &mut [T]) -> bool {
        self.0.pop_entire_slice(out).is_ok()
    }
}
