//! A worker with nothing to do runs few of its slots, and all of them again with the first command.

mod common;

use common::bare::{Bare, Sizes};
use common::{Caller, Codec, EngineConfig, SampleRate, Studio, TEN, heap, ms, sine, small};
use std::time::Duration;
use talkpath_engine::proto::{Ack, Command};
use talkpath_rt::command::Txn;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const SLOT: Duration = ms(1);

/// Steps as the thread does, until `span` has passed; slots run and slots that were told as missed.
fn run(bare: &mut Bare, span: Duration) -> (u64, u64) {
    let before = *bare.worker.counters();
    let end = bare.worker.due() + span;
    while bare.worker.due() < end {
        bare.slots(1);
    }
    let after = bare.worker.counters();
    assert_eq!(bare.heap, heap::Count::default());
    (
        after.slots - before.slots,
        after.skipped_slots - before.skipped_slots,
    )
}

#[test]
fn it_rests_after_a_second_of_nothing_and_misses_no_slot() {
    let mut bare = Bare::new(Sizes::default());
    assert_eq!(run(&mut bare, ms(1000)), (1000, 0));
    assert_eq!(run(&mut bare, ms(8000)), (1000, 0));
    // On the grid: in the slots whose number is a multiple of eight.
    let since = bare.worker.due() - Duration::from_secs(1);
    assert_eq!(since.as_millis() % 8, 0);
    let room = bare.room(&[SampleRate::HZ_8000]);
    assert_eq!(run(&mut bare, ms(3000)), (3000, 0), "a room is kept up");
    bare.edit(vec![Command::RemoveRoom { room }]);
    assert_eq!(run(&mut bare, ms(999)), (999, 0));
    assert!(run(&mut bare, ms(80)).0 <= 11);
}

#[test]
fn a_command_is_taken_at_the_next_waking_and_an_edit_ahead_in_its_slot() {
    let mut bare = Bare::new(Sizes::default());
    run(&mut bare, ms(3001));
    let asked = bare.worker.due() - ms(8) + SLOT;
    bare.submit(Vec::new()).expect("room in the ring");
    bare.slots(1);
    assert!(matches!(bare.answers()[..], [Ack::Done { .. }]));
    assert!(bare.worker.due() - asked <= ms(8));
    run(&mut bare, ms(3000));
    // Ten milliseconds ahead, as for several workers: it wakes in time, waits awake and is not late.
    let slot = |bare: &Bare| (bare.worker.due() - Duration::from_secs(1)).as_millis() as u64;
    let named = slot(&bare) - 7 + TEN.as_millis() as u64;
    let txn = Txn {
        ops: Vec::new(),
        not_before: named,
        garbage: 0,
        acks: 1,
    };
    bare.commands.submit(txn).expect("room in the ring");
    run(&mut bare, ms(20));
    match bare.answers()[..] {
        [Ack::Done { slot, .. }] => assert_eq!(slot, named),
        ref other => panic!("{other:?}"),
    }
}

/// What two phones in a room are sent, when the second worker has rested until one of them went to it.
fn two_phones(rest: Duration, workers: usize) -> Vec<Vec<(u16, u32, Vec<u8>)>> {
    let mut studio = Studio::new(EngineConfig {
        workers,
        edit_lead: Some(TEN),
        ..small()
    });
    studio.engine.advance(rest);
    let room = studio.room("room");
    let caller = |n: u32| {
        let voice = sine(400.0 + 300.0 * f64::from(n), SampleRate::HZ_8000, 0.4);
        Caller::join(&room, Codec::Pcmu, n).saying(voice)
    };
    let (mut one, mut other) = (caller(0), caller(1));
    studio.run(ms(400), &mut [&mut one, &mut other]);
    other.leg.move_to(workers - 1).expect("a worker");
    studio.run(ms(1600), &mut [&mut one, &mut other]);
    let status = studio.status();
    assert_eq!(status.rooms[0].workers.len(), workers);
    let skipped = status.workers.iter().map(|w| w.counters.skipped_slots);
    assert_eq!(skipped.sum::<u64>(), 0);
    let sent = studio.sent.values();
    let plain = |sent: &common::Sent| {
        let header = sent.header;
        (header.sequence, header.timestamp, sent.payload.clone())
    };
    sent.map(|sent| sent.iter().map(plain).collect()).collect()
}

#[test]
fn a_leg_that_goes_to_a_rested_worker_loses_nothing() {
    let (alone, rested) = (two_phones(ms(5000), 1), two_phones(ms(5000), 2));
    assert!(alone.iter().all(|sent| sent.len() > 90));
    for (alone, rested) in alone.iter().zip(&rested) {
        let numbers = |sent: &[(u16, u32, Vec<u8>)]| {
            let first = (sent[0].0, sent[0].1);
            let since = |s: &(u16, u32, Vec<u8>)| {
                (
                    s.0.wrapping_sub(first.0),
                    s.1.wrapping_sub(first.1),
                    s.2.clone(),
                )
            };
            sent.iter().map(since).collect::<Vec<_>>()
        };
        assert_eq!(numbers(alone), numbers(rested));
    }
}
