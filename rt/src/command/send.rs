//! Control's end of a command ring: a transaction in, whole or not at all.

use super::{Busy, BusyReason, Entry, Header, Txn, TxnId};
use crate::ring::Producer;
use std::vec;

/// Control's end of a command ring.
#[derive(Debug)]
pub struct CommandTx<C> {
    ring: Producer<Entry<C>>,
    last: TxnId,
}

impl<C> CommandTx<C> {
    pub(super) fn new(ring: Producer<Entry<C>>) -> Self {
        let last = TxnId(0);
        Self { ring, last }
    }

    /// Publishes `txn` by one commit and returns its number.
    ///
    /// # Errors
    ///
    /// [`Busy`] with the transaction when the ring has no room for all of it.
    pub fn submit(&mut self, txn: Txn<C>) -> Result<TxnId, Busy<C>> {
        let needed = txn.ops.len() + 1;
        let (capacity, vacant) = (self.ring.capacity(), self.ring.vacant());
        if needed > capacity || !self.ring.has_room(needed) {
            let reason = if needed > capacity {
                BusyReason::TooLarge { needed, capacity }
            } else {
                BusyReason::RingFull { needed, vacant }
            };
            return Err(Busy { txn, reason });
        }
        let id = TxnId(self.last.0 + 1);
        let entries = Entries {
            header: Some(Header {
                id,
                ops: txn.ops.len(),
                not_before: txn.not_before,
                garbage: txn.garbage,
                acks: txn.acks,
            }),
            ops: txn.ops.into_iter(),
        };
        let published = self.ring.push_all(entries);
        assert!(published.is_ok(), "vacant places only grow");
        self.last = id;
        Ok(id)
    }

    /// The ring, for a [tape](crate::tape).
    pub fn ring(&mut self) -> &mut Producer<impl Sized + use<C>> {
        &mut self.ring
    }

    /// Places free just now (a lower bound).
    #[must_use]
    pub fn vacant(&self) -> usize {
        self.ring.vacant()
    }

    /// Places in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// The most places that were ever taken.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.ring.high_water()
    }

    /// Whether the worker's end is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

/// A header and its operations, as one iterator of known length.
struct Entries<C> {
    header: Option<Header>,
    ops: vec::IntoIter<C>,
}

impl<C> Iterator for Entries<C> {
    type Item = Entry<C>;

    fn next(&mut self) -> Option<Entry<C>> {
        match self.header.take() {
            Some(header) => Some(Entry::Header(header)),
            None => self.ops.next().map(Entry::Op),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.header.is_some()) + self.ops.len();
        (left, Some(left))
    }
}

impl<C> ExactSizeIterator for Entries<C> {}
