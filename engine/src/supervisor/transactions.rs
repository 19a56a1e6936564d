//! Transactions on their way to the worker, and the credits they need (D12).
//!
//! The supervisor is the only producer of commands. A transaction is submitted only when the
//! ack ring and the garbage ring have room for everything it can cause, so the worker never
//! has to defer it; until then it waits here, in order. What a caller asks for is refused as
//! busy when too many wait; what follows from an ack (a plan dropped with its last leg) always
//! finds a place, and there is at most one such edit per leg, bus, room and plan.
//!
//! Owned by the supervisor's thread.

use std::collections::{BTreeMap, VecDeque};

use talkpath_rt::command::{CommandTx, Txn, TxnId};

use crate::error::EngineError;
use crate::proto::Command;
use crate::worker::apply::TRANSACTIONS_PER_SLOT;

use super::course::Placing;

pub(crate) use note::Note;

mod note;

/// Commands the ring to the worker holds.
pub(crate) const COMMANDS: usize = 4_096;
/// Acks the ring from the worker holds.
pub(crate) const ACKS: usize = 16_384;
/// Boxes the garbage ring holds.
pub(crate) const GARBAGE: usize = 8_192;
/// Most commands of one transaction.
pub(crate) const TRANSACTION: usize = 64;

/// A transaction that has not been submitted.
#[derive(Debug)]
struct Waiting {
    ops: Vec<Command>,
    /// The first slot it may apply in.
    not_before: u64,
    /// The request it is about.
    asked: Option<usize>,
}

/// A transaction the worker has not answered yet.
#[derive(Debug)]
struct Sent {
    notes: Vec<Note>,
    failed: Vec<u32>,
    asked: Option<usize>,
    placings: Vec<Placing>,
}

/// What became of the commands of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Each command, and whether it failed.
    pub notes: Vec<(Note, bool)>,
    /// The request they were about.
    pub asked: Option<usize>,
    /// What they said of where legs run.
    pub placings: Vec<Placing>,
}

/// Room left in a ring, as the supervisor counts it.
#[derive(Debug, Clone, Copy)]
struct Credit {
    left: usize,
    limit: usize,
}

impl Credit {
    fn give(&mut self, count: usize) {
        debug_assert!(self.left + count <= self.limit, "credit given twice");
        self.left = (self.left + count).min(self.limit);
    }
}

/// Everything between a decision and the worker's answer to it.
#[derive(Debug)]
pub(crate) struct Transactions {
    to_worker: CommandTx<Command>,
    waiting: VecDeque<Waiting>,
    sent: BTreeMap<TxnId, Sent>,
    /// The latest slot any of them named: nothing that comes after is applied before it.
    latest: u64,
    limit: usize,
    acks: Credit,
    garbage: Credit,
    /// Submissions the command ring had no room for at that moment.
    pub ring_full: u64,
    /// The request that what is added now is about, in a replay.
    pub asked: Option<usize>,
}

impl Transactions {
    /// Nothing in flight; at most `limit` transactions asked for by callers may wait.
    pub(crate) fn new(to_worker: CommandTx<Command>, limit: usize) -> Self {
        Self {
            to_worker,
            waiting: VecDeque::new(),
            sent: BTreeMap::new(),
            latest: 0,
            limit,
            acks: Credit {
                left: ACKS,
                limit: ACKS,
            },
            garbage: Credit {
                left: GARBAGE,
                limit: GARBAGE,
            },
            ring_full: 0,
            asked: None,
        }
    }

    /// Transactions that wait, and how many may.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.limit)
    }

    /// Places taken in the ring to the worker, places in all, the most ever taken.
    pub(crate) fn ring(&self) -> (usize, usize, usize) {
        let ring = &self.to_worker;
        let taken = ring.capacity() - ring.vacant();
        (taken, ring.capacity(), ring.high_water())
    }

    /// True while anything waits or is unanswered.
    pub(crate) fn in_flight(&self) -> bool {
        !self.waiting.is_empty() || !self.sent.is_empty() || self.acks.left < self.acks.limit
    }

    /// Whether a caller's edit may come in now.
    pub(crate) fn admit(&self) -> Result<(), EngineError> {
        let (waiting, limit) = self.waiting();
        if waiting < limit {
            Ok(())
        } else {
            Err(EngineError::Busy { waiting, limit })
        }
    }

    /// Queues one transaction behind those that wait, for slot `not_before` or later, and sends what can be sent.
    pub(crate) fn add(&mut self, ops: Vec<Command>, not_before: u64) {
        debug_assert!(
            (1..=TRANSACTION).contains(&ops.len()),
            "a transaction's size"
        );
        self.latest = self.latest.max(not_before);
        self.waiting.push_back(Waiting {
            ops,
            not_before,
            asked: self.asked,
        });
        self.flush();
    }

    /// The first slot from `slot` on in which a transaction added now finds all before it applied.
    pub(crate) fn clear_from(&self, slot: u64) -> u64 {
        let before = self.sent.len() + self.waiting.len();
        slot.max(self.latest) + (before / TRANSACTIONS_PER_SLOT) as u64
    }

    /// Submits waiting transactions, in order, as far as credits and the ring allow.
    pub(crate) fn flush(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            let notes: Vec<_> = waiting.ops.iter().map(Note::of).collect();
            let placings = waiting.ops.iter().filter_map(Placing::of).collect();
            let acks = waiting.ops.len() + 1;
            let garbage = notes.iter().map(|note| note.garbage_at_most()).sum();
            if acks > self.acks.left || garbage > self.garbage.left {
                return self.waiting.push_front(waiting);
            }
            let Waiting {
                ops,
                not_before,
                asked,
            } = waiting;
            match self.to_worker.submit(Txn {
                ops,
                not_before,
                garbage,
                acks,
            }) {
                Ok(id) => {
                    self.acks.left -= acks;
                    self.garbage.left -= garbage;
                    self.sent.insert(
                        id,
                        Sent {
                            notes,
                            failed: Vec::new(),
                            asked,
                            placings,
                        },
                    );
                }
                Err(busy) => {
                    self.ring_full += 1;
                    let ops = busy.txn.ops;
                    return self.waiting.push_front(Waiting {
                        ops,
                        not_before,
                        asked,
                    });
                }
            }
        }
    }

    /// Command `index` of `txn` was not carried out. Which one that was.
    pub(crate) fn failed(&mut self, txn: TxnId, index: u32) -> Option<Note> {
        let sent = self.sent.get_mut(&txn)?;
        sent.failed.push(index);
        sent.notes.get(index as usize).copied()
    }

    /// `txn` is done: its credits come back, save those of legs that still ramp out and of
    /// boxes still in the garbage ring.
    pub(crate) fn done(&mut self, txn: TxnId) -> Settled {
        let Some(Sent {
            notes,
            failed,
            asked,
            placings,
        }) = self.sent.remove(&txn)
        else {
            return Settled::default();
        };
        let fate = |(index, note)| {
            let failed = failed.iter().any(|&at| at as usize == index);
            (note, failed)
        };
        let notes: Vec<_> = notes.into_iter().enumerate().map(fate).collect();
        let (mut acks, mut garbage) = (1, 0);
        for &(note, failed) in &notes {
            acks += usize::from(failed || !note.is_answered_later());
            garbage += note.garbage_at_most() - note.garbage(failed);
        }
        self.acks.give(acks);
        self.garbage.give(garbage);
        Settled {
            notes,
            asked,
            placings,
        }
    }

    /// A leg's own ack has come: it has gone, or is here.
    pub(crate) fn leg_answered(&mut self) {
        self.acks.give(1);
    }

    /// A box has come out of the garbage ring.
    pub(crate) fn box_back(&mut self) {
        self.garbage.give(1);
    }
}

#[cfg(test)]
#[path = "transactions_tests.rs"]
mod tests;
