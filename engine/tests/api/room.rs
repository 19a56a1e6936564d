//! Rooms, legs and ports through the public API, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use crate::callers::{Caller, FRAME, drain, engine, engine_and_room, talk};
use talkpath_engine::{
    EngineConfig, EventKind, FrameTime, LeaveReason, LegConfig, PortConfig, RoomConfig, SampleRate,
    VirtualEngine,
};

const NARROW: SampleRate = SampleRate::HZ_8000;

#[test]
fn two_hear_each_other_and_never_themselves() {
    let (engine, room) = engine_and_room(8);
    let mut callers = [
        Caller::join(&room, NARROW, 1_000),
        Caller::join(&room, NARROW, -300),
    ];
    talk(&engine, &mut callers, 6);
    assert_eq!((callers[0].last(), callers[1].last()), (-300, 1_000));
    assert!(
        callers[0].heard.iter().all(|s| *s <= 0),
        "never a trace of the own voice"
    );
    assert!(
        callers[1].heard.iter().all(|s| *s >= 0),
        "never a trace of the own voice"
    );
}

#[test]
fn a_leg_fades_in_over_its_first_frame() {
    let (engine, room) = engine_and_room(8);
    let mut callers = [
        Caller::join(&room, NARROW, 8_000),
        Caller::join(&room, NARROW, 0),
    ];
    talk(&engine, &mut callers, 6);
    let heard = &callers[1].heard;
    let rising: Vec<_> = heard.iter().filter(|s| (1..8_000).contains(*s)).collect();
    assert!(
        rising.len() > 100 && rising.is_sorted(),
        "{} samples of ramp",
        rising.len()
    );
}

#[test]
fn three_hear_the_sum_of_the_other_two_exactly() {
    let (engine, room) = engine_and_room(8);
    let mut callers = [1_000, 200, -40].map(|value| Caller::join(&room, NARROW, value));
    talk(&engine, &mut callers, 6);
    let heard = callers.map(|caller| caller.last());
    assert_eq!(heard, [160, 960, 1_200]);
}

#[test]
fn rates_meet_in_one_room() {
    let (engine, room) = engine_and_room(8);
    let rates = [NARROW, SampleRate::HZ_16000, SampleRate::HZ_48000];
    let mut values = [4_000, 2_000, 1_000].into_iter();
    let mut callers = rates.map(|rate| Caller::join(&room, rate, values.next().expect("three")));
    talk(&engine, &mut callers, 12);
    let heard = callers.map(|caller| i32::from(caller.last()));
    for (heard, expected) in heard.into_iter().zip([3_000, 5_000, 6_000]) {
        assert!(
            (heard - expected).abs() <= expected / 100,
            "{heard}, not {expected}"
        );
    }
    let status = engine.status().expect("running");
    assert_eq!(status.rooms[0].rates, [8_000, 16_000, 48_000]);
}

#[test]
fn what_a_leg_hears_is_the_same_bits_whether_it_talks_or_not() {
    let run = |own: i16| {
        let (engine, room) = engine_and_room(8);
        let mut callers = [
            Caller::join(&room, NARROW, own),
            Caller::join(&room, NARROW, 777),
            Caller::join(&room, SampleRate::HZ_16000, -3_210),
        ];
        talk(&engine, &mut callers, 10);
        callers[0].heard.clone()
    };
    assert_eq!(run(0), run(12_345));
}

#[test]
fn gain_mute_and_hold() {
    let (engine, room) = engine_and_room(8);
    let mut callers = [
        Caller::join(&room, NARROW, 2_000),
        Caller::join(&room, NARROW, 0),
    ];
    let hears = |callers: &mut [Caller; 2]| {
        talk(&engine, callers, 4);
        callers[1].last()
    };
    assert_eq!(hears(&mut callers), 2_000);
    callers[0].leg.set_gain_db(-6.0206).expect("in range");
    assert!((hears(&mut callers) - 1_000).abs() <= 1);
    callers[0].leg.mute(true).expect("there");
    assert_eq!(hears(&mut callers), 0);
    callers[0].leg.set_gain_db(0.0).expect("in range");
    assert_eq!(hears(&mut callers), 0, "a gain does not unmute");
    callers[0].leg.mute(false).expect("there");
    assert_eq!(hears(&mut callers), 2_000);
    let hold = talkpath_engine::Direction {
        receive: false,
        send: true,
    };
    callers[0].leg.set_direction(hold).expect("there");
    engine.advance(3 * FRAME);
    callers[1].hear();
    assert_eq!(callers[1].last(), 0);
    assert!(callers[0].leg.set_gain_db(f32::NAN).is_err());
    assert!(callers[0].leg.set_gain_db(21.0).is_err());
}

#[test]
fn an_echo_hears_itself() {
    let (engine, room) = engine_and_room(8);
    let config = PortConfig {
        hear_self: true,
        ..PortConfig::new(NARROW)
    };
    let (leg, port) = room.join_port(config).expect("there is capacity");
    let mut callers = [Caller {
        leg,
        port,
        value: 555,
        heard: Vec::new(),
    }];
    talk(&engine, &mut callers, 5);
    assert_eq!(callers[0].last(), 555);
}

#[test]
fn players_are_heard_and_a_clip_says_when_it_is_over() {
    let (engine, room) = engine_and_room(8);
    let events = engine.subscribe().expect("running");
    let clip: Arc<[f32]> = vec![0.25; 8_000 / 10].into();
    let clip = room
        .join(LegConfig::clip(clip, NARROW, false))
        .expect("a good clip");
    let mut callers = [Caller::join(&room, NARROW, 0)];
    talk(&engine, &mut callers, 10);
    assert!(callers[0].heard.contains(&8_192), "a quarter of full scale");
    assert_eq!(callers[0].last(), 0);
    let finished = EventKind::Finished { leg: clip.id() };
    assert!(drain(&events).iter().any(|event| event.kind == finished));
    room.join(LegConfig::tone(1_000.0, -20.0))
        .expect("a good tone");
    talk(&engine, &mut callers, 5);
    let loudest = callers[0]
        .heard
        .iter()
        .rev()
        .take(160)
        .map(|s| s.unsigned_abs())
        .max();
    assert!(
        loudest.is_some_and(|peak| (3_000..=5_500).contains(&peak)),
        "{loudest:?}"
    );
}

#[test]
fn the_life_of_a_leg_is_told_in_order() {
    let (engine, room) = engine_and_room(8);
    let events = engine.subscribe().expect("running");
    let mut callers = [
        Caller::join(&room, NARROW, 0),
        Caller::join(&room, NARROW, 9_000),
    ];
    talk(&engine, &mut callers, 30);
    callers[1].leg.leave().expect("there");
    engine.advance(3 * FRAME);
    let about = callers[1].leg.id();
    let told: Vec<_> = drain(&events).into_iter().map(|event| event.kind).collect();
    let (room_id, leg) = (room.id(), about);
    let expected = [
        EventKind::Joined { room: room_id, leg },
        EventKind::TalkStarted { leg },
        EventKind::Left {
            room: room_id,
            leg,
            reason: LeaveReason::Requested,
        },
    ];
    let own: Vec<_> = told
        .into_iter()
        .filter(|kind| expected.contains(kind))
        .collect();
    assert_eq!(own, expected);
}

#[test]
fn a_closed_room_ends_after_its_legs() {
    let (engine, room) = engine_and_room(100);
    let events = engine.subscribe().expect("running");
    let legs: Vec<_> = (0..100)
        .map(|_| {
            room.join(LegConfig::tone(300.0, -30.0))
                .expect("there is capacity")
        })
        .collect();
    engine.advance(FRAME);
    assert_eq!(room.legs().expect("open").len(), 100);
    room.close().expect("open");
    assert!(room.close().is_err() && room.legs().is_err());
    engine.advance(3 * FRAME);
    let told = drain(&events);
    let left = told.iter().filter(|event| {
        matches!(
            event.kind,
            EventKind::Left {
                reason: LeaveReason::RoomClosed,
                ..
            }
        )
    });
    assert_eq!(left.count(), legs.len());
    let ended = EventKind::RoomEnded {
        room: room.id(),
        name: "room".to_owned(),
    };
    assert_eq!(told.last().map(|event| event.kind.clone()), Some(ended));
    let status = engine.status().expect("running");
    for fill in status
        .capacity
        .iter()
        .filter(|fill| !fill.is_told_by_workers())
    {
        assert_eq!(fill.in_use, 0, "{}", fill.what);
    }
    assert!(engine.room("room").expect("running").is_none());
    engine
        .create_room(RoomConfig::new("room"))
        .expect("the name is free again");
}

#[test]
fn a_room_may_end_with_its_last_leg() {
    let engine = engine(8);
    let config = RoomConfig {
        ends_with_last_leg: true,
        ..RoomConfig::new("guests")
    };
    let room = engine.create_room(config).expect("the first");
    engine.advance(10 * FRAME);
    assert!(
        engine.room("guests").expect("running").is_some(),
        "nobody has come yet"
    );
    let first = room
        .join(LegConfig::tone(300.0, -30.0))
        .expect("there is capacity");
    let second = room
        .join(LegConfig::tone(400.0, -30.0))
        .expect("there is capacity");
    engine.advance(FRAME);
    first.leave().expect("there");
    engine.advance(3 * FRAME);
    assert!(engine.room("guests").expect("running").is_some());
    engine
        .remove_leg_because(second.id(), LeaveReason::MediaTimeout)
        .expect("there");
    engine.advance(3 * FRAME);
    assert!(engine.room("guests").expect("running").is_none());
}

#[test]
fn rings_that_are_full_say_so_and_nothing_blocks() {
    let (engine, room) = engine_and_room(8);
    let (_leg, mut port) = room
        .join_port(PortConfig::new(NARROW))
        .expect("there is capacity");
    let frame = vec![7; port.frame().as_usize()];
    let written = std::iter::from_fn(|| port.write(&frame).ok()).count();
    assert_eq!(written, 4, "the depth of the port");
    engine.advance(Duration::from_millis(400));
    assert!(
        port.overruns() >= 10,
        "{} frames nobody read",
        port.overruns()
    );
    assert!(
        port.underruns() >= 10,
        "{} frames nobody wrote",
        port.underruns()
    );
    let mut heard = frame.clone();
    let read = std::iter::from_fn(|| port.read(&mut heard).ok()).count();
    assert_eq!(read, 4);
}

#[test]
fn a_room_spread_over_many_slots_sounds_the_same() {
    let config = EngineConfig {
        capacity_legs: 128,
        slot: Duration::from_micros(250),
        slot_budget: 0.05,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("valid");
    let room = engine
        .create_room(RoomConfig::new("hall"))
        .expect("the first");
    let mut callers: Vec<_> = (1..=100).map(|n| Caller::join(&room, NARROW, n)).collect();
    talk(&engine, &mut callers, 6);
    for caller in &callers {
        assert_eq!(caller.last(), 5_050 - caller.value);
    }
    let status = engine.status().expect("running");
    let legs = &status.rooms[0].legs;
    let (first, last) = (&legs[0], &legs[99]);
    assert_eq!((first.slots_before, first.slots_after), (0, 0));
    assert!(last.slots_before > 0 && last.slots_after > 0, "{last:?}");
    assert!(
        legs.iter()
            .all(|leg| leg.slots_before + leg.slots_after < 80)
    );
}

#[test]
fn a_room_of_ten_milliseconds_works_in_frames_of_ten_milliseconds() {
    let engine = engine(4);
    let config = RoomConfig {
        frame: FrameTime::Ms10,
        ..RoomConfig::new("quick")
    };
    let room = engine.create_room(config).expect("the first");
    let wide = SampleRate::HZ_48000;
    let mut callers = [
        Caller::join(&room, wide, 1_000),
        Caller::join(&room, wide, -2_000),
    ];
    assert_eq!(callers[0].port.frame().as_usize(), 480);
    for _ in 0..10 {
        callers.iter_mut().for_each(Caller::say);
        engine.advance(FRAME / 2);
        callers.iter_mut().for_each(Caller::hear);
    }
    assert_eq!((callers[0].last(), callers[1].last()), (-2_000, 1_000));
    assert!(callers[0].heard.len() >= 8 * 480);
}

#[test]
fn after_a_stall_the_room_goes_on() {
    let (engine, room) = engine_and_room(4);
    let mut callers = [
        Caller::join(&room, NARROW, 1_000),
        Caller::join(&room, NARROW, -300),
    ];
    talk(&engine, &mut callers, 5);
    engine.stall(Duration::from_millis(900));
    engine.advance(5 * FRAME);
    callers.iter_mut().for_each(Caller::hear);
    talk(&engine, &mut callers, 8);
    assert_eq!((callers[0].last(), callers[1].last()), (-300, 1_000));
    engine.advance(Duration::from_secs(2));
    let counters = engine.status().expect("running").workers[0].counters;
    assert!(counters.skipped_slots >= 800, "{counters:?}");
}

/// A port is told the span of a stall: what waited in it is as old, and the voice goes on where its clock is (D14).
#[test]
fn what_a_port_held_through_a_stall_is_dropped_as_far_as_it_is_old() {
    let (engine, room) = engine_and_room(4);
    let mut ear = Caller::join(&room, NARROW, 0);
    let config = PortConfig {
        depth: 50,
        ..PortConfig::new(NARROW)
    };
    let (leg, mut port) = room.join_port(config).expect("there is capacity");
    engine.advance(5 * FRAME);
    ear.hear();
    ear.heard.clear();
    let samples = port.frame().as_usize();
    // The n-th frame says n hundred.
    for n in 1..=50 {
        port.write(&vec![n * 100; samples]).expect("room for fifty");
    }
    engine.stall(Duration::from_millis(400));
    for _ in 0..60 {
        engine.advance(FRAME);
        ear.hear();
    }
    let skipped = leg.stats().expect("in").skipped_periods as i16;
    assert!((15..=21).contains(&skipped), "{skipped}");
    let mut said: Vec<i16> = ear.heard.iter().map(|s| s / 100 * 100).collect();
    said.dedup();
    let first = said.iter().find(|value| **value >= 100).expect("a voice");
    assert_eq!(*first, (skipped + 1) * 100, "{said:?}");
    assert!(said.contains(&5_000), "to its end: {said:?}");
}
