//! Keys of legs in rooms: told once each, and no loss to the jitter buffer.

use talkpath_engine::{EngineConfig, Event, EventKind, Key, KeyEnding, KeyTypes, NetworkConfig};
use talkpath_nodes::telephone_event::Report;

use crate::common::dial::{KEYS, dial, key, with_keys};
use crate::common::{Caller, Codec, SampleRate, Studio, ms, network, sine, small};
use crate::told;

const KEY: Key = Key::of_code(11);
const REPORTED: KeyEnding = KeyEnding::Reported;

fn talker(studio: &Studio, config: NetworkConfig) -> Caller {
    let room = studio.room("ivr");
    let rate = config.codec.rate();
    Caller::with(&room, config, 0).saying(sine(700.0, rate, 0.3))
}

fn phone(codec: Codec) -> (Studio, Caller) {
    let mut studio = Studio::new(small());
    let mut caller = talker(&studio, with_keys(network(codec, 0)));
    studio.run(ms(400), &mut [&mut caller]);
    studio.told();
    (studio, caller)
}

#[test]
fn a_key_is_told_once_and_costs_the_audio_nothing() {
    for codec in [Codec::Pcmu, Codec::L16(SampleRate::HZ_48000)] {
        let (mut studio, mut caller) = phone(codec);
        let packets = key(&mut caller, 11, ms(100));
        assert_eq!(
            packets.len() as u64,
            100 / caller.ptime.as_millis() as u64 + 2
        );
        dial(&mut studio, &mut caller, &packets, |_| 1);
        studio.run(ms(500), &mut [&mut caller]);
        let over = vec![(KEY, ms(100), REPORTED)];
        assert_eq!(told(&studio, caller.id()), (vec![KEY], over));
        caller.voice = None;
        studio.advance(ms(1_100));
        let stats = caller.leg.stats().unwrap();
        assert_eq!((stats.keys, stats.malformed), (packets.len() as u64, 0));
        // 200 ms behind the last packet are taken for loss, as without keys.
        let rate = u64::from(codec.rate().hz());
        assert_eq!(stats.concealed_samples, rate / 5, "{stats:?}");
        let all = stats.played + u64::from(stats.queued) + stats.keys;
        assert_eq!(stats.received, all, "{stats:?}");
        assert_eq!((stats.late, stats.duplicate, stats.resyncs), (0, 0, 0));
    }
}

#[test]
fn whatever_is_lost_of_a_key_it_is_told_once() {
    let (mut studio, mut caller) = phone(Codec::Pcmu);
    for kept in 1..1_u32 << 7 {
        let packets = key(&mut caller, 11, ms(100));
        let comes = |n: usize| usize::from(kept & (1 << n) != 0);
        dial(&mut studio, &mut caller, &packets, comes);
        studio.run(ms(100), &mut [&mut caller]);
        let last = (0..7).rev().find(|n| comes(*n) > 0).unwrap();
        let (began, over) = told(&studio, caller.id());
        assert_eq!(began[0], KEY, "{kept:b}");
        let report = Report::read(&packets[last].1).unwrap();
        // Two packets more than 40 ms apart: over, and no second key.
        assert_eq!((began.len(), over.len()), (1, 1), "{kept:b}");
        let first = (0..7).find(|n| comes(*n) > 0).unwrap();
        let through = (first..last).all(|n| comes(n) + comes(n + 1) > 0);
        if through {
            let ending = if report.end {
                REPORTED
            } else {
                KeyEnding::TimedOut
            };
            let length = ms(u64::from(report.duration) / 8);
            // An end that came before others is the end.
            assert_eq!(over[0], (KEY, length, ending), "{kept:b}");
        }
    }
}

#[test]
fn repeated_and_overtaken_packets_tell_nothing_new() {
    let (mut studio, mut caller) = phone(Codec::Pcmu);
    let mut packets = key(&mut caller, 11, ms(120));
    packets.swap(1, 2);
    packets.swap(4, 5);
    let last = packets.len() - 1;
    packets.swap(last, last - 1);
    dial(&mut studio, &mut caller, &packets, |n| 1 + n % 3);
    // The next key overtakes the last end of this one.
    let late = packets[last];
    let next = key(&mut caller, 11, ms(60));
    dial(&mut studio, &mut caller, &next[..1], |_| 1);
    dial(&mut studio, &mut caller, &[late], |_| 1);
    dial(&mut studio, &mut caller, &next[2..], |_| 1);
    studio.run(ms(200), &mut [&mut caller]);
    let over = vec![(KEY, ms(120), REPORTED), (KEY, ms(60), REPORTED)];
    assert_eq!(told(&studio, caller.id()), (vec![KEY, KEY], over));
}

#[test]
fn a_key_longer_than_65535_ticks_is_one() {
    for (codec, length) in [
        (Codec::Pcmu, ms(20_000)),
        (Codec::L16(SampleRate::HZ_48000), ms(3_000)),
    ] {
        let (mut studio, mut caller) = phone(codec);
        let packets = key(&mut caller, 11, length);
        dial(&mut studio, &mut caller, &packets, |n| {
            usize::from(n % 7 != 3)
        });
        studio.run(ms(500), &mut [&mut caller]);
        let over = vec![(KEY, length, REPORTED)];
        assert_eq!(told(&studio, caller.id()), (vec![KEY], over), "{codec}");
        // The sender was there all the time: its audio goes on without three packets to prove itself.
        let stats = {
            studio.run(ms(1_100), &mut [&mut caller]);
            caller.leg.stats().unwrap()
        };
        assert_eq!((stats.flushed, stats.malformed), (0, 0), "{stats:?}");
    }
}

#[test]
fn a_key_whose_end_is_lost_is_over_after_forty_milliseconds() {
    let (mut studio, mut caller) = phone(Codec::Pcmu);
    let packets = key(&mut caller, 11, ms(100));
    dial(&mut studio, &mut caller, &packets, |n| usize::from(n < 3));
    let last = studio.engine.now() - ms(20) * (packets.len() as u32 - 2);
    studio.run(ms(100), &mut [&mut caller]);
    let events: Vec<Event> = std::iter::from_fn(|| studio.events.try_next()).collect();
    let key = |event: &&Event| matches!(event.kind, EventKind::Key { .. });
    let over: Vec<_> = events.iter().filter(key).collect();
    assert_eq!(over.len(), 1);
    let EventKind::Key { ending, .. } = over[0].kind else {
        panic!("{over:?}");
    };
    assert_eq!(ending, KeyEnding::TimedOut);
    let after = over[0].at - last;
    assert!(after >= ms(40) && after <= ms(41), "{after:?}");
}

#[test]
fn another_source_is_heard_at_once() {
    let (mut studio, mut caller) = phone(Codec::Pcmu);
    let packets = key(&mut caller, 11, ms(100));
    dial(&mut studio, &mut caller, &packets, |_| 1);
    caller.header.ssrc ^= 0x55;
    // Long before the other's, on the circle.
    caller.header.timestamp = caller.header.timestamp.wrapping_sub(1 << 30);
    let packets = key(&mut caller, 1, ms(100));
    dial(&mut studio, &mut caller, &packets, |_| 1);
    let (began, over) = told(&studio, caller.id());
    assert_eq!((began, over.len()), (vec![KEY, Key::of_code(1)], 2));
}

#[test]
fn without_an_agreement_they_are_of_a_wrong_payload_type() {
    for keys in [
        KeyTypes::default(),
        KeyTypes {
            receive: None,
            send: Some(KEYS),
        },
        KeyTypes::both(KEYS + 1),
    ] {
        let mut studio = Studio::new(small());
        let config = NetworkConfig {
            keys,
            ..network(Codec::Pcmu, 0)
        };
        let mut caller = talker(&studio, config);
        studio.run(ms(400), &mut [&mut caller]);
        let packets = key(&mut caller, 11, ms(100));
        dial(&mut studio, &mut caller, &packets, |_| 1);
        studio.run(ms(1_500), &mut [&mut caller]);
        assert_eq!(told(&studio, caller.id()), (vec![], vec![]));
        let stats = caller.leg.stats().unwrap();
        assert_eq!((stats.keys, stats.malformed), (0, packets.len() as u64));
    }
}

#[test]
fn a_payload_type_is_for_one_thing_only() {
    let studio = Studio::new(small());
    let room = studio.room("ivr");
    for number in [0, 128] {
        let config = NetworkConfig {
            keys: KeyTypes::both(number),
            ..network(Codec::Pcmu, 0)
        };
        let refused = room.join(talkpath_engine::LegConfig::network(config));
        assert!(refused.is_err(), "{number}");
    }
}

#[test]
fn a_key_goes_on_from_worker_to_worker_and_through_a_change() {
    let mut studio = Studio::new(EngineConfig {
        workers: 2,
        ..small()
    });
    let config = with_keys(network(Codec::Pcmu, 0));
    let mut caller = talker(&studio, config);
    studio.run(ms(400), &mut [&mut caller]);
    let packets = key(&mut caller, 11, ms(900));
    dial(&mut studio, &mut caller, &packets[..10], |_| 1);
    caller.leg.move_to(1).expect("it stays");
    dial(&mut studio, &mut caller, &packets[10..20], |_| 1);
    let other = NetworkConfig {
        ptime: ms(10),
        ..config
    };
    caller.leg.change(other).expect("a change");
    dial(&mut studio, &mut caller, &packets[20..30], |_| 1);
    caller.leg.move_to(0).expect("it stays");
    dial(&mut studio, &mut caller, &packets[30..], |_| 1);
    studio.run(ms(300), &mut [&mut caller]);
    let over = vec![(KEY, ms(900), REPORTED)];
    assert_eq!(told(&studio, caller.id()), (vec![KEY], over));
    assert_eq!(studio.status().supervisor.edits_failed, 0);
}
