//! Legs with graphs of one's own: joined with and swapped in, they are in a recording.

use talkpath_engine::replay::{Recording, RecordingError, replay, replay_with};
use talkpath_engine::{EngineConfig, Leg, LegConfig, LegGraph, PortConfig, Segment, VirtualEngine};
use talkpath_graph::{Format, FrameTime};
use talkpath_nodes::leg_graphs::network_egress;
use talkpath_nodes::spec::Spec;

use super::Paper;
use super::common::{Caller, Codec, SampleRate, Studio, ms, network, playing, sine, small, speech};

const IN: Segment = Segment::Ingress;
const OUT: Segment = Segment::Egress;
const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;

/// A detour over another rate, a level and a meter: all of it has states.
fn changed(graph: &mut LegGraph, half: Segment, after: &str, db: f32) {
    let from = graph.format(half, after).expect("audio");
    let to = Format::mono(SampleRate::HZ_48000, FrameTime::Ms20);
    let back = Spec::Resample { from: to, to: from };
    graph
        .insert_after(half, after, "up", Spec::Resample { from, to })
        .and_then(|graph| graph.insert_after(half, "up", "down", back))
        .and_then(|graph| graph.gain(half, "down", "boost", db))
        .and_then(|graph| graph.meter(half, "boost", "second"))
        .expect("places");
}

/// Swaps in what [`changed`] makes of its graph, or what there was before.
fn swap(leg: &Leg, half: Segment, after: &str, turn: u32) {
    let mut graph = leg.graph().expect("it stays");
    if turn.is_multiple_of(2) {
        changed(&mut graph, half, after, turn as f32 - 6.0);
    } else {
        for name in ["up", "down", "boost", "second"] {
            graph.remove(half, name).expect("it was put in");
        }
    }
    leg.swap(graph).expect("a sound graph");
}

/// Six seconds in which legs with graphs of their own come, change, move and go.
fn session(workers: usize) -> Vec<u8> {
    let paper = Paper::default();
    let config = EngineConfig { workers, ..small() };
    let engine = VirtualEngine::recorded(config, paper.to()).expect("valid");
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    let plain = Caller::join(&room, Codec::L16(WIDE), 1);
    let mut plain = plain.saying(playing(speech(WIDE)));
    let config = network(Codec::Pcmu, 2);
    let mut graph = room.graph(LegConfig::network(config)).expect("a graph");
    changed(&mut graph, OUT, "limit", 3.0);
    graph.gain(IN, "conceal", "quiet", -9.0).expect("a place");
    let own = room.join_graph(graph).expect("capacity");
    let mut own = Caller::of(own, config, 2).saying(sine(310.0, SampleRate::HZ_8000, 0.4));
    let samples: std::sync::Arc<[f32]> = speech(WIDE).into();
    let (ported, mut port) = room.join_port(PortConfig::new(WIDE)).expect("capacity");
    let frame = vec![4_000; port.frame().as_usize()];
    for turn in 0..12 {
        let player = match turn % 3 {
            0 => LegConfig::tone(500.0, -25.0),
            _ => LegConfig::clip(samples.clone(), WIDE, true),
        };
        let mut graph = room.graph(player).expect("a graph");
        graph.gain(IN, "gain", "softer", -12.0).expect("a place");
        let player = room.join_graph(graph).expect("capacity");
        swap(&plain.leg, IN, "conceal", turn);
        swap(&own.leg, IN, "conceal", turn);
        swap(&ported, IN, "port-in", turn);
        for _ in 0..10 {
            port.write(&frame).expect("room for a frame");
            studio.run(ms(20), &mut [&mut plain, &mut own]);
        }
        let to = (turn as usize + 1) % workers;
        for leg in [&plain.leg, &own.leg, &player] {
            leg.move_to(to).ok();
        }
        studio.run(ms(290), &mut [&mut plain, &mut own]);
        // It is named, and changes nothing.
        let mut wrong = own.leg.graph().expect("it stays");
        wrong.remove(IN, "gain").expect("it is there");
        own.leg.swap(wrong).expect_err("no level");
        player.leave().expect("it is in");
    }
    let state = studio.engine.end_recording().expect("it records");
    assert_eq!(state.ended.as_deref(), Some("the session ended"));
    let heard = studio.heard(plain.id(), plain.codec, 0);
    assert!(heard.iter().any(|s| s.abs() > 0.1), "they are heard");
    paper.bytes()
}

fn replays(workers: usize, others: &[usize]) {
    let recording = Recording::parse(session(workers)).expect("a recording");
    let own = replay(&recording, &mut ()).expect("it runs");
    assert!(own.is_identical() && own.compared > 500, "{own:?}");
    assert_eq!(own.compared, own.sent);
    for leg in &own.legs[..2] {
        assert!(leg.sent > 250 && leg.codecs.len() > 12, "{leg:?}");
    }
    for workers in others {
        let other = replay_with(&recording, *workers, &mut ()).expect("it runs");
        assert!(other.is_identical(), "{other:?}");
        assert_eq!((other.compared, other.digest), (own.sent, own.digest));
    }
}

#[test]
fn graphs_that_were_joined_with_and_swapped_in_with_one_worker_replay_with_two_and_three() {
    replays(1, &[2, 3]);
}

#[test]
fn graphs_that_were_joined_with_and_swapped_in_with_two_workers_replay_with_one_and_three() {
    replays(2, &[1, 3]);
}

#[test]
fn a_phone_whose_room_hears_a_tone_and_then_a_clip_in_its_place_is_replayed_with_its_codecs() {
    let paper = Paper::default();
    let engine = VirtualEngine::recorded(small(), paper.to()).expect("valid");
    let mut studio = Studio::of(engine);
    let room = studio.room("hold");
    let join = |n| Caller::join(&room, Codec::Pcmu, n).saying(sine(300.0, NARROW, 0.2));
    let (mut held, mut other) = (join(0), join(1));
    let usual = held.leg.graph().expect("it stays");
    studio.run(ms(300), &mut [&mut held, &mut other]);
    let clip = LegConfig::clip(vec![0.25; 900].into(), NARROW, true);
    for (player, codec) in [
        (LegConfig::tone(500.0, -20.0), Codec::Pcmu),
        (clip, Codec::Pcma),
    ] {
        let mut hold = room.graph(player).expect("a graph");
        let egress = network_egress(codec, ms(20), FrameTime::Ms20, NARROW, true);
        hold.set_half(OUT, Some(egress));
        held.leg.swap(hold).expect("it sends as it did");
        studio.run(ms(400), &mut [&mut held, &mut other]);
    }
    held.leg.swap(usual).expect("how it sends is remembered");
    studio.run(ms(400), &mut [&mut held, &mut other]);
    studio.engine.end_recording().expect("it records");
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let own = replay(&recording, &mut ()).expect("it runs");
    assert!(own.is_identical() && own.compared > 100, "{own:?}");
    let codecs = own.legs[0].codecs.iter().map(|told| told.codec);
    let told = [Codec::Pcmu, Codec::Pcmu, Codec::Pcma, Codec::Pcmu];
    assert_eq!(codecs.collect::<Vec<_>>(), told);
}

#[test]
fn what_is_wrong_with_a_graph_is_told_when_the_recording_is_read() {
    let bytes = session(1);
    let from = b"\"version\":2";
    let at = bytes.windows(from.len()).position(|found| found == from);
    let mut bytes = with_sound_sums(bytes, at.expect("a graph") + from.len() - 1, b'7');
    let error = Recording::parse(&bytes[..]).expect_err("another version");
    assert!(
        matches!(error, RecordingError::Graph { number: 1, .. }),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "graph 1 of the recording cannot be read: its form has version 7, this talkpath reads version 2"
    );
    bytes[8] ^= 1;
    let error = Recording::parse(&bytes[..]).expect_err("damaged");
    assert_eq!(error, RecordingError::Damaged { at: 8 });
}

/// The byte at `at` is another one, and its block has the checksum of that.
fn with_sound_sums(mut bytes: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    bytes[at] = byte;
    let mut head = 8;
    loop {
        let len = u32::from_le_bytes(bytes[head + 4..head + 8].try_into().expect("four"));
        let end = head + 12 + len as usize;
        if end > at {
            let content = bytes[head + 12..end].iter();
            let sum = crc32(bytes[head..head + 8].iter().chain(content).copied());
            bytes[head + 8..head + 12].copy_from_slice(&sum.to_le_bytes());
            return bytes;
        }
        head = end;
    }
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            sum >> 1 ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}
