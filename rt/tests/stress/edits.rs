//! Tenants come and go: command, apply, ack and garbage, and the slot is used again.

use crate::{Value, until, value};
use std::thread::{spawn, yield_now};
use talkpath_rt::command::{CommandRx, Next, Room, Txn, commands};
use talkpath_rt::handle::Handle;
use talkpath_rt::outlet::{AckTx, GarbageTx, acks, garbage};
use talkpath_rt::slab::{FreeList, Slab};

type Seat = Handle<Box<Value>>;

enum Command {
    Add(Seat, Box<Value>),
    Remove(Seat),
}

/// One slot, `count` tenants.
pub fn edits(count: u64) {
    let (mut tx, rx) = commands(6);
    let (ack_tx, mut acked) = acks(4);
    let (garbage_tx, mut freed) = garbage(2);
    let worker = spawn(move || apply(rx, ack_tx, garbage_tx, count));
    let mut free = FreeList::with_capacity(1);
    for number in 0..count {
        let seat = until(|| free.take());
        let mut txn = Txn {
            ops: vec![
                Command::Add(seat, Box::new(value(number))),
                Command::Remove(seat),
            ],
            not_before: 0,
            garbage: 1,
            acks: 1,
        };
        while let Err(busy) = tx.submit(txn) {
            txn = busy.txn;
            yield_now();
        }
        assert_eq!(until(|| acked.pop()), number);
        free.give(seat).expect("it was in use");
        assert_eq!(*until(|| freed.pop()), value(number));
    }
    worker.join().expect("no panic");
}

fn apply(
    mut rx: CommandRx<Command>,
    mut acks: AckTx<u64>,
    mut garbage: GarbageTx<Box<Value>>,
    count: u64,
) {
    let mut slab = Slab::with_capacity(1);
    let mut applied = 0;
    while applied < count {
        let (garbage_room, ack_room) = (garbage.vacant(), acks.vacant());
        let room = Room {
            garbage: garbage_room,
            acks: ack_room,
        };
        let Next::Txn(ops) = rx.next(0, room) else {
            yield_now();
            continue;
        };
        for command in ops {
            match command {
                Command::Add(seat, body) => slab.insert(seat, body).expect("no slot early"),
                Command::Remove(seat) => {
                    let body = slab.remove(seat).expect("a tenant");
                    let number = body[0];
                    garbage.push(body).expect("reserved");
                    acks.push(number).expect("reserved");
                    applied += 1;
                }
            }
        }
    }
}
