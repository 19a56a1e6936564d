//! Another plan on a leg that talks (D13), and graphs of the user's own, in virtual time.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::ears::{db, largest_step, peak, peak_at, rms};
use common::{
    Caller, Codec, EngineConfig, FRAME, SampleRate, Studio, TEN, ms, network, playing, sine, small,
    speech,
};
use talkpath_engine::{
    AudioPort, Class, Direction, EngineError, EventKind, GraphFault, LegConfig, LegGraph,
    NetworkConfig, PortConfig, PortEmpty, PortFull, Resource, Room, Segment,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{Format, FrameTime, Graph, Shape, Signal};
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{network_egress, network_ingress};
use talkpath_nodes::packet::Header;
use talkpath_nodes::spec::Spec;

const IN: Segment = Segment::Ingress;
const OUT: Segment = Segment::Egress;
const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;
const L16: Codec = Codec::L16(NARROW);

/// A node that makes everything so much louder, and counts its frames where the test sees them.
struct Times(f32, Arc<AtomicU64>);

impl Times {
    fn new(factor: f32) -> Self {
        Self(factor, Arc::default())
    }
}

impl Node for Times {
    fn process(&mut self, _: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        for sample in outputs[0].as_mut_slice() {
            *sample *= self.0;
        }
        self.1.fetch_add(1, Ordering::Relaxed);
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// A graph of a PCM leg on the bus of another rate.
fn on_bus(leg: &talkpath_engine::Leg, codec: Codec, bus: SampleRate) -> LegGraph {
    let mut graph = leg.graph().expect("it stays");
    let delays = JitterDelays {
        target: ms(20),
        max: ms(200),
    };
    let ingress = network_ingress(codec, FrameTime::Ms20, bus, delays);
    let egress = network_egress(codec, FRAME, FrameTime::Ms20, bus, true);
    graph
        .set_half(IN, Some(ingress))
        .set_half(OUT, Some(egress));
    graph
}

/// Puts resamplers to 16 kHz and back behind a node.
fn detour(graph: &mut LegGraph, half: Segment, after: &str) {
    let from = graph.format(half, after).expect("audio");
    let to = Format::mono(WIDE, FrameTime::Ms20);
    graph
        .insert_after(half, after, "up", Spec::Resample { from, to })
        .expect("a node");
    let back = Spec::Resample { from: to, to: from };
    graph
        .insert_after(half, "up", "down", back)
        .expect("a node");
}

type Edit = fn(&mut LegGraph);

fn ok(edited: Result<&mut LegGraph, EngineError>) {
    edited.expect("a node to put it behind");
}

/// Edits that are heard: what they do to the level of what the leg says, and of what it hears.
const HEARD: &[(&str, Edit, f64, f64)] = &[
    (
        "gain in",
        |g| ok(g.gain(IN, "conceal", "x", -6.0)),
        -6.0,
        0.0,
    ),
    (
        "gain out",
        |g| ok(g.gain(OUT, "mix-minus", "x", -6.0)),
        0.0,
        -6.0,
    ),
    (
        "node in",
        |g| ok(g.node(IN, "gain", "x", Times::new(0.5))),
        -6.0,
        0.0,
    ),
    (
        "node out",
        |g| ok(g.node(OUT, "limit", "x", Times::new(0.5))),
        0.0,
        -6.0,
    ),
    ("resamplers in", |g| detour(g, IN, "conceal"), 0.0, 0.0),
    ("resamplers out", |g| detour(g, OUT, "limit"), 0.0, 0.0),
    (
        "both ways",
        |g| {
            g.node(IN, "conceal", "x", Times::new(0.5)).expect("ok");
            g.gain(OUT, "limit", "y", 3.0).expect("ok");
        },
        -6.0,
        3.0,
    ),
];

/// Two phones in a room, talking for 400 ms: the first is the one whose plan is swapped.
fn two(codec: Codec) -> (Studio, Room, [Caller; 2]) {
    let mut studio = Studio::new(small());
    let room = studio.room("swap");
    let mut a = Caller::join(&room, codec, 1).saying(sine(400.0, codec.rate(), 0.2));
    let mut b = Caller::join(&room, codec, 2).saying(sine(300.0, codec.rate(), 0.2));
    studio.run(ms(400), &mut [&mut a, &mut b]);
    (studio, room, [a, b])
}

/// One packet every 20 ms, each going on where the one before it ended.
fn is_continuous(studio: &Studio, caller: &Caller, from: usize, what: &str) {
    let packets = &studio.packets(caller.id())[from..];
    for pair in packets.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        assert_eq!(b.header.ssrc, a.header.ssrc, "{what}");
        assert_eq!(
            b.header.sequence,
            a.header.sequence.wrapping_add(1),
            "{what}"
        );
        let samples = caller.codec.samples_in(&a.payload).expect("whole samples");
        let step = b.header.timestamp.wrapping_sub(a.header.timestamp);
        assert_eq!(step, caller.codec.ticks_of(samples), "{what}");
        // A room that takes a second worker gets its margin.
        let apart = b.not_before - a.not_before;
        assert!(
            apart == FRAME || (what == "moved" && apart == ms(23)),
            "{what}: {apart:?}"
        );
    }
}

fn no_faults(studio: &Studio, what: &str) {
    let status = studio.status();
    let control = &status.supervisor;
    assert_eq!(
        (control.edits_failed, control.stale_returns),
        (0, 0),
        "{what}"
    );
    for worker in &status.workers {
        let c = worker.counters;
        let faults = c.overflows + c.refused_commands + c.stale_commands + c.deferred + c.panics;
        assert_eq!((faults, c.not_finite), (0, 0), "{what}");
    }
}

#[test]
fn what_is_heard_of_a_swap_is_a_fade_and_nothing_else() {
    for (what, edit, said_db, heard_db) in HEARD {
        for offset in [0, 3, 7, 10, 14, 19] {
            let (mut studio, _room, [mut a, mut b]) = two(L16);
            let before = [a.id(), b.id()].map(|leg| studio.packets(leg).len());
            studio.run(ms(offset), &mut [&mut a, &mut b]);
            let usual = a.leg.graph().expect("it stays");
            let mut graph = a.leg.graph().expect("it stays");
            edit(&mut graph);
            a.leg.swap(graph).expect("a sound graph");
            studio.run(ms(400), &mut [&mut a, &mut b]);
            let changed = [(b.id(), 400.0, said_db), (a.id(), 300.0, heard_db)];
            for (leg, hz, level) in changed {
                let pcm = studio.heard(leg, L16, before[0] + 10);
                let got = db(peak_at(&pcm, 8_000.0, hz) / 0.2);
                assert!((got - level).abs() < 0.3, "{what}: {got} dB, not {level}");
            }
            a.leg.swap(usual).expect("as it was");
            studio.run(ms(400), &mut [&mut a, &mut b]);
            for (n, caller) in [&a, &b].into_iter().enumerate() {
                is_continuous(&studio, caller, before[n] - 5, what);
                let pcm = studio.heard(caller.id(), L16, before[n] - 5);
                // 300 or 400 Hz at 0.2, 3 dB more at most: 0.063 * 1.41 from sample to sample.
                let most = if n == 1 { 0.063 } else { 0.0472 * 1.42 };
                assert!(
                    largest_step(&pcm) < most * 1.02,
                    "{what}, slot {offset}: a step of {}",
                    largest_step(&pcm)
                );
            }
            let told = studio.told();
            let swaps = told
                .iter()
                .filter(|k| matches!(k, EventKind::Swapped { .. }));
            assert_eq!(swaps.count(), 2, "{what}");
            no_faults(&studio, what);
        }
    }
}

#[test]
fn what_is_not_heard_leaves_no_trace() {
    let run = |swaps: bool| {
        let mut studio = Studio::new(small());
        let room = studio.room("silent swaps");
        let mut callers: Vec<Caller> = [Codec::Pcmu, Codec::Pcma, Codec::L16(WIDE)]
            .into_iter()
            .zip(1..)
            .map(|(codec, n)| {
                let mut voice = speech(codec.rate());
                voice.rotate_left(4_000 * n as usize);
                Caller::join(&room, codec, n).saying(playing(voice))
            })
            .collect();
        let mut taps: Vec<AudioPort> = Vec::new();
        for round in 0..40 {
            let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
            studio.run(ms(53), &mut all);
            if !swaps {
                continue;
            }
            for caller in &callers {
                let mut graph = caller.leg.graph().expect("it stays");
                if round % 2 == 0 {
                    taps.push(graph.tap(IN, "conceal", "early", 4).expect("audio"));
                    taps.push(graph.tap(OUT, "limit", "late", 4).expect("audio"));
                    graph.meter(OUT, "mix-minus", "level").expect("audio");
                    graph.meter(IN, "conceal", "second").expect("audio");
                } else {
                    for (half, name) in
                        [(IN, "early"), (OUT, "late"), (OUT, "level"), (IN, "second")]
                    {
                        graph.remove(half, name).expect("it was put in");
                    }
                }
                caller.leg.swap(graph).expect("a sound graph");
            }
        }
        no_faults(&studio, "unheard");
        let told = studio.told();
        let swapped = told
            .iter()
            .filter(|k| matches!(k, EventKind::Swapped { .. }));
        // Those of the last round are not over yet.
        assert_eq!(swapped.count(), if swaps { 117 } else { 0 });
        studio.sent
    };
    assert!(run(true) == run(false));
}

#[test]
fn its_own_voice_cancels_to_the_bit_through_every_swap() {
    let alone = |what: &str, swap: &dyn Fn(&Caller)| {
        for offset in 0..20 {
            let mut studio = Studio::new(small());
            let room = studio.room("alone");
            // Another rate, so that the room has resamplers to leak through.
            let _wide = Caller::join(&room, Codec::L16(WIDE), 7);
            let mut a = Caller::join(&room, L16, 1).saying(playing(speech(NARROW)));
            studio.run(ms(400 + offset), &mut [&mut a]);
            swap(&a);
            studio.run(ms(300), &mut [&mut a]);
            let heard = studio.heard(a.id(), L16, 0);
            assert_eq!(peak(&heard), 0.0, "{what}, slot {offset}");
            is_continuous(&studio, &a, 1, what);
        }
    };
    for (what, edit, ..) in HEARD {
        alone(what, &|a| {
            let mut graph = a.leg.graph().expect("it stays");
            edit(&mut graph);
            a.leg.swap(graph).expect("a sound graph");
        });
    }
    alone("another bus", &|a| {
        a.leg
            .swap(on_bus(&a.leg, L16, WIDE))
            .expect("a sound graph");
    });
    let change = |config: NetworkConfig| move |a: &Caller| a.leg.change(config).expect("a change");
    alone("packet time", &change(network(L16, 1)));
}

#[test]
fn a_bus_of_another_rate_is_one_silent_frame_for_the_others_and_none_for_the_leg() {
    for offset in [0, 5, 12, 19] {
        let (mut studio, room, [mut a, mut b]) = two(L16);
        let mut wide = Caller::join(&room, Codec::L16(WIDE), 3);
        studio.run(ms(400 + offset), &mut [&mut a, &mut b, &mut wide]);
        let before = [a.id(), b.id()].map(|leg| studio.packets(leg).len());
        for bus in [WIDE, NARROW] {
            a.leg.swap(on_bus(&a.leg, L16, bus)).expect("a sound graph");
            studio.run(ms(400), &mut [&mut a, &mut b, &mut wide]);
        }
        for (n, caller) in [&a, &b].into_iter().enumerate() {
            let what = format!("phone {n}, slot {offset}");
            is_continuous(&studio, caller, before[n] - 5, &what);
            let pcm = studio.heard(caller.id(), L16, before[n] - 5);
            assert!(largest_step(&pcm) < 0.068, "{what}: {}", largest_step(&pcm));
            let quiet = pcm.chunks(8).map(|ms| rms(ms) < 0.002).collect::<Vec<_>>();
            let gaps: Vec<usize> = quiet.split(|q| !q).map(<[bool]>::len).collect();
            let longest = gaps.into_iter().max().unwrap_or(0);
            // The frame, the quiet end of the one before it, and the two resamplers' beginning.
            let most = if n == 1 { 34 } else { 2 };
            assert!(longest <= most, "{what}: {longest} ms of silence");
        }
        let after = studio.heard(b.id(), L16, before[1] + 30);
        assert!(db(peak_at(&after, 8_000.0, 400.0) / 0.2).abs() < 0.3);
        no_faults(&studio, "another bus");
    }
}

/// Lets `lost` packets of the phone get lost, and a second pass; what was concealed meanwhile, in samples and microseconds.
fn lose(studio: &mut Studio, a: &mut Caller, b: &mut Caller, lost: u32) -> [u64; 2] {
    let told = |caller: &Caller| {
        let stats = caller.leg.stats().expect("it stays");
        [stats.concealed_samples, stats.concealed_us]
    };
    let before = told(a);
    for _ in 0..lost {
        a.packet();
    }
    a.due = a.due.map(|due| due + FRAME * lost);
    studio.run(ms(2_000), &mut [a, b]);
    let after = told(a);
    [0, 1].map(|n| after[n] - before[n])
}

#[test]
fn what_was_concealed_is_told_in_time_also_when_the_codec_s_rate_changes() {
    let (mut studio, _room, [mut a, mut b]) = two(Codec::Pcmu);
    let wide = Codec::L16(WIDE);
    let [samples, micros] = lose(&mut studio, &mut a, &mut b, 3);
    assert_eq!(samples, 3 * 160, "three packets of 8 kHz");
    assert_eq!(micros, 60_000);
    a.leg.change(network(wide, 1)).expect("a change");
    a.switch(wide, FRAME);
    studio.run(ms(2_000), &mut [&mut a, &mut b]);
    // What the change itself took is counted at the rate of its codec.
    let changed = a.leg.stats().expect("it stays");
    assert!(changed.concealed_us < 150_000, "{changed:?}");
    let [samples, micros] = lose(&mut studio, &mut a, &mut b, 2);
    assert_eq!((samples, micros), (2 * 320, 40_000), "two of 16 kHz");
    a.leg.change(network(Codec::Pcmu, 1)).expect("and back");
    a.switch(Codec::Pcmu, FRAME);
    studio.run(ms(2_000), &mut [&mut a, &mut b]);
    let all = a.leg.stats().expect("it stays");
    assert!(all.concealed_us >= 100_000, "{all:?}");
    // At the rate it has now, the samples would make more.
    assert!(all.concealed_us < all.concealed_samples * 1_000_000 / 8_000);
}

#[test]
fn a_codec_is_changed_in_the_frame_in_which_its_packets_begin() {
    // The far end goes over at the same moment: what is on its way of the old codec is still heard.
    for (from, to) in [(Codec::Pcmu, Codec::Pcma), (Codec::Pcma, L16)] {
        let (mut studio, _room, [mut a, mut b]) = two(from);
        let before = studio.packets(b.id()).len();
        a.leg.change(network(to, 9)).expect("a change");
        a.codec = to;
        a.payload_type = common::payload_type(to);
        studio.run(ms(400), &mut [&mut a, &mut b]);
        let pcm = studio.heard(b.id(), from, before - 5);
        let quiet = pcm.chunks(8).map(|ms| rms(ms) < 0.002).collect::<Vec<_>>();
        let longest = quiet.split(|q| !q).map(<[bool]>::len).max().unwrap_or(0);
        assert!(longest <= 20, "{from} to {to}: {longest} ms of silence");
        let packets = studio.packets(a.id());
        for pair in packets.windows(2) {
            let (x, y) = (&pair[0].header, &pair[1].header);
            assert_eq!(y.sequence, x.sequence.wrapping_add(1));
            assert_eq!(y.timestamp.wrapping_sub(x.timestamp), 160);
        }
        let own = common::payload_type(to);
        assert!(
            packets[packets.len() - 15..]
                .iter()
                .all(|p| p.header.payload_type == own)
        );
        no_faults(&studio, "codec");
    }
}

#[test]
fn a_packet_time_is_changed_between_two_packets() {
    let (mut studio, _room, [mut a, mut b]) = two(L16);
    let mut heard = 0;
    for ptime in [40, 10, 60, 30, 20, 50] {
        let config = NetworkConfig {
            ptime: ms(ptime),
            ..network(L16, 9)
        };
        a.leg.change(config).expect("a change");
        studio.run(ms(613), &mut [&mut a, &mut b]);
        let packets = studio.packets(a.id());
        let last = packets.last().expect("it is sent something");
        assert_eq!(last.payload.len(), ptime as usize * 16, "{ptime} ms");
        heard = packets.len();
    }
    let packets = studio.packets(a.id());
    assert_eq!(packets.len(), heard);
    for pair in packets.windows(2) {
        let (x, y) = (&pair[0], &pair[1]);
        assert_eq!(y.header.sequence, x.header.sequence.wrapping_add(1));
        // No sample is left out, and none is sent twice.
        let step = y.header.timestamp.wrapping_sub(x.header.timestamp) as usize;
        assert_eq!(step, x.payload.len() / 2);
    }
    let pcm = studio.heard(a.id(), L16, 10);
    assert!(largest_step(&pcm) < 0.0485, "{}", largest_step(&pcm));
    no_faults(&studio, "packet time");
}

#[test]
fn what_stays_keeps_what_it_remembers() {
    let (mut studio, _room, [mut a, mut b]) = two(L16);
    a.leg.set_gain_db(-12.0).expect("in range");
    let count = Arc::new(AtomicU64::new(0));
    let mut graph = a.leg.graph().expect("it stays");
    let node = Times(1.0, Arc::clone(&count));
    graph.node(IN, "gain", "own", node).expect("audio");
    a.leg.swap(graph).expect("a sound graph");
    studio.run(ms(400), &mut [&mut a, &mut b]);
    let told_before = a.leg.stats().expect("it stays");
    let periods = count.load(Ordering::Relaxed);
    // In front of it, so that every op but the first three is at another place.
    for round in 0..10 {
        let mut graph = a.leg.graph().expect("it stays");
        match round % 2 {
            0 => ok(graph.gain(IN, "conceal", "x", -1.0)),
            _ => ok(graph.remove(IN, "x")),
        }
        a.leg.swap(graph).expect("a sound graph");
        studio.run(ms(200), &mut [&mut a, &mut b]);
    }
    assert_eq!(
        count.load(Ordering::Relaxed) - periods,
        100,
        "once a period"
    );
    studio.run(ms(1_000), &mut [&mut a, &mut b]);
    let told = a.leg.stats().expect("it stays");
    assert_eq!(
        told.concealed_samples, told_before.concealed_samples,
        "jitter buffer"
    );
    assert_eq!(
        (told.resyncs, told.late),
        (told_before.resyncs, told_before.late)
    );
    assert!(told.played > told_before.played + 100);
    let from = studio.packets(b.id()).len() - 20;
    let pcm = studio.heard(b.id(), L16, from);
    assert!(
        (db(peak_at(&pcm, 8_000.0, 400.0) / 0.2) + 12.0).abs() < 0.3,
        "the level"
    );
    assert_eq!(Arc::strong_count(&count), 2, "the node is the same one");
    a.leg.leave().expect("it stays");
    studio.run(ms(100), &mut [&mut b]);
    assert_eq!(Arc::strong_count(&count), 1, "and freed with its leg");
}

#[test]
fn a_meter_goes_on_through_a_swap() {
    // Talk stops are told after a hangover: with and without a swap in it at the same moment.
    let stopped = |swap: bool| {
        let (mut studio, _room, [mut a, mut b]) = two(L16);
        a.voice = Some(Box::new(|_| 0.0));
        studio.run(ms(100), &mut [&mut a, &mut b]);
        if swap {
            let mut graph = a.leg.graph().expect("it stays");
            graph.gain(IN, "conceal", "x", -1.0).expect("audio");
            a.leg.swap(graph).expect("a sound graph");
        }
        studio.told();
        for slot in 0..1_000 {
            studio.run(ms(1), &mut [&mut a, &mut b]);
            let leg = a.id();
            if studio.told().contains(&EventKind::TalkStopped { leg }) {
                return slot;
            }
        }
        panic!("it stays silent");
    };
    assert_eq!(stopped(true), stopped(false));
}

#[test]
fn any_number_of_workers_swaps_to_the_same_bits() {
    let run = |workers: usize| {
        let mut studio = Studio::new(EngineConfig {
            workers,
            edit_lead: Some(ms(10)),
            ..small()
        });
        let room = studio.room("large");
        let codecs = [
            Codec::Pcmu,
            Codec::L16(WIDE),
            L16,
            Codec::Pcma,
            Codec::L16(WIDE),
            L16,
        ];
        let mut callers: Vec<Caller> = (1..)
            .zip(codecs)
            .map(|(n, codec)| Caller::join(&room, codec, n))
            .collect();
        studio.advance(ms(100));
        for (n, caller) in callers.iter_mut().enumerate() {
            caller.voice = Some(Box::new(sine(
                300.0 + 170.0 * n as f64,
                caller.codec.rate(),
                0.2,
            )));
            caller.leg.move_to(n % workers).expect("seats");
            // Taken out often, as a shard does: what two workers sent stays in order.
            for _ in 0..6 {
                studio.advance(TEN);
            }
        }
        for round in 0..12 {
            for ten in 0..8 {
                for caller in &mut callers {
                    caller.speak(&mut studio);
                }
                studio.engine.advance_shuffled(TEN, 3 + ten * round);
                studio.collect();
            }
            let (what, edit, ..) = &HEARD[round as usize % 4];
            let leg = &callers[round as usize % 6].leg;
            let mut graph = leg.graph().expect("it stays");
            match graph.half(IN).is_some_and(|g| g.find("x").is_some())
                || graph.half(OUT).is_some_and(|g| g.find("x").is_some())
            {
                true => {
                    let half = if graph.half(IN).is_some_and(|g| g.find("x").is_some()) {
                        IN
                    } else {
                        OUT
                    };
                    graph.remove(half, "x").expect(what);
                }
                false => edit(&mut graph),
            }
            leg.swap(graph).expect(what);
        }
        no_faults(&studio, "workers");
        let packet = |sent: &common::Sent| (sent.header, sent.payload.clone());
        let all = studio.sent.iter();
        all.map(|(leg, sent)| (*leg, sent.iter().map(packet).collect()))
            .collect::<BTreeMap<u64, Vec<(Header, Vec<u8>)>>>()
    };
    let one = run(1);
    assert!(one.len() == 6 && one.values().all(|sent| sent.len() > 50));
    let three = run(3);
    for (leg, sent) in &one {
        let other = &three[leg];
        let at = sent.iter().zip(other).position(|(a, b)| a != b);
        assert!(
            at.is_none() && sent.len() == other.len(),
            "leg {leg:x}, packet {at:?}"
        );
    }
}

#[test]
fn a_thousand_swaps_leave_nothing_behind() {
    let (mut studio, _room, [mut a, mut b]) = two(L16);
    let fills = |studio: &Studio| -> Vec<(String, usize)> {
        let capacity = studio.status().capacity;
        capacity
            .into_iter()
            .map(|fill| (fill.what, fill.in_use))
            .collect()
    };
    let usual = fills(&studio);
    let alive = Arc::new(AtomicU64::new(0));
    for round in 0..500 {
        let mut graph = a.leg.graph().expect("it stays");
        graph
            .node(IN, "conceal", "x", Times(0.7, Arc::clone(&alive)))
            .expect("audio");
        graph.gain(OUT, "limit", "y", -3.0).expect("audio");
        let port = graph.tap(OUT, "limit", "z", 2).expect("audio");
        a.leg.swap(graph).expect("a sound graph");
        studio.run(ms(40 + round % 7), &mut [&mut a, &mut b]);
        let mut graph = a.leg.graph().expect("it stays");
        graph.remove(IN, "x").expect("it was put in");
        graph.remove(OUT, "y").expect("it was put in");
        graph.remove(OUT, "z").expect("it was put in");
        a.leg.swap(graph).expect("a sound graph");
        studio.run(ms(60), &mut [&mut a, &mut b]);
        drop(port);
    }
    studio.run(ms(1_100), &mut [&mut a, &mut b]);
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(fills(&studio), usual);
    assert_eq!(studio.status().workers[0].counters.swaps, 1_000);
    no_faults(&studio, "a thousand");
    is_continuous(&studio, &a, 1, "a thousand");
}

fn boosted(leg: &talkpath_engine::Leg) -> LegGraph {
    let mut graph = leg.graph().expect("it stays");
    graph.gain(IN, "conceal", "x", -6.0).expect("audio");
    graph
}

#[test]
fn a_swap_of_a_leg_that_is_muted_held_leaving_or_moving() {
    let (mut studio, _room, [mut a, mut b]) = two(L16);
    // Muted, then heard again at the new level.
    a.leg.mute(true).expect("it stays");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    a.leg.swap(boosted(&a.leg)).expect("a sound graph");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    let from = studio.packets(b.id()).len();
    studio.run(ms(100), &mut [&mut a, &mut b]);
    assert_eq!(peak(&studio.heard(b.id(), L16, from)), 0.0);
    a.leg.mute(false).expect("it stays");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    let level = |studio: &mut Studio, a: &mut Caller, b: &mut Caller| {
        let from = studio.packets(b.id()).len();
        studio.run(ms(300), &mut [a, b]);
        db(peak_at(&studio.heard(b.id(), L16, from), 8_000.0, 400.0) / 0.2)
    };
    assert!((level(&mut studio, &mut a, &mut b) + 6.0).abs() < 0.3);
    // On hold both ways: at once, and as it was after it.
    let closed = Direction {
        receive: false,
        send: false,
    };
    a.leg.set_direction(closed).expect("it stays");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    studio.told();
    let mut graph = a.leg.graph().expect("it stays");
    graph.remove(IN, "x").expect("it was put in");
    a.leg.swap(graph).expect("a sound graph");
    studio.run(ms(5), &mut [&mut a, &mut b]);
    let leg = a.id();
    assert!(
        studio.told().contains(&EventKind::Swapped { leg }),
        "nothing to wait for"
    );
    a.leg.set_direction(Direction::BOTH).expect("it stays");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    assert!(level(&mut studio, &mut a, &mut b).abs() < 0.3);
    // A second swap before the first is over is refused, and so is a change.
    a.leg.swap(boosted(&a.leg)).expect("a sound graph");
    let again = a.leg.swap(boosted(&b.leg)).expect_err("one at a time");
    assert!(matches!(again, EngineError::Swapping { .. }) && again.class() == Class::Transient);
    let again = a
        .leg
        .change(network(Codec::Pcmu, 3))
        .expect_err("one at a time");
    assert!(matches!(again, EngineError::Swapping { .. }));
    // Mute and leave go their way; nothing of it stays.
    a.leg.mute(true).expect("it stays");
    a.leg.leave().expect("it stays");
    let refused = a.leg.graph().expect_err("it is leaving");
    assert!(matches!(refused, EngineError::StaleLeg { .. }));
    studio.run(ms(100), &mut [&mut b]);
    let told = studio.told();
    assert!(
        told.iter()
            .any(|k| matches!(k, EventKind::Left { leg: l, .. } if *l == leg))
    );
    no_faults(&studio, "leaving");
    let status = studio.status();
    assert_eq!(
        (status.legs(), studio.engine.plans().expect("running").len()),
        (1, 1)
    );
}

#[test]
fn a_leg_is_swapped_or_moved_not_both() {
    for offset in 0..20 {
        let mut studio = Studio::new(EngineConfig {
            workers: 2,
            ..small()
        });
        let room = studio.room("two workers");
        let mut a = Caller::join(&room, L16, 1).saying(sine(400.0, NARROW, 0.2));
        let mut b = Caller::join(&room, L16, 2).saying(sine(300.0, NARROW, 0.2));
        studio.run(ms(300 + offset), &mut [&mut a, &mut b]);
        let before = studio.packets(a.id()).len();
        a.leg.swap(boosted(&a.leg)).expect("a sound graph");
        let moving = a.leg.move_to(1).expect_err("it is being swapped");
        assert!(matches!(moving, EngineError::Swapping { .. }));
        studio.run(ms(60), &mut [&mut a, &mut b]);
        a.leg.move_to(1).expect("it is over");
        let swap = a.leg.swap(boosted(&b.leg)).expect_err("on its way");
        assert!(matches!(swap, EngineError::Moving { .. }));
        studio.run(ms(100), &mut [&mut a, &mut b]);
        let mut graph = a.leg.graph().expect("it stays");
        graph.remove(IN, "x").expect("it went along");
        a.leg.swap(graph).expect("on its new worker");
        studio.run(ms(400), &mut [&mut a, &mut b]);
        is_continuous(&studio, &a, before - 5, "moved");
        let from = studio.packets(b.id()).len() - 10;
        let pcm = studio.heard(b.id(), L16, from);
        assert!(db(peak_at(&pcm, 8_000.0, 400.0) / 0.2).abs() < 0.3);
        a.leg.leave().expect("it stays");
        b.leg.leave().expect("it stays");
        studio.advance(ms(200));
        let left = studio.status();
        let seats = left
            .capacity
            .iter()
            .filter(|fill| fill.what.contains("seats"));
        assert!(
            seats.clone().all(|fill| fill.in_use == 0),
            "{:?}",
            left.capacity
        );
        no_faults(&studio, "moved");
    }
}

#[test]
fn what_a_swap_needs_for_its_time_is_reserved_or_refused() {
    let tight = |config: EngineConfig, nodes: usize| {
        let studio = Studio::new(config);
        let room = studio.room("tight");
        let a = Caller::join(&room, L16, 1);
        let fills = |studio: &Studio| -> Vec<usize> {
            studio
                .status()
                .capacity
                .iter()
                .map(|fill| fill.in_use)
                .collect()
        };
        let before = fills(&studio);
        let mut graph = a.leg.graph().expect("it stays");
        for name in ["x", "y", "z"].into_iter().take(nodes) {
            graph.gain(IN, "conceal", name, -1.0).expect("audio");
        }
        let refused = a.leg.swap(graph).expect_err("there is no room for it");
        assert_eq!(fills(&studio), before, "nothing is taken");
        assert!(
            a.leg.swap(a.leg.graph().expect("it stays")).is_ok(),
            "as it is it fits"
        );
        refused
    };
    let one = EngineConfig {
        capacity_legs: 1,
        ..small()
    };
    let refused = tight(one.clone(), 2);
    let EngineError::Capacity { what, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(what, Resource::Seats("gain"));
    let plans = EngineConfig {
        capacity_plans: 2,
        ..one
    };
    let refused = tight(plans, 1);
    let EngineError::Capacity { what, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!((what, refused.class()), (Resource::Plans, Class::Capacity));
}

#[test]
fn a_tap_hears_what_passes_it_and_nothing_of_what_comes_behind() {
    let (mut studio, room, [mut a, mut b]) = two(L16);
    let mut graph = a.leg.graph().expect("it stays");
    // In place, on the very frame that the tap reads after it.
    graph
        .node(IN, "conceal", "loud", Times::new(2.0))
        .expect("audio");
    let mut early = graph.tap(IN, "conceal", "early", 64).expect("audio");
    let mut late = graph.tap(IN, "gain", "late", 64).expect("audio");
    let taken = graph
        .tap(IN, "gain", "late", 64)
        .expect_err("one port, one tap");
    assert!(matches!(
        taken,
        EngineError::Graph(GraphFault::NameTaken { name: "late" })
    ));
    a.leg.swap(graph).expect("a sound graph");
    studio.run(ms(200), &mut [&mut a, &mut b]);
    let heard = |port: &mut AudioPort| {
        let mut frame = vec![0; port.frame().as_usize()];
        let mut pcm = Vec::new();
        while port.read(&mut frame).is_ok() {
            pcm.extend(frame.iter().map(|s| f32::from(*s) / 32_768.0));
        }
        pcm
    };
    let (e, l) = (heard(&mut early), heard(&mut late));
    assert_eq!((e.len(), early.overruns()), (l.len(), 0));
    assert!(e.len() >= 9 * 160);
    // The first frame of the second is the fade.
    assert!(
        e[160..]
            .iter()
            .zip(&l[160..])
            .all(|(e, l)| (2.0 * e - l).abs() < 1e-4)
    );
    assert_eq!(early.write(&[0; 160]), Err(PortFull::Left));
    // Its plan says how it runs: a copy where the value has another reader.
    let mut graph = a.leg.graph().expect("it stays");
    let dump = studio.engine.preview(&graph).expect("sound").ingress;
    assert!(dump.contains("early") && dump.contains("loud"), "{dump}");
    graph.remove(IN, "early").expect("it was put in");
    a.leg.swap(graph).expect("a sound graph");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    heard(&mut early);
    assert_eq!(early.read(&mut [0; 160]), Err(PortEmpty::Left));
    assert!(!heard(&mut late).is_empty(), "the other goes on");
    // And one that joins with a tap from the beginning.
    let config = LegConfig::network(network(L16, 5));
    let mut graph = room.graph(config).expect("a leg's graph");
    let mut tap = graph.tap(OUT, "limit", "monitor", 8).expect("audio");
    room.join_graph(graph).expect("a sound graph");
    studio.run(ms(100), &mut [&mut a, &mut b]);
    assert!(peak(&heard(&mut tap)) > 0.1, "it hears what its leg hears");
}

#[test]
fn a_clip_that_is_swapped_in_tells_its_end_as_well() {
    let mut studio = Studio::new(small());
    let room = studio.room("clips");
    let clip = || LegConfig::clip(vec![0.3; 1_600].into(), NARROW, false);
    let leg = room.join(clip()).expect("capacity");
    let ends = |studio: &Studio| {
        let told = studio.told();
        let end = EventKind::Finished { leg: leg.id() };
        told.into_iter().filter(|kind| *kind == end).count()
    };
    studio.advance(ms(400));
    assert_eq!(ends(&studio), 1);
    for (config, told) in [(LegConfig::tone(440.0, -20.0), 0), (clip(), 1)] {
        let graph = room.graph(config).expect("a graph");
        leg.swap(graph).expect("a sound graph");
        studio.advance(ms(150));
        assert_eq!(ends(&studio), 0);
        studio.advance(ms(400));
        assert_eq!(ends(&studio), told);
    }
}

#[test]
fn a_port_and_a_player_are_swapped_as_well() {
    let mut studio = Studio::new(small());
    let room = studio.room("others");
    let tone = room.join(LegConfig::tone(440.0, -20.0)).expect("capacity");
    let (leg, mut port) = room.join_port(PortConfig::new(NARROW)).expect("capacity");
    studio.advance(ms(200));
    for (leg, half, after) in [(&tone, IN, "tone"), (&leg, OUT, "mix-minus")] {
        let mut graph = leg.graph().expect("it stays");
        graph.gain(half, after, "half", -6.0206).expect("audio");
        leg.swap(graph).expect("a sound graph");
        let refused = leg.change(network(L16, 1)).expect_err("no codec");
        assert!(matches!(refused, EngineError::Swapping { .. }));
    }
    let mut all = Vec::new();
    for _ in 0..20 {
        studio.advance(FRAME);
        let mut frame = [0; 160];
        while port.read(&mut frame).is_ok() {
            all.extend(frame.map(|s| f32::from(s) / 32_768.0));
        }
    }
    let end = &all[all.len() - 1_600..];
    // −20 dBov is a peak of 0.1414; a quarter of it.
    assert!(db(peak_at(end, 8_000.0, 440.0) / 0.0354).abs() < 0.3);
    assert!(largest_step(&all) < 0.05);
}

#[test]
fn a_graph_is_seen_before_it_is_used() {
    let (studio, room, [a, _b]) = two(Codec::Pcmu);
    let graph = boosted(&a.leg);
    let seen = studio.engine.preview(&graph).expect("sound");
    let plain = a.leg.graph().expect("it stays").preview().expect("sound");
    assert!(seen.ingress.contains("x") && seen.ingress_dot.contains("digraph"));
    assert!(seen.egress == plain.egress && seen.cost_ns > plain.cost_ns && plain.cost_ns > 1_000);
    assert_eq!(seen.ingress_latency_us, 20_000, "the jitter buffer");
    let live = studio.engine.plans().expect("running");
    assert!(
        live.iter().any(|plan| plan.ingress == plain.ingress),
        "what runs is what is seen"
    );
    let usual = room
        .graph(LegConfig::network(network(Codec::Pcmu, 1)))
        .expect("open");
    assert_eq!(usual.preview().expect("sound").ingress, plain.ingress);
}

#[test]
fn graphs_that_cannot_be_are_told_why() {
    let (_studio, room, [a, _b]) = two(Codec::Pcmu);
    let fresh = || a.leg.graph().expect("it stays");
    let format = Format::mono(NARROW, FrameTime::Ms20);
    let fault = |graph: LegGraph| match (graph.preview(), a.leg.swap(graph)) {
        (Err(seen), Err(EngineError::Graph(fault))) => {
            assert_eq!(
                seen.to_string(),
                EngineError::Graph(fault.clone()).to_string()
            );
            fault
        }
        (Ok(_), Err(EngineError::Graph(fault))) => fault,
        other => panic!("{other:?}"),
    };
    let with = |half, build: &dyn Fn(&mut Graph<Spec>)| {
        let (mut graph, mut own) = (fresh(), Graph::new());
        build(&mut own);
        graph.set_half(half, Some(own));
        graph
    };
    let mut nothing = fresh();
    nothing.set_half(IN, None).set_half(OUT, None);
    assert_eq!(fault(nothing), GraphFault::Empty);
    let no_source = with(IN, &|g| {
        g.add("contribute", Spec::Contribute { format });
    });
    assert!(matches!(
        fault(no_source),
        GraphFault::NoSource {
            half: "ingress",
            ..
        }
    ));
    let deaf = with(IN, &|g| {
        let tone = g.add("tone", Spec::Tone { format });
        g.then(tone, "gain", Spec::Gain { format }).expect("ports");
    });
    assert_eq!(fault(deaf), GraphFault::NoContribution);
    let level = with(IN, &|g| {
        let tone = g.add("tone", Spec::Tone { format });
        g.then(tone, "contribute", Spec::Contribute { format })
            .expect("ports");
    });
    assert_eq!(fault(level), GraphFault::NoLevel);
    let player = with(IN, &|g| {
        let tone = g.add("tone", Spec::Tone { format });
        let gain = g.then(tone, "gain", Spec::Gain { format }).expect("ports");
        g.then(gain, "contribute", Spec::Contribute { format })
            .expect("ports");
    });
    assert_eq!(fault(player), GraphFault::NodeMissing { name: "tone" });
    let endless = with(OUT, &|g| {
        let minus_own = true;
        let mix = g.add("mix-minus", Spec::MixMinus { format, minus_own });
        g.then(mix, "limit", Spec::Limit { format }).expect("ports");
    });
    assert_eq!(fault(endless), GraphFault::NoEnd);
    let mut wrong_half = fresh();
    wrong_half
        .insert_after(IN, "gain", "limit", Spec::Limit { format })
        .expect("ports");
    assert!(matches!(
        fault(wrong_half),
        GraphFault::WrongHalf { kind: "limit", .. }
    ));
    let mut twice = fresh();
    twice
        .insert_after(IN, "gain", "second", Spec::Contribute { format })
        .expect("ports");
    assert!(matches!(
        fault(twice),
        GraphFault::TooMany {
            kind: "contribute",
            ..
        }
    ));
    let pcm = Signal::Pcm(format);
    let mut nobody = fresh();
    let shape = Box::new(
        Shape::new("ghost")
            .input("in", pcm)
            .output("out", pcm)
            .in_place(),
    );
    nobody
        .insert_after(
            IN,
            "gain",
            "ghost",
            Spec::Ext {
                name: "ghost",
                shape,
            },
        )
        .expect("ports");
    assert_eq!(fault(nobody), GraphFault::NodeMissing { name: "ghost" });
    // The compiler's own.
    let mut formats = fresh();
    let wide = Format::mono(WIDE, FrameTime::Ms20);
    formats
        .insert_after(IN, "gain", "wide", Spec::Gain { format: wide })
        .expect("ports");
    let refused = a.leg.swap(formats).expect_err("formats differ");
    assert!(matches!(refused, EngineError::Plan(_)), "{refused:?}");
    let mut long = fresh();
    for n in 0..30 {
        long.gain(IN, "conceal", &format!("gain {n}"), 0.0)
            .expect("audio");
    }
    let refused = a.leg.swap(long).expect_err("more than 32 ops");
    assert!(
        refused.to_string().contains("does not compile"),
        "{refused}"
    );
    assert_eq!(refused.class(), Class::Caller);
    // A frame that is not the room's.
    let ten = Format::mono(NARROW, FrameTime::Ms10);
    let other = with(IN, &|g| {
        let tone = g.add("tone", Spec::Tone { format: ten });
        let gain = g
            .then(tone, "gain", Spec::Gain { format: ten })
            .expect("ports");
        g.then(gain, "contribute", Spec::Contribute { format: ten })
            .expect("ports");
    });
    assert!(matches!(fault(other), GraphFault::WrongFormat { .. }));
    // Edits of what is not there.
    let mut graph = fresh();
    assert!(graph.gain(IN, "nobody", "x", 0.0).is_err());
    assert!(
        graph.tap(IN, "jitter", "x", 4).is_err(),
        "packets are no audio"
    );
    assert!(graph.gain(IN, "gain", "x", 99.0).is_err());
    assert!(graph.remove(OUT, "nobody").is_err());
    // A packet leg's graph without a packet leg.
    let tone = room.join(LegConfig::tone(300.0, -30.0)).expect("capacity");
    let mut graph = tone.graph().expect("it stays");
    graph.set_half(OUT, fresh().half(OUT).cloned());
    let refused = tone.swap(graph).expect_err("a tone sends no packets");
    assert!(matches!(refused, EngineError::WrongKind { .. }));
}
