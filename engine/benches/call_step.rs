//! What one packet of a point-to-point call costs the worker, relayed and transcoded.
//!
//! Packets of both sides come through the shard's ring in virtual time and the outgoing ones are taken off it; only
//! the worker's steps are timed, the twenty slots of a period with all that is in them. The figure is nanoseconds per
//! packet that comes in.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use talkpath_engine::{
    Call, CallConfig, EngineConfig, NetworkConfig, SampleRate, ShardLink, Side, VirtualEngine,
};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;

const FRAME: Duration = Duration::from_millis(20);
const SLOT: Duration = Duration::from_millis(1);

struct Rig {
    engine: VirtualEngine,
    link: ShardLink,
    calls: Vec<Call>,
    ends: [Codec; 2],
    period: u16,
    payload: Vec<u8>,
}

impl Rig {
    fn new(ends: [Codec; 2], count: usize) -> Self {
        let config = EngineConfig {
            capacity_legs: 2 * count,
            ..EngineConfig::default()
        };
        let engine = VirtualEngine::new(config).expect("a valid configuration");
        let link = engine.take_shard_link().expect("the first time");
        let [a, b] = ends.map(|codec| NetworkConfig::new(codec, 0));
        let create = |_| {
            let call = engine.create_call(CallConfig::new(a, b)).expect("capacity");
            // Commands travel while calls are made.
            engine.advance(SLOT);
            call
        };
        Self {
            calls: (0..count).map(create).collect(),
            engine,
            link,
            ends,
            period: 0,
            payload: (0..1_280).map(|n| (n * 7) as u8).collect(),
        }
    }

    /// 20 ms, the packets spread over its slots; returns the time spent in the worker.
    fn period(&mut self) -> Duration {
        self.period = self.period.wrapping_add(1);
        let mut spent = Duration::ZERO;
        let share = self.calls.len().div_ceil(20);
        for slot in 0..20 {
            let from = (slot * share).min(self.calls.len());
            for n in from..(from + share).min(self.calls.len()) {
                self.put(n, Side::A, self.ends[0]);
                self.put(n, Side::B, self.ends[1]);
            }
            self.engine.advance_around(SLOT, |step| {
                #[allow(clippy::disallowed_methods, reason = "a benchmark measures")]
                let begin = Instant::now();
                step();
                spent += begin.elapsed();
            });
            while let Some(packet) = self.link.from_worker.recv() {
                assert!(self.link.from_worker.give_back(packet).is_ok());
            }
        }
        spent
    }

    fn put(&mut self, call: usize, from: Side, codec: Codec) {
        let samples = codec.rate().samples_in(FRAME);
        let mut packet = self.link.to_worker.take().expect("boxes for every call");
        packet.leg = self.calls[call].side(from).to_bits();
        packet.received = self.engine.now();
        packet.header = Header {
            sequence: self.period,
            timestamp: u32::from(self.period).wrapping_mul(samples.0),
            ssrc: 7,
            ..Header::default()
        };
        let octets = codec.octets_of(samples.as_usize());
        packet
            .set_payload(&self.payload[..octets])
            .expect("it fits");
        assert!(self.link.to_worker.send(packet).is_ok());
    }
}

fn call_step(c: &mut Criterion) {
    let wide = Codec::L16(SampleRate::HZ_16000);
    let kinds = [
        ("relay PCMU", [Codec::Pcmu, Codec::Pcmu]),
        ("PCMU to PCMA", [Codec::Pcmu, Codec::Pcma]),
        ("PCMU to L16/16000", [Codec::Pcmu, wide]),
    ];
    let mut group = c.benchmark_group("call step, per packet");
    for (name, ends) in kinds {
        for count in [100, 1_000] {
            let mut rig = Rig::new(ends, count);
            for _ in 0..10 {
                rig.period();
            }
            group.throughput(Throughput::Elements(2 * count as u64));
            group.bench_function(format!("{name}, {count} calls"), |b| {
                b.iter_custom(|n| (0..n).map(|_| rig.period()).sum());
            });
            let sent = rig.engine.status().expect("running").workers[0].counters;
            assert_eq!(sent.packets_unsent + sent.packets_crowded, 0, "{name}");
        }
    }
    group.finish();
}

criterion_group!(benches, call_step);
criterion_main!(benches);
