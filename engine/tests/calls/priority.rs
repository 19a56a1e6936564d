//! Classes of calls (D15): what is reserved, who leaves for an emergency call, and what the governor leaves out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use talkpath_engine::event::Left;
use talkpath_engine::{
    Call, CallConfig, CallId, EngineError, EventKind, LeaveReason, LegConfig, LegId, NetworkConfig,
    Priority, Resource, Room, Side,
};
use talkpath_graph::Shed;

use crate::common::{Codec, EngineConfig, Sent, Studio, ms, network, small};
use crate::rig::{WIDE, fill, header, line, payload, side};

const MICRO: Duration = Duration::from_micros(1);

fn relay() -> CallConfig {
    CallConfig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 20, 2))
}

/// Whose codecs have different rates.
fn crossed() -> CallConfig {
    CallConfig::new(side(Codec::Pcmu, 20, 1), side(Codec::L16(WIDE), 20, 2))
}

fn phone(n: u32) -> LegConfig {
    LegConfig::network(network(Codec::Pcmu, n))
}

/// Tries until it is in.
fn insist<T>(studio: &mut Studio, mut ask: impl FnMut(&Studio) -> Result<T, EngineError>) -> T {
    for _ in 0..100 {
        match ask(studio) {
            Ok(came) => return came,
            Err(EngineError::Displacing { .. }) => studio.advance(ms(2)),
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no room in 200 ms");
}

fn emergency_call(studio: &mut Studio) -> Call {
    let config = relay().with_priority(Priority::Emergency);
    insist(studio, |studio| studio.engine.create_call(config))
}

fn emergency_leg(studio: &mut Studio, room: &Room) -> LegId {
    let join = |_: &Studio| room.join_as(phone(990), Priority::Emergency);
    insist(studio, join).id()
}

/// Who was displaced, and for whom.
fn displaced(studio: &Studio) -> Vec<(LegId, Option<CallId>, LegId)> {
    let told = studio.told();
    let ended = |call: CallId| {
        told.iter().any(|kind| {
            matches!(kind, EventKind::CallEnded { call: c, reason: LeaveReason::Displaced, .. } if *c == call)
        })
    };
    let pairs = told.iter().filter_map(|kind| match kind {
        EventKind::Displaced { leg, call, by } => {
            assert!(call.is_none_or(ended), "it ended before the event");
            Some((*leg, *call, *by))
        }
        _ => None,
    });
    pairs.collect()
}

fn call(studio: &Studio, priority: Priority) -> Call {
    let call = studio.engine.create_call(relay().with_priority(priority));
    call.expect("capacity")
}

#[test]
fn the_newest_of_the_lowest_class_leaves_be_it_a_leg_or_a_call() {
    // Every handle is taken: three calls and two legs.
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 8,
        ..small()
    });
    let room = studio.room("lobby");
    let low = room.join_as(phone(1), Priority::Low).expect("capacity");
    let background = call(&studio, Priority::Background);
    let lowest = room
        .join_as(phone(2), Priority::Background)
        .expect("capacity");
    let (kept, ordinary) = (
        call(&studio, Priority::High),
        call(&studio, Priority::Normal),
    );
    studio.advance(ms(100));
    studio.told();

    // A leg takes one handle: the newest of the lowest class goes, a leg.
    let by = emergency_leg(&mut studio, &room);
    assert_eq!(displaced(&studio), [(lowest.id(), None, by)]);
    // Now it is the call, which frees two.
    let by = emergency_leg(&mut studio, &room);
    let a = background.side(Side::A);
    assert_eq!(displaced(&studio), [(a, Some(background.id()), by)]);
    // A call takes two; one is free, so one leg is enough.
    let by = emergency_call(&mut studio).side(Side::A);
    assert_eq!(displaced(&studio), [(low.id(), None, by)]);
    // Raised, it is not the least any more.
    ordinary.set_priority(Priority::Critical).expect("up");
    let by = emergency_call(&mut studio).side(Side::A);
    let a = kept.side(Side::A);
    assert_eq!(displaced(&studio), [(a, Some(kept.id()), by)]);
    let by = emergency_call(&mut studio).side(Side::A);
    let a = ordinary.side(Side::A);
    assert_eq!(displaced(&studio), [(a, Some(ordinary.id()), by)]);
    // Nobody is left but emergencies.
    let refused = studio
        .engine
        .create_call(relay().with_priority(Priority::Emergency));
    let spent = |error: &EngineError| {
        matches!(
            error,
            EngineError::Capacity {
                what: Resource::Legs,
                ..
            }
        )
    };
    assert!(refused.as_ref().is_err_and(spent), "{refused:?}");
    let status = studio.status();
    assert_eq!(status.supervisor.legs_displaced, 1 + 2 + 1 + 2 + 2);
    assert_eq!(
        (
            status.supervisor.edits_failed,
            status.supervisor.stale_returns
        ),
        (0, 0)
    );
    assert!(
        status
            .calls
            .iter()
            .all(|call| call.priority == Priority::Emergency)
    );
}

#[test]
fn what_is_freed_for_an_emergency_call_is_kept_for_it() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 2,
        ..small()
    });
    call(&studio, Priority::Normal);
    studio.advance(ms(50));
    let config = relay().with_priority(Priority::Emergency);
    let refused = studio.engine.create_call(config).expect_err("full");
    assert!(
        matches!(refused, EngineError::Displacing { .. }),
        "{refused}"
    );
    studio.advance(ms(50));
    let other = studio.engine.create_call(relay()).expect_err("kept");
    let claimed = matches!(
        other,
        EngineError::Capacity {
            what: Resource::Claimed,
            ..
        }
    );
    assert!(claimed, "{other}");
    studio.engine.create_call(config).expect("its own");
}

/// A phone of a call.
struct Phone {
    leg: LegId,
    config: NetworkConfig,
    n: u16,
}

fn phones(calls: &[(Call, CallConfig)]) -> Vec<Phone> {
    let both = calls.iter().flat_map(|(call, config)| {
        let sides = [(Side::A, config.a), (Side::B, config.b)];
        sides.map(|(side, config)| Phone {
            leg: call.side(side),
            config,
            n: 0,
        })
    });
    both.collect()
}

/// All phones send packets of 20 ms for a span, all in one slot.
fn talk(studio: &mut Studio, phones: &mut [Phone], span: Duration) {
    let end = studio.engine.now() + span;
    while studio.engine.now() < end {
        for Phone { leg, config, n } in phones.iter_mut() {
            let ticks = config.codec.rate().samples_in(ms(20)).0;
            let octets = config.codec.octets_of(ticks as usize);
            let now = studio.engine.now();
            let head = header(config.codec, *n, ticks);
            assert!(studio.inject(*leg, now, head, &payload(*n, octets)));
            *n += 1;
        }
        studio.advance(ms(20));
    }
}

/// A studio in which calls of `config` are measured at `micros` an op.
fn priced(config: CallConfig, micros: u32) -> Studio {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 400,
        reserves: [0.1, 0.0, 0.2, 0.0, 0.0, 0.0],
        ..EngineConfig::default()
    });
    studio.engine.script_costs(move |_| micros * MICRO);
    let first = studio.engine.create_call(config).expect("the first");
    let mut phones = phones(&[(first.clone(), config)]);
    talk(&mut studio, &mut phones, ms(3_000));
    first.hang_up().expect("up");
    studio.advance(ms(100));
    studio
}

#[test]
fn what_better_classes_reserve_is_not_for_the_calls_of_others() {
    let limit = |priority| {
        let studio = priced(relay(), 100);
        let config = relay().with_priority(priority);
        let told = studio.engine.headroom(config).expect("an answer").legs;
        let (calls, refused) = fill(&studio, config);
        assert_eq!(calls.len(), told);
        let EngineError::Overload { limit, .. } = refused else {
            panic!("{refused}")
        };
        (calls.len(), limit.as_micros())
    };
    // Of 800 µs a tenth is kept for emergencies, two more for high ones and better.
    let (high, normal) = (limit(Priority::High), limit(Priority::Normal));
    assert!((719..=720).contains(&high.1), "{high:?}");
    assert!((559..=560).contains(&normal.1), "{normal:?}");
    assert!(high.0 > normal.0 * 5 / 4, "{high:?} {normal:?}");
    assert!(limit(Priority::Emergency).0 > high.0);
}

#[test]
fn slot_time_is_displaced_where_it_is_spent_and_nowhere_else() {
    let mut studio = priced(relay(), 100);
    // A leg of the lowest class that costs nothing to speak of, in a slot that is not the fullest.
    let room = studio.room("aside");
    let idle = room.join_as(phone(1), Priority::Background).expect("room");
    let config = relay().with_priority(Priority::High);
    let (calls, _) = fill(&studio, config);
    let newest = calls.last().expect("many").clone();
    studio.advance(ms(100));
    studio.told();
    let pairs = loop {
        emergency_call(&mut studio);
        let pairs = displaced(&studio);
        if !pairs.is_empty() {
            break pairs;
        }
    };
    // The reserve first; then the slots of the room are the fullest, and after it calls alone count.
    let first = pairs[0].0;
    assert!(
        first == idle.id() || first == newest.side(Side::A),
        "{pairs:?}"
    );
    let mut gone = pairs;
    while !gone.iter().any(|(leg, ..)| *leg == newest.side(Side::A)) {
        emergency_call(&mut studio);
        gone.extend(displaced(&studio));
        assert!(gone.len() < 3, "{gone:?}");
    }
}

#[test]
fn the_governor_shortens_the_resamplers_of_calls_by_class_and_loses_no_packet() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 64,
        ..EngineConfig::default()
    });
    let classes = [
        Priority::Background,
        Priority::Background,
        Priority::Normal,
        Priority::Emergency,
    ];
    let mut calls: Vec<(Call, CallConfig)> = Vec::new();
    for class in classes {
        let config = crossed().with_priority(class);
        let call = studio.engine.create_call(config).expect("capacity");
        calls.push((call, config));
    }
    let straight = relay().with_priority(Priority::Background);
    calls.push((
        studio.engine.create_call(straight).expect("capacity"),
        straight,
    ));
    // A long filter takes 90 µs for 10 ms, a short one 10: all of them 16 × 90 of the slot's 1,000, and 800 without the lowest
    // class.
    let load = Arc::new(Mutex::new(90_u32));
    let long = Arc::clone(&load);
    let shed: Arc<Mutex<Vec<LegId>>> = Arc::default();
    let seen = Arc::clone(&shed);
    studio
        .engine
        .script_costs(move |work| match (work.kind, work.shed) {
            ("resample", true) => {
                seen.lock().expect("whole").push(work.leg);
                10 * MICRO
            }
            ("resample", false) => *long.lock().expect("whole") * MICRO,
            _ => Duration::ZERO,
        });
    let mut phones = phones(&calls);
    talk(&mut studio, &mut phones, ms(2_000));
    let steps = |studio: &Studio, up: bool| -> Vec<(Left, Priority, u32)> {
        let told = studio.told();
        let steps = told.iter().filter_map(|kind| match kind {
            EventKind::Shed {
                what,
                priority,
                legs,
                ..
            } if up => Some((*what, *priority, *legs)),
            EventKind::Recovered {
                what,
                priority,
                legs,
                ..
            } if !up => Some((*what, *priority, *legs)),
            _ => None,
        });
        steps.collect()
    };
    let resampling = Left::Effect(Shed::Resampling);
    // Both directions of two calls; of the relayed one there is nothing to leave out.
    assert_eq!(
        steps(&studio, true),
        [(resampling, Priority::Background, 4)]
    );
    let of = |call: usize| Side::BOTH.map(|side| calls[call].0.side(side));
    let shortened = std::mem::take(&mut *shed.lock().expect("whole"));
    assert!(
        shortened
            .iter()
            .all(|leg| of(0).contains(leg) || of(1).contains(leg))
    );
    // Worse: the next class; emergency never, and then there is nothing left to leave out.
    *load.lock().expect("whole") = 200;
    talk(&mut studio, &mut phones, ms(2_000));
    assert_eq!(steps(&studio, true), [(resampling, Priority::Normal, 2)]);
    *load.lock().expect("whole") = 1_000;
    talk(&mut studio, &mut phones, ms(2_000));
    assert_eq!(
        steps(&studio, true),
        [],
        "of calls no whole period is left out"
    );
    let emergency = of(3);
    let shortened = std::mem::take(&mut *shed.lock().expect("whole"));
    assert!(!shortened.iter().any(|leg| emergency.contains(leg)));
    // And back.
    *load.lock().expect("whole") = 10;
    talk(&mut studio, &mut phones, ms(5_000));
    let back = [Priority::Normal, Priority::Background].map(|class| (resampling, class));
    let told: Vec<_> = steps(&studio, false)
        .iter()
        .map(|step| (step.0, step.1))
        .collect();
    assert_eq!(told, back);
    // Nobody lost a packet or a place in its stream.
    let sent = |leg| -> &[Sent] { studio.packets(leg) };
    for phone in &phones {
        let numbers = line(sent(phone.leg));
        assert_eq!(numbers.len(), usize::from(phone.n));
        let straight = numbers
            .iter()
            .enumerate()
            .all(|(n, (seq, _))| n == usize::from(*seq));
        assert!(straight, "{:?}", phone.leg);
    }
    let [a, b] = Side::BOTH.map(|side| sent(calls[4].0.side(side)));
    for (n, (a, b)) in a.iter().zip(b).enumerate() {
        let said = payload(n as u16, 160);
        assert_eq!((&a.payload, &b.payload), (&said, &said), "relayed as it is");
    }
}
