//! Every node kind panics once, in a room of three and beside another room: who is touched, and who is not.

use std::collections::BTreeMap;
use std::time::Duration;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::leg_graphs::{PORT_IN, PORT_OUT};
use talkpath_nodes::packet::Header;

use super::{POISON, TRIP};
use crate::{
    EngineConfig, EventKind, EventStream, Leg, LegConfig, LegId, NetworkConfig, PortConfig,
    RoomConfig, RtpSender, SampleRate, ShardLink, VirtualEngine,
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
    fn new(kind: &str) -> Self {
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
            _ => join(3),
        });
        let others = [4, 5].map(|n| two.join(phone(n)).expect("capacity"));
        Self {
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

/// 300 ms of talk, a panic of the victim's `kind` unless it is spared, 300 ms more.
fn run(kind: &'static str, spared: bool) -> Stage {
    let mut stage = Stage::new(kind);
    stage.talk(15);
    if !spared {
        TRIP.set(Some((kind, stage.victim())));
    }
    stage.talk(15);
    assert_eq!(TRIP.take(), None, "a {kind} node of the leg has run");
    stage
}

const INWARD: [&str; 6] = ["jitter", "decode", "conceal", "gain", "meter", "contribute"];
const OUTWARD: [&str; 4] = ["mix-minus", "limit", "encode", "packetise"];

#[test]
fn a_panic_towards_the_room_takes_one_voice_out_and_nothing_else() {
    for kind in INWARD.into_iter().chain(["tone", "clip", PORT_IN]) {
        let (whole, fallen) = (run(kind, true), run(kind, false));
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
        let (whole, fallen) = (run(kind, true), run(kind, false));
        let kept = |stage: &Stage| -> Vec<_> {
            let all = stage.room[..2].iter().chain(&stage.others);
            all.map(|leg| stage.of(leg)).collect()
        };
        assert!(kept(&whole) == kept(&fallen), "{kind}: to the bit");
        assert_eq!(fallen.fenced().len(), 1, "{kind}");
        if OUTWARD.contains(&kind) {
            assert_eq!(
                fallen.of(&fallen.room[2]).len(),
                15,
                "{kind}: sent nothing more"
            );
        }
    }
}

#[test]
fn a_leg_that_fell_comes_back_with_a_new_plan_and_leaves_like_any_other() {
    for kind in ["decode", "encode"] {
        let mut stage = run(kind, false);
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
        TRIP.set(Some((kind, stage.victim())));
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
            self.say(crate::Side::A, Codec::Pcmu);
            if self.sequence.is_multiple_of(2) {
                self.engine.advance(FRAME);
                self.collect();
            }
        }
    }

    /// A packet of 20 ms of a side of both calls.
    fn say(&mut self, side: crate::Side, codec: Codec) {
        let samples = codec.rate().samples_in(FRAME).0;
        let octets = samples as usize * codec.bytes_per_sample();
        for leg in [0, 1].map(|n: usize| self.calls[n].side(side)) {
            let mut packet = self.link.to_worker.take().expect("boxes for all");
            packet.reset();
            packet.leg = leg.to_bits();
            packet.header = Header {
                payload_type: codec.static_payload_type().unwrap_or(96),
                sequence: self.sequence,
                timestamp: u32::from(self.sequence) * samples,
                ..Header::default()
            };
            let payload: Vec<u8> = (0..octets).map(|n| 0x20 + (n % 90) as u8).collect();
            packet.set_payload(&payload).expect("it fits");
            self.link.to_worker.send(packet).expect("room");
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
        TRIP.set(Some((kind, victim)));
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

/// What a side of a call was sent.
fn sent_to(line: &Line, call: usize, side: crate::Side) -> Vec<(u16, u32, Vec<u8>)> {
    let leg = line.calls[call].side(side).to_bits();
    line.sent.get(&leg).cloned().unwrap_or_default()
}

#[test]
fn what_is_no_number_behind_the_resampler_of_a_call_is_silenced_there_and_spreads_no_further() {
    use crate::Side::{A, B};
    let wide = Codec::L16(SampleRate::HZ_16000);
    for victim in [A, B] {
        let run = |poisoned: bool| {
            let sender = RtpSender {
                ssrc: 9,
                sequence: 20,
                timestamp: 900,
            };
            let mut line = Line::new(NetworkConfig {
                sender,
                ..NetworkConfig::new(wide, 96)
            });
            for frame in 0..80 {
                if poisoned && frame == 10 {
                    POISON.set(Some(("resample", line.calls[0].side(victim))));
                }
                line.sequence += 1;
                line.say(A, Codec::Pcmu);
                line.say(B, wide);
                line.engine.advance(FRAME);
                line.collect();
            }
            assert_eq!(POISON.take(), None, "it was given");
            line
        };
        let (whole, poisoned) = (run(false), run(true));
        let hearer = victim.other();
        for (call, side) in [(0, victim), (1, A), (1, B)] {
            let kept = sent_to(&whole, call, side);
            assert_eq!(kept.len(), 80);
            assert!(kept == sent_to(&poisoned, call, side), "to the bit");
        }
        let (was, is) = (sent_to(&whole, 0, hearer), sent_to(&poisoned, 0, hearer));
        for (n, (was, is)) in was.iter().zip(&is).enumerate() {
            assert_eq!((was.0, was.1, was.2.len()), (is.0, is.1, is.2.len()));
            assert_eq!(was.2 != is.2, n == 10, "packet {n}");
        }
        let (piece, silence) = match victim {
            A => (320, 0),
            B => (80, 0xff),
        };
        assert!(is[10].2[..piece].iter().all(|octet| *octet == silence));
        let status = poisoned.engine.status().expect("running");
        let faults = |call: usize, side| status.calls[call].stats.from(side).not_finite;
        assert_eq!((faults(0, victim), faults(0, hearer)), (1, 0));
        assert_eq!((faults(1, A), faults(1, B)), (0, 0));
        assert_eq!(status.workers[0].counters.not_finite, 1);
        let told = std::iter::from_fn(|| poisoned.events.try_next()).map(|event| event.kind);
        let faulted: Vec<_> = told
            .filter_map(|kind| match kind {
                EventKind::Faulted { leg } => Some(leg),
                _ => None,
            })
            .collect();
        assert_eq!(faulted, [poisoned.calls[0].side(victim)]);
    }
}
