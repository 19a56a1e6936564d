//! What a stall of the worker tells a node of a library user, and what it does to an audio port (D14), in virtual time.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{SampleRate, Studio, ms, small};
use talkpath_engine::{LegConfig, PortConfig, Segment};
use talkpath_graph::Samples;
use talkpath_graph::node::{Node, Outcome, PcmPlane};

/// So much is made up for; what is older is skipped.
const CATCH_UP: u64 = 60;

/// Counts the frames it was given, and the samples it was told it missed.
struct Counts(Arc<[AtomicU64; 2]>);

impl Node for Counts {
    fn process(&mut self, _: &[&PcmPlane], _: &mut [&mut PcmPlane]) -> Outcome {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn skipped(&mut self, span: Samples) {
        self.0[1].fetch_add(u64::from(span.0), Ordering::Relaxed);
    }
}

#[test]
fn a_node_of_the_users_own_is_told_the_span_it_missed() {
    let mut studio = Studio::new(small());
    let room = studio.room("stall");
    let counts: Arc<[AtomicU64; 2]> = Arc::default();
    let mut graph = room.graph(LegConfig::tone(440.0, -20.0)).expect("a graph");
    let node = Counts(Arc::clone(&counts));
    graph
        .node(Segment::Ingress, "gain", "counts", node)
        .expect("audio");
    let format = graph.format(Segment::Ingress, "counts").expect("audio");
    let frame = u64::from(format.frame.0);
    room.join_graph(graph).expect("capacity");
    studio.advance(ms(200));
    let told = || [0, 1].map(|n| counts[n].load(Ordering::Relaxed));
    for stall in [20, 40, 300, 1_000] {
        let before = told();
        studio.engine.stall(ms(stall));
        studio.advance(ms(1_000));
        let after = told();
        let (ran, missed) = (after[0] - before[0], after[1] - before[1]);
        assert_eq!(missed % frame, 0, "whole periods");
        let missed = missed / frame;
        assert_eq!(ran + missed, (stall + 1_000) / 20, "{stall} ms");
        // The slot at the edge is skipped or not as the grid lies.
        let least = stall.saturating_sub(CATCH_UP) / 20;
        assert!(
            (least..=least + u64::from(least > 0)).contains(&missed),
            "{stall} ms: {missed}"
        );
    }
}

#[test]
fn what_was_written_to_a_port_for_the_time_of_a_stall_is_old() {
    let mut studio = Studio::new(small());
    let room = studio.room("stall");
    let config = PortConfig {
        depth: 64,
        ..PortConfig::new(SampleRate::HZ_8000)
    };
    let (_talks, mut talker) = room.join_port(config).expect("capacity");
    let (_hears, mut ear) = room.join_port(config).expect("capacity");
    let mut frame = vec![0_i16; talker.frame().as_usize()];
    // Each frame has its number.
    for number in 1..=60 {
        frame.fill(number * 100);
        talker.write(&frame).expect("room for them");
    }
    studio.advance(ms(200));
    studio.engine.stall(ms(300));
    studio.advance(ms(200));
    let mut numbers = Vec::new();
    while ear.read(&mut frame).is_ok() {
        numbers.push((f32::from(frame[frame.len() / 2]) / 100.0).round() as i64);
    }
    // The first two fade in.
    let heard: Vec<i64> = numbers.into_iter().filter(|number| *number > 2).collect();
    let steps: Vec<i64> = heard.windows(2).map(|two| two[1] - two[0]).collect();
    let jumps: Vec<i64> = steps.iter().copied().filter(|step| *step != 1).collect();
    assert!(heard.len() > 15, "{heard:?}");
    // 300 ms less the 60 that are made up for are twelve frames, one more as the grid lies.
    assert!(matches!(jumps[..], [13 | 14]), "{heard:?}");
    assert_eq!(talker.underruns(), 0);
}
