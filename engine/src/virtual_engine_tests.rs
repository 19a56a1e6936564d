//! What only shows with a hand in the rings: a way between two workers that is full.

use talkpath_nodes::packet::Packet;

use super::*;
use crate::proto::Passed;
use crate::{CallConfig, Codec, EventKind, LegConfig, NetworkConfig, RoomConfig, Status};

const MS: Duration = Duration::from_millis(1);

fn engine() -> VirtualEngine {
    let config = EngineConfig {
        workers: 2,
        capacity_legs: 16,
        capacity_rooms: 4,
        ..EngineConfig::default()
    };
    VirtualEngine::new(config).expect("a valid configuration")
}

/// Fills the way from worker `from` to the other, which takes nothing meanwhile.
fn jam(engine: &VirtualEngine, from: usize) {
    engine.stall_worker(1 - from, 500 * MS);
    let mut core = engine.core();
    let way = &mut core.workers[from].as_mut().expect("there").io.mesh[0];
    while way.passed_out.has_room(1) {
        let junk = Passed::Packet(Box::new(Packet::empty()));
        assert!(way.passed_out.push(junk).is_ok());
    }
}

fn clear(engine: &VirtualEngine, from: usize) {
    let mut core = engine.core();
    let way = &mut core.workers[1 - from].as_mut().expect("there").io.mesh[0];
    while way.passed_in.pop().is_some() {}
}

fn status(engine: &VirtualEngine) -> Status {
    engine.status().expect("running")
}

fn phone() -> NetworkConfig {
    NetworkConfig::new(Codec::Pcmu, 0)
}

/// The way was full once, nothing was broken, and all is given back in the end.
fn assert_in_order(engine: &VirtualEngine) {
    engine.advance(500 * MS);
    let status = status(engine);
    let counts = &status.supervisor;
    assert_eq!((counts.edits_failed, counts.stale_returns), (0, 0));
    assert_eq!(counts.moves_taken_back, 1);
    for worker in &status.workers {
        let counters = worker.counters;
        assert_eq!((counters.refused_commands, counters.stale_commands), (0, 0));
        assert_eq!(counters.overflows, 0);
    }
    for fill in status.capacity {
        assert!(
            fill.in_use == 0 || fill.what.ends_with("ring") || fill.is_told_by_workers(),
            "{}",
            fill.what
        );
    }
}

#[test]
fn a_leg_whose_way_is_full_stays_and_moves_when_it_is_asked_again() {
    let engine = engine();
    let events = engine.subscribe().expect("running");
    let room = engine.create_room(RoomConfig::new("room")).expect("room");
    let leg = room.join(LegConfig::network(phone())).expect("capacity");
    engine.advance(50 * MS);
    let at = || status(&engine).rooms[0].legs[0].clone();
    assert_eq!(at().worker, 0);
    jam(&engine, 0);
    leg.move_to(1).expect("a place");
    // Waits for the leg, wherever that will be.
    leg.mute(true).expect("in");
    engine.advance(100 * MS);
    let told: Vec<_> = std::iter::from_fn(|| events.try_next())
        .map(|event| event.kind)
        .collect();
    let stays = EventKind::NotMoved {
        leg: leg.id(),
        worker: 1,
    };
    assert!(told.contains(&stays), "{told:?}");
    assert_eq!((at().worker, at().muted), (0, true));
    clear(&engine, 0);
    engine.advance(600 * MS);
    leg.move_to(1).expect("it moves no more");
    engine.advance(100 * MS);
    assert_eq!(at().worker, 1);
    assert_eq!(status(&engine).supervisor.legs_moved, 1);
    room.close().expect("open");
    assert_in_order(&engine);
}

#[test]
fn a_call_whose_way_is_full_stays_and_moves_when_it_is_asked_again() {
    let engine = engine();
    let call = engine.create_call(CallConfig::new(phone(), phone()));
    let call = call.expect("capacity");
    engine.advance(50 * MS);
    let at = || usize::from(status(&engine).calls[0].worker);
    let from = at();
    jam(&engine, from);
    call.move_to(1 - from).expect("a place");
    engine.advance(100 * MS);
    assert_eq!(at(), from);
    clear(&engine, from);
    engine.advance(600 * MS);
    call.move_to(1 - from).expect("it moves no more");
    engine.advance(100 * MS);
    assert_eq!(at(), 1 - from);
    call.hang_up().expect("up");
    assert_in_order(&engine);
}
