//! Every node kind panics once, in a room of three and beside another room: who is touched, and who is not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{PORT_IN, PORT_OUT, network_egress, network_ingress};
use talkpath_nodes::packet::Header;
use talkpath_nodes::spec::Spec;

use super::super::injected::{SPOIL, TRIP};
use crate::Segment::{self, Egress, Ingress};
use crate::{
    AudioPort, EngineConfig, EventKind, EventStream, Leg, LegConfig, LegId, NetworkConfig,
    PortConfig, RoomConfig, RtpSender, SampleRate, ShardLink, VirtualEngine,
};

const FRAME: Duration = Duration::from_millis(20);
const RATE: SampleRate = SampleRate::HZ_8000;

/// What everybody was sent: sequence numbers, timestamps and payloads.
type Sent = BTreeMap<u64, Vec<(u16, u32, Vec<u8>)>>;

struct Stage {
    engine: VirtualEngine,
    events: EventStream,
    link: ShardLink,
    /// The room of the one that falls: two that stay, then the victim.
    room: Vec<Leg>,
    /// Another room.
    others: Vec<Leg>,
    sequence: u16,
    sent: Sent,
    /// What the victim had been sent when the fault came.
    before: usize,
    /// Of the victim, where it has one: nobody reads it.
    _port: Option<AudioPort>,
}

/// A node of one's own that changes nothing.
struct Through;

impl Node for Through {
    fn process(&mut self, _: &[&PcmPlane], _: &mut [&mut PcmPlane]) -> Outcome {
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// Brings a leg to have a node of `kind` in that half, if it has none yet.
fn dress(leg: &Leg, kind: &str, half: Segment) -> Option<AudioPort> {
    let mut graph = leg.graph().expect("it stays");
    let after = match half {
        Ingress => "conceal",
        Egress => "mix-minus",
    };
    let mut port = None;
    match kind {
        "resample" => {
            let wide = SampleRate::HZ_16000;
            let (codec, time) = (Codec::Pcmu, FrameTime::Ms20);
            let ingress = network_ingress(codec, time, wide, JitterDelays::default());
            let egress = network_egress(codec, FRAME, time, wide, true);
            graph.set_half(Ingress, Some(ingress));
            graph.set_half(Egress, Some(egress));
        }
        OWN => drop(graph.node(half, after, OWN, Through).expect("sound")),
        TAP => port = Some(graph.tap(half, after, TAP, 4).expect("sound")),
        // What a crossing is made for.
        "fade" => drop(graph.gain(half, after, "boost", 6.0).expect("sound")),
        // At its own level a gain computes nothing.
        "gain" if half == Ingress => {
            leg.set_gain_db(-6.0).expect("it stays");
            return None;
        }
        "gain" if half == Egress => drop(graph.gain(half, after, "boost", 6.0).expect("sound")),
        "meter" if half == Egress => drop(graph.meter(half, "limit", "level").expect("sound")),
        _ => return None,
    }
    leg.swap(graph).expect("a swap");
    port
}

/// A phone whose RTP begins where `n` says.
fn phone(n: u32) -> LegConfig {
    let sender = RtpSender {
        ssrc: n,
        sequence: 10,
        timestamp: 100 * n,
    };
    LegConfig::network(NetworkConfig {
        sender,
        ..NetworkConfig::new(Codec::Pcmu, 0)
    })
}

impl Stage {
    fn new(kind: &str, half: Segment) -> Self {
        let config = EngineConfig {
            capacity_legs: 16,
            capacity_rooms: 4,
            ..EngineConfig::default()
        };
        let engine = VirtualEngine::new(config).expect("valid");
        let [one, two] =
            ["one", "two"].map(|name| engine.create_room(RoomConfig::new(name)).expect("capacity"));
        let join = |n| one.join(phone(n)).expect("capacity");
        let mut room = vec![join(1), join(2)];
        room.push(match kind {
            "tone" => one.join(LegConfig::tone(440.0, -10.0)).expect("capacity"),
            "clip" => {
                let samples: Vec<f32> = (0..8_000).map(|n| (n % 40) as f32 / 80.0).collect();
                one.join(LegConfig::clip(samples.into(), RATE, true))
                    .expect("capacity")
            }
            PORT_IN | PORT_OUT => one.join_port(PortConfig::new(RATE)).expect("capacity").0,
            "mix" => {
                let LegConfig::Network(config) = phone(3) else {
                    panic!("a network leg")
                };
                let hear_self = true;
                let config = NetworkConfig {
                    hear_self,
                    ..config
                };
                one.join(LegConfig::network(config)).expect("capacity")
            }
            _ => join(3),
        });
        let others = [4, 5].map(|n| two.join(phone(n)).expect("capacity"));
        engine.advance(FRAME);
        let port = (kind != "fade").then(|| dress(&room[2], kind, half));
        Self {
            before: 0,
            _port: port.flatten(),
            events: engine.subscribe().expect("running"),
            link: engine.take_shard_link().expect("the first to ask"),
            engine,
            room,
            others: others.into(),
            sequence: 0,
            sent: Sent::new(),
        }
    }

    fn victim(&self) -> LegId {
        self.room[2].id()
    }

    /// All phones talk for so many frames.
    fn talk(&mut self, frames: u16) {
        for _ in 0..frames {
            self.sequence += 1;
            let legs: Vec<LegId> = self.room.iter().chain(&self.others).map(Leg::id).collect();
            for leg in legs {
                let Some(mut packet) = self.link.to_worker.take() else {
                    panic!("boxes for all");
                };
                packet.reset();
                packet.leg = leg.to_bits();
                packet.received = self.engine.now();
                packet.header = Header {
                    sequence: self.sequence,
                    timestamp: u32::from(self.sequence) * 160,
                    ssrc: leg.index(),
                    ..Header::default()
                };
                // A buzz of 50 Hz, another level for each.
                let level = 0x10 + 8 * leg.index() as u8;
                let payload: Vec<u8> = (0..160).map(|n| level | (n & 0x80) as u8).collect();
                packet.set_payload(&payload).expect("it fits");
                self.link.to_worker.send(packet).expect("room");
            }
            self.engine.advance(FRAME);
            while let Some(packet) = self.link.from_worker.recv() {
                let (header, payload) = (packet.header, packet.payload().to_vec());
                let sent = self.sent.entry(packet.leg).or_default();
                sent.push((header.sequence, header.timestamp, payload));
                self.link.from_worker.give_back(packet).expect("room");
            }
        }
    }

    fn of(&self, leg: &Leg) -> Vec<(u16, u32, Vec<u8>)> {
        self.sent
            .get(&leg.id().to_bits())
            .cloned()
            .unwrap_or_default()
    }

    fn fenced(&self) -> Vec<EventKind> {
        let told = std::iter::from_fn(|| self.events.try_next());
        told.map(|event| event.kind)
            .filter(|kind| matches!(kind, EventKind::Fenced { .. }))
            .collect()
    }
}

/// 300 ms of talk, a fault of the victim's `kind` unless it is spared, 300 ms more.
fn run(
    kind: &'static str,
    half: Segment,
    fault: impl FnOnce((&'static str, Segment, LegId)),
) -> Stage {
    let mut stage = Stage::new(kind, half);
    stage.talk(15);
    if kind == "fade" {
        dress(&stage.room[2], kind, half);
    }
    stage.before = stage.of(&stage.room[2]).len();
    fault((kind, half, stage.victim()));
    stage.talk(15);
    let pending = (TRIP.take(), SPOIL.take());
    assert_eq!(pending, (None, None), "a {kind} node of the leg has run");
    stage
}

/// As it would be, and with a panic.
fn both(kind: &'static str, half: Segment) -> (Stage, Stage) {
    let whole = run(kind, half, |_| {});
    (whole, run(kind, half, |place| TRIP.set(Some(place))))
}

/// Names of nodes of one's own.
const OWN: &str = "own";
const TAP: &str = "tap";

const INWARD: [&str; 10] = [
    "jitter",
    "decode",
    "conceal",
    "gain",
    "meter",
    "contribute",
    "resample",
    "fade",
    OWN,
    TAP,
];
/// These have no other half.
const PLAYERS: [&str; 3] = ["tone", "clip", PORT_IN];
const OUTWARD: [&str; 11] = [
    "mix-minus",
    "mix",
    "limit",
    "encode",
    "packetise",
    "resample",
    "gain",
    "meter",
    "fade",
    OWN,
    TAP,
];

macro_rules! kinds {
    ($($kind:ident => $($name:expr),+;)*) => {
        /// Under these names the kinds of nodes fall in the tests here.
        const NAMES: &[&str] = &[$($($name),+),*];

        /// Compiles only while every kind is here.
        fn names(spec: &Spec) -> &'static [&'static str] {
            match spec {
                $(Spec::$kind { .. } => &[$($name),+],)*
            }
        }
    };
}

kinds! {
    Jitter => "jitter";
    Decode => "decode";
    Conceal => "conceal";
    Resample => "resample";
    Gain => "gain";
    Meter => "meter";
    Contribute => "contribute";
    MixMinus => "mix-minus", "mix";
    Limit => "limit";
    Encode => "encode";
    Packetise => "packetise";
    Arrival => "arrival";
    Payload => "payload";
    Relay => "relay";
    Tone => "tone";
    Clip => "clip";
    Fade => "fade";
    Ext => PORT_IN, PORT_OUT, OWN, TAP;
}

#[test]
fn every_kind_of_node_falls_in_a_test() {
    let of_calls = OF_CALLS.iter().map(|(kind, ..)| *kind);
    let fall = INWARD.into_iter().chain(PLAYERS).chain(OUTWARD);
    let fall: BTreeSet<&str> = fall.chain([PORT_OUT]).chain(of_calls).collect();
    assert_eq!(fall, NAMES.iter().copied().collect());
    let format = talkpath_graph::Format::mono(RATE, FrameTime::Ms20);
    assert_eq!(names(&Spec::Gain { format }), ["gain"]);
}

#[test]
fn a_panic_towards_the_room_takes_one_voice_out_and_nothing_else() {
    for kind in INWARD.into_iter().chain(PLAYERS) {
        let (whole, fallen) = both(kind, Ingress);
        for (spared, other) in whole.others.iter().zip(&fallen.others) {
            assert!(
                whole.of(spared) == fallen.of(other),
                "{kind}: the other room"
            );
        }
        for (spared, other) in whole.room.iter().zip(&fallen.room).take(2) {
            let (all, less) = (whole.of(spared), fallen.of(other));
            let line = |sent: &[(u16, u32, Vec<u8>)]| -> Vec<_> {
                sent.iter()
                    .map(|(sequence, timestamp, _)| (*sequence, *timestamp))
                    .collect()
            };
            assert_eq!(line(&all), line(&less), "{kind}: the stream goes on");
            // Nobody writes to the port, so nothing is missed of it.
            let missed = all[17..] != less[17..];
            assert!(
                all[..14] == less[..14] && missed == (kind != PORT_IN),
                "{kind}: a voice less"
            );
        }
        let told = fallen.fenced();
        let [
            EventKind::Fenced {
                leg,
                node,
                heard,
                fault,
            },
        ] = &told[..]
        else {
            panic!("{kind}: {told:?}")
        };
        assert_eq!((*leg, *node, *heard), (fallen.victim(), kind, false));
        assert_eq!(*fault, format!("injected into {kind}"));
        if INWARD.contains(&kind) {
            // The other half of the leg goes on: it hears everybody.
            assert_eq!(
                whole.of(&whole.room[2]).len(),
                fallen.of(&fallen.room[2]).len()
            );
        }
    }
}

#[test]
fn a_panic_from_the_room_silences_one_leg_and_nobody_notices() {
    for kind in OUTWARD.into_iter().chain([PORT_OUT]) {
        let (whole, fallen) = both(kind, Egress);
        let kept = |stage: &Stage| -> Vec<_> {
            let all = stage.room[..2].iter().chain(&stage.others);
            all.map(|leg| stage.of(leg)).collect()
        };
        assert!(kept(&whole) == kept(&fallen), "{kind}: to the bit");
        assert_eq!(fallen.fenced().len(), 1, "{kind}");
        if OUTWARD.contains(&kind) {
            let sent = fallen.of(&fallen.room[2]).len() - fallen.before;
            // A crossing waits for a whole packet, and a tap may run after the packetiser.
            let more = usize::from(["fade", TAP].contains(&kind));
            assert!(sent <= more, "{kind}: sent nothing more, not {sent}");
        }
    }
}

#[test]
fn a_leg_that_fell_comes_back_with_a_new_plan_and_leaves_like_any_other() {
    for (kind, half) in [("decode", Ingress), ("encode", Egress)] {
        let mut stage = run(kind, half, |place| TRIP.set(Some(place)));
        let LegConfig::Network(config) = phone(3) else {
            panic!("a network leg")
        };
        stage.room[2].change(config).expect("it stays");
        let before = stage.of(&stage.room[2]).len();
        stage.talk(10);
        assert!(
            stage.of(&stage.room[2]).len() >= before + 9,
            "{kind}: sent again"
        );
        TRIP.set(Some((kind, half, stage.victim())));
        stage.talk(3);
        stage.room[2].leave().expect("it stays");
        stage.engine.advance(5 * FRAME);
        let status = stage.engine.status().expect("running");
        assert_eq!(status.legs(), 4);
        assert_eq!(
            status.supervisor.stale_returns + status.supervisor.edits_failed,
            0
        );
        let free = stage.link.to_worker.inventory() - stage.link.to_worker.available();
        assert!(free <= 8, "{kind}: {free} boxes out for four legs");
    }
}

/// Two calls, each of its own pair of ends, beside each other; what each side was sent.
struct Line {
    engine: VirtualEngine,
    link: ShardLink,
    events: EventStream,
    calls: [crate::Call; 2],
    sequence: u16,
    sent: Sent,
}

impl Line {
    fn new(b: NetworkConfig) -> Self {
        let config = EngineConfig {
            capacity_legs: 8,
            ..EngineConfig::default()
        };
        let engine = VirtualEngine::new(config).expect("valid");
        let LegConfig::Network(a) = phone(1) else {
            panic!("a network leg")
        };
        let ends = crate::CallConfig::new(a, b);
        let calls = [ends, ends].map(|ends| engine.create_call(ends).expect("capacity"));
        Self {
            events: engine.subscribe().expect("running"),
            link: engine.take_shard_link().expect("the first to ask"),
            engine,
            calls,
            sequence: 0,
            sent: Sent::new(),
        }
    }

    /// Side A of both talks for so many frames, two packets in a slot.
    fn talk(&mut self, frames: u16) {
        for _ in 0..2 * frames {
            self.sequence += 1;
            for leg in [0, 1].map(|n: usize| self.calls[n].side(crate::Side::A)) {
                let mut packet = self.link.to_worker.take().expect("boxes for all");
                packet.reset();
                packet.leg = leg.to_bits();
                packet.header = Header {
                    sequence: self.sequence,
                    timestamp: u32::from(self.sequence) * 160,
                    ..Header::default()
                };
                let payload: Vec<u8> = (0..160).map(|n| 0x20 + (n % 90)).collect();
                packet.set_payload(&payload).expect("it fits");
                self.link.to_worker.send(packet).expect("room");
            }
            if self.sequence.is_multiple_of(2) {
                self.engine.advance(FRAME);
                self.collect();
            }
        }
    }

    fn collect(&mut self) {
        while let Some(packet) = self.link.from_worker.recv() {
            let sent = self.sent.entry(packet.leg).or_default();
            let header = packet.header;
            sent.push((header.sequence, header.timestamp, packet.payload().to_vec()));
            self.link.from_worker.give_back(packet).expect("room");
        }
    }

    fn heard(&self, n: usize) -> &[(u16, u32, Vec<u8>)] {
        let leg = self.calls[n].side(crate::Side::B);
        self.sent.get(&leg.to_bits()).map_or(&[], |sent| sent)
    }
}

/// The kinds of calls, and the end that brings each about when the other is PCMU in 20 ms.
const OF_CALLS: [(&str, Codec, u64); 7] = [
    ("relay", Codec::Pcmu, 20),
    ("arrival", Codec::Pcma, 20),
    ("payload", Codec::Pcmu, 30),
    ("decode", Codec::Pcma, 20),
    ("resample", Codec::L16(SampleRate::HZ_16000), 20),
    ("encode", Codec::L16(SampleRate::HZ_16000), 20),
    ("packetise", Codec::Pcmu, 10),
];

#[test]
fn a_panic_in_a_call_stops_one_direction_and_no_box_is_lost() {
    for (kind, codec, ptime) in OF_CALLS {
        let end = NetworkConfig {
            ptime: Duration::from_millis(ptime),
            ..NetworkConfig::new(codec, 96)
        };
        let mut line = Line::new(end);
        line.talk(6);
        let before = [line.heard(0).len(), line.heard(1).len()];
        let victim = line.calls[0].side(crate::Side::A);
        TRIP.set(Some((kind, Ingress, victim)));
        line.talk(6);
        assert_eq!(TRIP.take(), None, "a {kind} node of the call has run");
        assert_eq!(line.heard(0).len(), before[0], "{kind}: sent nothing more");
        assert_eq!(line.heard(1).len(), 2 * before[1], "{kind}: the other call");
        let told = std::iter::from_fn(|| line.events.try_next()).map(|event| event.kind);
        let told: Vec<_> = told
            .filter(|kind| matches!(kind, EventKind::Fenced { .. }))
            .collect();
        assert!(
            matches!(&told[..], [EventKind::Fenced { leg, node, heard: false, .. }]
                if (*leg, *node) == (victim, kind)),
            "{kind}: {told:?}"
        );
        // A new plan brings it back where its stream was, without a hole.
        line.calls[0].change(crate::Side::B, end).expect("up");
        line.talk(6);
        let after = line.heard(0);
        assert!(after.len() >= before[0] + 5, "{kind}: sent again");
        let numbers = after.windows(2).map(|two| two[1].0.wrapping_sub(two[0].0));
        assert!(numbers.into_iter().all(|step| step == 1), "{kind}");
        line.calls
            .iter()
            .for_each(|call| call.hang_up().expect("up"));
        line.engine.advance(FRAME);
        let (to, from) = (&line.link.to_worker, &line.link.from_worker);
        assert_eq!(to.available(), to.inventory(), "{kind}: the boxes in");
        assert_eq!(from.waiting(), 0, "{kind}");
        let status = line.engine.status().expect("running");
        assert_eq!(status.fill("legs"), Some((0, 8)), "{kind}");
        assert_eq!(status.supervisor.stale_returns, 0);
    }
}

/// The nodes that read samples, and whether one that is no number is found out behind them, where they are reset: behind
/// those that make samples of samples. The concealer takes it for a gap; the others give no samples, or those they read.
const SPOILT: [(&str, Segment, bool); 16] = [
    ("conceal", Ingress, false),
    ("gain", Ingress, true),
    ("meter", Ingress, false),
    ("contribute", Ingress, false),
    ("resample", Ingress, true),
    ("fade", Ingress, true),
    (OWN, Ingress, true),
    (TAP, Ingress, false),
    ("limit", Egress, true),
    ("gain", Egress, true),
    ("meter", Egress, false),
    ("resample", Egress, true),
    ("fade", Egress, true),
    (OWN, Egress, true),
    ("encode", Egress, false),
    (PORT_OUT, Egress, false),
];

#[test]
fn what_is_no_number_is_contained_where_it_arises() {
    for (kind, half, found) in SPOILT {
        let whole = run(kind, half, |_| {});
        for sample in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let spoilt = run(kind, half, |place| SPOIL.set(Some((place, sample))));
            // Figures are told once a second.
            spoilt.engine.advance(Duration::from_secs(1));
            let worker = spoilt.engine.status().expect("running").workers[0].counters;
            let what = format!("{sample} read by {kind}");
            assert_eq!((worker.panics, worker.not_finite > 0), (0, found), "{what}");
            for (a, b) in whole.others.iter().zip(&spoilt.others) {
                assert!(whole.of(a) == spoilt.of(b), "{what}: the other room");
            }
            for (n, (a, b)) in whole.room.iter().zip(&spoilt.room).enumerate() {
                let (all, those) = (whole.of(a), spoilt.of(b));
                assert_eq!(all.len(), those.len(), "{what}: {n} misses no packet");
                // What passes it on gets none, as whoever made it is reset; a limiter would remember it longer than this.
                let late = all.len().saturating_sub(8);
                let again = all[late..] == those[late..];
                assert!(again || !found, "{what}: {n} hears what it would again");
            }
        }
    }
}

#[test]
fn what_is_no_number_in_a_call_is_contained_where_it_arises() {
    let end = NetworkConfig::new(Codec::L16(SampleRate::HZ_16000), 96);
    for (kind, found) in [("resample", 1), ("encode", 0)] {
        let mut lines = [Line::new(end), Line::new(end)];
        lines.iter_mut().for_each(|line| line.talk(6));
        let [whole, spoilt] = &mut lines;
        let side = spoilt.calls[0].side(crate::Side::A);
        whole.talk(6);
        SPOIL.set(Some(((kind, Ingress, side), f32::NAN)));
        spoilt.talk(6);
        assert_eq!(SPOIL.take(), None, "a {kind} node of the call has run");
        // Figures are told once a second.
        spoilt.engine.advance(Duration::from_secs(1));
        let stats = spoilt.calls[0].stats().expect("up");
        assert_eq!(stats.from_a.not_finite, found, "{kind}");
        assert!(whole.heard(1) == spoilt.heard(1), "{kind}: the other call");
        let (all, those) = (whole.heard(0), spoilt.heard(0));
        assert_eq!(all.len(), those.len(), "{kind}: no packet is missed");
        assert!(
            all[all.len() - 6..] == those[those.len() - 6..],
            "{kind}: again as it would be"
        );
    }
}

#[test]
fn a_clip_that_is_no_number_is_silent_there() {
    let config = EngineConfig {
        capacity_legs: 4,
        ..EngineConfig::default()
    };
    let engine = VirtualEngine::new(config).expect("valid");
    let room = engine
        .create_room(RoomConfig::new("one"))
        .expect("capacity");
    let mut samples = vec![0.5; 1_600];
    samples[800] = f32::NAN;
    room.join(LegConfig::clip(samples.into(), RATE, false))
        .expect("capacity");
    engine.advance(Duration::from_secs(2));
    let worker = engine.status().expect("running").workers[0].counters;
    assert_eq!(worker.not_finite, 1);
}
