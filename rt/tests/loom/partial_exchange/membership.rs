//! One leg goes over to the other worker while one of the two hears of it late (D12).
//!
//! From the named slot on the leg is summed on B, no more on A. Control tells one of the two in time, between two of its
//! slots, and the other by a ring that it looks into before each slot, so it may close one or more under the old
//! membership. A sum of another membership has the leg twice, or not at all: it must not be added.

use crate::{Seen, explore};
use loom::cell::UnsafeCell;
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::ring::{Consumer, Producer, ring};

/// Slots in which the room is mixed.
const SLOTS: u64 = 3;
/// The one from which on the leg is on B.
const NAMED: u64 = 1;
/// What is said by the leg of A, by that of B, and by the one that goes over.
const VOICES: (u64, u64, u64) = (100, 10, 1);

/// A room's sum over the legs of one worker. loom watches the samples.
struct Partial {
    slot: u64,
    epoch: u32,
    samples: UnsafeCell<u64>,
}

/// How a worker hears of the edit.
enum Told {
    /// Control sits with it, and tells the other one.
    InTime(Producer<u32>),
    /// By ring, perhaps late.
    ByRing(Consumer<u32>),
}

impl Told {
    /// The membership that holds in `slot`, as far as this worker knows.
    fn epoch(&mut self, slot: u64, epoch: u32) -> u32 {
        if slot < NAMED {
            return epoch;
        }
        match self {
            Self::InTime(other) if epoch == 0 => {
                other.push(1).expect("the first edit");
                1
            }
            Self::InTime(_) => epoch,
            Self::ByRing(ring) => ring.pop().unwrap_or(epoch),
        }
    }
}

/// Worker A: closes a partial in each slot.
fn close(mut told: Told, lender: &mut Lender<Partial>) {
    let (a, _, goes) = VOICES;
    let mut epoch = 0;
    for slot in 0..SLOTS {
        epoch = told.epoch(slot, epoch);
        let Some(mut partial) = lender.take() else {
            continue;
        };
        (partial.slot, partial.epoch) = (slot, epoch);
        let sum = if epoch == 0 { a + goes } else { a };
        // SAFETY: the box is this worker's alone; loom checks that it really is.
        partial
            .samples
            .with_mut(|samples| unsafe { *samples = sum });
        let sent = lender.send(partial).map_err(|_| ());
        sent.expect("the ring holds the inventory");
    }
}

/// Worker B: completes each slot's sum with what has come.
fn mix(mut told: Told, mut mesh: Borrower<Partial>, ignores_epochs: bool, seen: &Seen) {
    let (a, b, goes) = VOICES;
    let mut epoch = 0;
    for slot in 0..SLOTS {
        epoch = told.epoch(slot, epoch);
        let own = if epoch == 0 { b } else { b + goes };
        while mesh.peek().is_some_and(|head| head.slot <= slot) {
            let partial = mesh.recv().expect("it was there");
            if partial.slot < slot {
                seen.mark("late");
            } else if partial.epoch != epoch && !ignores_epochs {
                seen.mark("another membership");
            } else {
                // SAFETY: whoever writes has the box; loom checks that nobody does.
                let far = partial.samples.with(|samples| unsafe { *samples });
                assert_eq!(own + far, a + b + goes, "a leg twice, or not at all");
                seen.mark("same membership");
            }
            let back = mesh.give_back(partial).map_err(|_| ());
            back.expect("the ring holds the inventory");
        }
    }
}

/// Who hears of the edit late.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Late {
    A,
    B,
}

fn model(weak: Weak, late: Late, ignores_epochs: bool) {
    let seen = Seen::new(&["same membership", "another membership", "late"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut lender, mesh) = boxes(2, || Partial {
            slot: u64::MAX,
            epoch: 0,
            samples: UnsafeCell::new(0),
        });
        let (tx, rx) = ring(2);
        let (a, b) = match late {
            Late::A => (Told::ByRing(rx), Told::InTime(tx)),
            Late::B => (Told::InTime(tx), Told::ByRing(rx)),
        };
        let seen = outcomes.clone();
        let other = loom::thread::spawn(move || mix(b, mesh, ignores_epochs, &seen));
        close(a, &mut lender);
        other.join().unwrap();
    });
    seen.all();
}

#[test]
fn a_sum_of_another_membership_is_dropped_when_a_is_late() {
    model(Weak::Sound, Late::A, false);
}

#[test]
fn a_sum_of_another_membership_is_dropped_when_b_is_late() {
    model(Weak::Sound, Late::B, false);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit, Late::A, false);
}

#[test]
#[should_panic(expected = "a leg twice, or not at all")]
fn a_taker_that_ignores_memberships_is_noticed_when_a_is_late() {
    model(Weak::Sound, Late::A, true);
}

#[test]
#[should_panic(expected = "a leg twice, or not at all")]
fn a_taker_that_ignores_memberships_is_noticed_when_b_is_late() {
    model(Weak::Sound, Late::B, true);
}
