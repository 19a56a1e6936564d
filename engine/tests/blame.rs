//! A slot that ends late: the first of an episode names what took longest in it (D14).

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::bare::{Bare, Sizes};
use common::{SampleRate, ms};
use talkpath_engine::proto::{Culprit, LegId, Segment, WorkerEventKind};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{Format, FrameTime, Graph, Shape, Signal};
use talkpath_nodes::player::Tone;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::Build;
use talkpath_rt::clock::ManualClock;

const RATE: SampleRate = SampleRate::HZ_8000;

/// A node that takes a microsecond of the worker's clock, and three milliseconds when told to.
struct Slow {
    clock: ManualClock,
    now: Arc<AtomicBool>,
}

impl Node for Slow {
    fn process(&mut self, _: &[&PcmPlane], _: &mut [&mut PcmPlane]) -> Outcome {
        let slow = self.now.load(Ordering::Relaxed);
        let took = if slow {
            ms(3)
        } else {
            Duration::from_micros(1)
        };
        self.clock.advance(took);
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

fn slow_leg(bare: &mut Bare, now: &Arc<AtomicBool>) -> LegId {
    let format = Format::mono(RATE, FrameTime::Ms20);
    let mut graph = Graph::new();
    let shape = Shape::new("slow").output("out", Signal::Pcm(format));
    let source = Spec::Ext {
        name: "slow",
        shape: Box::new(shape),
    };
    let source = graph.add("slow", source);
    let gain = graph
        .then(source, "gain", Spec::Gain { format })
        .expect("a chain");
    graph
        .then(gain, "contribute", Spec::Contribute { format })
        .expect("a chain");
    let node = Slow {
        clock: bare.clock.clone(),
        now: Arc::clone(now),
    };
    let build = Build {
        ext: vec![("slow", Box::new(node))],
        ..Build::default()
    };
    let room = bare.room(&[RATE]);
    bare.leg(room, RATE, Some(graph), None, build)
}

fn quick_leg(bare: &mut Bare) {
    let room = bare.room(&[RATE]);
    let ingress = talkpath_nodes::leg_graphs::tone_ingress(FrameTime::Ms20, RATE);
    let build = Build {
        tone: Some(Tone::new(RATE, 440.0, -10.0)),
        ..Build::default()
    };
    bare.leg(room, RATE, Some(ingress), None, build);
}

/// How late, and who.
fn late(bare: &mut Bare) -> Vec<(Duration, Option<Culprit>)> {
    let told = std::iter::from_fn(|| bare.events.pop());
    told.filter_map(|event| match event.kind {
        WorkerEventKind::Late { by, culprit } => Some((by, culprit)),
        _ => None,
    })
    .collect()
}

#[test]
fn the_first_late_slot_of_an_episode_names_the_slowest_cohort() {
    let mut bare = Bare::new(Sizes::default());
    let now = Arc::new(AtomicBool::new(false));
    quick_leg(&mut bare);
    let slow = slow_leg(&mut bare, &now);
    // One cohort in 17 has its ops timed one by one.
    bare.slots(20 * 17);
    assert_eq!(late(&mut bare), [], "all in time");
    for _ in 0..2 {
        now.store(true, Ordering::Relaxed);
        bare.slots(20);
        now.store(false, Ordering::Relaxed);
        let told = late(&mut bare);
        let [(by, Some(culprit))] = told[..] else {
            panic!("once: {told:?}")
        };
        // Three milliseconds in a slot of one.
        assert_eq!((by, culprit.took), (ms(2), ms(3)));
        assert_eq!((culprit.leg, culprit.legs), (slow, 1));
        assert_eq!(
            (culprit.segment, culprit.op),
            (Segment::Ingress, Some("slow"))
        );
        bare.slots(20);
        assert_eq!(late(&mut bare), [], "in time again");
    }
}

/// Who talks and what is counted is told again; that a slot was late is not, so it has places of its own.
#[test]
fn a_ring_full_of_what_is_told_again_still_takes_late_slots() {
    let mut bare = Bare::new(Sizes {
        events: 64,
        ..Sizes::default()
    });
    let now = Arc::new(AtomicBool::new(false));
    quick_leg(&mut bare);
    slow_leg(&mut bare, &now);
    // Nobody reads for a minute.
    bare.slots(60_000);
    let deferred = bare.worker.counters().events_deferred;
    assert!(deferred > 0, "the ordinary part of the ring is full");
    for _ in 0..3 {
        now.store(true, Ordering::Relaxed);
        bare.slots(20);
        now.store(false, Ordering::Relaxed);
        bare.slots(2_000);
    }
    assert!(bare.worker.counters().events_deferred > deferred);
    let told: Vec<_> = std::iter::from_fn(|| bare.events.pop()).collect();
    assert!(told.is_sorted_by_key(|event| event.at), "in order");
    let late = |kind: &WorkerEventKind| matches!(kind, WorkerEventKind::Late { .. });
    assert_eq!(told.iter().filter(|event| late(&event.kind)).count(), 3);
    // An eighth of the ring is not for the others.
    assert_eq!(told.iter().filter(|event| !late(&event.kind)).count(), 56);
    assert_eq!(bare.worker.counters().overflows, 0);
}
