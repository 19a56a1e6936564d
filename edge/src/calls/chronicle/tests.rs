use serde_json::json;
use talkpath_engine::negotiate::{Alongside, AudioAnswer, Direction, Numbers};
use talkpath_engine::{Codec, LeaveReason, LegId, RoomId};

use super::super::record::{EndedBy, Story};
use super::*;
use crate::sip::message::Reason;

fn peer() -> SocketAddr {
    ([192, 0, 2, 1], 5060).into()
}

fn open(chronicle: &Chronicle, call_id: &str) -> Page {
    let asked = Asked {
        to: Destination::Room("a".to_owned()),
        class: Priority::Normal,
    };
    chronicle.open(call_id, peer(), &asked)
}

fn answer(codec: Codec, direction: Direction) -> AudioAnswer {
    AudioAnswer {
        opus: talkpath_nodes::codec::OpusSettings::default(),
        codec,
        numbers: Numbers::same(0),
        ptime: Duration::from_millis(20),
        direction,
        rtcp_mux: true,
        alongside: Alongside::default(),
    }
}

fn record(call_id: &str) -> CallRecord {
    let story = Story::new(call_id, peer(), &Destination::Room("a".to_owned()));
    story.over(
        (MediaFigures::default(), Shedding::default()),
        EndedBy::Caller,
        &Reason::new(16, "hung up"),
    )
}

fn event(leg: CallLeg, kind: EventKind) -> Event {
    Event {
        at: MonotonicClock.now(),
        slot: None,
        worker: Some(1),
        room: None,
        leg: LegId::from_bits(leg.0),
        call: None,
        kind,
    }
}

fn fenced(leg: CallLeg) -> Event {
    let leg_id = LegId::from_bits(leg.0).expect("a handle");
    let (node, heard, fault) = ("gain", true, "boom".to_owned());
    event(
        leg,
        EventKind::Fenced {
            leg: leg_id,
            node,
            heard,
            fault,
        },
    )
}

fn of(chronicle: &Chronicle, call_id: &str) -> Value {
    let story = chronicle.story(call_id, |_| MediaFigures::default());
    story.expect("it is known")
}

fn steps(story: &Value) -> Vec<String> {
    let entries = story["entries"].as_array().expect("a list");
    let name = |entry: &Value| entry["what"].as_str().expect("a name").to_owned();
    entries.iter().map(name).collect()
}

const LEG: CallLeg = CallLeg(7 << 32 | 1);

#[test]
fn a_call_s_steps_are_told_in_order_while_it_lasts_and_after() {
    let chronicle = Chronicle::default();
    let page = open(&chronicle, "c1");
    assert!(chronicle.story("c2", |_| MediaFigures::default()).is_none());
    // The engine is quicker than the call's task.
    let (leg, room) = (LegId::from_bits(LEG.0), RoomId::from_bits(1 << 32));
    let (leg, room) = (leg.expect("a handle"), room.expect("a handle"));
    chronicle.happened(&event(LEG, EventKind::Joined { room, leg }));
    chronicle.happened(&event(CallLeg(9 << 32), EventKind::Faulted { leg }));
    let only_send = Direction {
        receive: false,
        send: true,
    };
    page.agreed(LEG, &answer(Codec::Pcmu, Direction::BOTH));
    page.confirmed();
    page.agreed(LEG, &answer(Codec::Pcma, Direction::BOTH));
    page.agreed(LEG, &answer(Codec::Pcma, only_send));
    page.agreed(LEG, &answer(Codec::Pcma, Direction::BOTH));
    chronicle.happened(&event(LEG, EventKind::TalkStarted { leg }));
    chronicle.happened(&event(LEG, EventKind::Moved { leg, worker: 1 }));
    chronicle.happened(&fenced(LEG));
    chronicle.happened(&event(LEG, EventKind::Rebuilt { leg }));
    let told = [
        "agreed",
        "joined",
        "confirmed",
        "changed",
        "held",
        "resumed",
        "moved",
        "fenced",
        "rebuilt",
    ];
    let live = of(&chronicle, "c1");
    assert_eq!(steps(&live), told, "who talks is no step");
    assert_eq!(
        (&live["state"], &live["record"]),
        (&json!("live"), &Value::Null)
    );
    assert_eq!((&live["leg"], &live["room"]), (&json!("1.7"), &json!("a")));
    assert!(live["now"].is_object());
    assert_eq!(live["entries"][3]["codec"], "PCMA/8000");
    assert_eq!(
        (
            &live["entries"][4]["receive"],
            &live["entries"][6]["worker"]
        ),
        (&json!(false), &json!(1))
    );
    assert_eq!(live["entries"][7]["detail"], "gain");
    assert_eq!(chronicle.call_of(LEG).as_deref(), Some("c1"));

    page.close(&record("c1"));
    let reason = LeaveReason::Requested;
    chronicle.happened(&event(LEG, EventKind::Left { room, leg, reason }));
    let ended = of(&chronicle, "c1");
    assert_eq!(steps(&ended).len(), told.len() + 1);
    assert_eq!(
        (&ended["state"], &ended["why"]),
        (&json!("ended"), &json!("hung up"))
    );
    assert_eq!(
        (&ended["record"]["id"], &ended["now"]),
        (&json!("c1"), &Value::Null)
    );
    let list = chronicle.list();
    assert_eq!(
        (list.as_array().map(Vec::len), &list[0]["id"]),
        (Some(1), &json!("c1"))
    );
}

#[test]
fn of_a_long_call_the_last_steps_are_kept_and_the_others_counted() {
    let chronicle = Chronicle::default();
    let page = open(&chronicle, "c1");
    page.agreed(LEG, &answer(Codec::Pcmu, Direction::BOTH));
    (0..100).for_each(|_| chronicle.happened(&fenced(LEG)));
    let story = of(&chronicle, "c1");
    assert_eq!(steps(&story).len(), ENTRIES);
    assert_eq!(story["entries_left_out"], 101 - ENTRIES);
    assert_eq!(story["counts"], json!({ "agreed": 1, "fenced": 100 }));
    // What docs/performance.md says a call takes.
    assert!(
        size_of::<Entry>() <= 56 && size_of::<Tale>() <= 384,
        "{} {}",
        size_of::<Entry>(),
        size_of::<Tale>()
    );
    drop(page);
}

#[test]
fn as_many_ended_calls_are_kept_as_is_set_and_their_legs_forgotten_with_them() {
    let chronicle = Chronicle::default();
    chronicle.keep(3);
    for n in 0..10 {
        let (name, leg) = (format!("c{n}"), CallLeg(1 << 32 | n));
        let page = open(&chronicle, &name);
        page.agreed(leg, &answer(Codec::Pcmu, Direction::BOTH));
        page.close(&record(&name));
    }
    let list = chronicle.list();
    let ids: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, ["c9", "c8", "c7"], "the last first");
    assert_eq!(chronicle.call_of(CallLeg(1 << 32 | 6)), None);
    assert_eq!(
        chronicle.call_of(CallLeg(1 << 32 | 7)).as_deref(),
        Some("c7")
    );
    assert_eq!(chronicle.book().legs.len(), 3);
    let page = open(&chronicle, "c9");
    assert_eq!(
        of(&chronicle, "c9")["state"],
        "live",
        "the one in progress comes first"
    );
    // A call that was given up before it was answered leaves nothing behind.
    drop(page);
    assert_eq!(of(&chronicle, "c9")["state"], "ended");
    // Strangers' legs do not pile up.
    (0..200).for_each(|n| chronicle.happened(&fenced(CallLeg(2 << 32 | n))));
    assert_eq!(chronicle.book().early.len(), EARLY);
}
