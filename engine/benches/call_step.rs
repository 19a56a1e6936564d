//! What one packet of a point-to-point call costs the worker, relayed and transcoded.
//!
//! Packets of both sides come through the shard's ring in virtual time and the outgoing ones are taken off it; only
//! the worker's steps are timed, the twenty slots of a period with all that is in them. The figure is nanoseconds per
//! packet that comes in.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod rig;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rig::{FRAME, Rig};
use talkpath_engine::{Call, CallConfig, EngineConfig, NetworkConfig, SampleRate, Side};
use talkpath_nodes::codec::Codec;

const SLOTS: usize = 20;

struct Calls {
    rig: Rig,
    calls: Vec<Call>,
    ends: [Codec; 2],
    payload: Vec<u8>,
}

impl Calls {
    fn new(ends: [Codec; 2], count: usize) -> Self {
        let rig = Rig::new(EngineConfig {
            capacity_legs: 2 * count,
            ..EngineConfig::default()
        });
        let [a, b] = ends.map(|codec| NetworkConfig::new(codec, 0));
        let create = |_| {
            let call = rig.engine.create_call(CallConfig::new(a, b));
            // Commands travel while calls are made.
            rig.engine.advance(FRAME / SLOTS as u32);
            call.expect("capacity")
        };
        Self {
            calls: (0..count).map(create).collect(),
            rig,
            ends,
            payload: (0..1_280).map(|n| (n * 7) as u8).collect(),
        }
    }

    /// 20 ms, the packets spread over its slots; returns the time spent in the worker.
    fn period(&mut self) -> Duration {
        self.rig.next_period();
        let share = self.calls.len().div_ceil(SLOTS);
        let mut spent = Duration::ZERO;
        for slot in 0..SLOTS {
            for call in self.calls.iter().skip(slot * share).take(share) {
                for (side, codec) in [Side::A, Side::B].into_iter().zip(self.ends) {
                    let samples = codec.rate().samples_in(FRAME);
                    let octets = codec.octets_of(samples.as_usize());
                    let leg = call.side(side);
                    self.rig.put(leg, samples.0, &self.payload[..octets]);
                }
            }
            spent += self.rig.run(FRAME / SLOTS as u32);
        }
        spent
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
            let mut calls = Calls::new(ends, count);
            for _ in 0..10 {
                calls.period();
            }
            group.throughput(Throughput::Elements(2 * count as u64));
            group.bench_function(format!("{name}, {count} calls"), |b| {
                b.iter_custom(|n| (0..n).map(|_| calls.period()).sum());
            });
            let sent = calls.rig.engine.status().expect("running").workers[0].counters;
            assert_eq!(sent.packets_unsent + sent.packets_crowded, 0, "{name}");
        }
    }
    group.finish();
}

criterion_group!(benches, call_step);
criterion_main!(benches);
