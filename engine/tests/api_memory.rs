//! What a G.711 leg costs in memory: everything, from boxes and rings to seats and states.

use talkpath_engine::{Codec, EngineConfig, LegConfig, NetworkConfig, RoomConfig, VirtualEngine};

const LEGS: usize = 2_000;

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("it is there");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse::<usize>().expect("a number") * 1_024
}

#[test]
fn a_g711_leg_costs_at_most_48_kib_in_all() {
    let before = resident();
    let config = EngineConfig {
        capacity_legs: LEGS,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("valid");
    let room = engine
        .create_room(RoomConfig::new("hall"))
        .expect("the first");
    for n in 0..LEGS {
        let config = NetworkConfig::new(Codec::Pcma, 8);
        room.join(LegConfig::network(config))
            .unwrap_or_else(|e| panic!("leg {n}: {e}"));
        if n % 100 == 99 {
            engine.advance(std::time::Duration::from_millis(20));
        }
    }
    engine.advance(std::time::Duration::from_millis(200));
    let each = (resident() - before) / LEGS;
    println!("{each} bytes a leg");
    assert!(each <= 48 * 1_024, "{each} bytes a leg");
    assert_eq!(engine.status().expect("running").legs(), LEGS);
}
