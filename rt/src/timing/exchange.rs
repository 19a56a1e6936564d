//! Full tallies out, empty ones back: the box exchange behind [`StatsSource`](super::StatsSource).

use crate::boxes::{Borrower, Lender, boxes};
use crate::level::Level;
use crate::pages;
use crate::ring::{Consumer, Producer};

/// Boxes of an exchange: one being filled, one on the way, one spare.
const INVENTORY: usize = 3;

/// Something that records on a worker and adds up on control.
pub trait Tally {
    /// Adds what `other` recorded. Control calls it.
    fn add(&mut self, other: &Self);
    /// Forgets everything recorded. Control calls it.
    fn clear(&mut self);
}

/// An exchange of tallies made by `empty`. Allocates all the boxes there will be.
#[must_use]
pub fn exchange_of<S>(mut empty: impl FnMut() -> S) -> (Source<S>, Sink<S>) {
    let current = pages::boxed(empty());
    let (lender, borrower) = boxes(INVENTORY - 1, empty);
    (Source { lender, current }, Sink { borrower })
}

/// The recording end.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(1).
#[derive(Debug)]
pub struct Source<S> {
    lender: Lender<S>,
    current: Box<S>,
}

impl<S> Source<S> {
    /// What is being recorded into.
    #[must_use]
    pub fn current(&mut self) -> &mut S {
        &mut self.current
    }

    /// Tallies out of this end's hands. The one being filled is none of them.
    #[must_use]
    pub fn level(&self) -> Level {
        self.lender.level()
    }

    /// Its two rings, out and back, for a [tape](crate::tape).
    pub fn rings(&mut self) -> (&mut Producer<Box<S>>, &mut Consumer<Box<S>>) {
        self.lender.rings()
    }

    /// Sends what was recorded and goes on in an empty tally. Without an empty at hand it says
    /// `false`, and recording goes on where it was: nothing is lost.
    #[must_use = "false means that control has not caught up"]
    pub fn publish(&mut self) -> bool {
        let Some(empty) = self.lender.take() else {
            return false;
        };
        let full = core::mem::replace(&mut self.current, empty);
        match self.lender.send(full) {
            Ok(()) => true,
            Err(full) => {
                let empty = core::mem::replace(&mut self.current, full.0);
                self.lender.put_back(empty);
                false
            }
        }
    }
}

/// The collecting end.
#[derive(Debug)]
pub struct Sink<S> {
    borrower: Borrower<S>,
}

impl<S: Tally> Sink<S> {
    /// Its two rings, back and in, for a [tape](crate::tape).
    pub fn rings(&mut self) -> (&mut Producer<Box<S>>, &mut Consumer<Box<S>>) {
        self.borrower.rings()
    }

    /// Adds all tallies that have arrived to `sum`, empties them and sends them back. Returns how
    /// many there were.
    pub fn collect(&mut self, sum: &mut S) -> usize {
        let mut collected = 0;
        while let Some(mut full) = self.borrower.recv() {
            sum.add(&full);
            full.clear();
            collected += 1;
            let returned = self.borrower.give_back(full);
            debug_assert!(returned.is_ok(), "the ring holds the whole inventory");
        }
        collected
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    impl Tally for u64 {
        fn add(&mut self, other: &Self) {
            *self += other;
        }

        fn clear(&mut self) {
            *self = 0;
        }
    }

    #[test]
    fn nothing_is_lost_while_control_is_away() {
        let (mut source, mut sink) = exchange_of(|| 0u64);
        let published = (0..10)
            .filter(|_| {
                *source.current() += 1;
                source.publish()
            })
            .count();
        assert_eq!(published, INVENTORY - 1);
        let mut sum = 0;
        assert_eq!(sink.collect(&mut sum), INVENTORY - 1);
        assert!(source.publish());
        assert_eq!(sink.collect(&mut sum), 1);
        assert_eq!((sum, *source.current()), (10, 0));
    }
}
