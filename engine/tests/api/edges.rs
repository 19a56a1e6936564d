//! Capacity, stale handles, busy queues and churn: what must not hurt anybody else.

use crate::callers::{Caller, FRAME, engine, engine_and_room, talk};
use talkpath_engine::{
    Class, Engine, EngineConfig, EngineError, LegConfig, PortConfig, Resource, RoomConfig,
    SampleRate, VirtualEngine,
};

const NARROW: SampleRate = SampleRate::HZ_8000;

#[test]
fn capacity_spent_says_of_what_and_hurts_nobody() {
    let (engine, room) = engine_and_room(2);
    let mut callers = [
        Caller::join(&room, NARROW, 100),
        Caller::join(&room, NARROW, 200),
    ];
    let refused = room
        .join(LegConfig::tone(440.0, -20.0))
        .expect_err("two legs are all");
    assert_eq!(refused.class(), Class::Capacity);
    assert_eq!(
        refused.to_string(),
        "capacity spent: 2 legs, 2 of them in use, 1 more wanted"
    );
    talk(&engine, &mut callers, 5);
    assert_eq!(callers[0].last(), 200);
    callers[0].leg.leave().expect("there");
    let early = room.join(LegConfig::tone(440.0, -20.0));
    assert!(
        early.is_err(),
        "a place is free only after the worker's ack"
    );
    engine.advance(3 * FRAME);
    room.join(LegConfig::tone(440.0, -20.0))
        .expect("free again");
    let rooms: Vec<_> = (0..4)
        .map(|n| engine.create_room(RoomConfig::new(n.to_string())))
        .collect();
    let refused = rooms
        .into_iter()
        .last()
        .expect("four")
        .expect_err("there is one already");
    assert!(matches!(
        refused,
        EngineError::Capacity {
            what: Resource::Rooms,
            limit: 4,
            ..
        }
    ));
    assert_eq!(
        engine
            .status()
            .expect("running")
            .supervisor
            .refused_capacity,
        3
    );
}

#[test]
fn stale_handles_are_refused_and_never_reach_the_next_tenant() {
    let (engine, room) = engine_and_room(1);
    let old = room
        .join(LegConfig::tone(440.0, -20.0))
        .expect("there is capacity");
    engine.advance(FRAME);
    old.leave().expect("there");
    assert!(matches!(old.leave(), Err(EngineError::StaleLeg { leg }) if leg == old.id()));
    engine.advance(3 * FRAME);
    let new = room
        .join(LegConfig::tone(440.0, -20.0))
        .expect("free again");
    assert_eq!(new.id().index(), old.id().index());
    for refused in [
        old.mute(true),
        old.set_gain_db(0.0),
        old.leave(),
        old.stats().map(drop),
    ] {
        let refused = refused.expect_err("the handle is stale");
        assert_eq!(refused.class(), Class::Caller);
    }
    room.close().expect("open");
    assert!(matches!(
        room.join(LegConfig::tone(1.0, 0.0)),
        Err(EngineError::StaleRoom { .. })
    ));
    engine.advance(3 * FRAME);
    assert!(matches!(room.close(), Err(EngineError::StaleRoom { .. })));
}

#[test]
fn bad_requests_say_what_is_allowed() {
    let (engine, room) = engine_and_room(4);
    let odd = SampleRate::new(44_100).expect("a rate, but of no bus");
    let refused = room
        .join_port(PortConfig::new(odd))
        .expect_err("no such bus");
    assert_eq!(
        refused.to_string(),
        "rate in Hz is 44100, allowed is 8000, 16000 or 48000"
    );
    assert!(room.join(LegConfig::tone(4_000.0, -20.0)).is_err());
    assert!(room.join(LegConfig::tone(f32::NAN, -20.0)).is_err());
    assert!(
        room.join(LegConfig::clip(Vec::new().into(), NARROW, true))
            .is_err()
    );
    assert!(
        room.join_port(PortConfig {
            depth: 0,
            ..PortConfig::new(NARROW)
        })
        .is_err()
    );
    assert!(engine.create_room(RoomConfig::new("")).is_err());
    assert!(
        engine
            .create_room(RoomConfig::new("x".repeat(129)))
            .is_err()
    );
    let refused = engine
        .create_room(RoomConfig::new("room"))
        .expect_err("there is one");
    assert!(matches!(refused, EngineError::RoomExists { .. }));
    let tone = room.join(LegConfig::tone(440.0, -20.0)).expect("good");
    assert!(matches!(
        tone.set_ssrc(1),
        Err(EngineError::WrongKind { kind: "tone", .. })
    ));
    let status = engine.status().expect("running");
    assert_eq!(status.fill("legs"), Some((1, 4)));
    assert_eq!(status.supervisor.refused_caller, 9);
}

#[test]
fn too_many_edits_are_told_busy_and_none_is_lost() {
    let config = EngineConfig {
        capacity_legs: 4,
        queue: 8,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("valid");
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first");
    let mut callers = [
        Caller::join(&room, NARROW, 1_000),
        Caller::join(&room, NARROW, 0),
    ];
    let mut edits = 0;
    let refused = loop {
        let db = if edits % 2 == 0 { -20.0 } else { 0.0 };
        match callers[0].leg.set_gain_db(db) {
            Ok(()) => edits += 1,
            Err(refused) => break refused,
        }
        assert!(edits < 100_000, "the queue has an end");
    };
    assert_eq!(refused.class(), Class::Transient);
    assert!(matches!(
        refused,
        EngineError::Busy {
            waiting: 8,
            limit: 8
        }
    ));
    talk(&engine, &mut callers, 20);
    let status = engine.status().expect("running");
    let counters = status.workers[0].counters;
    assert_eq!((counters.deferred, counters.overflows), (0, 0));
    callers[0]
        .leg
        .set_gain_db(0.0)
        .expect("the worker has caught up");
    talk(&engine, &mut callers, 60);
    assert_eq!(callers[1].last(), 1_000);
    let counters = engine.status().expect("running").workers[0].counters;
    assert!(
        counters.transactions >= edits,
        "{} of {edits}",
        counters.transactions
    );
}

#[test]
fn a_thousand_silent_legs_come_and_go_and_nobody_hears_it() {
    let run = |churn: bool| {
        let (engine, room) = engine_and_room(128);
        let mut callers = [
            Caller::join(&room, NARROW, 4_321),
            Caller::join(&room, SampleRate::HZ_16000, -1_234),
        ];
        talk(&engine, &mut callers, 10);
        let before = engine.status().expect("running").capacity;
        let mut guests = std::collections::VecDeque::new();
        for n in 0..200 {
            if churn {
                let rate = [NARROW, SampleRate::HZ_16000, SampleRate::HZ_48000][n % 3];
                let join = |_| {
                    room.join_port(PortConfig::new(rate))
                        .expect("there is capacity")
                };
                guests.extend((0..5).map(join));
            }
            while guests.len() > 30 || (n > 190 && !guests.is_empty()) {
                let (leg, _port) = guests.pop_front().expect("some");
                leg.leave().expect("there");
            }
            talk(&engine, &mut callers, 1);
        }
        talk(&engine, &mut callers, 5);
        let status = engine.status().expect("running");
        assert_eq!(status.workers[0].counters.overflows, 0);
        assert_eq!(status.supervisor.legs_joined, if churn { 1_002 } else { 2 });
        assert_eq!(
            (
                status.supervisor.stale_returns,
                status.supervisor.edits_failed
            ),
            (0, 0)
        );
        let in_use = |fills: &[talkpath_engine::status::Fill]| {
            fills.iter().map(|fill| fill.in_use).collect::<Vec<_>>()
        };
        assert_eq!(
            in_use(&status.capacity),
            in_use(&before),
            "everything is given back"
        );
        callers.map(|caller| caller.heard)
    };
    let (quiet, churned) = (run(false), run(true));
    assert_eq!(quiet[0].len(), churned[0].len());
    assert!(quiet == churned, "bit-identical with and without the churn");
}

#[test]
fn legs_of_equal_graphs_share_a_plan_which_goes_with_the_last() {
    let engine = engine(8);
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first");
    let tones: Vec<_> = (1..=3)
        .map(|n| {
            room.join(LegConfig::tone(100.0 * n as f32, -30.0))
                .expect("good")
        })
        .collect();
    let (_leg, _port) = room.join_port(PortConfig::new(NARROW)).expect("good");
    let plans = engine.plans().expect("running");
    let legs: Vec<_> = plans.iter().map(|plan| plan.legs).collect();
    assert_eq!(legs, [3, 1]);
    assert!(plans[0].ingress.contains("tone") && plans[0].egress.is_empty());
    assert!(plans[1].egress_dot.contains("digraph"));
    tones.iter().for_each(|leg| leg.leave().expect("there"));
    engine.advance(3 * FRAME);
    assert_eq!(engine.plans().expect("running").len(), 1);
    assert_eq!(
        engine.status().expect("running").fill("plans"),
        Some((1, 64))
    );
}

#[test]
fn the_real_engine_starts_runs_and_frees_everything() {
    let config = EngineConfig {
        capacity_legs: 8,
        priority: None,
        ..EngineConfig::default()
    };
    let engine = Engine::start(config).expect("the machine has threads");
    let events = engine.subscribe().expect("running");
    let room = engine
        .create_room(RoomConfig::new("lobby"))
        .expect("the first");
    room.join(LegConfig::tone(440.0, -20.0)).expect("good");
    let (leg, mut port) = room.join_port(PortConfig::new(NARROW)).expect("good");
    let mut frame = vec![0_i16; port.frame().as_usize()];
    while !frame.iter().any(|sample| sample.abs() > 1_000) {
        if port.read(&mut frame).is_err() {
            std::thread::yield_now();
        }
    }
    let status = engine.status().expect("running");
    assert_eq!((status.legs(), status.rooms.len()), (2, 1));
    let names: std::collections::HashSet<_> = status.counters().map(|c| c.name).collect();
    assert_eq!(
        names.len(),
        status.counters().count(),
        "each counter has its own name"
    );
    engine.shutdown();
    engine.shutdown();
    assert!(matches!(leg.leave(), Err(EngineError::Stopped)));
    assert!(matches!(engine.status(), Err(EngineError::Stopped)));
    let last = events.last().expect("the stream ends with the engine");
    assert_eq!(
        last.kind,
        talkpath_engine::EventKind::RoomEnded {
            room: room.id(),
            name: "lobby".to_owned()
        }
    );
    while port.read(&mut frame).is_ok() {}
    assert_eq!(port.read(&mut frame), Err(talkpath_engine::PortEmpty::Left));
}
