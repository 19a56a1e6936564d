//! The worker's end of a command ring: the next transaction, when it may be applied.

use super::{Entry, Room, TxnId};
use crate::ring::Consumer;

/// The worker's end of a command ring.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(1).
#[derive(Debug)]
pub struct CommandRx<C> {
    ring: Consumer<Entry<C>>,
    /// The transaction being applied and how many (not zero) of its operations are in the ring.
    open: Option<(TxnId, usize)>,
    /// The transaction last deferred.
    deferring: Option<TxnId>,
    deferrals: u64,
}

/// What the worker should do about its command ring.
#[derive(Debug)]
#[must_use]
pub enum Next<'a, C> {
    /// Nothing waits.
    Empty,
    /// The next transaction is for a later slot.
    NotYet,
    /// The next transaction may cause more garbage or acks than there is room for. A fault, counted
    /// once per transaction; it waits.
    Deferred,
    /// The next transaction: apply all of it now.
    Txn(Ops<'a, C>),
}

impl<C> CommandRx<C> {
    pub(super) fn new(ring: Consumer<Entry<C>>) -> Self {
        Self {
            ring,
            open: None,
            deferring: None,
            deferrals: 0,
        }
    }

    /// The next transaction, if it may be applied in slot number `slot` with `room` to spare.
    ///
    /// Operations that were left in an [`Ops`] come again, under the same number, before anything
    /// else.
    pub fn next(&mut self, slot: u64, room: Room) -> Next<'_, C> {
        if let Some((id, _)) = self.open {
            return Next::Txn(Ops { receiver: self, id });
        }
        let header = match self.ring.look() {
            None => return Next::Empty,
            Some(Entry::Header(header)) => *header,
            Some(Entry::Op(_)) => unreachable!("operations are taken through their transaction"),
        };
        if header.not_before > slot {
            return Next::NotYet;
        }
        if header.garbage > room.garbage || header.acks > room.acks {
            if self.deferring != Some(header.id) {
                self.deferring = Some(header.id);
                self.deferrals += 1;
            }
            return Next::Deferred;
        }
        // The header goes; its operations stay for `Ops`.
        if self.ring.pop().is_some() && header.ops > 0 {
            self.open = Some((header.id, header.ops));
        }
        Next::Txn(Ops {
            receiver: self,
            id: header.id,
        })
    }

    /// The ring, for a [tape](crate::tape).
    pub fn ring(&mut self) -> &mut Consumer<impl Sized + use<C>> {
        &mut self.ring
    }

    /// Transactions that had to wait for room, each counted once.
    #[must_use]
    pub fn deferrals(&self) -> u64 {
        self.deferrals
    }

    /// Whether control's end is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

/// The operations of one transaction, in order. Pops exactly its own.
#[derive(Debug)]
pub struct Ops<'a, C> {
    receiver: &'a mut CommandRx<C>,
    id: TxnId,
}

impl<C> Ops<'_, C> {
    /// The number of the transaction.
    #[must_use]
    pub fn id(&self) -> TxnId {
        self.id
    }
}

impl<C> Iterator for Ops<'_, C> {
    type Item = C;

    fn next(&mut self) -> Option<C> {
        let (id, left) = self.receiver.open?;
        match self.receiver.ring.pop() {
            Some(Entry::Op(op)) => {
                self.receiver.open = (left > 1).then_some((id, left - 1));
                Some(op)
            }
            _ => unreachable!("a transaction is published whole"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.receiver.open.map_or(0, |(_, left)| left);
        (left, Some(left))
    }
}

impl<C> ExactSizeIterator for Ops<'_, C> {}
