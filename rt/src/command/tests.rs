use super::*;

const AMPLE: Room = Room {
    garbage: 9,
    acks: 9,
};

fn txn(ops: &[u32]) -> Txn<u32> {
    Txn {
        ops: ops.to_vec(),
        not_before: 0,
        garbage: 0,
        acks: 0,
    }
}

fn apply(receiver: &mut CommandRx<u32>, slot: u64, room: Room) -> Option<(TxnId, Vec<u32>)> {
    match receiver.next(slot, room) {
        Next::Txn(ops) => Some((ops.id(), ops.collect())),
        _ => None,
    }
}

#[test]
fn transactions_arrive_whole_and_in_order() {
    let (mut tx, mut rx) = commands(8);
    assert!(matches!(rx.next(0, AMPLE), Next::Empty));
    assert_eq!(tx.submit(txn(&[1, 2, 3])).unwrap(), TxnId(1));
    assert_eq!(tx.submit(txn(&[])).unwrap(), TxnId(2));
    assert_eq!(tx.submit(txn(&[4])).unwrap(), TxnId(3));
    assert_eq!(tx.high_water(), 7);
    assert_eq!(apply(&mut rx, 0, AMPLE), Some((TxnId(1), vec![1, 2, 3])));
    assert_eq!(apply(&mut rx, 0, AMPLE), Some((TxnId(2), vec![])));
    assert_eq!(apply(&mut rx, 0, AMPLE), Some((TxnId(3), vec![4])));
    assert_eq!(apply(&mut rx, 0, AMPLE), None);
    assert_eq!(tx.vacant(), tx.capacity());
}

#[test]
fn a_full_ring_gives_the_transaction_back() {
    let (mut tx, mut rx) = commands(4);
    tx.submit(txn(&[1, 2])).unwrap();
    let busy = tx.submit(txn(&[3])).unwrap_err();
    assert_eq!(busy.txn, txn(&[3]));
    let (needed, vacant) = (2, 1);
    assert_eq!(busy.reason, BusyReason::RingFull { needed, vacant });
    let busy = tx.submit(txn(&[0; 4])).unwrap_err();
    let (needed, capacity) = (5, 4);
    assert_eq!(busy.reason, BusyReason::TooLarge { needed, capacity });
    assert!(busy.to_string().contains("4 operations"), "{busy}");
    assert!(apply(&mut rx, 0, AMPLE).is_some());
    tx.submit(txn(&[3])).unwrap();
    assert_eq!(apply(&mut rx, 0, AMPLE), Some((TxnId(2), vec![3])));
}

#[test]
fn waits_for_its_slot() {
    let (mut tx, mut rx) = commands(4);
    let later = Txn {
        not_before: 7,
        ..txn(&[1])
    };
    tx.submit(later).unwrap();
    assert!(matches!(rx.next(6, AMPLE), Next::NotYet));
    assert_eq!(apply(&mut rx, 7, AMPLE), Some((TxnId(1), vec![1])));
}

#[test]
fn waits_for_room_and_counts_the_fault_once() {
    let (mut tx, mut rx) = commands(4);
    let wasteful = Txn {
        garbage: 2,
        acks: 1,
        ..txn(&[1])
    };
    tx.submit(wasteful).unwrap();
    let (none, little) = (
        Room {
            garbage: 2,
            acks: 0,
        },
        Room {
            garbage: 1,
            acks: 1,
        },
    );
    assert!(matches!(rx.next(0, none), Next::Deferred));
    assert!(matches!(rx.next(1, little), Next::Deferred));
    assert_eq!(rx.deferrals(), 1);
    let enough = Room {
        garbage: 2,
        acks: 1,
    };
    assert_eq!(apply(&mut rx, 2, enough), Some((TxnId(1), vec![1])));
    assert_eq!(rx.deferrals(), 1);
}

#[test]
fn operations_left_behind_come_again_first() {
    let (mut tx, mut rx) = commands(8);
    tx.submit(txn(&[1, 2, 3])).unwrap();
    tx.submit(txn(&[4])).unwrap();
    let Next::Txn(mut ops) = rx.next(0, AMPLE) else {
        panic!("a transaction waits");
    };
    assert_eq!((ops.next(), ops.len()), (Some(1), 2));
    let (garbage, acks) = (0, 0);
    assert_eq!(
        apply(&mut rx, 0, Room { garbage, acks }),
        Some((TxnId(1), vec![2, 3]))
    );
    assert_eq!(apply(&mut rx, 0, AMPLE), Some((TxnId(2), vec![4])));
}

#[test]
fn each_end_sees_that_the_other_is_gone() {
    let (tx, rx) = commands::<u32>(1);
    assert!(!tx.is_abandoned() && !rx.is_abandoned());
    drop(rx);
    assert!(tx.is_abandoned());
}
