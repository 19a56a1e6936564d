//! Keys of ours: in the place of the audio, in its stream.

use std::time::Duration;

use talkpath_engine::replay::{Recording, replay};
use talkpath_engine::{
    CallConfig, Direction, EngineConfig, EngineError, Key, LegConfig, NetworkConfig, RecordTo,
    Side, VirtualEngine,
};

use crate::calls::Line;
use crate::common::dial::{KEYS, far_end, is_unbroken, with_keys};
use crate::common::{Caller, Codec, SampleRate, Sent, Studio, ms, network, sine, small};

const FULL: Codec = Codec::L16(SampleRate::HZ_48000);

fn end(codec: Codec, ptime: u64, n: u32) -> NetworkConfig {
    with_keys(NetworkConfig {
        ptime: ms(ptime),
        ..network(codec, n)
    })
}

fn is_key(packet: &Sent) -> bool {
    packet.header.payload_type == KEYS
}

/// Three packets end each of `keys` keys, none of audio stands between the first and the last, and one that follows is marked.
fn are_whole(sent: &[Sent], keys: usize) {
    let ends = sent
        .iter()
        .filter(|it| is_key(it) && it.payload[1] & 0x80 != 0);
    assert_eq!(ends.count(), 3 * keys);
    let first = sent.iter().position(is_key).unwrap();
    let last = sent.iter().rposition(is_key).unwrap();
    assert!(sent[first..=last].iter().all(is_key));
    let marks = sent[first..=last].iter().filter(|it| it.header.marker);
    assert_eq!(marks.count(), keys);
    if let Some(next) = sent.get(last + 1) {
        assert!(next.header.marker && !is_key(next));
    }
}

#[test]
fn keys_to_a_leg_take_the_place_of_its_audio() {
    let opus = Codec::Opus(talkpath_nodes::codec::OpusRate::Full);
    for config in [
        end(Codec::Pcmu, 20, 0),
        end(Codec::Pcma, 40, 0),
        end(Codec::G722, 10, 0),
        end(FULL, 10, 0),
        end(opus, 20, 0),
    ] {
        let mut studio = Studio::new(small());
        let room = studio.room("ivr");
        let listener = Caller::with(&room, config, 0);
        let mut talker =
            Caller::join(&room, Codec::Pcmu, 1).saying(sine(500.0, SampleRate::HZ_8000, 0.3));
        studio.run(ms(400), &mut [&mut talker]);
        listener.leg.send_keys("1#d", ms(120)).unwrap();
        studio.run(ms(1_200), &mut [&mut talker]);
        let sent = studio.packets(listener.id());
        let codec = config.codec;
        assert!(is_unbroken(sent), "{codec}");
        let heard = [(1, 120), (11, 120), (15, 120)];
        assert_eq!(
            far_end(sent, codec.clock_rate()),
            (3, heard.to_vec()),
            "{codec}"
        );
        are_whole(sent, 3);
        // The stream's time is that of its packets, keys or not.
        let (first, last) = (&sent[0], &sent[sent.len() - 1]);
        assert!(!is_key(last), "{codec}");
        let ticks = last.header.timestamp.wrapping_sub(first.header.timestamp);
        let span = last.not_before - first.not_before;
        let expected = codec.clock().samples_in(span).0;
        assert_eq!(ticks, expected, "{codec}");
    }
}

#[test]
fn keys_to_a_side_of_a_call_go_into_its_stream() {
    for (a, b) in [
        (end(Codec::Pcmu, 20, 0), end(Codec::Pcmu, 20, 1)),
        (end(Codec::Pcmu, 20, 0), end(Codec::Pcma, 30, 1)),
        (end(Codec::Pcmu, 20, 0), end(FULL, 10, 1)),
        (end(FULL, 10, 0), end(Codec::G722, 20, 1)),
    ] {
        for talks in [true, false] {
            let names = format!("{} to {} {talks}", a.codec, b.codec);
            let mut line = Line::new(a, b);
            let packets = 1_200 / a.ptime.as_millis() as usize;
            line.talk(if talks { 18 } else { 0 });
            line.call.send_keys(Side::B, "90*", ms(120)).unwrap();
            match talks {
                true => line.talk(packets),
                false => line.studio.advance(ms(1_200)),
            }
            let sent = line.sent();
            assert!(is_unbroken(sent), "{names}");
            let heard = [(9, 120), (0, 120), (10, 120)];
            assert_eq!(
                far_end(sent, b.codec.clock_rate()),
                (3, heard.to_vec()),
                "{names}"
            );
            are_whole(sent, 3);
            let mut before = sent[0].header.timestamp;
            for packet in sent {
                let step = packet.header.timestamp.wrapping_sub(before);
                assert!(step < 1 << 31, "{names}: time goes back");
                before = packet.header.timestamp;
            }
            // Audio that begins after them goes on in the stream.
            line.talk(18);
            let sent = line.sent();
            assert!(
                is_unbroken(sent) && !is_key(&sent[sent.len() - 1]),
                "{names}"
            );
            let last = sent.iter().rposition(is_key).unwrap();
            let step = sent[last + 1]
                .header
                .timestamp
                .wrapping_sub(sent[last].header.timestamp);
            assert!(step > 0 && step < b.codec.clock_rate(), "{names}: {step}");
            let stats = line.stats();
            assert_eq!(stats.held > 0, talks, "{names}");
        }
    }
}

#[test]
fn a_moved_call_and_a_moved_leg_go_on_with_their_keys() {
    let config = EngineConfig {
        workers: 2,
        ..small()
    };
    let mut line = Line::with(config.clone(), end(Codec::Pcmu, 20, 0), end(FULL, 10, 1));
    line.talk(6);
    line.call.send_keys(Side::B, "123", ms(200)).unwrap();
    line.talk(6);
    line.call.move_to(1).unwrap();
    line.talk(60);
    let heard = vec![(1, 200), (2, 200), (3, 200)];
    assert_eq!(far_end(line.sent(), 48_000), (3, heard.clone()));
    assert!(is_unbroken(line.sent()));
    let mut studio = Studio::new(config);
    let room = studio.room("ivr");
    let leg = Caller::with(&room, end(Codec::Pcmu, 20, 0), 0);
    studio.advance(ms(300));
    leg.leg.send_keys("123", ms(200)).unwrap();
    studio.advance(ms(100));
    leg.leg.move_to(1).unwrap();
    studio.advance(ms(200));
    leg.leg.change(end(Codec::Pcma, 20, 0)).unwrap();
    studio.advance(ms(1_200));
    let sent = studio.packets(leg.id());
    assert!(is_unbroken(sent));
    assert_eq!(far_end(sent, 8_000), (3, heard));
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let studio = Studio::new(small());
    let room = studio.room("ivr");
    let join = |config| room.join(LegConfig::network(config)).unwrap();
    let leg = join(end(Codec::Pcmu, 20, 0));
    let refused = leg.send_keys("12x", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::NotAKey { actual: 'x' }));
    let refused = leg.send_keys("", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::OutOfRange { .. }));
    let refused = leg.send_keys("1", ms(10)).unwrap_err();
    assert!(matches!(refused, EngineError::OutOfRange { .. }));
    let plain = join(network(Codec::Pcmu, 1));
    let refused = plain.send_keys("1", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::NoKeys { leg } if leg == plain.id()));
    let tone = room.join(LegConfig::tone(400.0, -20.0)).unwrap();
    let refused = tone.send_keys("1", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::NoKeys { .. }));
    let call = CallConfig::new(end(Codec::Pcmu, 20, 2), network(Codec::Pcmu, 3));
    let call = studio.engine.create_call(call).unwrap();
    call.send_keys(Side::A, "1", ms(100)).unwrap();
    let refused = call.send_keys(Side::B, "1", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::NoKeys { leg } if leg == call.side(Side::B)));
    leg.leave().unwrap();
    let refused = leg.send_keys("1", ms(100)).unwrap_err();
    assert!(matches!(refused, EngineError::StaleLeg { .. }));
}

#[test]
fn a_row_that_finds_no_room_is_left_out_whole_and_counted() {
    let mut studio = Studio::new(small());
    let room = studio.room("ivr");
    let leg = Caller::with(&room, end(Codec::Pcmu, 20, 0), 0);
    studio.advance(ms(300));
    let row = "1".repeat(30);
    leg.leg.send_keys(&row, ms(40)).unwrap();
    leg.leg.send_keys("234", ms(40)).unwrap();
    leg.leg.send_keys("5", ms(40)).unwrap();
    studio.advance(ms(6_000));
    let (began, heard) = far_end(studio.packets(leg.id()), 8_000);
    let codes: Vec<u8> = heard.iter().map(|(code, _)| *code).collect();
    assert_eq!((began, codes), (31, [vec![1; 30], vec![5]].concat()));
    assert_eq!(studio.status().workers[0].counters.keys_unsent, 3);
}

#[test]
fn on_hold_they_wait() {
    let mut studio = Studio::new(small());
    let room = studio.room("ivr");
    let leg = Caller::with(&room, end(Codec::Pcmu, 20, 0), 0);
    studio.advance(ms(300));
    let hold = Direction {
        receive: true,
        send: false,
    };
    leg.leg.set_direction(hold).unwrap();
    leg.leg.send_keys("7", ms(100)).unwrap();
    studio.advance(ms(500));
    assert_eq!(far_end(studio.packets(leg.id()), 8_000).0, 0);
    leg.leg.set_direction(Direction::BOTH).unwrap();
    studio.advance(ms(500));
    assert_eq!(
        far_end(studio.packets(leg.id()), 8_000),
        (1, vec![(7, 100)])
    );
}

/// A file in memory.
#[derive(Clone, Default)]
struct Paper(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn keys_both_ways_are_played_again_to_the_bit() {
    let paper = Paper::default();
    let to = RecordTo {
        to: Box::new(paper.clone()),
        max_bytes: u64::MAX,
    };
    let mut studio = Studio::of(VirtualEngine::recorded(small(), to).unwrap());
    let room = studio.room("ivr");
    let mut caller = Caller::with(&room, end(Codec::Pcmu, 20, 0), 0);
    let calls = CallConfig::new(end(Codec::Pcmu, 20, 2), end(FULL, 10, 3));
    let call = studio.engine.create_call(calls).unwrap();
    studio.advance(ms(100));
    let packets = crate::common::dial::key(&mut caller, 4, ms(100));
    crate::common::dial::dial(&mut studio, &mut caller, &packets, |_| 1);
    caller.leg.send_keys("12*", ms(60)).unwrap();
    call.send_keys(Side::A, "3D", ms(60)).unwrap();
    call.send_keys(Side::B, "0", Duration::from_millis(100))
        .unwrap();
    studio.advance(ms(1_000));
    let (began, over) = crate::told(&studio, caller.id());
    assert_eq!((began, over.len()), (vec![Key::of_code(4)], 1));
    let sent = |leg, hz| far_end(studio.packets(leg), hz).0;
    assert_eq!(sent(caller.id(), 8_000), 3);
    assert_eq!(sent(call.side(Side::A), 8_000), 2);
    assert_eq!(sent(call.side(Side::B), 48_000), 1);
    drop(studio);
    let bytes = paper.0.lock().unwrap().clone();
    let recording = Recording::parse(bytes).expect("a recording");
    let replayed = replay(&recording, &mut ()).expect("it runs");
    assert!(replayed.is_identical(), "{replayed:?}");
}
