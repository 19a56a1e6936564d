//! Which states are kept, and what the plan between two plans looks like.

use talkpath_graph::{FrameTime, Limits, Plan, SampleRate, Shape, compile};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::network_ingress;

use super::*;

const FORMAT: Format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);

fn usual(codec: Codec) -> Graph<Spec> {
    let delays = JitterDelays::default();
    network_ingress(codec, FrameTime::Ms20, SampleRate::HZ_8000, delays)
}

fn effect(name: &'static str) -> Spec {
    let pcm = Signal::Pcm(FORMAT);
    let shape = Shape::new(name).input("in", pcm).output("out", pcm);
    Spec::Ext {
        name,
        shape: Box::new(shape.in_place()),
    }
}

fn plan(graph: &Graph<Spec>) -> Plan<Spec> {
    compile(graph, &Limits::default()).expect("a sound graph")
}

/// The names of the ops that keep their state, and the crossing's connections as `from > to`.
fn compare(old: &Graph<Spec>, new: &Graph<Spec>, after: u8) -> (Vec<String>, Vec<String>) {
    let (old_plan, new_plan) = (plan(old), plan(new));
    let (old, new) = (Half::new(old, &old_plan), Half::new(new, &new_plan));
    let keeps = kept(&old, &new, &|_| false);
    let names = new_plan.ops.iter().zip(&keeps);
    let names = names.filter(|(_, kept)| kept.is_some());
    let names = names.map(|(op, _)| op.name.clone()).collect();
    let Some(crossed) = crossing(&old, &new, &keeps, after) else {
        return (names, Vec::new());
    };
    let in_between = plan(&crossed.graph);
    assert_eq!(in_between.ops.len(), crossed.origins.len());
    let nodes: Vec<&str> = crossed.graph.nodes().map(|(name, _)| name).collect();
    let edge = |edge: &talkpath_graph::Edge| format!("{} > {}", nodes[edge.from], nodes[edge.to]);
    (names, crossed.graph.edges().iter().map(edge).collect())
}

fn has(edges: &[String], wanted: &[&str]) {
    for edge in wanted {
        assert!(edges.iter().any(|e| e == edge), "no {edge} in {edges:#?}");
    }
}

/// ```text
/// old   conceal ───────────► gain
/// new   conceal ► tremolo ─► gain
/// both  conceal ───────┬► fade ► gain
///               └ tremolo ┘
/// ```
#[test]
fn a_node_put_in_is_faded_in_before_the_first_that_stays() {
    let old = usual(Codec::Pcmu);
    let mut new = old.clone();
    new.insert_after("conceal", "tremolo", effect("tremolo"))
        .expect("ports");
    let (kept, edges) = compare(&old, &new, 0);
    let all = ["jitter", "decode", "conceal", "gain", "meter", "contribute"];
    assert_eq!(kept, all, "all but the new one");
    has(
        &edges,
        &[
            "conceal > fade:0",
            "conceal > tremolo",
            "tremolo > fade:0",
            "fade:0 > gain",
        ],
    );
    assert_eq!(edges.len(), 8);
}

#[test]
fn a_node_taken_out_runs_once_more() {
    let new = usual(Codec::Pcmu);
    let mut old = new.clone();
    old.insert_after("conceal", "tremolo", effect("tremolo"))
        .expect("ports");
    let (kept, edges) = compare(&old, &new, 0);
    assert_eq!(kept.len(), 6);
    has(
        &edges,
        &[
            "conceal > old:tremolo",
            "old:tremolo > fade:0",
            "conceal > fade:0",
            "fade:0 > gain",
        ],
    );
}

#[test]
fn another_codec_has_both_ways_in_and_no_state_of_the_old_one() {
    let (kept, edges) = compare(&usual(Codec::Pcmu), &usual(Codec::Pcma), 0);
    assert_eq!(
        kept,
        ["gain", "meter", "contribute"],
        "a concealer knows its own codec's sound"
    );
    has(
        &edges,
        &[
            "old:conceal > fade:0",
            "conceal > fade:0",
            "old:jitter > old:decode",
            "jitter > decode",
        ],
    );
}

#[test]
fn meters_and_listeners_come_and_go_unheard_wherever_they_are() {
    let old = usual(Codec::Pcmu);
    let mut new = old.clone();
    new.remove("meter").expect("it is there");
    new.insert_after("conceal", "meter", Spec::Meter { format: FORMAT })
        .expect("ports");
    let shape = Box::new(Shape::new("tap").input("in", Signal::Pcm(FORMAT)));
    new.insert_after("gain", "tap", Spec::Ext { name: "tap", shape })
        .expect("ports");
    let (kept, edges) = compare(&old, &new, 0);
    assert!(
        kept.contains(&"meter".to_owned()),
        "its hangover goes on: {kept:?}"
    );
    assert_eq!((kept.len(), edges.len()), (6, 0));
    assert_eq!(compare(&new, &old, 0).0.len(), 6);
    assert!(compare(&new, &old, 0).1.is_empty());
}

#[test]
fn of_two_that_change_places_one_is_new() {
    let mut old = usual(Codec::Pcmu);
    old.insert_after("conceal", "a", effect("a"))
        .expect("ports");
    old.insert_after("a", "b", effect("b")).expect("ports");
    let mut new = usual(Codec::Pcmu);
    new.insert_after("conceal", "b", effect("b"))
        .expect("ports");
    new.insert_after("b", "a", effect("a")).expect("ports");
    let (kept, edges) = compare(&old, &new, 0);
    let own: Vec<_> = kept.iter().filter(|name| name.len() == 1).collect();
    assert_eq!(own.len(), 1, "{kept:?}");
    assert!(!edges.is_empty());
}

#[test]
fn a_voice_that_goes_to_another_bus_is_faded_out() {
    let old = usual(Codec::Pcmu);
    let old_plan = plan(&old);
    let crossed = as_before(&Half::new(&old, &old_plan), true);
    let in_between = plan(&crossed.graph);
    let names: Vec<_> = in_between.ops.iter().map(|op| op.name.as_str()).collect();
    assert_eq!(names[names.len() - 2..], ["fade:out", "contribute"]);
    assert_eq!(crossed.origins["fade:out"], Origin::Fade);
    assert_eq!(crossed.origins["gain"], Origin::Old(3));
}
