//! Command, apply, ack, reuse: one slot, two tenants, and a command that names the first too late.

use crate::{Seen, explore, wait_for};
use talkpath_rt::command::{CommandRx, CommandTx, Next, Room, Txn, commands};
use talkpath_rt::handle::Handle;
use talkpath_rt::outlet::{AckTx, acks};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::slab::{FreeList, Slab};

type Leg = Handle<Box<u32>>;

enum Command {
    Add(Leg, Box<u32>),
    /// Asks for the value, to compare it with the tenancy.
    Look(Leg),
    Remove(Leg),
}

#[derive(Debug, PartialEq, Eq)]
enum Ack {
    Added,
    Saw(u32),
    Removed(Box<u32>),
    Stale,
}

/// The worker: applies `commands` commands, acknowledging each.
fn work(mut rx: CommandRx<Command>, mut acks: AckTx<Ack>, commands: usize, seen: &Seen) {
    let mut slab = Slab::<Box<u32>>::with_capacity(1);
    let mut applied = 0;
    while applied < commands {
        let room = Room {
            garbage: 0,
            acks: acks.vacant(),
        };
        let Next::Txn(ops) = rx.next(0, room) else {
            seen.mark("nothing to apply");
            loom::thread::yield_now();
            continue;
        };
        for command in ops {
            let ack = match command {
                Command::Add(leg, value) => {
                    slab.insert(leg, value)
                        .expect("control reuses no slot early");
                    Ack::Added
                }
                Command::Look(leg) => slab.get(leg).map_or(Ack::Stale, |value| Ack::Saw(**value)),
                Command::Remove(leg) => slab.remove(leg).map_or(Ack::Stale, Ack::Removed),
            };
            acks.push(ack).expect("reserved");
            applied += 1;
        }
    }
}

fn submit(tx: &mut CommandTx<Command>, ops: Vec<Command>, seen: &Seen) {
    let acks = ops.len();
    let mut txn = Txn {
        ops,
        not_before: 0,
        garbage: 0,
        acks,
    };
    while let Err(busy) = tx.submit(txn) {
        seen.mark("busy");
        txn = busy.txn;
        loom::thread::yield_now();
    }
}

fn model(weak: Weak) {
    let seen = Seen::new(&["stale ack", "nothing to apply", "busy"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut tx, rx) = commands(3);
        let (ack_tx, mut ack_rx) = acks(2);
        let seen = outcomes.clone();
        let worker = loom::thread::spawn(move || work(rx, ack_tx, 4, &seen));

        let mut free = FreeList::with_capacity(1);
        let first = free.take().expect("one slot");
        let add = Command::Add(first, Box::new(1));
        submit(&mut tx, vec![add], &outcomes);
        submit(&mut tx, vec![Command::Remove(first)], &outcomes);
        assert_eq!(wait_for(|| ack_rx.pop()), Ack::Added);
        assert_eq!(wait_for(|| ack_rx.pop()), Ack::Removed(Box::new(1)));

        free.give(first).expect("it was in use");
        let second = free.take().expect("the slot came back");
        assert_eq!(second.index(), first.index());
        let add = Command::Add(second, Box::new(2));
        submit(&mut tx, vec![add, Command::Look(first)], &outcomes);
        assert_eq!(wait_for(|| ack_rx.pop()), Ack::Added);
        assert_eq!(wait_for(|| ack_rx.pop()), Ack::Stale);
        outcomes.mark("stale ack");
        worker.join().unwrap();
    });
    seen.all();
}

#[test]
fn a_stale_handle_reaches_nobody() {
    model(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_take_is_noticed() {
    model(Weak::Take);
}
