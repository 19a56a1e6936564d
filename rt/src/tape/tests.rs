use super::*;
use std::thread;

/// What `out` has noted.
fn numbers(kept: &mut TapeIn) -> Vec<u64> {
    core::iter::from_fn(|| kept.fetch()).collect()
}

fn play(numbers: &[u64]) -> Numbers {
    let numbers = numbers.to_vec();
    Box::new(numbers.into_iter())
}

#[test]
fn a_reader_notes_its_turns() {
    let (mut tx, mut rx) = ring(8);
    let (out, mut kept) = tape(16);
    rx.set_tape(TakeTape::recording(out));
    for _ in 0..3 {
        assert_eq!(rx.pop(), None);
    }
    for n in 0..2 {
        tx.push(n).expect("room");
    }
    while rx.pop().is_some() {}
    assert_eq!(rx.look(), None);
    assert_eq!(numbers(&mut kept), [3, 2], "the turn at hand is still open");
    rx.flush_tape();
    rx.flush_tape();
    assert_eq!(numbers(&mut kept), [2, 0]);
}

#[test]
fn a_reader_that_plays_waits_for_what_was_there() {
    let (mut tx, mut rx) = ring(2);
    let over = Flag::new();
    rx.set_tape(TakeTape::playing(play(&[1, 3, 1, 0]), over.clone()));
    let writer = thread::spawn(move || {
        for n in 0..3 {
            while tx.push(n).is_err() {
                thread::yield_now();
            }
        }
        tx
    });
    assert_eq!(rx.pop(), None, "it looked too early");
    assert_eq!([rx.pop(), rx.pop(), rx.pop()], [Some(0), Some(1), Some(2)]);
    let tx = writer.join().expect("it ends");
    assert_eq!(rx.pop(), None);
    assert!(!over.is_raised());
    assert_eq!(rx.pop(), None);
    assert!(over.is_raised(), "the tape is at its end");
    drop(tx);
}

#[test]
fn who_waits_for_somebody_who_is_gone_is_over() {
    let (mut tx, mut rx) = ring(2);
    tx.push(7).expect("room");
    drop(tx);
    let over = Flag::new();
    rx.set_tape(TakeTape::playing(play(&[0, 2]), over.clone()));
    assert_eq!((rx.pop(), over.is_raised()), (Some(7), false));
    assert_eq!((rx.pop(), over.is_raised()), (None, true));
}

#[test]
fn a_writer_notes_when_it_was_refused_and_meets_with_it_again() {
    let (mut tx, mut rx) = ring(2);
    let (out, mut kept) = tape(16);
    tx.set_tape(PutTape::recording(out));
    assert!(tx.push(0).is_ok() && tx.push_all([1].into_iter()).is_ok());
    assert!(tx.push(2).is_err() && !tx.has_room(1) && !tx.push_slice(&[3]));
    assert_eq!(rx.pop(), Some(0));
    assert!(tx.has_room(1) && tx.push_slice(&[4]));
    assert!(tx.push(5).is_err());
    let noted = numbers(&mut kept);
    assert_eq!(noted, [2, 0, 0, 2]);

    let (mut tx, mut rx) = ring(8);
    tx.set_tape(PutTape::playing(play(&noted), Flag::new()));
    assert!(tx.push(0).is_ok() && tx.push_all([1].into_iter()).is_ok());
    assert!(tx.push(2).is_err() && !tx.has_room(1) && !tx.push_slice(&[3]));
    assert!(tx.has_room(1) && tx.push_slice(&[4]));
    assert!(tx.push(5).is_err() && tx.push(6).is_ok());
    let there: Vec<_> = core::iter::from_fn(|| rx.pop()).collect();
    assert_eq!(there, [0, 1, 4, 6]);
}

#[test]
fn what_a_thread_does_after_it_is_over_is_not_seen() {
    let (mut tx, mut rx) = ring(8);
    let over = Flag::new();
    tx.set_tape(PutTape::playing(play(&[]), over.clone()));
    tx.push(1).expect("there always is room");
    over.raise();
    assert!(tx.push(2).is_err() && !tx.push_slice(&[3]) && tx.push_all([4].into_iter()).is_err());
    assert_eq!((rx.pop(), rx.pop()), (Some(1), None));
    let (mut tx, rx) = ring(1);
    tx.set_tape(PutTape::playing(play(&[]), Flag::new()));
    drop(rx);
    for n in 0..3 {
        tx.push(n).expect("nobody reads it: it goes nowhere");
    }
}

#[test]
fn a_keeper_that_is_too_slow_is_told_once_and_the_tape_has_ended() {
    let (mut out, mut kept) = tape(3);
    out.note(&[1, 2]);
    out.note(&[3, 4]);
    out.note(&[5]);
    assert!(kept.has_overflowed());
    assert_eq!(numbers(&mut kept), [1, 2], "nothing after the gap");
}
