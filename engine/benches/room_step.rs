//! What one leg of a G.711 room costs the worker per period, everybody talking.
//!
//! Packets come through the shard's ring in virtual time and the outgoing ones are taken off it; only the worker's steps are
//! timed. The figure is nanoseconds per leg and 20 ms period. One number as argument, the legs, runs 50 periods of these and
//! times nothing: `valgrind --tool=callgrind --toggle-collect='*rig::measured*'` counts the instructions of the steps.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod full_room;
mod rig;

use criterion::{Criterion, Throughput, criterion_group};
use full_room::FullRoom;

fn room_step(c: &mut Criterion) {
    let mut group = c.benchmark_group("room step, per leg and period");
    for count in [10, 100, 1_000] {
        let mut room = FullRoom::new(1, count);
        for _ in 0..10 {
            room.period();
        }
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("PCMU, {count} legs"), |b| {
            b.iter_custom(|n| (0..n).map(|_| room.period()).sum());
        });
    }
    group.finish();
}

criterion_group!(benches, room_step);

fn main() {
    if let Some(legs) = full_room::number() {
        let mut room = FullRoom::new(1, legs);
        for _ in 0..50 {
            room.period();
        }
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
