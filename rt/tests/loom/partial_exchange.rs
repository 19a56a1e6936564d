//! A room on two workers (D5): four partials through two boxes, added a margin later or not at all.
//!
//! Each worker counts slots of its own; nothing but the ring orders the two. That is the point: one that woke late must
//! not be given, or give, a sum that belongs to another slot.

mod membership;

use crate::{Seen, explore};
use loom::cell::UnsafeCell;
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::ring::weaken::Weak;

/// Slots in which the room is mixed.
const SLOTS: u64 = 4;
/// Slots from the one a partial was closed in to the one it is added in.
const MARGIN: u64 = 1;

/// A room's sum over the legs of one worker. loom watches the samples.
struct Partial {
    /// The absolute slot it was closed in.
    stamp: u64,
    samples: UnsafeCell<u64>,
}

/// What the legs of worker A sum up to in a slot.
fn sum_of(slot: u64) -> u64 {
    100 + slot
}

/// How the taker decides, with the mistakes it might make.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taker {
    /// By the stamp.
    Stamp,
    /// Whatever comes first.
    Next,
    /// By the stamp, but what is late is thrown away box and all.
    Waster,
}

/// Worker A: closes a partial in each slot. Returns how many it could not send.
fn close(lender: &mut Lender<Partial>, seen: &Seen) -> u64 {
    let mut unsent = 0;
    for slot in 0..SLOTS {
        let Some(mut partial) = lender.take() else {
            seen.mark("unsent");
            unsent += 1;
            continue;
        };
        partial.stamp = slot;
        // SAFETY: the box is this worker's alone; loom checks that it really is.
        partial
            .samples
            .with_mut(|samples| unsafe { *samples = sum_of(slot) });
        lender
            .send(partial)
            .map_err(|_| ())
            .expect("the ring holds the inventory");
    }
    unsent
}

/// Worker B's side of one room.
struct Mix {
    mesh: Borrower<Partial>,
    taker: Taker,
    /// Slots whose partial was added.
    added: Vec<u64>,
    late: u64,
}

impl Mix {
    /// Adds the partial of slot `wanted` if it is there; what is older is late and goes home.
    fn mix(&mut self, wanted: u64, seen: &Seen) {
        while let Some(head) = self.mesh.peek() {
            if head.stamp > wanted && self.taker != Taker::Next {
                seen.mark("ahead");
                return;
            }
            let stamp = head.stamp;
            let partial = self.mesh.recv().expect("it was there");
            let in_time = stamp == wanted || self.taker == Taker::Next;
            if in_time {
                self.add(&partial, wanted);
                seen.mark("in time");
            } else {
                self.late += 1;
                seen.mark("late");
            }
            self.give_back(partial, in_time);
            if in_time {
                return;
            }
        }
        seen.mark("missing");
    }

    fn add(&mut self, partial: &Partial, wanted: u64) {
        // SAFETY: whoever writes has the box; loom checks that nobody does.
        let sum = partial.samples.with(|samples| unsafe { *samples });
        assert_eq!(sum, sum_of(wanted), "a partial of another slot");
        self.added.push(wanted);
    }

    fn give_back(&mut self, partial: Box<Partial>, in_time: bool) {
        if self.taker == Taker::Waster && !in_time {
            return drop(partial);
        }
        self.mesh
            .give_back(partial)
            .map_err(|_| ())
            .expect("the ring holds the inventory");
    }
}

fn model(weak: Weak, taker: Taker) {
    let seen = Seen::new(&["in time", "late", "missing", "ahead", "unsent"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut lender, mesh) = boxes(2, || Partial {
            stamp: u64::MAX,
            samples: UnsafeCell::new(0),
        });
        let seen = outcomes.clone();
        let other = loom::thread::spawn(move || {
            let mut mix = Mix {
                mesh,
                taker,
                added: Vec::new(),
                late: 0,
            };
            for slot in MARGIN..SLOTS + MARGIN {
                mix.mix(slot - MARGIN, &seen);
            }
            mix
        });
        let unsent = close(&mut lender, &outcomes);
        let mut mix = other.join().unwrap();
        // Slots go on after the last mix: what is still on the way is late.
        mix.mix(SLOTS, &outcomes);
        assert!(
            mix.added.is_sorted_by(|a, b| a < b),
            "a partial added twice"
        );
        assert_eq!(mix.added.len() as u64 + mix.late + unsent, SLOTS);
        assert_eq!(mix.mesh.waiting(), 0);
        assert_eq!(lender.available(), 2, "boxes at home");
    });
    seen.all();
}

#[test]
fn a_partial_is_of_its_slot_or_dropped() {
    model(Weak::Sound, Taker::Stamp);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit, Taker::Stamp);
}

#[test]
#[should_panic(expected = "a partial of another slot")]
fn a_taker_that_ignores_stamps_is_noticed() {
    model(Weak::Sound, Taker::Next);
}

#[test]
#[should_panic(expected = "boxes at home")]
fn a_late_box_that_is_thrown_away_is_noticed() {
    model(Weak::Sound, Taker::Waster);
}
