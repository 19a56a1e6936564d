//! A thousand legs come and go while others talk: the others' streams are the same to the bit, the worker's heap is
//! not touched, and everything that was taken is given back.

mod common;

use common::{
    Caller, Codec, EngineConfig, SampleRate, Sent, Studio, TEN, heap, ms, playing, sine, speech,
};
use talkpath_engine::{EventKind, LegConfig, Status};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Silent legs in all, and how many of them join at a time.
const CHURN: usize = 1_000;
const BATCH: usize = 50;

fn config() -> EngineConfig {
    EngineConfig {
        capacity_legs: 256,
        capacity_rooms: 4,
        ..EngineConfig::default()
    }
}

struct Run {
    sent: Vec<Vec<Sent>>,
    heap: heap::Count,
    before: Status,
    after: Status,
    joined: usize,
    left: usize,
    boxes_back: bool,
}

/// What the talkers are sent while `CHURN` legs join and leave in batches, or while nobody does. `mixed` churns with
/// legs of other rates too, so that buses and plans come and go.
fn run(churn: bool, mixed: bool) -> Run {
    let mut studio = Studio::new(config());
    let room = studio.room("busy");
    let narrow = SampleRate::HZ_8000;
    let mut talkers = [
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(440.0, narrow, 0.2)),
        Caller::join(&room, Codec::Pcmu, 2).saying(playing(speech(narrow))),
        Caller::join(&room, Codec::Pcma, 3).saying(sine(910.0, narrow, 0.4)),
    ];
    let mut heap = heap::Count::default();
    heap += studio.run_counting(ms(1_500), &mut talkers.iter_mut().collect::<Vec<_>>());
    let before = studio.status();
    studio.told();
    let (mut joined, mut left) = (0, 0);
    let mut guests = Vec::new();
    let codecs: &[Codec] = match mixed {
        false => &[Codec::Pcmu, Codec::Pcma],
        true => &[
            Codec::Pcmu,
            Codec::L16(SampleRate::HZ_16000),
            Codec::L16(SampleRate::HZ_48000),
        ],
    };
    for batch in 0..CHURN / BATCH + 1 {
        for guest in guests.drain(..) {
            let guest: talkpath_engine::Leg = guest;
            guest.leave().expect("it leaves once");
        }
        if churn && batch < CHURN / BATCH {
            let codec = |n: usize| codecs[(batch + n) % codecs.len()];
            let join = |n| {
                room.join(LegConfig::network(common::network(
                    codec(n),
                    100 + n as u32,
                )))
                .expect("capacity")
            };
            guests.extend((0..BATCH).map(join));
        }
        for _ in 0..13 {
            let mut all: Vec<&mut Caller> = talkers.iter_mut().collect();
            heap += studio.run_counting(TEN, &mut all);
        }
        for kind in studio.told() {
            joined += usize::from(matches!(kind, EventKind::Joined { .. }));
            left += usize::from(matches!(kind, EventKind::Left { .. }));
        }
    }
    heap += studio.run_counting(ms(1_500), &mut talkers.iter_mut().collect::<Vec<_>>());
    let after = studio.status();
    let sent = talkers
        .iter()
        .map(|talker| studio.packets(talker.id()).to_vec())
        .collect();
    // Everybody stops talking: every box comes home.
    studio.advance(ms(100));
    let link = &studio.link;
    let boxes_back = link.to_worker.available() == link.to_worker.inventory();
    Run {
        sent,
        heap,
        before,
        after,
        joined,
        left,
        boxes_back,
    }
}

fn assert_undisturbed(mixed: bool) {
    let (quiet, busy) = (run(false, mixed), run(true, mixed));
    assert_eq!(
        (quiet.joined, busy.joined, busy.left),
        (0, CHURN, CHURN),
        "they really came and went"
    );
    for (talker, (quiet, busy)) in quiet.sent.iter().zip(&busy.sent).enumerate() {
        assert!(quiet.len() > 250, "{} packets", quiet.len());
        let first = quiet.iter().zip(busy).position(|(a, b)| a != b);
        assert!(
            first.is_none() && quiet.len() == busy.len(),
            "talker {talker}: packet {first:?} differs"
        );
    }
    for run in [&quiet, &busy] {
        assert_eq!(
            run.heap,
            heap::Count::default(),
            "heap operations of the worker"
        );
        assert!(run.boxes_back, "every packet box is back");
    }
    // Handles, seats and plans: as before.
    let in_use = |status: &Status| -> Vec<(String, usize)> {
        status
            .capacity
            .iter()
            .map(|fill| (fill.what.clone(), fill.in_use))
            .collect()
    };
    assert_eq!(
        in_use(&busy.after),
        in_use(&busy.before),
        "in use after the churn, and before"
    );
    assert_eq!(busy.after.legs(), 3);
    assert_eq!(busy.after.rooms[0].rates, [8_000]);
    assert_eq!(
        busy.after.workers[0].planned_us, busy.before.workers[0].planned_us,
        "the slot table is as before"
    );
    let (worker, control) = (&busy.after.workers[0].counters, &busy.after.supervisor);
    assert_eq!(
        (
            worker.overflows,
            worker.deferred,
            worker.refused_commands,
            worker.stale_commands
        ),
        (0, 0, 0, 0)
    );
    assert_eq!(
        (
            control.edits_waiting,
            control.edits_failed,
            control.stale_returns
        ),
        (0, 0, 0),
        "{control:?}"
    );
    assert_eq!(control.legs_joined - control.legs_left, 3);
    assert!(control.boxes_freed >= CHURN as u64);
}

#[test]
fn a_thousand_silent_legs_of_one_rate_change_nobody_elses_stream() {
    assert_undisturbed(false);
}

#[test]
fn a_thousand_silent_legs_of_three_rates_change_nobody_elses_stream() {
    assert_undisturbed(true);
}

#[test]
fn the_memory_is_back_to_the_start() {
    let mut studio = Studio::new(config());
    let room = studio.room("memory");
    studio.told();
    let codecs = [
        Codec::Pcmu,
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
    ];
    let mut round = |legs: usize| {
        for batch in (0..legs).step_by(BATCH) {
            let config =
                |n: usize| LegConfig::network(common::network(codecs[(batch + n) % 3], n as u32));
            let guests: Vec<_> = (0..BATCH)
                .map(|n| room.join(config(n)).expect("capacity"))
                .collect();
            studio.engine.advance(ms(60));
            guests
                .iter()
                .for_each(|guest| guest.leave().expect("it leaves once"));
            studio.engine.advance(ms(60));
            drop(guests);
            while let Some(packet) = studio.link.from_worker.recv() {
                studio
                    .link
                    .from_worker
                    .give_back(packet)
                    .expect("room for the inventory");
            }
            assert_eq!(studio.told().len(), 2 * BATCH);
        }
        heap::live()
    };
    // Whatever grows to its final size does so in the first round.
    let start = round(100);
    assert_eq!(
        round(1_000),
        start,
        "bytes on the heap after a thousand legs more"
    );
}

#[test]
fn the_count_counts() {
    let count = heap::of(&mut || drop(std::hint::black_box(Box::new(1))));
    assert_eq!(
        count,
        heap::Count {
            allocations: 1,
            frees: 1
        }
    );
}
