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
use crate::proto::{CallId, Command, LegId};
use crate::worker::apply::TRANSACTIONS_PER_SLOT;

/// Commands the ring to the worker holds.
pub(crate) const COMMANDS: usize = 4_096;
/// Acks the ring from the worker holds.
pub(crate) const ACKS: usize = 16_384;
/// Boxes the garbage ring holds.
pub(crate) const GARBAGE: usize = 8_192;
/// Most commands of one transaction.
pub(crate) const TRANSACTION: usize = 64;

/// What is remembered of a command until the worker has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// A leg joins.
    Join(LegId),
    /// A leg leaves; its ack and its body come a frame later.
    Leave(LegId),
    /// A leg gets another plan; the ack and what went come when it has it.
    Swap(LegId),
    /// A leg comes from another worker; its ack and its berth come when it is there.
    Await(LegId),
    /// A call begins.
    Call(CallId),
    /// A call gets another plan; the old body comes back.
    ReplaceCall,
    /// Something else is added: comes back only when it was refused.
    Add,
    /// Something else is removed: comes back.
    Remove,
    /// The ring with a neighbour that is lost is exchanged; the old one comes back.
    Peer { worker: u8, epoch: u16 },
    /// A value is set.
    Set,
}

impl Note {
    fn of(command: &Command) -> Self {
        match *command {
            Command::AddLeg { leg, .. } => Self::Join(leg),
            Command::RemoveLeg { leg } => Self::Leave(leg),
            Command::SwapLeg { leg, .. } => Self::Swap(leg),
            Command::AddCall { call, .. } => Self::Call(call),
            Command::ReplaceCall { .. } => Self::ReplaceCall,
            Command::AddPlan { .. } | Command::AddRoom { .. } | Command::AddBus { .. } => Self::Add,
            Command::DropPlan { .. }
            | Command::RemoveRoom { .. }
            | Command::RemoveBus { .. }
            | Command::RemoveCall { .. } => Self::Remove,
            Command::AwaitLeg { leg, .. } => Self::Await(leg),
            // A leg that moves to other slots comes back only when its handle went stale: never.
            Command::MoveLeg { .. } => Self::Add,
            Command::SetPeer { ref value } => Self::Peer {
                worker: value.index,
                epoch: value.epoch,
            },
            Command::SetGain { .. }
            | Command::SetDirection { .. }
            | Command::SetSsrc { .. }
            | Command::SetPriority { .. }
            | Command::SetFlows { .. }
            | Command::SendCall { .. }
            | Command::SetPeers { .. }
            | Command::SendLeg { .. } => Self::Set,
        }
    }

    /// Boxes that come back at most.
    fn garbage_at_most(self) -> usize {
        usize::from(self != Self::Set)
    }

    /// Whether an ack of its own follows that of its transaction.
    fn is_answered_later(self) -> bool {
        matches!(self, Self::Leave(_) | Self::Await(_) | Self::Swap(_))
    }

    /// Boxes that come back, now that the command's fate is known.
    fn garbage(self, failed: bool) -> usize {
        let comes_back = match self {
            Self::Join(_) | Self::Call(_) | Self::Add => failed,
            Self::Leave(_) | Self::Remove => !failed,
            Self::Swap(_) | Self::ReplaceCall | Self::Await(_) | Self::Peer { .. } => true,
            Self::Set => false,
        };
        usize::from(comes_back)
    }
}

/// A transaction that has not been submitted.
#[derive(Debug)]
struct Waiting {
    ops: Vec<Command>,
    /// The first slot it may apply in.
    not_before: u64,
}

/// A transaction the worker has not answered yet.
#[derive(Debug)]
struct Sent {
    notes: Vec<Note>,
    failed: Vec<u32>,
}

/// What became of the commands of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Each command, and whether it failed.
    pub notes: Vec<(Note, bool)>,
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
        self.waiting.push_back(Waiting { ops, not_before });
        self.flush();
    }

    /// The first slot from `slot` on in which a transaction added now finds all before it applied.
    pub(crate) fn clear_from(&self, slot: u64) -> u64 {
        let before = self.sent.len() + self.waiting.len();
        slot.max(self.latest) + (before / TRANSACTIONS_PER_SLOT) as u64
    }

    /// Submits waiting transactions, in order, as far as credits and the ring allow.
    pub(crate) fn flush(&mut self) {
        while let Some(Waiting { ops, not_before }) = self.waiting.pop_front() {
            let notes: Vec<_> = ops.iter().map(Note::of).collect();
            let acks = ops.len() + 1;
            let garbage = notes.iter().map(|note| note.garbage_at_most()).sum();
            if acks > self.acks.left || garbage > self.garbage.left {
                return self.waiting.push_front(Waiting { ops, not_before });
            }
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
                        },
                    );
                }
                Err(busy) => {
                    self.ring_full += 1;
                    let ops = busy.txn.ops;
                    return self.waiting.push_front(Waiting { ops, not_before });
                }
            }
        }
    }

    /// Command `index` of `txn` was not carried out.
    pub(crate) fn failed(&mut self, txn: TxnId, index: u32) {
        if let Some(sent) = self.sent.get_mut(&txn) {
            sent.failed.push(index);
        }
    }

    /// `txn` is done: its credits come back, save those of legs that still ramp out and of
    /// boxes still in the garbage ring.
    pub(crate) fn done(&mut self, txn: TxnId) -> Settled {
        let Some(Sent { notes, failed }) = self.sent.remove(&txn) else {
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
        Settled { notes }
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
mod tests {
    use std::num::NonZeroU32;

    use talkpath_rt::command::{CommandRx, Next, Room, commands};
    use talkpath_rt::handle::Handle;

    use super::*;

    fn leg(index: u32) -> LegId {
        Handle::new(index, NonZeroU32::MIN)
    }

    /// Takes one transaction off the ring, as a worker does.
    fn take(worker: &mut CommandRx<Command>) -> Option<TxnId> {
        let room = Room {
            garbage: GARBAGE,
            acks: ACKS,
        };
        match worker.next(0, room) {
            Next::Txn(txn) => {
                let id = txn.id();
                txn.for_each(drop);
                Some(id)
            }
            _ => None,
        }
    }

    #[test]
    fn legs_that_ramp_out_hold_their_credits_until_their_own_ack_and_box() {
        let (tx, mut worker) = commands(COMMANDS);
        let mut transactions = Transactions::new(tx, 4);
        transactions.add(vec![Command::RemoveLeg { leg: leg(1) }], 0);
        let txn = take(&mut worker).expect("submitted");
        assert_eq!(
            (transactions.acks.left, transactions.garbage.left),
            (ACKS - 2, GARBAGE - 1)
        );
        let settled = transactions.done(txn);
        assert_eq!(settled.notes, [(Note::Leave(leg(1)), false)]);
        assert!(transactions.in_flight(), "the leg still ramps out");
        transactions.leg_answered();
        transactions.box_back();
        assert!(!transactions.in_flight());
        assert_eq!(transactions.garbage.left, GARBAGE);
    }

    #[test]
    fn what_the_worker_cannot_answer_waits_and_goes_out_in_order() {
        let (tx, mut worker) = commands(COMMANDS);
        let mut transactions = Transactions::new(tx, 3);
        transactions.garbage.left = 1;
        for index in 1..=3 {
            transactions.add(vec![Command::RemoveLeg { leg: leg(index) }], 0);
        }
        let first = take(&mut worker).expect("one has credit");
        assert!(take(&mut worker).is_none(), "the others wait");
        assert!(transactions.admit().is_ok());
        transactions.add(
            vec![Command::SetSsrc {
                leg: leg(9),
                ssrc: 1,
            }],
            0,
        );
        assert!(matches!(
            transactions.admit(),
            Err(EngineError::Busy {
                waiting: 3,
                limit: 3
            })
        ));
        transactions.done(first);
        transactions.leg_answered();
        transactions.box_back();
        transactions.flush();
        assert!(take(&mut worker).is_some_and(|second| second > first));
        assert_eq!(transactions.waiting(), (2, 3), "nothing overtakes");
    }

    #[test]
    fn a_failed_command_is_told_and_its_credits_come_back() {
        let (tx, mut worker) = commands(COMMANDS);
        let mut transactions = Transactions::new(tx, 4);
        transactions.add(
            vec![
                Command::SetGain {
                    leg: leg(1),
                    linear: 1.0,
                },
                Command::RemoveLeg { leg: leg(2) },
            ],
            0,
        );
        let txn = take(&mut worker).expect("submitted");
        transactions.failed(txn, 1);
        let settled = transactions.done(txn);
        assert_eq!(
            settled.notes,
            [(Note::Set, false), (Note::Leave(leg(2)), true)]
        );
        assert!(!transactions.in_flight());
        assert_eq!(transactions.garbage.left, GARBAGE);
    }
}
