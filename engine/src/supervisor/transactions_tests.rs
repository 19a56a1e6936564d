//! Credits, order and what comes back, without a worker.

use std::num::NonZeroU32;

use talkpath_rt::command::{CommandRx, Next, Room, commands};
use talkpath_rt::handle::Handle;

use crate::proto::LegId;

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
