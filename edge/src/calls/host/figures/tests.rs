use talkpath_engine::negotiate::{Alongside, AudioAnswer, Direction, Numbers};
use talkpath_engine::worker::script::Work;
use talkpath_engine::{
    Codec, EngineConfig, LegConfig, NetworkConfig, Priority, RoomConfig, VirtualEngine,
};

use super::*;
use crate::calls::chronicle::Chronicle;
use crate::calls::record::{EndedBy, Story};
use crate::calls::{Asked, CallLeg, Destination};
use crate::sip::message::Reason;

/// What the governor left out of a leg stands in the call's record, also when the leg's worker was lost later; that it was
/// built anew stands in the call's story.
#[test]
fn a_call_that_was_shed_and_whose_worker_was_lost_tells_of_both() {
    let config = EngineConfig {
        capacity_legs: 4,
        capacity_rooms: 4,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("an engine");
    let events = engine.subscribe().expect("running");
    let room = engine.create_room(RoomConfig::new("a")).expect("a room");
    let leg = room
        .join(LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0)))
        .expect("a leg");
    let (peer, to) = (
        ([192, 0, 2, 1], 5060).into(),
        Destination::Room("a".to_owned()),
    );
    let chronicle = Chronicle::default();
    let (to, class) = (to, Priority::Normal);
    let asked = Asked { to, class };
    let page = chronicle.open("c1", peer, &asked);
    page.agreed(
        CallLeg(leg.id().to_bits()),
        &AudioAnswer {
            opus: talkpath_nodes::codec::OpusSettings::default(),
            codec: Codec::Pcmu,
            numbers: Numbers::same(0),
            ptime: Duration::from_millis(20),
            direction: Direction::BOTH,
            rtcp_mux: true,
            alongside: Alongside::default(),
        },
    );
    let figures = || {
        let known = Known {
            engine: leg.status().ok(),
            net: None,
        };
        known.figures()
    };
    engine.advance(Duration::from_secs(2));
    let before = figures();
    assert_eq!(
        (before.shed_frames, before.shed_periods),
        (Some(0), Some(0))
    );
    // One op that takes two slots: in the end whole periods are left out.
    engine.script_costs(|work: Work| {
        Duration::from_millis(if work.kind == "jitter" { 2 } else { 0 })
    });
    engine.advance(Duration::from_secs(4));
    engine.script_costs(|_| Duration::ZERO);
    engine.advance(Duration::from_secs(2));
    let shed = figures();
    assert!(shed.shed_frames > Some(0) && shed.shed_periods > Some(0));
    engine.end_worker(0, "in a call");
    engine.advance(Duration::from_secs(2));
    let after = figures();
    assert!(after.shed_frames >= shed.shed_frames && after.shed_periods >= shed.shed_periods);
    while let Some(event) = events.try_next() {
        chronicle.happened(&event);
    }
    let record = Story::new("c1", peer, &asked.to).over(
        (after.clone(), page.shedding()),
        EndedBy::Caller,
        &Reason::new(16, "hung up"),
    );
    page.close(&record);
    let story = chronicle.story("c1", |_| MediaFigures::default());
    let story = story.expect("it is known");
    assert_eq!(story["counts"]["rebuilt"], 1);
    let steps = story["shedding"].as_array().expect("a list");
    assert!(steps.len() > 1, "{story}");
    assert_eq!(
        steps.last().map(|step| &step["what"]),
        Some(&"recovered".into())
    );
    assert_eq!(
        story["record"]["shed_periods"].as_u64(),
        after.shed_periods,
        "{story}"
    );
}
