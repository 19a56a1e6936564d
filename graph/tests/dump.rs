//! The two dumps, to the character.

mod support;

use support::*;
use talkpath_graph::{Graph, Limits, Shape, Signal, compile};

//  jitter ══ decode ── conceal ─┬─ resample ── contribute
//                               └─ record
fn graph() -> Graph<Fake> {
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    let decode = g.then(jitter, "decode", decode(NARROW)).unwrap();
    let conceal = g.then(decode, "conceal", gain(NARROW)).unwrap();
    let resample = g.then(conceal, "resample", resample(NARROW, WIDE)).unwrap();
    g.then(conceal, "record \"a\"", bus(NARROW)).unwrap();
    g.then(resample, "contribute", bus(WIDE)).unwrap();
    g
}

#[test]
fn the_table() {
    let plan = compile(&graph(), &Limits::default()).unwrap();
    assert_eq!(
        plan.to_text(),
        "\
6 ops, planes units 1 pcm 2 encoded 0, latency 20.5 ms, cost 1.55 µs
op          kind      in         out         format                            latency  cost
jitter      jitter               out=units0  units                             20 ms    0
decode      decode    in=units0  out=pcm0    units → 8 kHz mono 160            0        0
conceal     gain      in=pcm0    out=pcm0*   8 kHz mono 160                    0        50 ns
resample    resample  in=pcm0    out=pcm1    8 kHz mono 160 → 16 kHz mono 320  0.5 ms   1.5 µs
record \"a\"  bus       in=pcm0                8 kHz mono 160                    0        0
contribute  bus       in=pcm1                16 kHz mono 320                   0        0
"
    );
}

#[test]
fn the_digraph() {
    let plan = compile(&graph(), &Limits::default()).unwrap();
    assert_eq!(
        plan.to_dot(),
        r#"digraph plan {
  rankdir=LR;
  node [shape=box];
  label="6 ops, planes units 1 pcm 2 encoded 0, latency 20.5 ms, cost 1.55 µs";
  op0 [label="jitter"];
  op1 [label="decode"];
  op2 [label="conceal\ngain"];
  op3 [label="resample"];
  op4 [label="record \"a\"\nbus"];
  op5 [label="contribute\nbus"];
  op0 -> op1 [label="units\nunits0"];
  op1 -> op2 [label="8 kHz mono 160\npcm0"];
  op2 -> op3 [label="8 kHz mono 160\npcm0"];
  op2 -> op4 [label="8 kHz mono 160\npcm0"];
  op3 -> op5 [label="16 kHz mono 320\npcm1"];
}
"#
    );
}

//  jitter ══ forward
#[test]
fn a_relay_says_so() {
    let mut g = Graph::new();
    let jitter = g.add("jitter", jitter());
    g.then(
        jitter,
        "forward",
        Fake(Shape::new("forward").input("in", Signal::Units)),
    )
    .unwrap();
    let text = compile(&g, &Limits::default()).unwrap().to_text();
    assert_eq!(
        text.lines().next(),
        Some("2 ops, planes units 1 pcm 0 encoded 0, latency 20 ms, cost 0, relay: never decodes")
    );
}
