//! A room of PCMU legs that all talk, on one worker or spread over several.

use std::time::Duration;

use talkpath_engine::{EngineConfig, Leg, LegConfig, NetworkConfig, RoomConfig};
use talkpath_nodes::codec::Codec;

use crate::rig::{FRAME, Rig};

/// Samples, and octets, of a packet.
const SAMPLES: u32 = 160;
/// Different payloads.
const PAYLOADS: usize = 97;

pub struct FullRoom {
    pub rig: Rig,
    legs: Vec<Leg>,
    payloads: Vec<Vec<u8>>,
}

impl FullRoom {
    /// `count` legs, every `workers`-th on each.
    pub fn new(workers: usize, count: usize) -> Self {
        let rig = Rig::new(EngineConfig {
            workers,
            // While they are spread a leg has a place on either worker.
            capacity_legs: workers * count,
            ..EngineConfig::default()
        });
        let engine = &rig.engine;
        let room = engine.create_room(RoomConfig::new("bench"));
        let room = room.expect("a room");
        let config = LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0));
        let join = |_| {
            // Commands travel while legs are added.
            engine.advance(Duration::from_millis(1));
            room.join(config.clone()).expect("a leg")
        };
        let legs: Vec<Leg> = (0..count).map(join).collect();
        for (n, leg) in legs.iter().enumerate().filter(|_| workers > 1) {
            leg.move_to(n % workers).expect("a worker");
            engine.advance(3 * FRAME);
        }
        let status = engine.status().expect("running");
        assert_eq!(status.rooms[0].workers.len(), workers);
        // Any bytes are audio.
        let payload = |n: usize| {
            (0..SAMPLES as usize)
                .map(|i| (i * 7 + n * 31) as u8)
                .collect()
        };
        Self {
            rig,
            legs,
            payloads: (0..PAYLOADS).map(payload).collect(),
        }
    }

    /// One period; the time spent in the workers' steps.
    pub fn period(&mut self) -> Duration {
        self.rig.next_period();
        for (n, leg) in self.legs.iter().enumerate() {
            self.rig
                .put(leg.id(), SAMPLES, &self.payloads[n % PAYLOADS]);
        }
        self.rig.run(FRAME)
    }
}

/// The first argument that is a number.
pub fn number() -> Option<usize> {
    std::env::args().find_map(|argument| argument.parse().ok())
}
