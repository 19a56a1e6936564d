//! Priority classes (D15): reserves, and emergency calls that displace the least of those present; in virtual time.

mod common;

use std::time::Duration;

use common::{Codec, EngineConfig, LegId, Studio, TEN, ms, network};
use talkpath_engine::{
    Class, EngineError, EventKind, LeaveReason, Leg, LegConfig, PortConfig, Priority, Resource,
    Room, SampleRate,
};

fn phone(n: u32) -> LegConfig {
    LegConfig::network(network(Codec::Pcmu, n))
}

/// Joins as `priority` until it is refused: who came in, and why no more.
fn fill(room: &Room, priority: Priority) -> (Vec<Leg>, EngineError) {
    let mut legs = Vec::new();
    loop {
        match room.join_as(phone(legs.len() as u32), priority) {
            Ok(leg) => legs.push(leg),
            Err(error) => return (legs, error),
        }
    }
}

/// An emergency call comes, again and again until it is in; how often it had to.
fn emergency(studio: &mut Studio, room: &Room) -> (Leg, u32) {
    for tries in 0..100 {
        match room.join_as(phone(990), Priority::Emergency) {
            Ok(leg) => return (leg, tries),
            Err(error @ EngineError::Displacing { .. }) => {
                assert_eq!(error.class(), Class::Transient);
                studio.advance(ms(2));
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no room in 200 ms");
}

/// A room whose plan costs `micros` an op, as measured.
fn busy_room(capacity_legs: usize, micros: u32) -> (Studio, Room) {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs,
        capacity_rooms: 4,
        reserves: [0.1, 0.0, 0.2, 0.0, 0.0, 0.0],
        ..EngineConfig::default()
    });
    studio
        .engine
        .script_costs(move |_| Duration::from_micros(1) * micros);
    let room = studio.room("lobby");
    room.join_as(phone(0), Priority::High).expect("the first");
    studio.advance(ms(2_100));
    (studio, room)
}

#[test]
fn what_better_classes_reserve_is_not_for_the_others() {
    let limit = |priority| {
        let (_studio, room) = busy_room(400, 20);
        let (legs, refused) = fill(&room, priority);
        let EngineError::Overload { limit, .. } = refused else {
            panic!("{refused}")
        };
        (legs.len(), limit.as_micros())
    };
    let (emergency, critical) = (limit(Priority::High), limit(Priority::Normal));
    // Of 800 µs a tenth is kept for emergencies, two more for high ones and better.
    assert!((719..=720).contains(&emergency.1), "{emergency:?}");
    assert!((559..=560).contains(&critical.1), "{critical:?}");
    assert_eq!(limit(Priority::Background), critical);
    assert_eq!(limit(Priority::Critical), emergency);
    assert!(
        emergency.0 > critical.0 * 5 / 4,
        "{emergency:?} {critical:?}"
    );
}

#[test]
fn an_emergency_call_uses_what_is_kept_for_it_before_anybody_has_to_go() {
    let (mut studio, room) = busy_room(400, 20);
    fill(&room, Priority::High);
    let (_, tries) = emergency(&mut studio, &room);
    assert_eq!(tries, 0);
    assert_eq!(studio.status().supervisor.legs_displaced, 0);
}

/// Fills a room with three classes and then makes emergency calls: who leaves, in order.
fn displaced(studio: &mut Studio, room: &Room, calls: usize) -> Vec<(LegId, LegId)> {
    studio.told();
    let mut emergencies = Vec::new();
    for _ in 0..calls {
        emergencies.push(emergency(studio, room).0.id());
        studio.advance(TEN);
    }
    let told = studio.told();
    let left = |leg: LegId| {
        told.iter().any(|kind| {
            matches!(kind, EventKind::Left { leg: gone, reason: LeaveReason::Displaced, .. } if *gone == leg)
        })
    };
    let pairs: Vec<_> = told
        .iter()
        .filter_map(|kind| match kind {
            EventKind::Displaced { leg, by, .. } => Some((*leg, *by)),
            _ => None,
        })
        .collect();
    for (leg, by) in &pairs {
        assert!(left(*leg), "it left before the event");
        assert!(emergencies.contains(by));
    }
    pairs
}

#[test]
fn the_newest_of_the_lowest_class_leaves_for_an_emergency_call() {
    // Every handle is taken.
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 6,
        ..common::small()
    });
    let room = studio.room("lobby");
    let classes = [
        Priority::Low,
        Priority::Background,
        Priority::Normal,
        Priority::Background,
        Priority::Low,
        Priority::Emergency,
    ];
    let legs: Vec<Leg> = classes
        .iter()
        .enumerate()
        .map(|(n, class)| room.join_as(phone(n as u32), *class).expect("capacity"))
        .collect();
    studio.advance(ms(100));
    let pairs = displaced(&mut studio, &room, 3);
    let gone: Vec<_> = pairs.iter().map(|(leg, _)| *leg).collect();
    assert_eq!(gone, [legs[3].id(), legs[1].id(), legs[4].id()]);
    // Raised, it is not the least any more; lowered, it is the first.
    legs[0].set_priority(Priority::Critical).expect("there");
    let pairs = displaced(&mut studio, &room, 1);
    assert_eq!(pairs[0].0, legs[2].id());
    let pairs = displaced(&mut studio, &room, 1);
    assert_eq!(pairs[0].0, legs[0].id());
    // Nobody is left but emergency calls: those never go.
    let full = room.join_as(phone(99), Priority::Emergency);
    assert!(
        matches!(
            &full,
            Err(EngineError::Capacity {
                what: Resource::Legs,
                ..
            })
        ),
        "{full:?}"
    );
    let status = studio.status();
    assert_eq!(status.supervisor.legs_displaced, 5);
    assert!(
        status.rooms[0]
            .legs
            .iter()
            .all(|leg| leg.priority == Priority::Emergency)
    );
    assert_eq!(status.supervisor.edits_failed, 0);
}

#[test]
fn slot_time_is_displaced_as_handles_are() {
    let (mut studio, room) = busy_room(400, 20);
    fill(&room, Priority::High);
    let last = room.legs().expect("open").last().expect("many").clone();
    last.set_priority(Priority::Background).expect("there");
    // The reserve first, then the one of the lowest class.
    let mut pairs = Vec::new();
    for _ in 0..40 {
        pairs = displaced(&mut studio, &room, 1);
        if !pairs.is_empty() {
            break;
        }
    }
    assert_eq!(pairs.first().map(|(leg, _)| *leg), Some(last.id()));
    studio.advance(ms(500));
    let late = studio.status().workers[0].counters.late_segments;
    assert_eq!(late, 0, "nobody was late for it");
}

#[test]
fn what_is_freed_for_an_emergency_call_is_kept_for_it_but_not_for_ever() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 3,
        ..common::small()
    });
    let room = studio.room("lobby");
    fill(&room, Priority::Normal);
    studio.advance(ms(100));
    let error = room
        .join_as(phone(9), Priority::Emergency)
        .expect_err("full");
    assert!(matches!(error, EngineError::Displacing { .. }));
    studio.advance(ms(100));
    let refused = room.join(phone(10)).expect_err("kept for somebody else");
    assert_eq!(refused.class(), Class::Capacity);
    assert!(matches!(
        refused,
        EngineError::Capacity {
            what: Resource::Claimed,
            ..
        }
    ));
    room.join_as(phone(9), Priority::Emergency)
        .expect("its own");
    // Another one gives up half way.
    let error = room
        .join_as(phone(11), Priority::Emergency)
        .expect_err("full");
    assert!(matches!(error, EngineError::Displacing { .. }));
    studio.advance(ms(600));
    room.join(phone(12)).expect("nobody came for it");
}

#[test]
fn a_port_joins_with_a_class_and_displaces_or_is_displaced_as_any_leg() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 2,
        ..common::small()
    });
    let room = studio.room("lobby");
    let port = PortConfig::new(SampleRate::HZ_8000);
    let (low, _low) = room.join_port_as(port, Priority::Low).expect("capacity");
    let (normal, _normal) = room.join_port(port).expect("capacity");
    assert!(room.join_port_as(port, Priority::High).is_err(), "no room");
    studio.advance(ms(100));
    let status = studio.status();
    let class = |leg: &Leg| {
        let mut legs = status.rooms[0].legs.iter();
        legs.find(|it| it.bits == leg.id().to_bits())
            .map(|it| it.priority)
    };
    assert_eq!(class(&low), Some(Priority::Low));
    assert_eq!(class(&normal), Some(Priority::Normal));
    studio.told();
    let (_leg, _port) = loop {
        match room.join_port_as(port, Priority::Emergency) {
            Ok(joined) => break joined,
            Err(EngineError::Displacing { leg }) => assert_eq!(leg, low.id()),
            Err(other) => panic!("{other}"),
        }
        studio.advance(ms(2));
    };
    studio.advance(TEN);
    let displaced =
        |kind: &EventKind| matches!(kind, EventKind::Displaced { leg, .. } if *leg == low.id());
    assert!(studio.told().iter().any(displaced));
}

#[test]
fn what_is_reserved_stands_in_the_status() {
    let (studio, _room) = busy_room(400, 20);
    let admission = studio.status().admission;
    assert_eq!(admission.budget, 0.8);
    assert_eq!(admission.reserves[0], (Priority::Emergency, 0.1));
    assert_eq!(admission.reserves[2], (Priority::High, 0.2));
    assert_eq!(admission.reserves.len(), 6);
}
