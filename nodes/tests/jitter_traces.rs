//! The jitter buffer on recorded arrivals: seven traces of a minute, at every phase of the frame clock, and random
//! ones. Books balance, delay is bounded, what can be played is played.

mod jitter_bench;

use core::time::Duration;
use jitter_bench::{Bench, ms};
use proptest::prelude::*;
use std::path::Path;
use talkpath_nodes::jitter::JitterCounters;

struct Arrival {
    sequence: u16,
    at: Duration,
}

fn trace(name: &str) -> Vec<Arrival> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/traces")
        .join(name)
        .with_extension("csv");
    let text = std::fs::read_to_string(path).expect("trace");
    let mut arrivals: Vec<Arrival> = text
        .lines()
        .skip(2)
        .filter_map(|line| {
            let mut fields = line.split(',');
            let sequence = fields.next()?.parse().ok()?;
            let at: f64 = fields.nth(1)?.parse().ok()?;
            (at >= 0.0).then(|| Arrival {
                sequence,
                at: Duration::from_secs_f64(at / 1000.0),
            })
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

struct Outcome {
    counters: JitterCounters,
    /// From arrival to playout, of the packets that were played, ascending.
    waits: Vec<Duration>,
    /// Most packets waiting.
    deepest: usize,
}

/// Plays `arrivals` through a frame clock of `phase`; a slot of one millisecond carries packets in.
fn play(arrivals: &[Arrival], target: u64, max: u64, phase: u64) -> Outcome {
    let mut bench = Bench::new(target, max);
    let mut next = arrivals.iter().peekable();
    let end = arrivals.last().map_or(0, |last| last.at.as_millis() as u64) + 500;
    let (mut waits, mut deepest) = (Vec::new(), 0);
    let mut received = std::collections::HashMap::new();
    for slot in 0..end {
        while let Some(arrival) = next.next_if(|arrival| arrival.at <= ms(slot)) {
            received.entry(arrival.sequence).or_insert(arrival.at);
            bench.put(
                arrival.sequence,
                u32::from(arrival.sequence) * 160,
                arrival.at,
            );
            deepest = deepest.max(bench.buffer.queued());
        }
        if slot % 20 == phase {
            let units = bench.get(ms(slot));
            waits.extend(
                units
                    .split(' ')
                    .filter_map(|unit| Some(ms(slot) - *received.get(&unit.parse().ok()?)?)),
            );
        }
        bench.check();
    }
    waits.sort();
    Outcome {
        counters: *bench.buffer.counters(),
        waits,
        deepest,
    }
}

#[test]
fn every_trace_at_every_phase() {
    // Name, and the least share of the packets that arrived which 40 ms of target must play, in per cent.
    let traces = [
        ("drift_p200", 99),
        ("loss5_rand", 99),
        ("loss10_burst", 99),
        ("reorder_dup", 97),
        ("stall", 93),
        ("wan_good", 99),
        ("wifi_bursty", 95),
    ];
    for (name, least) in traces {
        let arrivals = trace(name);
        for phase in [0, 3, 7, 11, 19] {
            let Outcome {
                counters,
                waits,
                deepest,
            } = play(&arrivals, 40, 200, phase);
            assert_eq!(counters.received, arrivals.len() as u64);
            assert_eq!(counters.wrong_payload_type + counters.bad_length, 0);
            let share = counters.played * 100 / (counters.received - counters.duplicate);
            assert!(share >= least, "{name} {phase}: {share} % {counters:?}");
            let longest = waits.last().copied().unwrap_or_default();
            assert!(
                longest <= ms(200 + 40 + 20) && deepest <= 12,
                "{name} {phase}: {longest:?} {deepest}"
            );
        }
    }
}

#[test]
fn the_delay_after_a_stall_is_the_delay_before_it() {
    let arrivals = trace("stall");
    let Outcome {
        counters, waits, ..
    } = play(&arrivals, 20, 200, 5);
    let median = waits[waits.len() / 2];
    assert!(median <= ms(45), "{median:?}");
    assert!(
        waits[waits.len() - 1] <= ms(80),
        "{:?} {counters:?}",
        waits.last()
    );
}

#[test]
fn duplicates_and_losses_are_counted_as_the_trace_has_them() {
    let copies = |arrivals: &[Arrival]| {
        let mut seen = std::collections::HashSet::new();
        arrivals
            .iter()
            .filter(|arrival| !seen.insert(arrival.sequence))
            .count() as u64
    };
    let arrivals = trace("reorder_dup");
    let counters = play(&arrivals, 80, 200, 5).counters;
    assert_eq!(counters.duplicate, copies(&arrivals));
    let arrivals = trace("loss5_rand");
    let counters = play(&arrivals, 40, 200, 5).counters;
    let missing = 3000 - arrivals.len() as u64;
    assert_eq!(
        (counters.played, counters.late, counters.resyncs),
        (arrivals.len() as u64, 0, 0)
    );
    // The last 200 ms are lost as well: nothing comes after the end of the trace.
    assert!(
        (missing * 160..=missing * 160 + 1600).contains(&counters.lost_samples),
        "{counters:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn books_balance_and_nothing_panics_whatever_comes(
        steps in proptest::collection::vec((any::<u16>(), any::<u32>(), 0_u8..6, 0_u64..90), 1..400),
        target in 0_u64..100, max in 0_u64..300,
    ) {
        let mut bench = Bench::new(target, max);
        let (mut now, mut sequence, mut timestamp) = (0, 0_u16, 0_u32);
        for (any_sequence, any_timestamp, kind, wait) in steps {
            now += wait;
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(160);
            match kind {
                0 => sequence = any_sequence,
                1 => timestamp = any_timestamp,
                2 => sequence = sequence.wrapping_sub(any_sequence % 8),
                3 => timestamp = timestamp.wrapping_add(any_timestamp % 4000),
                _ => {}
            }
            bench.put_marked(sequence, timestamp, ms(now), any_sequence % 16 == 0);
            bench.check();
            if any_timestamp % 3 != 0 {
                bench.get(ms(now));
            }
            bench.check();
            prop_assert!(bench.buffer.level().0 as u64 <= max.max(target + 60) * 8 + 160);
        }
        while bench.buffer.pop_any().is_some() {}
        let counters = bench.buffer.counters();
        prop_assert_eq!(counters.received, counters.played + counters.dropped());
    }
}
