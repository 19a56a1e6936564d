//! The no-allocation table: every node kind, every plan and every edit; nothing is allocated and nothing freed in a
//! worker's step.
//!
//! Kinds stand in an exhaustive match over [`Spec`]: a new kind without a row does not compile.

mod common;

use std::time::Duration;

use common::bare::{Bare, Sizes};
use common::dial::{key, with_keys};
use common::{
    Caller, Codec, EngineConfig, FRAME, SampleRate, Studio, heap, ms, network, sine, small,
};
use talkpath_engine::proto::{Command, RoomId};
use talkpath_engine::worker::script::Work;
use talkpath_engine::{
    Call, CallConfig, Direction, EventKind, LegConfig, LegGraph, NetworkConfig, PortConfig,
    RecordTo, Room, Segment, Side, VirtualEngine,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{Format, FrameTime, Graph, NodeSpec, Shape, Shed, Signal};
use talkpath_nodes::call_graphs::{End, direction};
use talkpath_nodes::codec::OpusRate;
use talkpath_nodes::fade::Fading;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{clip_ingress, network_egress, network_ingress, tone_ingress};
use talkpath_nodes::packet::Header;
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::Build;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;
const FULL: SampleRate = SampleRate::HZ_48000;

// ---------------------------------------------------------------- node kinds

/// A leg's graphs and states, in the order of the table's rows.
type Graphs = fn() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build);

macro_rules! kinds {
    ($($kind:ident => $graphs:expr,)*; $($of_call:ident => $b:expr,)*) => {
        const KINDS: &[(&str, Graphs)] = &[$((stringify!($kind), $graphs),)*];
        /// Kinds that stand in calls only, with the other end of a call from PCMU in 20 ms.
        const KINDS_OF_CALLS: &[(&str, (Codec, u64))] = &[$((stringify!($of_call), $b),)*];

        /// Compiles only while every kind has a row.
        fn kind(spec: &Spec) -> &'static str {
            match spec {
                $(Spec::$kind { .. } => stringify!($kind),)*
                $(Spec::$of_call { .. } => stringify!($of_call),)*
            }
        }
    };
}

kinds! {
    Jitter => plain,
    Decode => plain,
    Conceal => plain,
    Resample => resampling,
    Gain => plain,
    Meter => plain,
    Contribute => plain,
    MixMinus => plain,
    Limit => plain,
    Encode => plain,
    Packetise => plain,
    Tone => tone,
    Clip => clip,
    Fade => fading,
    Ext => ext,
;
    Arrival => (Codec::L16(WIDE), 20),
    Payload => (Codec::Pcmu, 30),
    Relay => (Codec::Pcmu, 20),
}

fn plain() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let ingress = network_ingress(
        Codec::Pcmu,
        FrameTime::Ms20,
        NARROW,
        JitterDelays::default(),
    );
    let egress = network_egress(Codec::Pcmu, FRAME, FrameTime::Ms20, NARROW, true);
    (Some(ingress), Some(egress), Build::default())
}

/// A 16 kHz leg on the 8 kHz bus.
fn resampling() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let codec = Codec::L16(WIDE);
    let ingress = network_ingress(codec, FrameTime::Ms20, NARROW, JitterDelays::default());
    let egress = network_egress(codec, FRAME, FrameTime::Ms20, NARROW, true);
    (Some(ingress), Some(egress), Build::default())
}

fn tone() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let build = Build {
        tone: Some(Tone::new(NARROW, 440.0, -10.0)),
        ..Build::default()
    };
    (Some(tone_ingress(FrameTime::Ms20, NARROW)), None, build)
}

fn clip() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let build = Build {
        clip: Some(Clip::new(vec![0.5; 4_000].into(), false)),
        ..Build::default()
    };
    (
        Some(clip_ingress(NARROW, FrameTime::Ms20, NARROW)),
        None,
        build,
    )
}

/// A tone that fades into itself after two frames, and then out.
fn fading() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let format = Format::mono(NARROW, FrameTime::Ms20);
    let mut graph = Graph::new();
    let tone = graph.add("tone", Spec::Tone { format });
    let gain = graph
        .then(tone, "gain", Spec::Gain { format })
        .expect("ports");
    let into = Fading::Other { after: 2 };
    let fade = graph.add("across", Spec::Fade { format, into });
    graph.connect(tone, "out", fade, "old").expect("ports");
    graph.connect(gain, "out", fade, "new").expect("ports");
    let into = Fading::Silence;
    let out = graph
        .then(fade, "out", Spec::Fade { format, into })
        .expect("ports");
    graph
        .then(out, "contribute", Spec::Contribute { format })
        .expect("ports");
    let build = Build {
        tone: Some(Tone::new(NARROW, 440.0, -10.0)),
        ..Build::default()
    };
    (Some(graph), None, build)
}

/// A node that is well, gives what is no number, and faults, in turn.
struct Moody(u32);

impl Node for Moody {
    fn process(&mut self, _: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        self.0 += 1;
        let value = if self.0 % 3 == 1 { f32::NAN } else { 0.1 };
        outputs
            .iter_mut()
            .for_each(|plane| plane.as_mut_slice().fill(value));
        if self.0 % 3 == 2 {
            Outcome::Faulted
        } else {
            Outcome::Ok
        }
    }

    fn reset(&mut self) {}
}

fn ext() -> (Option<Graph<Spec>>, Option<Graph<Spec>>, Build) {
    let format = Format::mono(NARROW, FrameTime::Ms20);
    let mut graph = Graph::new();
    let pcm = Signal::Pcm(format);
    let node = |name, shape| Spec::Ext {
        name,
        shape: Box::new(shape),
    };
    let source = graph.add(
        "source",
        node("source", Shape::new("source").output("out", pcm)),
    );
    let effect = node(
        "effect",
        Shape::new("effect")
            .input("in", pcm)
            .output("out", pcm)
            .in_place(),
    );
    let mut last = graph.then(source, "effect", effect).expect("a chain");
    for spec in [
        Spec::Gain { format },
        Spec::Meter { format },
        Spec::Contribute { format },
    ] {
        last = graph.then(last, spec.shape().kind, spec).expect("a chain");
    }
    let ext: Vec<(&'static str, Box<dyn Node>)> = vec![
        ("source", Box::new(Moody(0))),
        ("effect", Box::new(Moody(1))),
    ];
    (
        Some(graph),
        None,
        Build {
            ext,
            ..Build::default()
        },
    )
}

#[test]
fn no_node_kind_touches_the_heap() {
    for (name, graphs) in KINDS {
        let mut bare = Bare::new(Sizes::default());
        let room: RoomId = bare.room(&[NARROW]);
        let (ingress, egress, _) = graphs();
        let nodes = ingress
            .iter()
            .chain(&egress)
            .flat_map(|graph| graph.nodes());
        assert!(
            nodes.into_iter().any(|(_, spec)| kind(spec) == *name),
            "{name}: its row runs it"
        );
        let (ingress, egress, build) = graphs();
        let leg = bare.leg(room, NARROW, ingress, egress, build);
        let before = bare.worker.counters().segments;
        for number in 0..50_u32 {
            // Every seventh packet is lost; a tone player has no use for any.
            if number % 7 != 3
                && let Some(mut packet) = bare.to_worker.take()
            {
                let bytes = if *name == "Resample" { 640 } else { 160 };
                packet.leg = leg.to_bits();
                packet.received = bare.worker.due();
                let (sequence, timestamp) = (
                    number as u16,
                    number * bytes as u32 / if bytes == 640 { 2 } else { 1 },
                );
                packet.header = Header {
                    sequence,
                    timestamp,
                    ..Header::default()
                };
                packet
                    .set_payload(&vec![0x35; bytes])
                    .expect("a payload that fits");
                bare.to_worker.send(packet).expect("room for the inventory");
            }
            bare.slots(20);
            bare.packets();
        }
        assert_eq!(bare.heap, heap::Count::default(), "{name}");
        assert!(
            bare.worker.counters().segments >= before + 50,
            "{name}: it ran"
        );
        if *name == "Ext" {
            assert!(
                bare.worker.counters().not_finite > 20,
                "its faults were contained"
            );
        }
    }
}

/// A packet of a call's side, and its answer back, in one slot; 20 ms of it. Every seventh is lost, some come twice, some are
/// of no use.
fn talk(
    studio: &mut Studio,
    calls: &[(Call, Codec)],
    numbers: std::ops::Range<u16>,
) -> heap::Count {
    let mut count = heap::Count::default();
    for n in numbers {
        for (call, codec) in calls {
            for (side, codec) in [(Side::A, Codec::Pcmu), (Side::B, *codec)] {
                let bytes = codec.octets_of(codec.rate().samples_in(FRAME).as_usize());
                let header = Header {
                    payload_type: common::payload_type(codec),
                    sequence: if n % 11 == 5 { n - 1 } else { n },
                    timestamp: u32::from(n) * codec.rate().samples_in(FRAME).0,
                    ..Header::default()
                };
                let payload = vec![0x35; if n % 13 == 6 { 0 } else { bytes }];
                let now = studio.engine.now();
                if n % 7 != 3 {
                    assert!(studio.inject(call.side(side), now, header, &payload));
                }
            }
        }
        count += studio.advance_counting(FRAME);
    }
    count
}

#[test]
fn no_node_kind_of_a_call_touches_the_heap() {
    for (name, (codec, ptime)) in KINDS_OF_CALLS {
        let (codec, ptime) = (*codec, ms(*ptime));
        let mut studio = Studio::new(small());
        let b = NetworkConfig {
            ptime,
            ..network(codec, 2)
        };
        let config = CallConfig::new(network(Codec::Pcmu, 1), b);
        let call = studio.engine.create_call(config).expect("capacity");
        let end = |codec, ptime| End { codec, ptime };
        let graph = direction(end(Codec::Pcmu, FRAME), end(codec, ptime));
        let mut nodes = graph.nodes();
        assert!(
            nodes.any(|(_, spec)| kind(spec) == *name),
            "{name}: its row runs it"
        );
        let calls = [(call, codec)];
        let mut count = studio.advance_counting(ms(5));
        count += talk(&mut studio, &calls, 1..100);
        assert_eq!(count, heap::Count::default(), "{name}");
        let stats = calls[0].0.stats().expect("up");
        assert!(
            stats.from_a.passed > 20 && stats.from_b.passed > 20,
            "{name}: it ran"
        );
    }
}

#[test]
fn a_thousand_calls_and_what_is_done_to_them_do_not_touch_the_heap() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 2_000,
        ..EngineConfig::default()
    });
    let opus = Codec::Opus(OpusRate::Full);
    let ends = [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::G722,
        Codec::L16(WIDE),
        opus,
    ];
    let calls: Vec<(Call, Codec)> = (0..1_000)
        .map(|n| {
            let codec = ends[n as usize % ends.len()];
            let config = CallConfig::new(network(Codec::Pcmu, n), network(codec, 1_000 + n));
            (studio.engine.create_call(config).expect("capacity"), codec)
        })
        .collect();
    let mut count = studio.advance_counting(ms(50));
    count += talk(&mut studio, &calls, 1..15);
    let hold = Direction {
        receive: false,
        send: true,
    };
    for (call, _) in &calls[..200] {
        call.set_direction(Side::A, hold).expect("up");
        call.set_ssrc(Side::B, 7).expect("up");
    }
    count += talk(&mut studio, &calls, 15..20);
    for (call, _) in &calls[..200] {
        call.set_direction(Side::A, Direction::BOTH).expect("up");
    }
    for (call, _) in &calls[100..300] {
        let change = NetworkConfig {
            ptime: ms(30),
            ..network(Codec::Pcmu, 1)
        };
        call.change(Side::A, change).expect("up");
    }
    count += talk(&mut studio, &calls, 20..70);
    let worker = studio.status().workers[0].counters;
    // As of the last full second.
    assert!(
        worker.packets_relayed > 3_000 && worker.packets_transcoded > 10_000,
        "{worker:?}"
    );
    for (call, _) in &calls {
        call.hang_up().expect("up");
    }
    count += studio.advance_counting(ms(500));
    assert_eq!(count, heap::Count::default());
    assert_eq!(studio.status().fill("legs"), Some((0, 2_000)));
}

#[test]
fn calls_that_go_from_worker_to_worker_do_not_touch_the_heap() {
    let mut studio = Studio::new(EngineConfig {
        workers: 3,
        ..small()
    });
    let calls: Vec<(Call, Codec)> = (0..8)
        .map(|n| {
            let config = CallConfig::new(network(Codec::Pcmu, n), network(Codec::Pcma, 50 + n));
            let call = studio.engine.create_call(config).expect("capacity");
            (call, Codec::Pcma)
        })
        .collect();
    let mut count = studio.advance_counting(ms(20));
    for round in 0..6_u16 {
        for (call, _) in &calls {
            call.move_to(usize::from(round) % 3).expect("up");
        }
        count += talk(&mut studio, &calls, 10 * round..10 * round + 10);
    }
    assert_eq!(count, heap::Count::default());
    assert!(studio.status().supervisor.calls_moved >= 40);
}

#[test]
fn refused_and_stale_commands_do_not_touch_the_heap() {
    let mut bare = Bare::new(Sizes::default());
    let room = bare.room(&[NARROW]);
    let (ingress, egress, build) = plain();
    let leg = bare.leg(room, NARROW, ingress, egress, build);
    bare.slots(40);
    let answers = bare.edit(vec![
        Command::RemoveRoom { room },
        Command::RemoveBus { room, rate: FULL },
        Command::RemoveLeg { leg },
        Command::RemoveLeg { leg },
        Command::SetGain { leg, linear: 0.5 },
    ]);
    assert_eq!(answers.len(), 5, "{answers:?}");
    bare.slots(60);
    let answers = bare.edit(vec![
        Command::SetSsrc { leg, ssrc: 1 },
        Command::RemoveRoom { room },
    ]);
    assert_eq!(answers.len(), 3, "gone, stale and done: {answers:?}");
    assert_eq!(bare.heap, heap::Count::default());
}

// ---------------------------------------------------------------- plans and edits

/// A room in which some talk, to be edited by a row.
struct Scene {
    studio: Studio,
    room: Room,
    callers: Vec<Caller>,
    heap: heap::Count,
}

impl Scene {
    /// `recorded`: everything the worker meets with is written down.
    fn new(config: EngineConfig, recorded: bool) -> Self {
        let studio = if recorded {
            let to = RecordTo {
                to: Box::new(std::io::sink()),
                max_bytes: u64::MAX,
            };
            Studio::of(VirtualEngine::recorded(config, to).expect("a valid configuration"))
        } else {
            Studio::new(config)
        };
        let room = studio.room("scene");
        let callers = (0..2_u32)
            .map(|n| {
                Caller::join(&room, Codec::Pcmu, n).saying(sine(
                    300.0 + 100.0 * f64::from(n),
                    NARROW,
                    0.2,
                ))
            })
            .collect();
        let mut scene = Self {
            studio,
            room,
            callers,
            heap: heap::Count::default(),
        };
        scene.pass(100);
        scene
    }

    fn pass(&mut self, millis: u64) {
        let mut all: Vec<&mut Caller> = self.callers.iter_mut().collect();
        self.heap += self.studio.run_counting(ms(millis), &mut all);
    }

    /// One more network leg, which talks.
    fn call(&mut self, config: NetworkConfig) {
        let n = self.callers.len() as u32;
        let voice = sine(900.0, config.codec.rate(), 0.2);
        self.callers
            .push(Caller::with(&self.room, config, n).saying(voice));
    }

    fn codec(&mut self, codec: Codec) {
        self.call(network(codec, 50));
        self.pass(300);
    }

    fn ptime(&mut self, ptime: u64) {
        self.call(NetworkConfig {
            ptime: ms(ptime),
            ..network(Codec::Pcma, 50)
        });
        self.pass(400);
    }

    fn change(&mut self, codec: Codec, ptime: Duration) {
        let caller = &mut self.callers[0];
        caller
            .leg
            .change(NetworkConfig {
                ptime,
                ..network(codec, 60)
            })
            .expect("a change");
        caller.switch(codec, ptime);
        self.pass(300);
    }
}

/// What is done to a scene.
type Row = fn(&mut Scene);

const ROWS: &[(&str, Row)] = &[
    ("nothing happens", |scene| scene.pass(1_500)),
    ("PCMA leg", |scene| scene.codec(Codec::Pcma)),
    ("L16 leg at 8 kHz", |scene| scene.codec(Codec::L16(NARROW))),
    ("L16 leg at 16 kHz: a bus is added", |scene| {
        scene.codec(Codec::L16(WIDE))
    }),
    ("L16 leg at 48 kHz: a bus is added", |scene| {
        scene.codec(Codec::L16(FULL))
    }),
    ("three rates, then a bus is removed", |scene| {
        scene.codec(Codec::L16(WIDE));
        scene.codec(Codec::L16(FULL));
        let last = scene.callers.pop().expect("a caller");
        last.leg.leave().expect("it leaves");
        scene.pass(300);
        assert_eq!(scene.studio.status().rooms[0].rates, [8_000, 16_000]);
    }),
    (
        "keys are heard, and one leg moves to other types",
        |scene| {
            let config = with_keys(network(Codec::Pcma, 50));
            scene.call(config);
            scene.pass(200);
            let mut caller = scene.callers.pop().expect("a caller");
            for code in 0..12 {
                let packets = key(&mut caller, code, ms(60));
                for (header, payload) in packets {
                    let now = scene.studio.engine.now();
                    assert!(scene.studio.inject(caller.id(), now, header, &payload));
                    scene.pass(20);
                }
                if code == 6 {
                    caller.leg.change(config).expect("a change");
                }
            }
            scene.pass(100);
            let told = scene.studio.told();
            let keys = told
                .iter()
                .filter(|kind| matches!(kind, EventKind::Key { .. }));
            assert_eq!(keys.count(), 12);
            scene.callers.push(caller);
        },
    ),
    ("keys are sent", |scene| {
        for codec in [Codec::Pcma, Codec::Opus(OpusRate::Full)] {
            scene.call(with_keys(network(codec, 50)));
            scene.pass(200);
            let leg = scene.callers.last().expect("a caller").leg.clone();
            leg.send_keys("0123456789*#ABCD", ms(60))
                .expect("it has keys");
            // More than can wait.
            leg.send_keys(&"1".repeat(32), ms(60)).expect("it has keys");
            scene.pass(3_000);
        }
    }),
    ("packets of 10 ms", |scene| scene.ptime(10)),
    ("packets of 30 ms", |scene| scene.ptime(30)),
    ("packets of 40 ms", |scene| scene.ptime(40)),
    ("packets of 60 ms", |scene| scene.ptime(60)),
    ("echo", |scene| {
        scene.call(NetworkConfig {
            hear_self: true,
            ..network(Codec::Pcmu, 50)
        });
        scene.pass(200);
    }),
    ("join and leave", |scene| {
        for n in 0..20 {
            let leg = scene
                .room
                .join(LegConfig::network(network(Codec::Pcmu, n)))
                .expect("capacity");
            scene.pass(30);
            leg.leave().expect("it leaves");
            scene.pass(30);
        }
    }),
    ("a room is closed", |scene| {
        scene.room.close().expect("open");
        scene.callers.clear();
        scene.pass(200);
        assert!(
            scene
                .studio
                .told()
                .iter()
                .any(|kind| matches!(kind, EventKind::RoomEnded { .. }))
        );
    }),
    ("a room of 10 ms frames", |scene| {
        let config = talkpath_engine::RoomConfig {
            frame: FrameTime::Ms10,
            ..talkpath_engine::RoomConfig::new("ten")
        };
        let room = scene.studio.engine.create_room(config).expect("room");
        room.join(LegConfig::network(network(Codec::Pcmu, 70)))
            .expect("capacity");
        scene.pass(200);
    }),
    (
        "nodes put in and taken out, cross-faded, and a tap",
        |scene| {
            let swap = |scene: &mut Scene, graph: LegGraph| {
                scene.callers[0].leg.swap(graph).expect("a swap");
                scene.pass(100);
            };
            let leg = scene.callers[0].leg.clone();
            let (way_in, way_out) = (Segment::Ingress, Segment::Egress);
            let mut graph = leg.graph().expect("it stays");
            graph.gain(way_in, "conceal", "boost", 6.0).expect("sound");
            graph
                .gain(way_out, "mix-minus", "boost", -6.0)
                .expect("sound");
            graph.meter(way_out, "limit", "meter").expect("sound");
            swap(scene, graph);
            let mut graph = leg.graph().expect("it stays");
            graph
                .node(way_in, "boost", "moody", Moody(0))
                .expect("sound");
            let port = graph.tap(way_in, "conceal", "tap", 4).expect("sound");
            swap(scene, graph);
            let mut graph = leg.graph().expect("it stays");
            for name in ["boost", "moody", "tap"] {
                graph.remove(way_in, name).expect("it was put in");
            }
            swap(scene, graph);
            drop(port);
            assert_eq!(scene.studio.status().supervisor.edits_failed, 0);
        },
    ),
    ("a graph on a bus of another rate and back", |scene| {
        for bus in [WIDE, NARROW] {
            let leg = scene.callers[0].leg.clone();
            let mut graph = leg.graph().expect("it stays");
            let ingress =
                network_ingress(Codec::Pcmu, FrameTime::Ms20, bus, JitterDelays::default());
            let egress = network_egress(Codec::Pcmu, FRAME, FrameTime::Ms20, bus, true);
            graph.set_half(Segment::Ingress, Some(ingress));
            graph.set_half(Segment::Egress, Some(egress));
            leg.swap(graph).expect("a swap");
            scene.pass(200);
        }
        assert_eq!(scene.studio.status().rooms[0].rates, [8_000]);
    }),
    ("gain and mute", |scene| {
        scene.callers[0].leg.set_gain_db(-6.0).expect("gain");
        scene.pass(60);
        scene.callers[0].leg.mute(true).expect("mute");
        scene.pass(60);
        scene.callers[0].leg.mute(false).expect("unmute");
        scene.pass(60);
    }),
    ("hold and resume", |scene| {
        scene.callers[0]
            .leg
            .set_direction(Direction {
                receive: false,
                send: false,
            })
            .expect("hold");
        scene.pass(200);
        scene.callers[0]
            .leg
            .set_direction(Direction::BOTH)
            .expect("resume");
        scene.pass(200);
    }),
    ("codec change at one rate", |scene| {
        scene.change(Codec::Pcma, FRAME)
    }),
    ("codec change to another rate", |scene| {
        scene.change(Codec::L16(WIDE), FRAME)
    }),
    ("packet time change", |scene| {
        scene.change(Codec::Pcmu, ms(40))
    }),
    ("another SSRC", |scene| {
        scene.callers[0].leg.set_ssrc(4).expect("network leg");
        scene.pass(100);
    }),
    ("tone", |scene| {
        scene
            .room
            .join(LegConfig::tone(440.0, -20.0))
            .expect("capacity");
        scene.pass(200);
    }),
    ("clip to its end, and a looping one; both leave", |scene| {
        let clip = |looping| LegConfig::clip(vec![0.3; 900].into(), NARROW, looping);
        let legs = [false, true].map(|looping| scene.room.join(clip(looping)).expect("capacity"));
        scene.pass(300);
        legs.iter().for_each(|leg| leg.leave().expect("it leaves"));
        scene.pass(100);
    }),
    (
        "port, read and written, too slow, too quick, and dropped",
        |scene| {
            let (leg, mut port) = scene
                .room
                .join_port(PortConfig::new(WIDE))
                .expect("capacity");
            let mut frame = vec![7; port.frame().as_usize()];
            for _ in 0..10 {
                port.write(&frame).expect("room");
                scene.pass(20);
                while port.read(&mut frame).is_ok() {}
            }
            while port.write(&frame).is_ok() {}
            scene.pass(400);
            assert!(port.overruns() > 0 && port.underruns() > 0);
            // The application goes first: the worker must not free its rings.
            drop(port);
            scene.pass(100);
            leg.leave().expect("it leaves");
            scene.pass(100);
        },
    ),
    ("loss, reorder and duplicates", |scene| {
        for n in 0..60 {
            let caller = &mut scene.callers[0];
            let now = scene.studio.engine.now();
            let mut packets = vec![caller.packet(), caller.packet()];
            packets.swap(0, n % 2);
            if n % 5 == 0 {
                packets.pop();
            }
            if n % 3 == 0 {
                packets.push(packets[0].clone());
            }
            for (header, payload) in &packets {
                assert!(scene.studio.inject(caller.id(), now, *header, payload));
            }
            scene.heap += scene.studio.advance_counting(2 * FRAME);
        }
    }),
    (
        "overflow, wrong payload type, bad length, jump, new source",
        |scene| {
            let id = scene.callers[0].id();
            for burst in 0..6_u32 {
                let now = scene.studio.engine.now();
                for n in 0..40_u32 {
                    let header = Header {
                        payload_type: if n % 9 == 8 { 77 } else { 0 },
                        marker: false,
                        sequence: (burst * 5_000 + n) as u16,
                        timestamp: burst * 1_000_000 + n * 160,
                        ssrc: 1 + burst / 3,
                    };
                    let length = if n % 11 == 10 { 1 } else { 160 };
                    assert!(scene.studio.inject(id, now, header, &vec![0x20; length]));
                }
                scene.heap += scene.studio.advance_counting(ms(300));
            }
            let stats = scene.callers[0].leg.stats().expect("figures");
            assert!(
                stats.overflow > 0 && stats.malformed > 0 && stats.resyncs > 0,
                "{stats:?}"
            );
        },
    ),
    ("packets for legs that are gone", |scene| {
        let gone = scene.callers.pop().expect("a caller");
        gone.leg.leave().expect("it leaves");
        scene.pass(100);
        let now = scene.studio.engine.now();
        for _ in 0..50 {
            assert!(
                scene
                    .studio
                    .inject(gone.id(), now, Header::default(), &[0; 160])
            );
        }
        scene.pass(20);
    }),
    ("a stall of the worker, caught up", |scene| {
        for stall in [5, 40, 60, 300] {
            scene.studio.engine.stall(ms(stall));
            scene.pass(200);
        }
        scene.pass(1_000);
        assert!(scene.studio.status().workers[0].counters.skipped_slots > 200);
    }),
    ("overload: the governor sheds, and takes it back", |scene| {
        scene.call(network(Codec::L16(WIDE), 50));
        let leg = scene.callers[1].leg.clone();
        let mut graph = leg.graph().expect("it stays");
        let pcm = Signal::Pcm(graph.format(Segment::Ingress, "conceal").expect("audio"));
        let shape = Shape::new("moody").input("in", pcm).output("out", pcm);
        let shape = Box::new(shape.in_place().sheds(Shed::NoiseSuppression));
        let (at, name) = (Segment::Ingress, "moody");
        graph.give(name, Moody(0)).expect("a name of its own");
        let spec = Spec::Ext { name, shape };
        graph
            .insert_after(at, "conceal", name, spec)
            .expect("sound");
        leg.swap(graph).expect("a swap");
        scene.pass(1_000);
        // What it costs to hear somebody takes the slot, until less of it is done.
        let dear = |work: Work| Duration::from_micros(400 * u64::from(work.kind == "jitter"));
        scene.studio.engine.script_costs(dear);
        scene.pass(4_000);
        let shed = scene.studio.status().workers[0].counters;
        let frames = shed
            .shed_frames
            .iter()
            .filter(|frames| **frames > 0)
            .count();
        assert!(shed.shed_steps > 0 && frames > 2, "{shed:?}");
        scene.studio.engine.script_costs(|_| Duration::ZERO);
        scene.pass(60_000);
        assert_eq!(scene.studio.status().workers[0].counters.shed_steps, 0);
    }),
    ("no empty box on the way out", |scene| {
        // Nobody collects what is sent: 64 legs' worth of boxes are soon out.
        for _ in 0..40 {
            scene
                .studio
                .engine
                .advance_around(ms(100), |step| scene.heap += heap::of(step));
        }
        scene.pass(1_100);
        assert!(scene.studio.status().workers[0].counters.packets_unsent > 0);
    }),
    ("everything of one sort at once", |scene| {
        let legs: Vec<_> = (0..50_u32)
            .map(|n| {
                scene.room.join(LegConfig::network(network(
                    [Codec::Pcmu, Codec::L16(WIDE)][n as usize % 2],
                    n,
                )))
            })
            .map(|leg| leg.expect("capacity"))
            .collect();
        scene.pass(60);
        legs.iter()
            .for_each(|leg| leg.set_gain_db(-3.0).expect("gain"));
        scene.pass(60);
        legs.iter().for_each(|leg| leg.leave().expect("it leaves"));
        scene.pass(200);
    }),
];

#[test]
fn no_plan_and_no_edit_touches_the_heap() {
    let mut failed = Vec::new();
    let both = ROWS.iter().flat_map(|row| [(row, false), (row, true)]);
    for ((name, row), recorded) in both {
        let mut scene = Scene::new(small(), recorded);
        row(&mut scene);
        scene.pass(100);
        let counters = scene.studio.status().workers[0].counters;
        assert_eq!(
            (counters.overflows, counters.refused_commands),
            (0, 0),
            "{name}"
        );
        if scene.heap != heap::Count::default() {
            failed.push((name, recorded, scene.heap));
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn the_count_counts() {
    let count = heap::of(&mut || drop(std::hint::black_box(vec![1, 2, 3])));
    assert_eq!(
        count,
        heap::Count {
            allocations: 1,
            frees: 1
        }
    );
}
