//! The legs' graphs compile at every rate and frame, share equal plans, and their states can be built.

use core::time::Duration;
use std::sync::Arc;
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{FrameTime, Graph, Limits, Plan, SampleRate, compile};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{
    PORT_IN, PORT_OUT, clip_ingress, network_egress, network_ingress, port_egress, port_ingress,
    tone_ingress,
};
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, BuildError, State};

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];
const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(SampleRate::HZ_8000),
    Codec::L16(SampleRate::HZ_16000),
    Codec::L16(SampleRate::HZ_48000),
];

struct Nothing;

impl Node for Nothing {
    fn process(&mut self, _inputs: &[&PcmPlane], _outputs: &mut [&mut PcmPlane]) -> Outcome {
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

fn names(plan: &Plan<Spec>) -> Vec<&str> {
    plan.ops.iter().map(|op| op.name.as_str()).collect()
}

fn plan(graph: &Graph<Spec>) -> Plan<Spec> {
    compile(graph, &Limits::default()).expect("a leg's graph compiles")
}

fn build() -> Build {
    Build {
        gain: 1.0,
        tone: Some(Tone::new(SampleRate::HZ_8000, 440.0, -20.0)),
        clip: Some(Clip::new(Arc::from([0.0_f32; 4]), true)),
        ext: vec![(PORT_IN, Box::new(Nothing)), (PORT_OUT, Box::new(Nothing))],
        ..Build::default()
    }
}

fn all_graphs() -> Vec<Graph<Spec>> {
    let mut graphs = Vec::new();
    for frame in [FrameTime::Ms10, FrameTime::Ms20] {
        for bus in RATES {
            for codec in CODECS {
                let ptime = codec.max_ptime().min(Duration::from_millis(20));
                graphs.push(network_ingress(codec, frame, bus, JitterDelays::default()));
                graphs.push(network_egress(codec, ptime, frame, bus, true));
            }
            for rate in RATES {
                graphs.push(port_ingress(rate, frame, bus));
                graphs.push(port_egress(rate, frame, bus, false));
                graphs.push(clip_ingress(rate, frame, bus));
            }
            graphs.push(tone_ingress(frame, bus));
        }
    }
    graphs
}

#[test]
fn every_leg_compiles_small_and_its_states_can_be_built() {
    for graph in all_graphs() {
        let plan = plan(&graph);
        assert!(
            plan.pcm_planes <= 2 && plan.unit_planes <= 1 && plan.encoded_planes <= 1,
            "{}",
            plan.to_text()
        );
        assert!(plan.cost_hint > Duration::ZERO);
        let mut build = build();
        for op in &plan.ops {
            let state = State::new(&op.spec, &mut build).expect("a state");
            let stateless = matches!(op.spec, Spec::Contribute { .. } | Spec::MixMinus { .. });
            let own = matches!(op.spec, Spec::Ext { .. });
            assert!(stateless == matches!(state, State::Stateless));
            assert!(
                stateless || own || state.kind() == op.name,
                "{state:?} {}",
                op.name
            );
        }
    }
}

#[test]
fn the_ops_are_those_of_the_catalogue_in_order() {
    let rate = SampleRate::HZ_8000;
    let ingress = plan(&network_ingress(
        Codec::Pcmu,
        FrameTime::Ms20,
        rate,
        JitterDelays::default(),
    ));
    assert_eq!(
        names(&ingress),
        ["jitter", "decode", "conceal", "gain", "meter", "contribute"]
    );
    assert_eq!(ingress.pcm_planes, 1, "all of it works in place");
    assert_eq!(ingress.latency, Duration::from_millis(20));
    let ptime = Duration::from_millis(20);
    let egress = plan(&network_egress(
        Codec::Pcmu,
        ptime,
        FrameTime::Ms20,
        rate,
        true,
    ));
    assert_eq!(
        names(&egress),
        ["mix-minus", "limit", "encode", "packetise"]
    );
    assert_eq!(egress.latency, Duration::from_micros(500));
    let other = plan(&network_egress(
        Codec::Pcmu,
        ptime,
        FrameTime::Ms20,
        SampleRate::HZ_16000,
        true,
    ));
    assert_eq!(
        names(&other),
        ["mix-minus", "resample", "limit", "encode", "packetise"]
    );
    let port = plan(&port_ingress(SampleRate::HZ_48000, FrameTime::Ms10, rate));
    assert_eq!(
        names(&port),
        ["port-in", "resample", "gain", "meter", "contribute"]
    );
    assert!(port.to_text().contains("port-in"), "{}", port.to_text());
}

#[test]
fn legs_of_one_kind_share_a_plan_and_others_do_not() {
    let ingress = |codec, target| {
        let delays = JitterDelays {
            target: Duration::from_millis(target),
            ..JitterDelays::default()
        };
        plan(&network_ingress(
            codec,
            FrameTime::Ms20,
            SampleRate::HZ_8000,
            delays,
        ))
    };
    assert_eq!(ingress(Codec::Pcmu, 20), ingress(Codec::Pcmu, 20));
    assert_ne!(ingress(Codec::Pcmu, 20), ingress(Codec::Pcmu, 40));
    assert_ne!(ingress(Codec::Pcmu, 20), ingress(Codec::Pcma, 20));
}

#[test]
fn what_was_not_supplied_is_named() {
    let rate = SampleRate::HZ_8000;
    for (graph, expected) in [
        (tone_ingress(FrameTime::Ms20, rate), "tone"),
        (clip_ingress(rate, FrameTime::Ms20, rate), "clip"),
        (port_ingress(rate, FrameTime::Ms20, rate), PORT_IN),
    ] {
        let (_, spec) = graph.nodes().next().expect("a first node");
        let fault = State::new(spec, &mut Build::default()).unwrap_err();
        assert_eq!(fault, BuildError::Missing { expected });
        assert!(fault.to_string().contains(expected));
    }
}
