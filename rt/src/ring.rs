//! The single-producer single-consumer ring: the only way a value changes threads.
//!
//! One end is a [`Producer`], the other a [`Consumer`]; each may be sent to a thread and is then that
//! thread's alone. All memory is allocated by [`ring`]. Nothing here ever blocks, spins, allocates or
//! frees, with one exception: the end that goes last frees the ring and drops what is still in it, so
//! ends are handed back to control at shutdown and never dropped on a worker.
//!
//! *Full is an outcome.* What does not fit is given back to the caller, who still owns it.
//!
//! In production the ring is `rtrb`. loom sees only what is built on its own types, so under
//! `cfg(loom)` a *mirror* with `rtrb`'s contract takes its place, and a property test runs the same
//! random operations on both. The models prove talkpath's protocols over a ring with `rtrb`'s
//! contract; `rtrb` itself rests on its own tests.

use thiserror::Error;

use crate::level::Level;
use crate::tape::put::Room;
use crate::tape::{PutTape, TakeTape};

#[cfg(any(loom, test))]
#[allow(
    unsafe_code,
    reason = "a ring of uninitialised cells that two threads share, as rtrb is; never in production"
)]
mod mirror;
#[cfg(all(test, not(loom)))]
mod property;
#[cfg(not(loom))]
mod real;

#[cfg(loom)]
use mirror as backend;
#[cfg(loom)]
pub use mirror::weaken;
#[cfg(not(loom))]
use real as backend;

/// Creates a ring that holds up to `capacity` values of `T`. The calling thread writes to all of its
/// [pages](crate::pages).
///
/// ```
/// use talkpath_rt::ring::{Full, ring};
///
/// let (mut tx, mut rx) = ring(1);
/// tx.push("first").expect("there is room");
/// assert_eq!(tx.push("second"), Err(Full("second")));
/// assert_eq!(rx.pop(), Some("first"));
/// assert_eq!(rx.pop(), None);
/// ```
///
/// # Panics
///
/// If `capacity` values of `T` exceed `isize::MAX` bytes.
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let (producer, consumer) = backend::ring(capacity);
    (
        Producer {
            inner: producer,
            high_water: 0,
            tape: None,
        },
        Consumer {
            inner: consumer,
            high_water: 0,
            tape: None,
        },
    )
}

/// The ring was full; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("ring full")]
pub struct Full<T>(pub T);

impl<T> core::fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Full(..)")
    }
}

/// The writing end of a ring.
///
/// Real-time: no method allocates or blocks; all are O(1) but [`push_all`](Self::push_all) and
/// [`push_slice`](Self::push_slice), which are O(items).
#[must_use = "dropping an end abandons the ring"]
pub struct Producer<T> {
    inner: backend::Producer<T>,
    high_water: usize,
    tape: Option<Box<PutTape>>,
}

impl<T> Producer<T> {
    /// Moves `value` into the ring.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value when there is no room.
    pub fn push(&mut self, value: T) -> Result<(), Full<T>> {
        match self.room(1) {
            Room::Yes => {}
            Room::No => return Err(Full(value)),
            Room::NoReader => return Ok(()),
        }
        self.inner.push(value).map_err(Full)?;
        self.mark();
        Ok(())
    }

    /// Moves all of `items` into the ring and publishes them by one commit: the reader sees all of
    /// them or none.
    ///
    /// Should `items` panic half way, nothing is published; what it had yielded is leaked.
    ///
    /// # Errors
    ///
    /// The iterator, untouched, when there is no room for all of it.
    pub fn push_all<I: ExactSizeIterator<Item = T>>(&mut self, items: I) -> Result<(), I> {
        match self.room(items.len()) {
            Room::Yes => {}
            Room::No => return Err(items),
            Room::NoReader => return Ok(()),
        }
        self.inner.push_chunk(items.len(), items)?;
        self.mark();
        Ok(())
    }

    /// Whether there is room for `count` values, as a question that a [tape](crate::tape) knows of: what depends on the
    /// answer is the same when it is played.
    #[must_use]
    pub fn has_room(&mut self, count: usize) -> bool {
        match self.tape {
            None => self.vacant() >= count,
            Some(_) => self.room(count) != Room::No,
        }
    }

    /// Notes what this end meets with, or meets with it again. Control side.
    pub fn set_tape(&mut self, tape: PutTape) {
        self.tape = Some(Box::new(tape));
    }

    /// What the tape says, if there is one; else the ring is asked.
    fn room(&mut self, count: usize) -> Room {
        match &mut self.tape {
            None => Room::Yes,
            Some(tape) => {
                let ring = &self.inner;
                tape.has_room(|| ring.slots() >= count, || ring.is_abandoned())
            }
        }
    }

    /// Values there is room for: a lower bound, since the reader may make more at any time. No [tape](crate::tape) knows
    /// of it.
    #[must_use]
    pub fn vacant(&self) -> usize {
        self.inner.slots()
    }

    /// Values the ring can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Whether the reading end is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.inner.is_abandoned()
    }

    /// The most values that were ever in the ring just after a push.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.high_water
    }

    /// Values in the ring now (an upper bound, since the reader may take some at any time) and at most.
    #[must_use]
    pub fn level(&self) -> Level {
        let limit = self.capacity();
        Level {
            most: self.high_water,
            now: limit - self.vacant(),
            limit,
        }
    }

    /// Raises the high-water mark. The cached fill never lies below the true one, so the reader's
    /// position (a shared cache line) is fetched only when the mark might have to rise.
    fn mark(&mut self) {
        let capacity = self.inner.capacity();
        if capacity - self.inner.cached_slots() > self.high_water {
            self.high_water = self.high_water.max(capacity - self.inner.slots());
        }
    }
}

impl<T: Copy> Producer<T> {
    /// Copies all of `items` into the ring by one commit, or none of them and says `false`.
    #[must_use = "false means that nothing was written"]
    pub fn push_slice(&mut self, items: &[T]) -> bool {
        match self.room(items.len()) {
            Room::Yes => {}
            Room::No => return false,
            Room::NoReader => return true,
        }
        let fits = self.inner.push_slice(items);
        if fits {
            self.mark();
        }
        fits
    }
}

impl<T> core::fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Producer")
            .field("capacity", &self.capacity())
            .field("high_water", &self.high_water)
            .finish_non_exhaustive()
    }
}

/// The reading end of a ring.
///
/// Real-time: no method allocates, frees or blocks; all are O(1) but
/// [`pop_slice`](Self::pop_slice), which is O(items).
#[must_use = "dropping an end abandons the ring"]
pub struct Consumer<T> {
    inner: backend::Consumer<T>,
    high_water: usize,
    tape: Option<Box<TakeTape>>,
}

impl<T> Consumer<T> {
    /// Takes the oldest value, or `None` when the ring is empty.
    pub fn pop(&mut self) -> Option<T> {
        match &mut self.tape {
            None => self.inner.pop(),
            Some(tape) => {
                let ring = &mut self.inner;
                tape.take(ring, |ring| ring.pop(), |ring| ring.is_abandoned())
            }
        }
    }

    /// The oldest value, left where it is, as a look that a [tape](crate::tape) knows of.
    #[must_use]
    pub fn look(&mut self) -> Option<&T> {
        if let Some(tape) = &mut self.tape {
            let there = |ring: &mut backend::Consumer<T>| (ring.slots() > 0).then_some(());
            tape.take(&mut self.inner, there, |ring| ring.is_abandoned())?;
        }
        self.inner.peek()
    }

    /// Notes what this end meets with, or meets with it again. Control side.
    pub fn set_tape(&mut self, tape: TakeTape) {
        self.tape = Some(Box::new(tape));
    }

    /// Has the tape note what it has gathered.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn flush_tape(&mut self) {
        if let Some(tape) = &mut self.tape {
            tape.flush();
        }
    }

    /// The oldest value, left where it is. No [tape](crate::tape) knows of it.
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        self.inner.peek()
    }

    /// Values in the ring: a lower bound, since the writer may add more at any time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.slots()
    }

    /// The same, remembered in [`high_water`](Self::high_water). For a reader that empties the ring now and then:
    /// call it before the first [`pop`](Self::pop).
    pub fn gauge(&mut self) -> usize {
        let waiting = self.len();
        self.high_water = self.high_water.max(waiting);
        waiting
    }

    /// The most values that [`gauge`](Self::gauge) ever found waiting. The writer's own
    /// [`high_water`](Producer::high_water) may be higher.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.high_water
    }

    /// Values in the ring now (a lower bound) and the most that were found waiting.
    #[must_use]
    pub fn level(&self) -> Level {
        Level {
            most: self.high_water,
            now: self.len(),
            limit: self.capacity(),
        }
    }

    /// Whether there is nothing to take just now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values the ring can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Whether the writing end is gone. What it wrote can still be taken.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.inner.is_abandoned()
    }
}

impl<T: Copy> Consumer<T> {
    /// Fills all of `out` with the oldest values, or none of it and says `false`.
    #[must_use = "false means that nothing was read"]
    pub fn pop_slice(&mut self, out: &mut [T]) -> bool {
        match &mut self.tape {
            None => self.inner.pop_slice(out),
            Some(tape) => {
                let mut fill = |ring: &mut backend::Consumer<T>| ring.pop_slice(out).then_some(());
                let ring = &mut self.inner;
                tape.take(ring, &mut fill, |ring| ring.is_abandoned())
                    .is_some()
            }
        }
    }
}

impl<T> core::fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
