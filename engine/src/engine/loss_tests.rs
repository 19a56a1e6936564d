//! Workers that end or hang on real threads. What must hold to the bit is shown in virtual time (`tests/lost_worker.rs`).
//!
//! Nothing here is a matter of time: every wait ends with what is waited for.

use std::time::Duration;

use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;

use super::threads::faults::{self, Fault};
use crate::{
    Codec, Engine, EngineConfig, EventKind, EventStream, LegConfig, NetworkConfig, RoomConfig,
    ShardLink, WorkerFault,
};

/// An engine with one phone and one tone, and its shard.
struct Rig {
    engine: Engine,
    events: EventStream,
    link: ShardLink,
    /// Sequence and timestamp of every packet.
    sent: Vec<(u16, u32)>,
}

impl Rig {
    fn new(name: &str) -> Self {
        let engine = Engine::start(EngineConfig {
            capacity_legs: 8,
            priority: None,
            name: name.to_owned(),
            watchdog: Duration::from_millis(400),
            ..EngineConfig::default()
        })
        .expect("the machine has threads");
        let events = engine.subscribe().expect("running");
        let link = engine.take_shard_link().expect("the first to ask");
        let room = engine.create_room(RoomConfig::new("room")).expect("room");
        room.join(LegConfig::tone(440.0, -20.0)).expect("capacity");
        let phone = NetworkConfig::new(Codec::Pcmu, 0);
        room.join(LegConfig::network(phone)).expect("capacity");
        Self {
            engine,
            events,
            link,
            sent: Vec::new(),
        }
    }

    /// As the shard: sends what there is until `more` packets have gone out.
    fn send(&mut self, more: usize) {
        let wanted = self.sent.len() + more;
        while self.sent.len() < wanted {
            self.look();
        }
    }

    fn look(&mut self) {
        // A shard takes boxes for what it receives, and hears of a change by that.
        if let Some(empty) = self.link.to_worker.take() {
            self.link.to_worker.put_back(empty);
        }
        while let Some(packet) = self.link.from_worker.recv() {
            self.sent
                .push((packet.header.sequence, packet.header.timestamp));
            self.link.from_worker.give_back(packet).expect("room");
        }
        let clock = MonotonicClock;
        clock.sleep_until(clock.now() + Duration::from_millis(1));
    }

    /// Goes on sending until this is told.
    fn told<T>(&mut self, wanted: impl Fn(EventKind) -> Option<T>) -> T {
        loop {
            while let Some(event) = self.events.try_next() {
                if let Some(found) = wanted(event.kind) {
                    return found;
                }
            }
            self.look();
        }
    }

    fn assert_one_stream(&self) {
        for pair in self.sent.windows(2) {
            assert_eq!(pair[1].0, pair[0].0.wrapping_add(1), "no hole, none twice");
            let ticks = pair[1].1.wrapping_sub(pair[0].1);
            assert!(ticks > 0 && ticks.is_multiple_of(160), "{ticks} ticks");
        }
    }
}

fn lost(kind: EventKind) -> Option<WorkerFault> {
    match kind {
        EventKind::WorkerLost { why, .. } => Some(why),
        _ => None,
    }
}

fn replaced(kind: EventKind) -> Option<usize> {
    match kind {
        EventKind::WorkerReplaced { legs, .. } => Some(legs),
        _ => None,
    }
}

#[test]
fn a_worker_that_panics_outside_of_any_node_is_replaced() {
    let mut rig = Rig::new("panics");
    rig.send(10);
    faults::strike("panics", Fault::Panic("a bug of ours"));
    // On a machine that is too busy another may be lost before: that is not what is asked.
    let fault = rig.told(|kind| match lost(kind) {
        Some(WorkerFault::Exited { fault }) => Some(fault),
        _ => None,
    });
    assert_eq!(fault, "a bug of ours");
    assert_eq!(rig.told(replaced), 2);
    rig.send(20);
    rig.assert_one_stream();
    assert!(rig.engine.is_alive() && rig.engine.is_running());
    rig.engine.shutdown();
    assert!(!rig.engine.is_alive() && !rig.engine.is_running());
}

#[test]
fn a_worker_that_hangs_is_replaced_and_comes_home_when_it_wakes_up() {
    let mut rig = Rig::new("hangs");
    rig.send(10);
    let awake = Flag::new();
    faults::strike("hangs", Fault::Hang(awake.clone()));
    let why = rig.told(lost);
    assert!(matches!(why, WorkerFault::Stuck { silent } if silent >= Duration::from_millis(400)));
    assert_eq!(rig.told(replaced), 2);
    rig.send(20);
    let out = |rig: &Rig| rig.engine.status().expect("running").supervisor.workers_out;
    assert!(out(&rig) >= 1, "it still hangs");
    awake.raise();
    while out(&rig) > 0 {
        rig.look();
    }
    rig.send(20);
    rig.assert_one_stream();
    rig.engine.shutdown();
}

#[test]
fn a_worker_that_never_wakes_up_does_not_hold_up_the_end() {
    let mut rig = Rig::new("sleeps");
    rig.send(10);
    let awake = Flag::new();
    faults::strike("sleeps", Fault::Hang(awake.clone()));
    rig.told(replaced);
    rig.send(10);
    rig.assert_one_stream();
    rig.engine.shutdown();
    awake.raise();
}
