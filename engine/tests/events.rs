//! What an event says of itself, who is given it, and that `docs/events.md` tells the same.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Caller, Codec, SampleRate, Studio, ms, sine, small};
use serde_json::Value;
use talkpath_engine::event::{KINDS, Left, Lost};
use talkpath_engine::proto::{CallId, Culprit, Segment};
use talkpath_engine::{
    Event, EventClass, EventFilter, EventKind, EventStream, Key, KeyEnding, LeaveReason, LegId,
    PlanId, Priority, RoomId, WorkerFault,
};
use talkpath_graph::Shed;

const DOC: &str = include_str!("../../docs/events.md");

fn all(events: &EventStream) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

/// Rows of the table under `heading`: cells without their backticks.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let part = DOC.split("\n## ").find(|part| part.starts_with(heading));
    let lines = part.expect("the heading is there").lines();
    lines
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.split('|')
                .skip(1)
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect()
}

/// One event of every kind.
fn samples() -> Vec<EventKind> {
    let room = RoomId::from_bits(1 << 32).expect("a handle");
    let leg = LegId::from_bits(2 << 32).expect("a handle");
    let call = CallId::from_bits(4 << 32).expect("a handle");
    let (name, worker) = ("lobby".to_owned(), 1);
    let plan = PlanId::from_bits(3 << 32).expect("a handle");
    let (segment, legs, took) = (Segment::Ingress, 2, ms(3));
    let culprit = Some(Culprit {
        leg,
        room: Some(room),
        plan,
        segment,
        op: Some("limit"),
        legs,
        took,
    });
    let (node, heard, fault) = ("gain", false, "index out of bounds".to_owned());
    let lost = Lost {
        info: 7,
        ..Lost::default()
    };
    vec![
        EventKind::RoomCreated {
            room,
            name: name.clone(),
        },
        EventKind::RoomEnded { room, name },
        EventKind::CallStarted {
            call,
            sides: [leg, leg],
        },
        EventKind::CallEnded {
            call,
            sides: [leg, leg],
            reason: LeaveReason::Requested,
            stats: Box::default(),
        },
        EventKind::Joined { room, leg },
        EventKind::Left {
            room,
            leg,
            reason: LeaveReason::RoomClosed,
        },
        EventKind::Swapped { leg },
        EventKind::Moved { leg, worker },
        EventKind::TalkStarted { leg },
        EventKind::TalkStopped { leg },
        EventKind::KeyStarted {
            leg,
            key: Key::of_code(11),
        },
        EventKind::Key {
            leg,
            key: Key::of_code(16),
            duration: ms(100),
            ending: KeyEnding::TimedOut,
        },
        EventKind::MediaTimeout { leg },
        EventKind::Finished { leg },
        EventKind::Displaced {
            leg,
            call: None,
            by: leg,
        },
        EventKind::Faulted { leg },
        EventKind::Fenced {
            leg,
            node,
            heard,
            fault,
        },
        EventKind::Late {
            worker,
            by: ms(2),
            culprit,
            plan_name: Some("PCMU/8000 20 ms → room 8000".to_owned()),
        },
        EventKind::WorkerLost {
            worker,
            why: WorkerFault::Stuck { silent: ms(1_000) },
            legs: 2,
        },
        EventKind::WorkerReplaced { worker, legs: 2 },
        EventKind::WorkerNotReplaced { worker, stuck: 4 },
        EventKind::NotMoved { leg, worker },
        EventKind::Rebuilt { leg },
        EventKind::Shed {
            worker,
            what: Left::Periods(2),
            priority: Priority::Low,
            legs: 3,
            load: 1_200,
            step: 26,
        },
        EventKind::Recovered {
            worker,
            what: Left::Effect(Shed::Concealment),
            priority: Priority::Low,
            legs: 3,
            load: 500,
            step: 25,
        },
        EventKind::Missed { lost },
    ]
}

#[test]
fn the_document_has_every_kind_with_its_class_and_fields_and_no_other() {
    let told: BTreeSet<Vec<String>> = rows("Every event")
        .iter()
        .map(|row| {
            row[..3]
                .iter()
                .map(|cell| (*cell).replace('`', ""))
                .collect()
        })
        .collect();
    let known: BTreeSet<Vec<String>> = KINDS
        .iter()
        .map(|kind| {
            vec![
                kind.name.into(),
                kind.class.name().into(),
                kind.fields.join(", "),
            ]
        })
        .collect();
    assert_eq!(told, known);
    let classes: Vec<_> = rows("Classes").iter().map(|row| row[0]).collect();
    let mut names: Vec<_> = EventClass::ALL.iter().map(|class| class.name()).collect();
    names.reverse();
    assert_eq!(classes, names, "the greatest first");
}

#[test]
fn json_has_the_common_fields_and_those_of_the_kind() {
    let common: BTreeSet<String> = rows("Fields that every event has")
        .iter()
        .map(|row| row[0].to_owned())
        // The program adds these two: the engine knows no calls and no wall clock.
        .filter(|name| name != "call_id" && name != "time")
        .collect();
    let mut left: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
    for kind in samples() {
        let info = kind.info();
        assert!(left.remove(info.name), "{} twice", info.name);
        let event = Event {
            at: Duration::from_millis(1_500),
            slot: Some(1_500),
            worker: Some(0),
            room: RoomId::from_bits(1 << 32),
            leg: LegId::from_bits(2 << 32),
            call: CallId::from_bits(4 << 32),
            kind,
        };
        let json = serde_json::to_value(&event).expect("plain data");
        let keys: BTreeSet<String> = json
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        let wanted = common.iter().cloned();
        let wanted: BTreeSet<_> = wanted
            .chain(info.fields.iter().map(|f| (*f).to_owned()))
            .collect();
        assert_eq!(keys, wanted, "{}", info.name);
        assert_eq!(json["event"], info.name);
        assert_eq!(
            EventClass::named(json["class"].as_str().unwrap()),
            Some(info.class)
        );
        assert_eq!(
            (&json["at"], &json["slot"], &json["room"]),
            (&1.5.into(), &1_500.into(), &"0.1".into())
        );
        assert!(!json.to_string().contains('\n'), "one line");
    }
    assert!(left.is_empty(), "no sample of {left:?}");
}

#[test]
fn an_event_says_where_and_in_which_slot_it_happened() {
    let mut studio = Studio::new(small());
    let room = studio.room("lobby");
    let voice = sine(440.0, SampleRate::HZ_8000, 0.3);
    let mut caller = Caller::join(&room, Codec::Pcmu, 1).saying(voice);
    studio.run(ms(1_000), &mut [&mut caller]);
    caller.voice = None;
    studio.advance(ms(2_000));
    caller.leg.leave().expect("in the room");
    studio.advance(ms(100));
    let base = studio.engine.now() - ms(3_100);
    let told = all(&studio.events);
    for event in &told {
        assert_eq!(
            (event.room, event.worker.unwrap_or(0)),
            (Some(room.id()), 0),
            "{event:?}"
        );
        let slot = (event.at - base).as_millis() as u64;
        assert_eq!(event.slot, Some(slot), "{event:?}");
    }
    let of_leg = |event: &&Event| event.leg == Some(caller.id());
    let names: Vec<_> = told
        .iter()
        .filter(of_leg)
        .map(|event| event.kind.info().name)
        .collect();
    assert_eq!(names, ["joined", "talk_started", "talk_stopped", "left"]);
    assert!(
        told.iter()
            .filter(of_leg)
            .all(|event| event.worker == Some(0)),
        "also that of a leg that is gone"
    );
}

#[test]
fn subscribers_are_given_what_they_asked_for() {
    let mut studio = Studio::new(small());
    let (one, other) = (studio.room("one"), studio.room("other"));
    let subscribe = |filter| studio.engine.subscribe_with(filter).expect("running");
    let talk = subscribe(EventFilter::default().of_classes([EventClass::Info]));
    let room = subscribe(EventFilter::default().in_room(one.id()));
    let quiet =
        subscribe(EventFilter::default().of_classes([EventClass::Critical, EventClass::Warning]));
    let voice = || sine(440.0, SampleRate::HZ_8000, 0.3);
    let mut a = Caller::join(&one, Codec::Pcmu, 1).saying(voice());
    let mut b = Caller::join(&other, Codec::Pcmu, 2).saying(voice());
    let leg = studio
        .engine
        .subscribe_with(EventFilter::default().of_leg(b.id()))
        .expect("running");
    studio.run(ms(500), &mut [&mut a, &mut b]);
    let reason = LeaveReason::MediaTimeout;
    studio
        .engine
        .remove_leg_because(b.id(), reason)
        .expect("in the room");
    studio.run(ms(500), &mut [&mut a]);
    let names = |events: &EventStream| -> Vec<&str> {
        all(events)
            .iter()
            .map(|event| event.kind.info().name)
            .collect()
    };
    assert_eq!(names(&talk), ["talk_started", "talk_started"]);
    assert_eq!(names(&room), ["joined", "talk_started"]);
    assert_eq!(names(&quiet), ["media_timeout"]);
    assert_eq!(
        names(&leg),
        ["joined", "talk_started", "media_timeout", "left"]
    );
}

/// A hundred legs begin and cease to talk while a subscriber sleeps; then calls end.
#[test]
fn a_flood_of_talk_spurts_does_not_hide_that_calls_ended() {
    let mut studio = Studio::new(small());
    let room = studio.room("lobby");
    let sleeper = studio
        .engine
        .subscribe_with(EventFilter::default().backlog(64))
        .expect("running");
    let mut callers: Vec<Caller> = (0..20)
        .map(|n| {
            // Two seconds on, one second off.
            let mut voice = sine(440.0, SampleRate::HZ_8000, 0.3);
            Caller::join(&room, Codec::Pcmu, n)
                .saying(move |at| if at / 8_000 % 3 == 2 { 0.0 } else { voice(at) })
        })
        .collect();
    let mut all_of_them: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(ms(12_000), &mut all_of_them);
    callers[0].leg.leave().expect("in the room");
    let reason = LeaveReason::MediaTimeout;
    studio
        .engine
        .remove_leg_because(callers[1].id(), reason)
        .expect("in the room");
    studio.advance(ms(100));
    let lost = studio.status().supervisor;
    assert!(lost.events_lost > 20, "{lost:?}");
    assert_eq!(lost.events_lost_critical, 0);
    let told = all(&sleeper);
    let left = |leg: LegId| {
        let gone =
            |event: &&Event| matches!(event.kind, EventKind::Left { leg: l, .. } if l == leg);
        told.iter().filter(gone).count()
    };
    assert_eq!((left(callers[0].id()), left(callers[1].id())), (1, 1));
    let timeout = |event: &Event| event.class() == EventClass::Warning;
    assert!(told.iter().any(timeout), "{told:?}");
    // The next thing that happens comes after the word of what was missed.
    callers[2].leg.leave().expect("in the room");
    studio.advance(ms(100));
    let next = all(&sleeper);
    let EventKind::Missed { lost } = next[0].kind else {
        panic!("{next:?}")
    };
    assert_eq!(
        lost,
        Lost {
            info: lost.info,
            ..Lost::default()
        }
    );
    assert_eq!(lost.info, studio.status().supervisor.events_lost);
    let json: Value = serde_json::to_value(&next[0]).expect("plain data");
    assert_eq!(json["info"], lost.info);
}
