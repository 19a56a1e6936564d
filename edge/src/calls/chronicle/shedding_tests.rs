use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use talkpath_engine::event::Left;
use talkpath_engine::negotiate::{Alongside, AudioAnswer, Direction, Numbers};
use talkpath_engine::{
    Codec, EngineConfig, EventStream, LegConfig, NetworkConfig, Room, RoomConfig, VirtualEngine,
};

use super::super::record::{EndedBy, Story};
use super::*;
use crate::sip::message::Reason;

const MS: Duration = Duration::from_millis(1);

fn open(chronicle: &Chronicle, call_id: &str, class: Priority) -> Page {
    let to = Destination::Room("a".to_owned());
    let peer = ([192, 0, 2, 1], 5060).into();
    chronicle.open(call_id, peer, &Asked { to, class })
}

fn answer() -> AudioAnswer {
    AudioAnswer {
        opus: talkpath_nodes::codec::OpusSettings::default(),
        codec: Codec::Pcmu,
        numbers: Numbers::same(0),
        ptime: 20 * MS,
        direction: Direction::BOTH,
        rtcp_mux: true,
        alongside: Alongside::default(),
    }
}

/// What the story says of steps: whether out or back, of what, and of how many periods.
fn steps(story: &Value) -> Vec<(String, String, Option<u64>)> {
    let all = story["shedding"].as_array().expect("a list");
    let word = |step: &Value, field: &str| step[field].as_str().expect("a word").to_owned();
    all.iter()
        .map(|step| {
            let periods = step["periods"].as_u64();
            (word(step, "what"), word(step, "left_out"), periods)
        })
        .collect()
}

fn story(chronicle: &Chronicle, call_id: &str) -> Value {
    let story = chronicle.story(call_id, |_| MediaFigures::default());
    story.expect("it is known")
}

/// A call whose leg is in the room.
fn call(chronicle: &Chronicle, room: &Room, name: &str, class: Priority) -> (Page, CallLeg) {
    let page = open(chronicle, name, class);
    let config = LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0));
    let leg = room.join_as(config, class).expect("room for it");
    let leg = CallLeg(leg.id().to_bits());
    page.agreed(leg, &answer());
    (page, leg)
}

/// Lets time pass, and the chronicle hear of what happens.
fn pass(engine: &VirtualEngine, events: &EventStream, chronicle: &Chronicle, span: Duration) {
    engine.advance(span);
    while let Some(event) = events.try_next() {
        chronicle.happened(&event);
    }
}

fn told(what: &str, left_out: &str, periods: Option<u64>) -> (String, String, Option<u64>) {
    (what.to_owned(), left_out.to_owned(), periods)
}

#[test]
fn an_overload_is_told_step_by_step_of_the_calls_it_is_about() {
    let engine = VirtualEngine::new(EngineConfig::default()).expect("the default is valid");
    let events = engine.subscribe().expect("it runs");
    let chronicle = Chronicle::default();
    let cost = Arc::new(AtomicU64::new(10));
    let each = cost.clone();
    engine.script_costs(move |work| match work.kind {
        "encode" => Duration::from_micros(each.load(Ordering::Relaxed)),
        _ => Duration::ZERO,
    });
    let room = engine.create_room(RoomConfig::new("a")).expect("a room");
    let (ours, _) = call(&chronicle, &room, "ours", Priority::Normal);
    let (_high, _) = call(&chronicle, &room, "high", Priority::High);
    pass(&engine, &events, &chronicle, 500 * MS);
    assert_eq!(steps(&story(&chronicle, "ours")), []);
    // Concealment costs nothing here, so leaving it out does not help, and whole periods go.
    cost.store(450, Ordering::Relaxed);
    pass(&engine, &events, &chronicle, 20 * MS);
    cost.store(600, Ordering::Relaxed);
    pass(&engine, &events, &chronicle, 450 * MS);
    let down = steps(&story(&chronicle, "ours"));
    let order = [
        told("shed", "concealment", None),
        told("shed", "periods", Some(1)),
        told("shed", "periods", Some(2)),
    ];
    assert_eq!(down[..3], order, "{down:?}");
    // A call that comes now finds them in force.
    let (_late, _) = call(&chronicle, &room, "late", Priority::Normal);
    pass(&engine, &events, &chronicle, 20 * MS);
    let found = story(&chronicle, "late");
    assert_eq!(steps(&found)[..3], order, "{found}");
    cost.store(10, Ordering::Relaxed);
    pass(&engine, &events, &chronicle, 60_000 * MS);
    let whole = story(&chronicle, "ours");
    let all = steps(&whole);
    assert_eq!(all.last(), Some(&told("recovered", "concealment", None)));
    let count = |what: &str| all.iter().filter(|step| step.0 == what).count();
    assert_eq!(count("shed"), count("recovered"), "{all:?}");
    let list = whole["shedding"].as_array().expect("a list");
    let at = |step: &Value| step["at_s"].as_f64().expect("seconds");
    assert!(list.windows(2).all(|two| at(&two[0]) <= at(&two[1])));
    let first = &list[0];
    assert!(first["load"].as_f64().expect("a part") > 0.8, "{first}");
    assert_eq!(
        (&first["worker"], &first["priority"], &first["legs"]),
        (&json!(0), &json!("normal"), &json!(1))
    );
    let high = steps(&story(&chronicle, "high"));
    assert!(high.len() < all.len(), "{high:?}");

    // The record tells the same, and the story has it from there.
    let record = Story::new("ours", ([192, 0, 2, 1], 5060).into(), &Destination::Echo).over(
        (MediaFigures::default(), ours.shedding()),
        EndedBy::Caller,
        &Reason::new(16, "hung up"),
    );
    ours.close(&record);
    let ended = story(&chronicle, "ours");
    assert_eq!(ended["shedding"], whole["shedding"]);
    assert_eq!(ended["record"]["shedding"], whole["shedding"]);
    assert_eq!(ended["record"]["shedding_left_out"], 0);
}

/// A step of the governor of `worker`, the `number`-th.
fn step(worker: usize, up: bool, number: u32) -> Event {
    let (priority, legs, load) = (Priority::Normal, 3, 1_100);
    let (what, step) = (Left::Periods(1), number);
    let kind = if up {
        EventKind::Shed {
            worker,
            what,
            priority,
            legs,
            load,
            step,
        }
    } else {
        EventKind::Recovered {
            worker,
            what,
            priority,
            legs,
            load,
            step,
        }
    };
    about(None, worker, kind)
}

fn about(leg: Option<talkpath_engine::LegId>, worker: usize, kind: EventKind) -> Event {
    Event {
        at: MonotonicClock.now(),
        slot: None,
        worker: Some(worker),
        room: None,
        leg,
        call: None,
        kind,
    }
}

#[test]
fn of_many_steps_the_last_are_kept_and_they_go_with_the_worker() {
    let chronicle = Chronicle::default();
    let page = open(&chronicle, "c1", Priority::Normal);
    let leg = talkpath_engine::LegId::from_bits(1 << 32 | 7).expect("a handle");
    page.agreed(CallLeg(leg.to_bits()), &answer());
    // Of a worker it is not on it is told nothing.
    chronicle.happened(&step(1, true, 5));
    let came = |worker| about(Some(leg), worker, EventKind::Moved { leg, worker });
    chronicle.happened(&came(0));
    assert_eq!(steps(&story(&chronicle, "c1")), []);
    chronicle.happened(&step(0, true, 5));
    // It leaves one overload for another, and that for a worker that is lost.
    chronicle.happened(&came(1));
    let (silent, legs) = (MS, 1);
    let why = talkpath_engine::WorkerFault::Stuck { silent };
    let lost = EventKind::WorkerLost {
        worker: 1,
        why,
        legs,
    };
    chronicle.happened(&about(None, 1, lost));
    let workers: Vec<_> = story(&chronicle, "c1")["shedding"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|step| (step["what"].clone(), step["worker"].clone()))
        .collect();
    let pair = |what: &str, worker: u8| (json!(what), json!(worker));
    assert_eq!(
        workers,
        [
            pair("shed", 0),
            pair("recovered", 0),
            pair("shed", 1),
            pair("recovered", 1)
        ]
    );
    // Steps above the one that is taken back go with it.
    chronicle.happened(&step(1, true, 1));
    chronicle.happened(&step(1, true, 2));
    chronicle.happened(&step(1, false, 0));
    assert_eq!(steps(&story(&chronicle, "c1")).len(), 8);
    for _ in 0..20 {
        chronicle.happened(&step(1, true, 1));
        chronicle.happened(&step(1, false, 0));
    }
    let many = story(&chronicle, "c1");
    assert_eq!(steps(&many).len(), shedding::STEPS);
    assert_eq!(many["shedding_left_out"], 48 - shedding::STEPS);
    // What docs/performance.md says they take.
    assert!(size_of::<Step>() <= 48, "{}", size_of::<Step>());
}
