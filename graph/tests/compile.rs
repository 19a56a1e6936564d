//! Plans of small graphs, drawn above each test; every result also goes through the symbolic checker.

mod support;

use std::time::Duration;

use support::*;
use talkpath_graph::{
    Class, CompileError, Graph, GraphError, Limits, Plan, Shape, Signal, compile,
};

fn plan(graph: &Graph<Fake>) -> Plan<Fake> {
    let plan = compile(graph, &Limits::default()).unwrap();
    check(graph, &plan).unwrap();
    plan
}

fn fault(graph: &Graph<Fake>) -> String {
    compile(graph, &Limits::default()).unwrap_err().to_string()
}

fn order(plan: &Plan<Fake>) -> Vec<&str> {
    plan.ops.iter().map(|op| op.name.as_str()).collect()
}

fn counts(plan: &Plan<Fake>) -> (usize, usize, usize) {
    (plan.unit_planes, plan.pcm_planes, plan.encoded_planes)
}

//  jitter ══ decode ── conceal ── resample ── gain ── bus
//                      (in place)            (in place)
#[test]
fn an_ingress_chain_needs_two_pcm_planes() {
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    let decode = g.then(jitter, "decode", decode(NARROW)).unwrap();
    let conceal = g.then(decode, "conceal", gain(NARROW)).unwrap();
    let resample = g.then(conceal, "resample", resample(NARROW, WIDE)).unwrap();
    let gain = g.then(resample, "gain", gain(WIDE)).unwrap();
    g.then(gain, "bus", bus(WIDE)).unwrap();
    let plan = plan(&g);
    assert_eq!(
        order(&plan),
        ["jitter", "decode", "conceal", "resample", "gain", "bus"]
    );
    assert_eq!(counts(&plan), (1, 2, 0));
    let in_place: Vec<_> = plan.ops.iter().map(|op| op.runs_in_place()).collect();
    assert_eq!(in_place, [false, false, true, false, true, false]);
    assert_eq!(plan.latency, Duration::from_micros(20_500));
    assert_eq!(plan.cost_hint, Duration::from_nanos(50 + 1_500 + 50));
}

//  mix-minus ── limit ── encode ┄┄ packetise        ┄┄ payload
#[test]
fn an_egress_chain_ends_in_payload() {
    let mut g = Graph::new();
    let sum = g.add("mix-minus", tone(WIDE));
    let limit = g.then(sum, "limit", gain(WIDE)).unwrap();
    let encode = g.then(limit, "encode", encode(WIDE)).unwrap();
    g.then(encode, "packetise", packetise()).unwrap();
    let plan = plan(&g);
    assert_eq!(counts(&plan), (0, 1, 1));
    assert!(!plan.is_relay());
}

//  tone ─┬─ gain ─ a┐
//        └──────── b┴ mix ── bus
#[test]
fn in_place_keeps_off_a_value_that_is_read_later() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    let gain = g.then(tone, "gain", gain(NARROW)).unwrap();
    let mix = g.add("mix", mix(NARROW));
    g.connect(gain, "out", mix, "a").unwrap();
    g.connect(tone, "out", mix, "b").unwrap();
    g.then(mix, "bus", bus(NARROW)).unwrap();
    let plan = plan(&g);
    assert!(!plan.ops[1].runs_in_place());
    assert_eq!(plan.pcm_planes, 3, "mix reads two and writes a third");
}

//  tone ─┬─ tap
//        └─ gain ── bus          tap runs first, so the gain is the last reader
#[test]
fn the_last_of_several_readers_works_in_place() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    g.then(tone, "tap", bus(NARROW)).unwrap();
    let gain = g.then(tone, "gain", gain(NARROW)).unwrap();
    g.then(gain, "bus", bus(NARROW)).unwrap();
    let plan = plan(&g);
    assert!(plan.ops[2].runs_in_place());
    assert_eq!(plan.pcm_planes, 1);
}

//  tone ─┬─ loud ── bus 1
//        ├─ soft ── bus 2
//        └─ bus 0
#[test]
fn one_output_feeds_many_inputs() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    let loud = g.then(tone, "loud", gain(NARROW)).unwrap();
    let soft = g.then(tone, "soft", gain(NARROW)).unwrap();
    g.then(tone, "bus 0", bus(NARROW)).unwrap();
    g.then(loud, "bus 1", bus(NARROW)).unwrap();
    g.then(soft, "bus 2", bus(NARROW)).unwrap();
    let plan = plan(&g);
    assert_eq!(
        order(&plan),
        ["tone", "loud", "soft", "bus 0", "bus 1", "bus 2"]
    );
    assert_eq!(plan.pcm_planes, 3);
}

//  tone ─┬a┐
//        └b┴ mix ── bus
#[test]
fn one_output_may_feed_both_inputs_of_a_node() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    let mix = g.add("mix", mix(NARROW));
    g.connect(tone, "out", mix, "a").unwrap();
    g.connect(tone, "out", mix, "b").unwrap();
    g.then(mix, "bus", bus(NARROW)).unwrap();
    assert_eq!(plan(&g).pcm_planes, 2);
}

//  tone 1 ── bus 1          added: bus 2, bus 1, tone 2, tone 1
//  tone 2 ── bus 2
#[test]
fn among_ready_nodes_the_first_added_runs_first() {
    let mut g = Graph::new();
    let bus2 = g.add("bus 2", bus(NARROW));
    let bus1 = g.add("bus 1", bus(NARROW));
    let tone2 = g.add("tone 2", tone(NARROW));
    let tone1 = g.add("tone 1", tone(NARROW));
    g.connect(tone1, "out", bus1, "in").unwrap();
    g.connect(tone2, "out", bus2, "in").unwrap();
    let plan = plan(&g);
    assert_eq!(order(&plan), ["tone 2", "bus 2", "tone 1", "bus 1"]);
    assert_eq!(plan.pcm_planes, 1);
}

//  tone ─┬─ resample ── resample ── a┐
//        └────────────────────────  b┴ mix ── bus
#[test]
fn latency_is_that_of_the_longest_path() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    let up = g.then(tone, "up", resample(NARROW, WIDE)).unwrap();
    let down = g.then(up, "down", resample(WIDE, NARROW)).unwrap();
    let mix = g.add("mix", mix(NARROW));
    g.connect(down, "out", mix, "a").unwrap();
    g.connect(tone, "out", mix, "b").unwrap();
    g.then(mix, "bus", bus(NARROW)).unwrap();
    let plan = plan(&g);
    assert_eq!(plan.latency, Duration::from_millis(1));
    assert_eq!(plan.cost_hint, Duration::from_micros(3));
}

//  jitter ══ forward
#[test]
fn a_relay_touches_no_samples() {
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    g.then(
        jitter,
        "forward",
        Fake(Shape::new("forward").input("in", Signal::Units)),
    )
    .unwrap();
    let plan = plan(&g);
    assert!(plan.is_relay());
    assert_eq!(counts(&plan), (1, 0, 0));
}

#[test]
fn an_empty_graph_gives_an_empty_plan() {
    let plan = plan(&Graph::new());
    assert_eq!(
        (plan.ops.len(), plan.latency, plan.cost_hint),
        (0, Duration::ZERO, Duration::ZERO)
    );
    assert!(!plan.is_relay());
}

#[test]
fn equal_graphs_give_equal_plans() {
    let make = |level: u64| {
        let mut g = Graph::new();
        let tone = g.add("tone", tone(NARROW));
        let mut spec = gain(NARROW);
        spec.0.cost_hint = Duration::from_nanos(level);
        let gain = g.then(tone, "gain", spec).unwrap();
        g.then(gain, "bus", bus(NARROW)).unwrap();
        plan(&g)
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

//  tone ── meter ── (nothing)     tone ── (nothing)     jitter ══ (nothing)     encode ┄┄ (nothing)
#[test]
fn only_pcm_of_a_node_with_input_may_go_unread() {
    let mut g = Graph::new();
    let source = g.add("tone", tone(NARROW));
    assert_eq!(fault(&g), "tone.out is read by nothing");
    let meter = g.then(source, "meter", gain(NARROW)).unwrap();
    assert_eq!(plan(&g).pcm_planes, 1);
    g.then(meter, "encode", encode(NARROW)).unwrap();
    assert_eq!(fault(&g), "encode.out is read by nothing");
    let mut g = Graph::new();
    g.add("jitter", jitter());
    assert_eq!(fault(&g), "jitter.out is read by nothing");
}

//  tone ─┬─ split ─┬ low ── (nothing)
//        │         └ high ─ (nothing)
//        └─ bus
#[test]
fn unread_outputs_have_planes_of_their_own() {
    let split = Shape::new("split").input("in", Signal::Pcm(NARROW));
    let split = split
        .output("low", Signal::Pcm(NARROW))
        .output("high", Signal::Pcm(NARROW));
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    g.then(tone, "split", Fake(split)).unwrap();
    g.then(tone, "bus", bus(NARROW)).unwrap();
    assert_eq!(plan(&g).pcm_planes, 3);
}

//  resample ── contribute         16 kHz meets 8 kHz
#[test]
fn a_mismatch_names_both_ends() {
    let mut g = Graph::new();
    let tone = g.add("tone", tone(NARROW));
    let resample = g.then(tone, "resample", resample(NARROW, WIDE)).unwrap();
    g.then(resample, "contribute", bus(NARROW)).unwrap();
    assert_eq!(
        fault(&g),
        "formats differ: resample.out (16 kHz mono 320) → contribute.in (8 kHz mono 160)"
    );
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    g.then(jitter, "bus", bus(FULL)).unwrap();
    assert_eq!(
        fault(&g),
        "formats differ: jitter.out (units) → bus.in (48 kHz mono 960)"
    );
}

//  tone ── a┐                     tone ─┬─ a┐
//    ?  ── b┴ mix                 other ┴─ a┴ mix
#[test]
fn every_input_is_fed_exactly_once() {
    let mut g = Graph::new();
    let source = g.add("tone", tone(NARROW));
    let mix = g.then(source, "mix", mix(NARROW)).unwrap();
    assert_eq!(fault(&g), "mix.b is not connected");
    g.connect(source, "out", mix, "b").unwrap();
    let other = g.add("other", tone(NARROW));
    g.connect(other, "out", mix, "a").unwrap();
    assert_eq!(fault(&g), "mix.a is fed by both tone.out and other.out");
}

//  tone ── mix ── late ── back ─┐      tail, added first, hangs off the cycle
//           b└──────────────────┘
#[test]
fn a_cycle_names_its_nodes_and_no_others() {
    let mut g = Graph::new();
    let tail = g.add("tail", bus(NARROW));
    let source = g.add("tone", tone(NARROW));
    let mix = g.then(source, "mix", mix(NARROW)).unwrap();
    let late = g.then(mix, "late", gain(NARROW)).unwrap();
    let back = g.then(late, "back", gain(NARROW)).unwrap();
    g.connect(back, "out", mix, "b").unwrap();
    g.connect(back, "out", tail, "in").unwrap();
    assert_eq!(fault(&g), "cycle: mix → late → back → mix");
    let mut g = Graph::new();
    let own = g.add("own", gain(NARROW));
    g.connect(own, "out", own, "in").unwrap();
    assert_eq!(fault(&g), "cycle: own → own");
}

//  tone ── gain 1 ── … ── gain 30 ── bus
#[test]
fn thirty_two_ops_fit_and_no_more() {
    let chain = |gains: usize| {
        let mut g = Graph::new();
        let mut at = g.add("tone", tone(NARROW));
        for i in 1..=gains {
            at = g.then(at, &format!("gain {i}"), gain(NARROW)).unwrap();
        }
        g.then(at, "bus", bus(NARROW)).unwrap();
        g
    };
    assert_eq!(plan(&chain(30)).pcm_planes, 1);
    assert_eq!(fault(&chain(31)), "33 ops, at most 32 fit a segment");
    let larger = Limits {
        max_ops: 100,
        ..Limits::default()
    };
    let wrong = CompileError::TooManyOps {
        limit: 32,
        actual: 33,
    };
    assert_eq!(compile(&chain(31), &larger), Err(wrong));
    let smaller = Limits {
        max_ops: 3,
        ..Limits::default()
    };
    assert!(compile(&chain(1), &smaller).is_ok());
    assert_eq!(
        compile(&chain(2), &smaller),
        Err(CompileError::TooManyOps {
            limit: 3,
            actual: 4
        })
    );
}

//  tone 0 … tone 8, all alive, then bus 0 … bus 8
#[test]
fn more_values_alive_than_planes_are_refused() {
    let wide = |tones: usize| {
        let mut g = Graph::new();
        let ids: Vec<_> = (0..tones)
            .map(|i| g.add(&format!("tone {i}"), tone(NARROW)))
            .collect();
        for (i, id) in ids.into_iter().enumerate() {
            g.then(id, &format!("bus {i}"), bus(NARROW)).unwrap();
        }
        g
    };
    assert_eq!(plan(&wide(8)).pcm_planes, 8);
    assert_eq!(fault(&wide(9)), "9 pcm planes needed, the arena has 8");
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    g.then(jitter, "decode", decode(NARROW)).unwrap();
    let none = Limits {
        max_units: 0,
        ..Limits::default()
    };
    let wrong = CompileError::TooManyPlanes {
        class: Class::Units,
        limit: 0,
        actual: 1,
    };
    assert_eq!(compile(&g, &none), Err(wrong));
}

#[test]
fn shapes_that_contradict_themselves_are_refused() {
    let pcm = Signal::Pcm(NARROW);
    let shape = || Shape::new("x").input("in", pcm);
    let nothing = Signal::Pcm(talkpath_graph::Format {
        frame: talkpath_graph::Samples(0),
        ..NARROW
    });
    let in_place = "x: in place needs one PCM input and one PCM output of equal format";
    let table = [
        (shape().input("in", pcm), "x: two inputs have one name"),
        (
            shape().output("out", pcm).output("out", pcm),
            "x: two outputs have one name",
        ),
        (shape().output("out", nothing), "x: a frame has no samples"),
        (shape().in_place(), in_place),
        (
            shape().output("out", Signal::Pcm(WIDE)).in_place(),
            in_place,
        ),
        (
            shape().input("side", pcm).output("out", pcm).in_place(),
            in_place,
        ),
        (
            Shape::new("x")
                .input("in", Signal::Units)
                .output("out", Signal::Units)
                .in_place(),
            in_place,
        ),
    ];
    for (shape, expected) in table {
        let mut g = Graph::new();
        g.add("x", Fake(shape));
        assert_eq!(fault(&g), expected);
    }
    let mut g = Graph::new();
    let long = talkpath_graph::Format {
        channels: talkpath_graph::Channels::STEREO,
        ..FULL
    };
    g.add("x", tone(long));
    assert_eq!(
        fault(&g),
        "x.out (48 kHz stereo 960) does not fit a plane of 960 samples"
    );
    let mut g = Graph::new();
    let source = g.add("x", tone(NARROW));
    g.then(source, "x", bus(NARROW)).unwrap();
    assert_eq!(fault(&g), "two nodes are named \"x\"");
}

#[test]
fn connections_that_cannot_be_described() {
    let mut g = Graph::new();
    let source = g.add("tone", tone(NARROW));
    let sink = g.add("bus", bus(NARROW));
    let before = g.clone();
    let said = |result: Result<(), GraphError>| result.unwrap_err().to_string();
    assert_eq!(
        said(g.connect(source, "left", sink, "in")),
        "tone has no output \"left\", its outputs are [\"out\"]"
    );
    assert_eq!(
        said(g.connect(source, "out", sink, "left")),
        "bus has no input \"left\", its inputs are [\"in\"]"
    );
    assert_eq!(
        said(g.then(sink, "more", gain(NARROW)).map(drop)),
        "bus has no output to go on from"
    );
    assert_eq!(
        said(g.then(source, "more", tone(NARROW)).map(drop)),
        "more has no input to go into"
    );
    let mut other = Graph::new();
    other.add("only", tone(NARROW));
    assert_eq!(
        said(other.connect(sink, "in", sink, "in")),
        "node number 1 is not in this graph of 1 nodes"
    );
    assert_eq!(g, before, "a refused connection changes nothing");
    assert_eq!((g.len(), g.is_empty()), (2, false));
}
