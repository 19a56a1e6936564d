use std::time::Duration;

use talkpath_edge::net::{NetCounters, PortStatus, ShardTiming};
use talkpath_engine::{EngineConfig, VirtualEngine};

use super::*;

fn net(slots: u64, legs: usize) -> NetStatus {
    let leg = talkpath_edge::net::NetLegStats {
        leg: talkpath_engine::LegId::from_bits(1 << 32).expect("index 0, generation 1"),
        local_port: 0,
        remote: None,
        latch: talkpath_edge::net::LatchState::Waiting,
        packets_in: 0,
        octets_in: 0,
        packets_out: 0,
        octets_out: 0,
        refused: 0,
        refused_for: talkpath_edge::net::Refused::default(),
        lost: 0,
        jitter_ms: 0.0,
        remote_lost: None,
        remote_fraction_lost: None,
        remote_jitter_ms: None,
        round_trip_ms: None,
        ssrc: 0,
        remote_ssrc: None,
        remote_cname: arrayvec::ArrayString::new(),
    };
    NetStatus {
        counters: NetCounters::default(),
        legs: vec![leg; legs],
        held: 0,
        fills: Vec::new(),
        timing: ShardTiming {
            slots,
            ..ShardTiming::default()
        },
        ports: PortStatus {
            free: 0,
            in_use: 0,
            resting: 0,
        },
        capacity: 0,
        core: None,
        priority: None,
        warnings: Vec::new(),
    }
}

fn engine() -> VirtualEngine {
    VirtualEngine::new(EngineConfig::default()).expect("the default is valid")
}

fn later(engine: &VirtualEngine, seconds: u64) -> Status {
    engine.advance(Duration::from_secs(seconds));
    engine.status().expect("it runs")
}

#[test]
fn a_worker_that_steps_is_fit_and_one_that_does_not_is_named() {
    let engine = engine();
    let mut pulse = Pulse::default();
    for _ in 0..5 {
        assert_eq!(pulse.look(&later(&engine, 3), &net(0, 0)), Ok(()));
    }
    engine.stall(Duration::from_secs(3));
    let stalled = engine
        .status()
        .expect("the supervisor answers all the same");
    let found = pulse
        .look(&stalled, &net(0, 0))
        .expect_err("no slot was run");
    let words = found.to_string();
    assert!(
        words.contains("worker 0") && words.contains("3.0 s") && words.contains("1000 µs"),
        "{words}"
    );
    // It catches up: the same look finds it at work again.
    assert_eq!(pulse.look(&later(&engine, 3), &net(0, 0)), Ok(()));
}

#[test]
fn the_shard_has_to_step_only_while_it_has_legs() {
    let engine = engine();
    let mut pulse = Pulse::default();
    let mut look = |slots, legs| pulse.look(&later(&engine, 3), &net(slots, legs));
    assert_eq!((look(7, 0), look(7, 0)), (Ok(()), Ok(())));
    assert_eq!((look(7, 2), look(8, 2)), (Ok(()), Ok(())));
    let found = look(8, 2).expect_err("its counter stands");
    assert!(
        matches!(found, Unfit::ShardStill { legs: 2, .. }),
        "{found}"
    );
    assert_eq!(look(8, 0), Ok(()));
}

#[test]
fn what_failed_goes_before_draining() {
    let status = later(&engine(), 1);
    assert_eq!(answer(Ok(&status), 0, true), Health::Draining);
    let failed = answer(Err(&Unfit::Stopped), 0, true);
    assert!(matches!(failed, Health::Failed { reason } if reason.contains("stopped")));
    let Health::Ok { figures } = answer(Ok(&status), 4, false) else {
        panic!("all is well");
    };
    assert_eq!(
        (&figures["calls"], &figures["workers"]),
        (&4.into(), &1.into())
    );
}
