use serde_json::json;
use talkpath_graph::{Channels, Format, FrameTime, SampleRate, Samples, Shape, Signal};
use talkpath_nodes::codec::{Codec, OpusRate};
use talkpath_nodes::fade::Fading;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{PORT_IN, port_in, port_out};

use super::*;
use crate::leg::{ClipConfig, NetworkConfig, ToneConfig};
use crate::supervisor::Source;

/// One node of every kind.
fn every_kind() -> Vec<Spec> {
    let codec = Codec::L16(SampleRate::HZ_48000);
    let ptime = Duration::from_millis(30);
    let format = Format::mono(SampleRate::HZ_16000, FrameTime::Ms10);
    let to = Format {
        channels: Channels::STEREO,
        ..Format::mono(SampleRate::HZ_48000, FrameTime::Ms10)
    };
    let into = [Fading::Silence, Fading::Other { after: 2 }];
    let mut all = vec![
        Spec::Jitter {
            codec: Codec::Pcma,
            delays: JitterDelays::default(),
            frame: Samples(80),
        },
        Spec::Decode { codec, format },
        Spec::Conceal { format },
        Spec::Resample { from: format, to },
        Spec::Gain { format },
        Spec::Meter { format },
        Spec::Contribute { format },
        Spec::Limit { format },
        Spec::encode(codec, ptime, format),
        Spec::Packetise {
            codec,
            ptime,
            format,
        },
        Spec::Arrival {
            codec,
            ptime,
            to: to.rate,
        },
        Spec::Payload { codec, format },
        Spec::Relay { codec, ptime },
        Spec::Tone { format },
        Spec::Clip { format },
        port_in(format),
        port_out(to),
    ];
    all.extend([true, false].map(|minus_own| Spec::MixMinus { format, minus_own }));
    all.extend(into.map(|into| Spec::Fade { format, into }));
    all.push(Spec::encode(Codec::Opus(OpusRate::Wide), ptime, format));
    all
}

fn leg(ingress: Graph<Spec>) -> LegGraph {
    let source = NetworkConfig::new(Codec::Pcmu, 0);
    let ingress = Some(ingress);
    let graphs = LegGraphs {
        ingress,
        egress: None,
    };
    LegGraph::of(Source::Network(source).into(), graphs)
}

fn written(graph: &LegGraph) -> Result<Written, String> {
    Written::of(graph, |_| 0)
}

#[test]
fn every_kind_of_node_and_every_connection_is_read_as_it_was() {
    let mut graph = Graph::new();
    for (n, spec) in every_kind().into_iter().enumerate() {
        graph.add(&format!("node {n}"), spec);
    }
    let tone = graph.find("node 13").expect("the tone");
    for (end, input) in [("node 4", "in"), ("node 20", "new"), ("node 20", "old")] {
        let end = graph.find(end).expect("it is there");
        graph.connect(tone, "out", end, input).expect("ports");
    }
    let mut whole = leg(graph);
    whole.gains.push((OUT, "node 4".to_owned(), -0.0));
    let written = written(&whole).expect("built-in kinds");
    let text = serde_json::to_vec(&written).expect("JSON");
    let again: Written = serde_json::from_slice(&text).expect("what was written");
    assert_eq!(again, written);
    let read = again.read(&[]).expect("a graph");
    assert_eq!(read.graphs, whole.graphs);
    assert_eq!(read.sources, whole.sources);
    assert_eq!((read.gains[0].0, &*read.gains[0].1), (OUT, "node 4"));
    assert_eq!(read.gains[0].2.to_bits(), (-0.0_f32).to_bits());
}

#[test]
fn a_node_of_the_applications_own_is_not_written() {
    let format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);
    for (name, shape) in [
        ("own", Shape::new("own").output("out", Signal::Pcm(format))),
        (PORT_IN, Shape::new(PORT_IN).output("out", Signal::Units)),
        (
            PORT_IN,
            Shape::new(PORT_IN).input("in", Signal::Pcm(format)),
        ),
    ] {
        let mut graph = Graph::new();
        let shape = Box::new(shape);
        graph.add("mine", Spec::Ext { name, shape });
        let why = written(&leg(graph)).expect_err("it is not built in");
        assert_eq!(why, "a graph with a node of one's own (\"mine\")");
    }
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);
    let mut graph = Graph::new();
    for n in 0..65 {
        graph.add(&n.to_string(), Spec::Gain { format });
    }
    let why = written(&leg(graph)).expect_err("too large");
    assert_eq!(
        why,
        "a graph (it has 65 nodes in a half, at most 64 are read)"
    );
}

#[test]
fn all_that_a_leg_sends_and_plays_is_read_as_it_was() {
    let rate = SampleRate::HZ_8000;
    let samples: Arc<[f32]> = [0.25, -0.5].into();
    let mut whole = leg(Graph::new());
    whole.sources = whole.sources.or(Sources {
        tone: Some(ToneConfig {
            hz: 440.0,
            dbov: -20.0,
            rate,
        }),
        clip: Some(ClipConfig {
            samples: Arc::clone(&samples),
            rate,
            looping: true,
        }),
        ..Sources::default()
    });
    let mut clips = Vec::new();
    let written = Written::of(&whole, |clip| {
        clips.push(Arc::clone(clip));
        clips.len() - 1
    });
    let read = written.expect("built-in kinds").read(&clips);
    assert_eq!(read.expect("a graph").sources, whole.sources);
    assert_eq!(whole.sources.each().count(), 3);
    assert_eq!(clips, [samples]);
}

#[test]
fn what_is_wrong_with_a_graph_is_told() {
    let read = |version: u8, nodes: Value, edges: Value| {
        let ingress = json!({ "nodes": nodes, "edges": edges });
        let form = json!({ "sources": [], "ingress": ingress, "egress": null, "gains": [] });
        let written = Written { version, form };
        written.read(&[]).expect_err("it is wrong").to_string()
    };
    let gain = json!(["gain", { "gain": [8_000, 1, 160] }]);
    for (error, version, nodes, edges) in [
        (
            "its form has version 1, this talkpath reads version 2",
            1,
            json!([]),
            json!([]),
        ),
        (
            "it is not of its form: unknown variant `echo`",
            VERSION,
            json!([["e", { "echo": 1 }]]),
            json!([]),
        ),
        (
            "sample rate 9000 Hz",
            VERSION,
            json!([["g", { "gain": [9_000, 1, 160] }]]),
            json!([]),
        ),
        (
            "3 channels, expected 1 or 2",
            VERSION,
            json!([["g", { "gain": [8_000, 3, 160] }]]),
            json!([]),
        ),
        (
            "there is no codec \"MP3/8000\"",
            VERSION,
            json!([["e", { "encode": { "codec": "MP3/8000", "format": [8_000, 1, 160] } }]]),
            json!([]),
        ),
        (
            "a delay or packet time is 61s, at most 60s is read",
            VERSION,
            json!([["r", { "relay": { "codec": "PCMU/8000", "ptime": { "secs": 61, "nanos": 0 } } }]]),
            json!([]),
        ),
        (
            "connection [0, 0, 1, 0] (node, output, node, input) is none of its 1 nodes' ports",
            VERSION,
            json!([gain]),
            json!([[0, 0, 1, 0]]),
        ),
        (
            "connection [0, 1, 0, 0]",
            VERSION,
            json!([gain]),
            json!([[0, 1, 0, 0]]),
        ),
        (
            "it has 65 connections in a half, at most 64 are read",
            VERSION,
            json!([gain]),
            json!(vec![[0, 0, 0, 0]; 65]),
        ),
        (
            "it has 257 bytes in a name",
            VERSION,
            json!([["n".repeat(257), gain[1]]]),
            json!([]),
        ),
    ] {
        let told = read(version, nodes, edges);
        assert!(told.starts_with(error), "{told}, not {error}");
    }
}
