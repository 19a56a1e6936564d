//! What one leg of a G.711 room costs the worker per period, everybody talking.
//!
//! Packets come through the shard's ring in virtual time and the outgoing ones are taken off it;
//! only the worker's steps are timed. The figure is nanoseconds per leg and 20 ms period.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use talkpath_engine::{
    EngineConfig, Leg, LegConfig, NetworkConfig, RoomConfig, ShardLink, VirtualEngine,
};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;

const FRAME: Duration = Duration::from_millis(20);

struct Rig {
    engine: VirtualEngine,
    link: ShardLink,
    legs: Vec<Leg>,
    period: u16,
    payloads: Vec<Vec<u8>>,
}

impl Rig {
    fn new(codec: Codec, count: usize) -> Self {
        let config = EngineConfig {
            capacity_legs: count,
            ..EngineConfig::default()
        };
        let engine = VirtualEngine::new(config).expect("a valid configuration");
        let link = engine.take_shard_link().expect("the first time");
        let room = engine
            .create_room(RoomConfig::new("bench"))
            .expect("a room");
        let legs = (0..count)
            .map(|_| {
                let leg = room
                    .join(LegConfig::network(NetworkConfig::new(codec, 0)))
                    .expect("a leg");
                // Commands travel while legs are added.
                engine.advance(Duration::from_millis(1));
                leg
            })
            .collect();
        // Any bytes are audio; every leg has its own.
        let bytes = codec.octets_of(codec.rate().samples_in(FRAME).as_usize());
        let payloads = (0..97)
            .map(|n| (0..bytes).map(|i| (i * 7 + n * 31) as u8).collect())
            .collect();
        Self {
            engine,
            link,
            legs,
            period: 0,
            payloads,
        }
    }

    /// One period; returns the time spent in the worker.
    fn period(&mut self) -> Duration {
        self.period = self.period.wrapping_add(1);
        let now = self.engine.now();
        for (n, leg) in self.legs.iter().enumerate() {
            let mut packet = self.link.to_worker.take().expect("boxes for every leg");
            packet.leg = leg.id().to_bits();
            packet.received = now;
            packet.header = Header {
                payload_type: 0,
                marker: false,
                sequence: self.period,
                timestamp: u32::from(self.period) * 160,
                ssrc: n as u32,
            };
            packet.set_payload(&self.payloads[n % 97]).expect("it fits");
            assert!(self.link.to_worker.send(packet).is_ok());
        }
        let mut spent = Duration::ZERO;
        self.engine.advance_around(FRAME, |step| {
            #[allow(clippy::disallowed_methods, reason = "a benchmark measures")]
            let begin = Instant::now();
            step();
            spent += begin.elapsed();
        });
        while let Some(packet) = self.link.from_worker.recv() {
            assert!(self.link.from_worker.give_back(packet).is_ok());
        }
        spent
    }
}

fn room_step(c: &mut Criterion) {
    let mut group = c.benchmark_group("room step, per leg and period");
    for count in [10, 100, 1_000] {
        let mut rig = Rig::new(Codec::Pcmu, count);
        for _ in 0..10 {
            rig.period();
        }
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("PCMU, {count} legs"), |b| {
            b.iter_custom(|n| (0..n).map(|_| rig.period()).sum());
        });
    }
    group.finish();
}

criterion_group!(benches, room_step);
criterion_main!(benches);
