//! A fixed inventory of boxes that goes out full and comes back empty.
//!
//! Packets and histograms cross threads in boxes: the [`Lender`] fills an empty one and sends it, the
//! [`Borrower`] reads it and gives it back. The pointer moves, the contents do not; nothing is
//! allocated or freed after [`boxes`]. Both rings hold the whole inventory, so neither can be full
//! unless foreign boxes are mixed in; the type says what happens then all the same.
//!
//! An empty inventory is the back-pressure: the caller drops the newest and counts it.

use crate::level::Level;
use crate::pages;
use crate::prefetch::prefetch;
use crate::ring::{Consumer, Full, Producer, ring};

/// Makes `inventory` boxes, all of them empties in the lender's stock. The calling thread writes to all of their
/// [pages], and to those of the rings.
///
/// ```
/// let (mut lender, mut borrower) = talkpath_rt::boxes::boxes(1, || 0u8);
/// let mut packet = lender.take().expect("one box");
/// *packet = 7;
/// lender.send(packet).expect("the ring holds the inventory");
/// assert!(lender.take().is_none());
///
/// let packet = borrower.recv().expect("it was sent");
/// assert_eq!(*packet, 7);
/// borrower.give_back(packet).expect("the ring holds the inventory");
/// assert_eq!(lender.available(), 1);
/// ```
#[must_use]
pub fn boxes<T>(inventory: usize, mut make: impl FnMut() -> T) -> (Lender<T>, Borrower<T>) {
    boxes_of_pool(inventory, inventory, &mut make)
}

/// As [`boxes`], for one of several pairs whose lenders share a thread and may send each other's boxes: `pool` is how
/// many there are in all, and what the way back holds, so that it cannot be full wherever the boxes have wandered. The
/// way out holds `inventory`: a borrower that has stopped keeps no more than its own share from the others.
///
/// # Panics
/// When `pool` is smaller than `inventory`.
#[must_use]
pub fn boxes_of_pool<T>(
    inventory: usize,
    pool: usize,
    mut make: impl FnMut() -> T,
) -> (Lender<T>, Borrower<T>) {
    assert!(inventory <= pool, "{inventory} boxes of a pool of {pool}");
    let (out, incoming) = ring(inventory);
    let (back, returned) = ring(pool);
    let mut stock = pages::reserved(pool);
    stock.extend((0..inventory).map(|_| pages::boxed(make())));
    let lender = Lender {
        out,
        returned,
        stock,
        least: inventory,
        inventory,
        pool,
    };
    (lender, Borrower { incoming, back })
}

/// The end that fills boxes. It owns the stock of empties.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(1).
#[derive(Debug)]
pub struct Lender<T> {
    out: Producer<Box<T>>,
    returned: Consumer<Box<T>>,
    /// Empties that have not been needed yet, or were put back. Never more than `pool`.
    stock: Vec<Box<T>>,
    /// The fewest that were ever left in the stock.
    least: usize,
    inventory: usize,
    pool: usize,
}

impl<T> Lender<T> {
    /// An empty box, or `None` when all are out. Its contents are what was last in it.
    ///
    /// One that has come back goes before one of the stock: so only as many boxes are in use as are out at a time,
    /// and they stay in the cache, however large the inventory.
    #[must_use = "a box that is not sent must be put back"]
    pub fn take(&mut self) -> Option<Box<T>> {
        self.returned.pop().or_else(|| self.take_stock())
    }

    /// As [`take`](Self::take), but only one that has come back.
    #[must_use = "a box that is not sent must be put back"]
    pub fn take_returned(&mut self) -> Option<Box<T>> {
        self.returned.pop()
    }

    /// Asks the cache for the first `most` bytes of the box that comes back next.
    pub fn prefetch(&self, most: usize) {
        if let Some(next) = self.returned.peek() {
            prefetch(&**next, most);
        }
    }

    /// As [`take`](Self::take), but only one of the stock.
    #[must_use = "a box that is not sent must be put back"]
    pub fn take_stock(&mut self) -> Option<Box<T>> {
        let empty = self.stock.pop();
        self.least = self.least.min(self.stock.len());
        empty
    }

    /// Sends a full box.
    ///
    /// # Errors
    ///
    /// [`Full`] with the box when the ring is full; [put it back](Self::put_back).
    pub fn send(&mut self, full: Box<T>) -> Result<(), Full<Box<T>>> {
        self.out.push(full)
    }

    /// Puts an empty back that was taken and not sent.
    ///
    /// A box that is not from this inventory and finds the stock full is leaked rather than freed:
    /// this runs on workers. Debug builds panic, since it is a fault of the caller.
    pub fn put_back(&mut self, empty: Box<T>) {
        if self.stock.len() < self.pool {
            self.stock.push(empty);
        } else {
            debug_assert!(false, "a box was put back that this inventory never lent");
            core::mem::forget(empty);
        }
    }

    /// Puts the stock's list, not the boxes, into [pages] that the calling thread writes first. For a lender
    /// whose other end built the pair, before real time begins.
    pub fn settle(&mut self) {
        let mut stock = pages::reserved(self.pool);
        stock.append(&mut self.stock);
        self.stock = stock;
    }

    /// Empties that can be taken (a lower bound).
    #[must_use]
    pub fn available(&self) -> usize {
        self.stock.len() + self.returned.len()
    }

    /// Boxes out of the lender's hands: now (an upper bound, since some may be coming back) and at most. Of a pair that
    /// shares no pool, and whose stock is touched only when nothing has come back, as [`take`](Self::take) does it.
    #[must_use]
    pub fn level(&self) -> Level {
        Level {
            most: self.inventory.saturating_sub(self.least),
            now: self.inventory.saturating_sub(self.available()),
            limit: self.inventory,
        }
    }

    /// Boxes this pair was made with, wherever they are.
    #[must_use]
    pub fn inventory(&self) -> usize {
        self.inventory
    }

    /// Full boxes that wait for the borrower (an upper bound, since it may take some at any time).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.out.capacity() - self.out.vacant()
    }

    /// The most full boxes that ever waited for the borrower.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.out.high_water()
    }

    /// Boxes the stock has room for: those of the whole pool.
    #[must_use]
    pub fn pool(&self) -> usize {
        self.pool
    }

    /// Its two rings, out and back, for a [tape](crate::tape).
    pub fn rings(&mut self) -> (&mut Producer<Box<T>>, &mut Consumer<Box<T>>) {
        (&mut self.out, &mut self.returned)
    }

    /// Whether the borrower is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.out.is_abandoned()
    }
}

/// The end that reads boxes.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(1).
#[derive(Debug)]
pub struct Borrower<T> {
    incoming: Consumer<Box<T>>,
    back: Producer<Box<T>>,
}

impl<T> Borrower<T> {
    /// The oldest full box, or `None` when none waits.
    #[must_use = "a box that was received must be given back"]
    pub fn recv(&mut self) -> Option<Box<T>> {
        self.incoming.pop()
    }

    /// The oldest full box, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        self.incoming.peek().map(|waiting| &**waiting)
    }

    /// Asks the cache for the first `most` bytes of the box that is received next.
    pub fn prefetch(&self, most: usize) {
        if let Some(next) = self.incoming.peek() {
            prefetch(&**next, most);
        }
    }

    /// Gives a box back.
    ///
    /// # Errors
    ///
    /// [`Full`] with the box when more come back than there are: never with boxes of this inventory.
    pub fn give_back(&mut self, empty: Box<T>) -> Result<(), Full<Box<T>>> {
        self.back.push(empty)
    }

    /// Full boxes that wait (a lower bound).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.incoming.len()
    }

    /// Boxes this pair was made with, wherever they are.
    #[must_use]
    pub fn inventory(&self) -> usize {
        self.incoming.capacity()
    }

    /// Its two rings, back and in, for a [tape](crate::tape).
    pub fn rings(&mut self) -> (&mut Producer<Box<T>>, &mut Consumer<Box<T>>) {
        (&mut self.back, &mut self.incoming)
    }

    /// Whether the lender is gone. What it sent can still be received.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.incoming.is_abandoned()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_inventory_goes_round() {
        let (mut lender, mut borrower) = boxes(2, || 0u32);
        for round in 0..5 {
            let mut full = lender.take().unwrap();
            *full = round;
            lender.send(full).unwrap();
            assert_eq!(lender.waiting(), 1);
            assert_eq!(borrower.peek(), Some(&round));
            let empty = borrower.recv().unwrap();
            assert_eq!(*empty, round);
            borrower.give_back(empty).unwrap();
        }
        assert_eq!((lender.available(), lender.inventory()), (2, 2));
        assert_eq!(lender.high_water(), 1);
    }

    #[test]
    fn the_mark_is_the_most_that_were_ever_out() {
        let (mut lender, mut borrower) = boxes(3, || 0u8);
        let told = |lender: &Lender<u8>| {
            let Level { most, now, limit } = lender.level();
            (now, most, limit)
        };
        assert_eq!(told(&lender), (0, 0, 3));
        for _ in 0..2 {
            let full = lender.take().unwrap();
            lender.send(full).unwrap();
        }
        assert_eq!(told(&lender), (2, 2, 3));
        for _ in 0..2 {
            let empty = borrower.recv().unwrap();
            borrower.give_back(empty).unwrap();
        }
        assert_eq!(told(&lender), (0, 2, 3));
        // One that has come back is used again: the mark stays.
        let again = lender.take().unwrap();
        assert_eq!(told(&lender), (1, 2, 3));
        lender.put_back(again);
        assert_eq!(told(&lender), (0, 2, 3));
    }

    #[test]
    fn an_empty_inventory_says_so() {
        let (mut lender, mut borrower) = boxes(1, || 7u8);
        let taken = lender.take().unwrap();
        assert_eq!(lender.take(), None);
        lender.put_back(taken);
        let again = lender.take().unwrap();
        lender.send(again).unwrap();
        assert_eq!((lender.take(), lender.available()), (None, 0));
        assert_eq!((borrower.waiting(), borrower.inventory()), (1, 1));
        let back = borrower.recv().unwrap();
        assert_eq!(borrower.recv(), None);
        borrower.give_back(back).unwrap();
        assert_eq!(lender.take().as_deref(), Some(&7));
    }

    #[test]
    fn full_rings_give_foreign_boxes_back() {
        let (mut lender, mut borrower) = boxes(1, || 0);
        let own = lender.take().unwrap();
        lender.send(own).unwrap();
        assert_eq!(*lender.send(Box::new(5)).unwrap_err().0, 5);
        let own = borrower.recv().unwrap();
        borrower.give_back(own).unwrap();
        assert_eq!(*borrower.give_back(Box::new(6)).unwrap_err().0, 6);
    }

    #[test]
    fn a_borrower_that_has_stopped_keeps_no_more_than_its_share() {
        let (mut lender, _stopped) = boxes_of_pool(1, 3, || 0);
        let own = lender.take().unwrap();
        lender.send(own).unwrap();
        assert_eq!(*lender.send(Box::new(7)).unwrap_err().0, 7);
        for n in 0..3 {
            lender.put_back(Box::new(n));
        }
        assert_eq!((lender.available(), lender.pool()), (3, 3));
    }

    #[test]
    fn each_end_sees_that_the_other_is_gone() {
        let (lender, borrower) = boxes(1, || 0);
        assert!(!lender.is_abandoned() && !borrower.is_abandoned());
        drop(borrower);
        assert!(lender.is_abandoned());
        let (lender, borrower) = boxes(1, || 0);
        drop(lender);
        assert!(borrower.is_abandoned());
    }
}
