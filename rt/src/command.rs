//! Whole transactions from control to one worker.
//!
//! A [`Txn`] enters the ring by one chunk commit, so the worker sees all of it or nothing, and is
//! applied whole at a slot boundary: not before the slot it names, and only when the worker has
//! reserved [`Room`] for the garbage and the acks it may cause. Control holds credits for both and
//! submits only what must fit; a worker that has to defer all the same counts a fault.
//!
//! In the ring a transaction is a header and its operations. The supervisor owns [`CommandTx`], the
//! worker [`CommandRx`]; what is left in the ring at shutdown is freed by whoever goes last, which
//! has to be control.

use crate::ring::ring;
use thiserror::Error;

mod receive;
mod send;

pub use receive::{CommandRx, Next, Ops};
pub use send::CommandTx;

/// Edits that take effect together, at one slot boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn<C> {
    /// The operations, in the order in which they apply.
    pub ops: Vec<C>,
    /// The number of the first slot in which they may apply; 0 for at once.
    pub not_before: u64,
    /// The most values that applying them puts into the garbage ring.
    pub garbage: usize,
    /// The most values that applying them puts into the ack ring.
    pub acks: usize,
}

/// The number of a transaction, counted per ring from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxnId(pub u64);

/// What a worker has room for in its rings to control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Vacant places of the garbage ring.
    pub garbage: usize,
    /// Vacant places of the ack ring.
    pub acks: usize,
}

/// The transaction was not submitted; it comes back whole.
#[derive(Error)]
#[error("transaction of {} operations not submitted: {reason}", txn.ops.len())]
pub struct Busy<C> {
    /// The transaction, still the caller's.
    pub txn: Txn<C>,
    /// Why it was not submitted.
    pub reason: BusyReason,
}

impl<C> core::fmt::Debug for Busy<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Busy({:?})", self.reason)
    }
}

/// Why a transaction was not submitted. Places are counted with one for the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BusyReason {
    /// There is no room just now; try again once the worker has caught up.
    #[error("the command ring has {vacant} places of the {needed} needed")]
    RingFull {
        /// Places the transaction takes.
        needed: usize,
        /// Places that are free.
        vacant: usize,
    },
    /// There never will be room; split the transaction.
    #[error("the command ring holds {capacity} places in all, {needed} are needed")]
    TooLarge {
        /// Places the transaction takes.
        needed: usize,
        /// Places of the ring.
        capacity: usize,
    },
}

/// What lies in the ring.
enum Entry<C> {
    Header(Header),
    Op(C),
}

#[derive(Clone, Copy)]
struct Header {
    id: TxnId,
    ops: usize,
    not_before: u64,
    garbage: usize,
    acks: usize,
}

/// A command ring of `capacity` places; a transaction takes one per operation and one more.
///
/// ```
/// use talkpath_rt::command::{Next, Room, Txn, commands};
///
/// let (mut tx, mut rx) = commands(8);
/// let (ops, not_before) = (vec!["add room", "add leg"], 5);
/// let id = tx.submit(Txn { ops, not_before, garbage: 0, acks: 1 })?;
///
/// let room = Room { garbage: 4, acks: 4 };
/// assert!(matches!(rx.next(4, room), Next::NotYet));
/// let Next::Txn(ops) = rx.next(5, room) else {
///     panic!("it is due");
/// };
/// assert_eq!(ops.id(), id);
/// assert_eq!(ops.collect::<Vec<_>>(), ["add room", "add leg"]);
/// # Ok::<(), talkpath_rt::command::Busy<&str>>(())
/// ```
#[must_use]
pub fn commands<C>(capacity: usize) -> (CommandTx<C>, CommandRx<C>) {
    let (producer, consumer) = ring(capacity);
    (CommandTx::new(producer), CommandRx::new(consumer))
}

#[cfg(all(test, not(loom)))]
mod tests;
