//! Reachability: the plans that really run hold every kind of node there is.
//!
//! The table is made by one macro from an exhaustive match, so a new kind of [`Spec`] without a row does not
//! compile, and a row that nothing runs fails.

mod common;

use std::collections::BTreeSet;

use common::ears::{db, peak_at};
use common::{Caller, Codec, SampleRate, Studio, ms, sine, small};
use talkpath_engine::{CallConfig, LegConfig, NetworkConfig, PortConfig, Side};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_nodes::packet::Header;
use talkpath_nodes::spec::Spec;

/// Where a kind is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    /// In the live plans of the legs, under one of these names.
    Plans(&'static [&'static str]),
    /// In the plans of calls, under this name; and in the rooms, where it is the buses that change rates (D4), since a leg
    /// is on the bus of its own.
    Buses(&'static str),
    /// In the plan a leg has for the frames of a swap (D13).
    Crossings,
}

macro_rules! reach {
    ($($kind:ident => $place:expr,)*) => {
        const TABLE: &[(&str, Where)] = &[$((stringify!($kind), $place),)*];

        /// Compiles only while every kind has a row.
        fn row(spec: &Spec) -> (&'static str, Where) {
            match spec {
                $(Spec::$kind { .. } => (stringify!($kind), $place),)*
            }
        }
    };
}

reach! {
    Jitter => Where::Plans(&["jitter"]),
    Decode => Where::Plans(&["decode"]),
    Conceal => Where::Plans(&["conceal"]),
    Resample => Where::Buses("resample"),
    Gain => Where::Plans(&["gain"]),
    Meter => Where::Plans(&["meter"]),
    Contribute => Where::Plans(&["contribute"]),
    MixMinus => Where::Plans(&["mix-minus", "mix"]),
    Limit => Where::Plans(&["limit"]),
    Encode => Where::Plans(&["encode"]),
    Packetise => Where::Plans(&["packetise"]),
    Arrival => Where::Plans(&["arrival"]),
    Payload => Where::Plans(&["payload"]),
    Relay => Where::Plans(&["relay"]),
    Tone => Where::Plans(&["tone"]),
    Clip => Where::Plans(&["clip"]),
    Fade => Where::Crossings,
    Ext => Where::Plans(&["port-in", "port-out", "own", "tap"]),
}

/// A node of a user's own that changes nothing.
struct Through;

impl Node for Through {
    fn process(&mut self, _: &[&PcmPlane], _: &mut [&mut PcmPlane]) -> Outcome {
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// The node kinds of a plan's dump: the second column, after the line of totals and the head.
fn kinds(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().nth(1))
        .map(str::to_owned)
}

/// Four calls: one relayed, one regrouped, one decoded, one of another rate; each passes a packet on.
fn connect(studio: &mut Studio) {
    let end = |codec, ptime| NetworkConfig {
        ptime: ms(ptime),
        ..NetworkConfig::new(codec, 0)
    };
    let a = end(Codec::Pcmu, 20);
    let wide = NetworkConfig::new(Codec::L16(SampleRate::HZ_16000), 96);
    for b in [a, end(Codec::Pcmu, 10), end(Codec::Pcma, 20), wide] {
        let call = studio.engine.create_call(CallConfig::new(a, b));
        let call = call.expect("capacity");
        studio.advance(ms(2));
        let now = studio.engine.now();
        assert!(studio.inject(call.side(Side::A), now, Header::default(), &[0x55; 160]));
        studio.advance(ms(1));
        let sent = studio.packets(call.side(Side::B));
        assert!(!sent.is_empty(), "{b:?}");
    }
}

#[test]
fn live_plans_hold_every_kind_of_node() {
    let mut studio = Studio::new(small());
    let room = studio.room("all kinds");
    let mut narrow =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(400.0, SampleRate::HZ_8000, 0.2));
    let wide = Caller::join(&room, Codec::L16(SampleRate::HZ_16000), 2);
    let echo = NetworkConfig {
        hear_self: true,
        ..NetworkConfig::new(Codec::Pcmu, 0)
    };
    room.join(LegConfig::network(echo)).expect("echo");
    room.join(LegConfig::tone(440.0, -20.0)).expect("tone");
    room.join(LegConfig::clip(
        vec![0.1; 800].into(),
        SampleRate::HZ_8000,
        true,
    ))
    .expect("clip");
    let port = room
        .join_port(PortConfig::new(SampleRate::HZ_8000))
        .expect("port");
    studio.run(ms(1_200), &mut [&mut narrow]);
    connect(&mut studio);
    // A user's own: an effect, and a tap beside it.
    let mut graph = narrow.leg.graph().expect("it stays");
    let at = talkpath_engine::Segment::Ingress;
    graph.node(at, "conceal", "own", Through).expect("sound");
    let tap = graph.tap(at, "own", "tap", 4).expect("sound");
    narrow.leg.swap(graph).expect("a swap");
    studio.run(ms(200), &mut [&mut narrow]);

    let plans = studio.engine.plans().expect("running");
    let live: BTreeSet<String> = plans
        .iter()
        .flat_map(|plan| kinds(&plan.ingress).chain(kinds(&plan.egress)))
        .collect();
    assert!(plans.iter().all(|plan| plan.legs > 0));
    for (kind, place) in TABLE {
        match place {
            Where::Plans(names) => {
                let missing: Vec<_> = names.iter().filter(|name| !live.contains(**name)).collect();
                assert!(
                    missing.is_empty(),
                    "{kind}: no live plan has {missing:?}; there are {live:?}"
                );
            }
            Where::Crossings => {
                let mut graph = narrow.leg.graph().expect("it stays");
                let at = talkpath_engine::Segment::Ingress;
                graph.gain(at, "conceal", "boost", 6.0).expect("sound");
                narrow.leg.swap(graph).expect("a swap");
                let plans = studio.engine.plans().expect("running");
                let crossing = plans
                    .iter()
                    .any(|plan| kinds(&plan.ingress).any(|k| k == "fade"));
                studio.run(ms(1_100), &mut [&mut narrow]);
                assert_eq!(
                    studio.status().workers[0].counters.swaps,
                    2,
                    "{kind}: it has run"
                );
                assert!(crossing, "{kind}: no plan in between");
            }
            Where::Buses(name) => {
                assert!(
                    live.contains(*name),
                    "{kind}: no call has one; there are {live:?}"
                );
                assert_eq!(
                    studio.status().rooms[0].rates,
                    [8_000, 16_000],
                    "{kind}: two buses"
                );
                let heard = studio.heard(wide.id(), wide.codec, 20);
                let level = db(peak_at(&heard, 16_000.0, 400.0) / 0.2);
                assert!(
                    level.abs() < 0.3,
                    "{kind}: the other rate is heard at {level:.2} dB"
                );
            }
        }
    }
    // Nothing runs that the table does not know.
    let known: BTreeSet<&str> = TABLE
        .iter()
        .flat_map(|(_, place)| match place {
            Where::Plans(names) => *names,
            Where::Buses(name) => core::slice::from_ref(name),
            Where::Crossings => &["fade"],
        })
        .copied()
        .collect();
    let unknown: Vec<_> = live
        .iter()
        .filter(|name| !known.contains(&name[..]))
        .collect();
    assert!(unknown.is_empty(), "without a row: {unknown:?}");
    let worker = &studio.status().workers[0].counters;
    assert!(worker.segments > 200, "and the plans did run: {worker:?}");
    drop((port, tap));
}

#[test]
fn a_kind_knows_its_own_row() {
    let format = talkpath_graph::Format::mono(SampleRate::HZ_8000, talkpath_graph::FrameTime::Ms20);
    assert_eq!(
        row(&Spec::Gain { format }),
        ("Gain", Where::Plans(&["gain"]))
    );
}
