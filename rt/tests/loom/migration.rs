//! A strand moves from worker A to worker B (D6) while packets for it arrive at either.
//!
//! Control tells B to await the strand, then A to send it, both not before one slot; it stands for the net shard as well,
//! whose route flips after two packets have gone to A. The state crosses the mesh in its box and says which period comes
//! next, so B owes exactly what A did not run, however late the box.
//!
//! Each worker counts slots of its own: a few while all else goes on (two threads that wait in loops could starve the third
//! for ever), then the rest in turn.

mod source;
mod strand;
mod target;

use crate::{Seen, explore};
use source::Source;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strand::State;
use talkpath_rt::command::{CommandTx, Txn, commands};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::ring::{Producer, ring};
use target::Target;

/// Periods of the strand, one to a slot.
const PERIODS: u64 = 3;
/// Slots that A runs while everything else goes on; B, a slot behind, runs one more.
const AT_ONCE: u64 = 2;
/// The slot before which neither worker may act.
const NOT_BEFORE: u64 = 1;
/// Packets: two routed to A, then one to B.
const PACKETS: usize = 3;

/// What the target believes about the period to go on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    /// What the state says.
    WhereTheStateIs,
    /// A mistake: with its own slot.
    InItsOwnSlot,
}

/// What happened to the strand, beside what is modelled: periods run and packets fed, each to be one.
#[derive(Default)]
struct Ledger {
    by_source: [AtomicU64; PERIODS as usize],
    by_target: [AtomicU64; PERIODS as usize],
    fed: [AtomicU64; PACKETS],
    freed: AtomicU64,
}

fn once(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn counts<const N: usize>(counters: &[AtomicU64; N]) -> [u64; N] {
    std::array::from_fn(|at| counters[at].load(Ordering::Relaxed))
}

impl Ledger {
    fn check(&self) {
        assert_eq!(counts(&self.fed), [1; PACKETS], "each packet once");
        let (source, target) = (counts(&self.by_source), counts(&self.by_target));
        for (period, (source, target)) in source.iter().zip(&target).enumerate() {
            assert_eq!(source + target, 1, "period {period} once, on one worker");
        }
        assert!(target.is_sorted(), "the source ran after the target");
    }
}

/// One operation, due in the slot both workers share.
fn order(tx: &mut CommandTx<()>) {
    let ops = vec![()];
    let (not_before, garbage, acks) = (NOT_BEFORE, 0, 0);
    tx.submit(Txn {
        ops,
        not_before,
        garbage,
        acks,
    })
    .expect("room for one");
}

fn route(to: &mut Producer<usize>, packet: usize) {
    to.push(packet).expect("room for two");
}

fn model(weak: Weak, goes_on: GoesOn) {
    let seen = Seen::new(&[
        "late arrival",
        "arrival in time",
        "carrier before its order",
        "fed at the source",
        "forwarded",
        "fed at the target",
        "waited for the carrier",
        "mesh full",
    ]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let ledger = Arc::new(Ledger::default());
        let (mut send, orders_a) = commands(2);
        let (mut awaiting, orders_b) = commands(2);
        let (mut to_a, packets_a) = ring(2);
        let (mut to_b, packets_b) = ring(2);
        let (mesh_out, mesh_in) = ring(2);
        let state = Box::new(State::new(Arc::clone(&ledger)));
        let mut source = Source::new(state, orders_a, packets_a, mesh_out);
        let mut target = Target::new(goes_on, orders_b, packets_b, mesh_in);
        source.slot(&outcomes);
        let (seen_a, seen_b) = (outcomes.clone(), outcomes.clone());
        let a = loom::thread::spawn(move || {
            (0..AT_ONCE).for_each(|_| source.slot(&seen_a));
            source
        });
        let b = loom::thread::spawn(move || {
            (0..=AT_ONCE).for_each(|_| target.slot(&seen_b));
            target
        });

        order(&mut awaiting);
        order(&mut send);
        route(&mut to_a, 0);
        route(&mut to_a, 1);
        route(&mut to_b, 2);

        // Both come home, where what is left to do takes its slots in turn.
        let (mut source, mut target) = (a.join().unwrap(), b.join().unwrap());
        for _ in 0..PERIODS {
            source.slot(&outcomes);
            target.slot(&outcomes);
        }
        assert!(source.is_done() && target.is_done());
        ledger.check();
        assert_eq!(ledger.freed.load(Ordering::Relaxed), 0);
        drop((source, target));
        assert_eq!(ledger.freed.load(Ordering::Relaxed), 1);
    });
    seen.all();
}

#[test]
fn the_strand_runs_once_a_period_on_one_worker() {
    model(Weak::Sound, GoesOn::WhereTheStateIs);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit, GoesOn::WhereTheStateIs);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_take_is_noticed() {
    model(Weak::Take, GoesOn::WhereTheStateIs);
}

#[test]
#[should_panic(expected = "once, on one worker")]
fn a_target_that_goes_by_its_own_slot_is_noticed() {
    model(Weak::Sound, GoesOn::InItsOwnSlot);
}
