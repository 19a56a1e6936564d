//! Recordings that are not whole, damaged, or of a session that cannot be recorded.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use talkpath_engine::replay::{Recording, RecordingError, replay};
use talkpath_engine::{
    Engine, EngineConfig, LegConfig, RecordTo, RoomConfig, Segment, VirtualEngine,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::Paper;
use super::common::{Caller, Codec, SampleRate, Studio, ms, network, sine, small};

/// Two seconds of two phones, as far as `paper` takes them; how the recording ended.
fn session(engine: VirtualEngine) -> (Studio, Option<String>) {
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    let mut phones = [1, 2].map(|n| {
        let hz = 300.0 * f64::from(n);
        Caller::join(&room, Codec::Pcmu, n).saying(sine(hz, SampleRate::HZ_8000, 0.3))
    });
    studio.run(ms(2_000), &mut phones.iter_mut().collect::<Vec<_>>());
    let state = studio.engine.end_recording().expect("it records");
    (studio, state.ended)
}

fn recorded() -> Vec<u8> {
    let paper = Paper::default();
    session(VirtualEngine::recorded(small(), paper.to()).expect("valid"));
    paper.bytes()
}

#[test]
fn what_is_no_recording_is_told_in_words() {
    let bytes = recorded();
    let error = |bytes: &[u8]| Recording::parse(bytes).expect_err("it is wrong");
    assert_eq!(error(b""), RecordingError::NotOne);
    assert_eq!(error(b"RIFF....WAVEfmt "), RecordingError::NotOne);
    let mut other = bytes.clone();
    other[7] = 9;
    assert_eq!(
        error(&other).to_string(),
        "the recording has format 9, this talkpath reads format 1"
    );
    let mut damaged = bytes.clone();
    damaged[9_000] ^= 4;
    assert!(matches!(error(&damaged), RecordingError::Damaged { at } if at < 9_000));
    let headless = error(&bytes[..8]);
    assert_eq!(
        headless.to_string(),
        "the recording's header cannot be read: it is missing"
    );
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

/// The recording with the first `from` in its notes of requests replaced by `to`, which is as long, under a right checksum.
fn with_notes(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (mut bytes, mut at, mut replaced) = (bytes.to_vec(), 8, 0);
    while at < bytes.len() {
        let len = bytes[at + 4..at + 8].try_into().expect("four bytes");
        let end = at + 12 + u32::from_le_bytes(len) as usize;
        // 2: polls and requests.
        if bytes[at] == 2 && replaced == 0 {
            let content = &bytes[at + 12..end];
            if let Some(found) = content.windows(from.len()).position(|piece| piece == from) {
                let found = at + 12 + found;
                bytes[found..found + to.len()].copy_from_slice(to);
                replaced += 1;
            }
        }
        let sum = crc32(bytes[at..at + 8].iter().chain(&bytes[at + 12..end]));
        bytes[at + 8..at + 12].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
    assert_eq!(replaced, 1, "it stands in it");
    bytes
}

#[test]
fn a_request_that_cannot_be_read_is_told_and_not_left_out() {
    let bytes = recorded();
    let same = with_notes(&bytes, b"create_room", b"create_room");
    assert_eq!(same, bytes);
    // The room is the first that was asked for.
    for (from, to, why) in [
        (&b"create_room"[..], &b"create_tomb"[..], "unknown variant"),
        (
            b"\"frame_ms\":20",
            b"\"frame_ms\":15",
            "what there cannot be",
        ),
        (b"\"frame_ms\":20", b"\"frame_ms\":2}", "line 1"),
    ] {
        let wrong = Recording::parse(with_notes(&bytes, from, to)).expect_err("it is wrong");
        let told = wrong.to_string();
        assert!(
            matches!(wrong, RecordingError::Request { number: 1, at, .. } if at > 8 && at < bytes.len()),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
    }
    // The first phone: one request behind the room.
    let later = with_notes(&bytes, b"\"hear_self\":", b"\"hear_self\"!");
    assert!(matches!(
        Recording::parse(later),
        Err(RecordingError::Request { number: 2, .. })
    ));
}

#[test]
fn a_recording_that_is_cut_short_runs_up_to_there() {
    let bytes = recorded();
    let whole = Recording::parse(&bytes[..]).expect("a recording");
    let all = replay(&whole, &mut ()).expect("it runs");
    assert!(all.is_identical() && all.compared > 150, "{all:?}");
    // In the middle of a block, and between two.
    for end in [bytes.len() - 3, bytes.len() / 2, bytes.len() / 3] {
        let cut = Recording::parse(&bytes[..end]).expect("a recording");
        let why = cut.ends_early().expect("it is not whole");
        assert!(why.starts_with("the file is cut short at byte "), "{why}");
        let part = replay(&cut, &mut ()).expect("it runs");
        assert!(part.is_identical(), "{part:?}");
        assert!(part.compared <= all.compared);
    }
}

#[test]
fn a_recording_ends_at_its_limit_and_what_there_is_replays() {
    let paper = Paper::default();
    let to = paper.up_to(60_000);
    let (studio, ended) = session(VirtualEngine::recorded(small(), to).expect("valid"));
    assert_eq!(
        ended.as_deref(),
        Some("it has reached its limit of 0.06 MB")
    );
    let sent: usize = studio.sent.values().map(Vec::len).sum();
    assert!(sent > 150, "{sent}: the media went on");
    let bytes = paper.bytes();
    assert!(bytes.len() < 90_000, "{} bytes", bytes.len());
    let recording = Recording::parse(bytes).expect("a recording");
    let replayed = replay(&recording, &mut ()).expect("it runs");
    assert!(replayed.is_identical(), "{replayed:?}");
    assert!(replayed.compared > 20, "{} packets", replayed.compared);
}

/// A disk that does not answer while somebody holds the gate.
struct Slow {
    paper: Paper,
    gate: Arc<Mutex<()>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.gate.lock().expect("nobody panics with it"));
        self.paper.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_does_not_answer_ends_the_recording_and_not_the_media() {
    let (paper, gate) = (Paper::default(), Arc::new(Mutex::new(())));
    let slow = Slow {
        paper: paper.clone(),
        gate: Arc::clone(&gate),
    };
    let to = RecordTo {
        to: Box::new(slow),
        max_bytes: u64::MAX,
    };
    let config = EngineConfig {
        priority: None,
        ..small()
    };
    let engine = Engine::start_recorded(config, to).expect("the machine has threads");
    let mut link = engine.take_shard_link().expect("the first to ask");
    let room = engine
        .create_room(RoomConfig::new("room"))
        .expect("the first");
    let config = LegConfig::network(network(Codec::Pcmu, 1));
    let leg = room.join(config).expect("capacity");
    let clock = MonotonicClock;
    let held = gate.lock().expect("nobody panics with it");
    // Far more packets than there are copies; their legs' buffer drops most.
    let (mut given, mut sent) = (0_u16, 0);
    while given < 4_000 {
        clock.sleep_until(clock.now() + ms(10));
        for _ in 0..100 {
            let Some(mut packet) = link.to_worker.take() else {
                break;
            };
            packet.reset();
            (packet.leg, packet.received) = (leg.id().to_bits(), clock.now());
            packet.header.sequence = given;
            packet.header.timestamp = u32::from(given) * 160;
            packet.set_payload(&[0x55; 160]).expect("it fits");
            match link.to_worker.send(packet) {
                Ok(()) => given += 1,
                Err(full) => link.to_worker.put_back(full.0),
            }
        }
        while let Some(packet) = link.from_worker.recv() {
            sent += 1;
            link.from_worker.give_back(packet).expect("its own box");
        }
    }
    drop(held);
    engine.shutdown();
    assert!(sent > 10, "{sent} packets: the media went on");
    let ended = engine.recording().expect("it was recorded").ended;
    assert_eq!(
        ended.as_deref(),
        Some("packets came faster than they could be written")
    );
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    assert_eq!(recording.ends_early(), ended);
    let replayed = replay(&recording, &mut ()).expect("it runs");
    assert!(replayed.is_identical(), "{replayed:?}");
    assert!(replayed.given >= 1_000, "{replayed:?}");
}

/// A node that only the application has.
struct Halved;

impl Node for Halved {
    fn process(&mut self, _inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        for sample in outputs[0].as_mut_slice() {
            *sample *= 0.5;
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

#[test]
fn what_cannot_be_recorded_is_named() {
    let paper = Paper::default();
    let engine = VirtualEngine::recorded(small(), paper.to()).expect("valid");
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    room.join(LegConfig::tone(440.0, -20.0)).expect("capacity");
    let mut phone = Caller::join(&room, Codec::Pcmu, 1).saying(|_| 0.1);
    studio.run(ms(500), &mut [&mut phone]);
    let mut graph = room.graph(LegConfig::tone(300.0, -30.0)).expect("a graph");
    graph
        .node(Segment::Ingress, "gain", "halved", Halved)
        .expect("a place");
    room.join_graph(graph).expect("capacity");
    studio.run(ms(500), &mut [&mut phone]);
    let state = studio.engine.end_recording().expect("it was recorded");
    assert_eq!(
        state.ended.as_deref(),
        Some("a graph with a node of one's own (\"halved\") cannot be recorded")
    );
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let replayed = replay(&recording, &mut ()).expect("it runs");
    assert!(
        replayed.is_identical() && replayed.compared > 15,
        "{replayed:?}"
    );
    assert_eq!(recording.ends_early(), state.ended);
}

#[test]
fn another_engine_than_the_recorded_one_is_noticed() {
    // The same session with a jitter buffer of another length: its packets are others.
    let bytes = recorded();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("jitter_target"), "the settings are in it");
    let paper = Paper::default();
    let config = EngineConfig {
        jitter_target: ms(60),
        ..small()
    };
    session(VirtualEngine::recorded(config, paper.to()).expect("valid"));
    let other = paper.bytes();
    // The header of one before the rest of the other.
    let len = |bytes: &[u8]| {
        let len = bytes[12..16].try_into().expect("four bytes");
        8 + 12 + u32::from_le_bytes(len) as usize
    };
    let mixed: Vec<u8> = bytes[..len(&bytes)]
        .iter()
        .chain(&other[len(&other)..])
        .copied()
        .collect();
    let recording = Recording::parse(mixed).expect("well formed");
    let replayed = replay(&recording, &mut ()).expect("it runs all the same");
    assert!(!replayed.is_identical(), "{replayed:?}");
    let first = replayed.first_difference.expect("there is one");
    assert_eq!(first.worker, Some(0));
}

#[test]
fn any_single_wrong_byte_is_noticed_or_harmless() {
    let bytes = recorded();
    for at in (0..bytes.len()).step_by(97) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0x10;
        if let Ok(recording) = Recording::parse(wrong) {
            // The length of the last block may point beyond the end; everything else has its checksum.
            assert!(recording.ends_early().is_some(), "byte {at}");
            let (numbers, notes, packets) = recording.count();
            assert!(numbers + notes + packets < 4 * bytes.len());
        }
    }
}

#[test]
fn a_recording_ends_with_the_loss_of_a_worker_and_runs_up_to_there() {
    let paper = Paper::default();
    let engine = VirtualEngine::recorded(small(), paper.to()).expect("valid");
    let room = engine.create_room(RoomConfig::new("room")).expect("room");
    room.join(LegConfig::tone(440.0, -20.0)).expect("capacity");
    engine.advance(ms(300));
    engine.end_worker(0, "while it is recorded");
    engine.advance(ms(1_500));
    let state = engine.end_recording().expect("it records");
    let ended = state.ended.expect("with a reason");
    assert!(ended.contains("the loss of a worker"), "{ended}");
    let kept = Recording::parse(&paper.bytes()[..]).expect("a recording");
    replay(&kept, &mut ()).expect("it runs up to there");
}
