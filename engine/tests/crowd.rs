//! Edits that meet: several moves, and edits of several workers, while others are still on their way.

mod common;

use common::{Caller, Codec, FRAME, Studio, ms, network, sine, small};
use talkpath_engine::{
    Class, EngineConfig, EngineError, Leg, LegConfig, Resource, Room, SampleRate, Status,
};

fn studio(workers: usize) -> Studio {
    Studio::new(EngineConfig { workers, ..small() })
}

fn join(room: &Room, codec: Codec, n: u32) -> Leg {
    room.join(LegConfig::network(network(codec, n)))
        .expect("capacity")
}

fn worker_of(status: &Status, leg: &Leg) -> usize {
    let mut legs = status.rooms.iter().flat_map(|room| &room.legs);
    let told = legs.find(|told| told.bits == leg.id().to_bits());
    usize::from(told.expect("a leg that stays").worker)
}

/// Nothing failed, and no sum was missed or came to nobody.
fn assert_in_step(status: &Status) {
    assert_eq!(status.supervisor.edits_failed, 0);
    for worker in &status.workers {
        let counters = &worker.counters;
        let faults = (
            counters.partials_late,
            counters.partials_unsent,
            counters.overflows,
            counters.stale_commands,
            counters.refused_commands,
        );
        assert_eq!(faults, (0, 0, 0, 0, 0), "{counters:?}");
    }
}

#[test]
fn more_legs_than_there_are_berths_for_are_told_to_wait_and_none_is_lost() {
    let mut studio = studio(2);
    let room = studio.room("all at once");
    let legs: Vec<Leg> = (0..20).map(|n| join(&room, Codec::Pcmu, n)).collect();
    studio.advance(ms(100));
    let to = 1 - worker_of(&studio.status(), &legs[0]);
    let outcomes: Vec<_> = legs.iter().map(|leg| leg.move_to(to)).collect();
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(refused, EngineError::Busy { .. }), "{refused:?}");
        assert_eq!(refused.class(), Class::Transient);
    }
    studio.advance(ms(100));
    let status = studio.status();
    for (leg, outcome) in legs.iter().zip(&outcomes) {
        let at = if outcome.is_ok() { to } else { 1 - to };
        assert_eq!(worker_of(&status, leg), at);
    }
    assert_eq!(status.supervisor.legs_moved, 8, "berths of a worker");
    // Later there are berths again.
    legs[19].move_to(to).expect("a berth");
    studio.advance(ms(1_200));
    assert_in_step(&studio.status());
    assert_eq!(studio.status().supervisor.legs_moved, 9);
    for leg in &legs {
        studio.sent.clear();
        leg.mute(true).expect("it stays");
    }
    studio.advance(5 * FRAME);
    assert!(legs.iter().all(|leg| studio.packets(leg.id()).len() == 5));
}

#[test]
fn an_edit_of_two_workers_is_taken_in_one_slot_behind_one_that_waits() {
    // A move waits on its worker until after the leg's egress: tried at every slot of the period.
    for offset in 0..20 {
        let mut studio = studio(2);
        let (one, other) = (studio.room("one"), studio.room("other"));
        let mover = join(&one, Codec::Pcmu, 0);
        let legs: Vec<Leg> = (1..4).map(|n| join(&other, Codec::Pcmu, n)).collect();
        studio.advance(ms(100));
        let all = || std::iter::once(&mover).chain(&legs);
        for leg in all() {
            if worker_of(&studio.status(), leg) != 0 {
                leg.move_to(0).expect("a seat");
                studio.advance(ms(50));
            }
        }
        studio.advance(ms(100 + offset));
        let before = studio.status();
        mover.move_to(1).expect("a seat");
        // The other room gets a part on the second worker, and a bus on both, while that waits.
        legs[0].move_to(1).expect("a seat");
        join(&other, Codec::L16(SampleRate::HZ_16000), 9);
        studio.advance(ms(1_200));
        let status = studio.status();
        assert_eq!(
            status.supervisor.legs_moved,
            before.supervisor.legs_moved + 2
        );
        assert_in_step(&status);
    }
}

#[test]
fn a_worker_without_a_plan_to_spare_says_so() {
    let mut studio = Studio::new(EngineConfig {
        workers: 2,
        capacity_plans: 2,
        ..small()
    });
    let room = studio.room("plans");
    // Three plans, two of them on the second worker.
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::L16(SampleRate::HZ_16000)];
    let mut legs = Vec::new();
    for (n, codec) in codecs.into_iter().enumerate() {
        let leg = join(&room, codec, n as u32);
        studio.advance(ms(60));
        if n < 2 {
            leg.move_to(1).expect("a plan");
            studio.advance(ms(60));
        }
        legs.push(leg);
    }
    legs[2].move_to(0).expect("it is there, or a plan");
    studio.advance(ms(60));
    let refused = legs[2].move_to(1).expect_err("two plans are all");
    let plans = matches!(
        refused,
        EngineError::Capacity {
            what: Resource::Plans,
            limit: 2,
            ..
        }
    );
    assert!(plans, "{refused:?}");
    assert_eq!(refused.class(), Class::Capacity);
}

#[test]
fn nobody_hears_that_a_leg_is_the_first_to_leave_the_only_worker_of_its_room() {
    let run = |beat: u64, moves_at: Option<u64>| {
        let mut studio = studio(2);
        let room = studio.room("one");
        let rate = SampleRate::HZ_8000;
        let mut callers = [0, 1, 2].map(|n| {
            let voice = sine(300.0 + 170.0 * f64::from(n), rate, 0.2);
            Caller::join(&room, Codec::L16(rate), n).saying(voice)
        });
        let mut move_in = moves_at;
        for now in 0..500 {
            if move_in.take_if(|at| *at + 200 == now).is_some() {
                let at = studio.status().rooms[0].workers[0];
                let leg = room.legs().expect("open").swap_remove(0);
                leg.move_to(1 - usize::from(at)).expect("a seat");
            }
            if now >= beat {
                let all = callers.iter_mut();
                all.for_each(|caller| caller.speak(&mut studio));
            }
            studio.advance(ms(1));
        }
        let payloads = |(leg, sent): (&u64, &Vec<common::Sent>)| {
            let payloads: Vec<_> = sent.iter().take(20).map(|s| s.payload.clone()).collect();
            (*leg, payloads)
        };
        studio.sent.iter().map(payloads).collect::<Vec<_>>()
    };
    for beat in 0..20 {
        let still = run(beat, None);
        assert!(still.iter().all(|(_, payloads)| payloads.len() == 20));
        for offset in [0, 6, 13] {
            let moved = run(beat, Some(offset));
            assert!(moved == still, "moved {offset} ms later, beat {beat}");
        }
    }
}

#[test]
fn a_room_that_spreads_leaves_those_alone_that_are_leaving() {
    for offset in 0..20 {
        let mut studio = studio(2);
        let (one, other) = (studio.room("one"), studio.room("other"));
        let legs: Vec<Leg> = (0..3).map(|n| join(&one, Codec::Pcmu, n)).collect();
        let mover = join(&other, Codec::Pcmu, 9);
        studio.advance(ms(100));
        let at = worker_of(&studio.status(), &legs[0]);
        mover.move_to(at).expect("a seat");
        studio.advance(ms(100 + offset));
        legs[0].leave().expect("it stays");
        studio.advance(ms(1));
        // Its worker takes nothing more until the mover has gone; by then the leg has left.
        mover.move_to(1 - at).expect("a seat");
        legs[1].move_to(1 - at).expect("a seat");
        studio.advance(ms(1_200));
        let status = studio.status();
        assert_eq!(status.legs(), 3);
        assert_eq!(worker_of(&status, &legs[1]), 1 - at);
        assert_in_step(&status);
    }
}
