//! How full things are, and how full they once were.

use std::time::Duration;

use talkpath_engine::status::Fill;
use talkpath_engine::{EngineConfig, LegConfig, RoomConfig, VirtualEngine};

fn fill(engine: &VirtualEngine, what: &str) -> Fill {
    let status = engine.status().expect("it runs");
    let fill = status.capacity.into_iter().find(|fill| fill.what == what);
    fill.unwrap_or_else(|| panic!("no {what:?}"))
}

#[test]
fn a_mark_stays_when_what_made_it_is_gone() {
    let engine = VirtualEngine::new(EngineConfig::default()).expect("the default is valid");
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first");
    let legs: Vec<_> = (0..3)
        .map(|_| room.join(LegConfig::tone(440.0, -20.0)).expect("capacity"))
        .collect();
    // Nothing has been taken up yet: the edits stand in the ring.
    let commands = fill(&engine, "commands ring");
    assert!(commands.in_use >= 4, "{commands:?}");
    assert_eq!(commands.high_water, Some(commands.in_use));
    engine.advance(Duration::from_millis(100));
    let tones = fill(&engine, "tone seats");
    assert_eq!((tones.in_use, tones.high_water), (3, Some(3)));
    for leg in legs {
        leg.leave().expect("in the room");
    }
    engine.advance(Duration::from_millis(100));
    let tones = fill(&engine, "tone seats");
    assert_eq!((tones.in_use, tones.high_water), (0, Some(3)));
    let after = fill(&engine, "commands ring");
    assert_eq!(after.in_use, 0);
    assert!(after.high_water >= commands.high_water);
    for ring in ["acks ring", "garbage ring"] {
        let ring = fill(&engine, ring);
        assert_eq!(ring.in_use, 0);
        assert!(ring.high_water >= Some(1), "{ring:?}");
    }
}
