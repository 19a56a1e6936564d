//! A session on real threads and the real clock, a few seconds of it.

use std::time::Duration;

use talkpath_engine::replay::{Recording, Unapplied, replay, replay_with};
use talkpath_engine::{Direction, Engine, EngineConfig, Leg, LegConfig, RoomConfig, ShardLink};
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::Paper;
use super::common::{Codec, SampleRate, ms, network, payload_type, small};

/// One packet of noise from each leg, received now.
fn talk(link: &mut ShardLink, legs: &[(Leg, Codec)], turn: u64, now: Duration) {
    for (n, (leg, codec)) in legs.iter().enumerate() {
        let Some(mut packet) = link.to_worker.take() else {
            continue;
        };
        packet.reset();
        (packet.leg, packet.received) = (leg.id().to_bits(), now);
        let ptime = ms(20).min(codec.max_ptime());
        let samples = codec.rate().samples_in(ptime).0;
        packet.header.payload_type = payload_type(*codec);
        packet.header.ssrc = n as u32;
        packet.header.sequence = turn as u16;
        packet.header.timestamp = (turn as u32).wrapping_mul(samples);
        let bytes = codec.octets_of(samples as usize);
        let noise: Vec<u8> = (0..bytes)
            .map(|at| (at as u64 * 31 + turn * 7 + n as u64) as u8)
            .collect();
        packet.set_payload(&noise).expect("it fits");
        // A full ring is what a shard meets with, too.
        if let Err(full) = link.to_worker.send(packet) {
            link.to_worker.put_back(full.0);
        }
    }
}

fn a_live_session(workers: usize) {
    let paper = Paper::default();
    let config = EngineConfig {
        workers,
        priority: None,
        ..small()
    };
    let engine = Engine::start_recorded(config, paper.to()).expect("the machine has threads");
    let mut link = engine.take_shard_link().expect("the first to ask");
    let rooms = ["north", "south"].map(|name| {
        engine
            .create_room(RoomConfig::new(name))
            .expect("there is room")
    });
    rooms[0]
        .join(LegConfig::tone(440.0, -20.0))
        .expect("capacity");
    let clock = MonotonicClock;
    let mut legs: Vec<(Leg, Codec)> = Vec::new();
    let begin = clock.now();
    let mut sent = 0;
    for turn in 0..150_u64 {
        clock.sleep_until(begin + turn as u32 * ms(20));
        talk(&mut link, &legs, turn, clock.now());
        while let Some(mut packet) = link.from_worker.recv() {
            packet.reset();
            sent += 1;
            link.from_worker.give_back(packet).expect("its own box");
        }
        let at = turn as usize;
        match turn % 10 {
            0 | 3 if legs.len() < 10 => {
                let codec = [Codec::Pcmu, Codec::L16(SampleRate::HZ_16000)][at % 2];
                let config = LegConfig::network(network(codec, turn as u32));
                let leg = rooms[at % 2].join(config).expect("capacity");
                legs.push((leg, codec));
            }
            1 => {
                let (leg, _) = &legs[at % legs.len()];
                // Refused while it is on its way already.
                leg.move_to(at % workers).ok();
            }
            5 => {
                let (leg, _) = &legs[at % legs.len()];
                leg.set_direction(Direction {
                    receive: turn % 20 == 5,
                    send: true,
                })
                .expect("it is in");
            }
            7 => {
                let at = at % legs.len();
                let (leg, codec) = &mut legs[at];
                let other = [Codec::Pcma, Codec::Pcmu][turn as usize / 10 % 2];
                if leg.change(network(other, 0)).is_ok() {
                    *codec = other;
                }
            }
            8 if legs.len() > 6 => legs.remove(0).0.leave().expect("it is in"),
            _ => {}
        }
    }
    assert_eq!(engine.recording().expect("it is recorded").ended, None);
    drop(link);
    engine.shutdown();
    let state = engine.recording().expect("it was recorded");
    assert_eq!(state.ended.as_deref(), Some("the session ended"));
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let first = replay(&recording, &mut ()).expect("it runs");
    assert_eq!(first.first_difference, None);
    assert!(first.is_identical(), "{first:?}");
    assert_eq!(first.compared, sent);
    assert!(sent > 500, "{sent} packets");
    assert!(first.session >= ms(2_900), "{:?}", first.session);
    let again = replay(&recording, &mut ()).expect("it runs again");
    assert_eq!(again.digest, first.digest);
    let other = replay_with(&recording, 4 - workers, &mut ()).expect("it runs");
    // Several workers of a busy machine may miss each other's sums: then it is said.
    let missed = |one: &Unapplied| one.what != "moves between workers";
    if workers == 1 || !other.unapplied.iter().any(missed) {
        assert!(other.is_identical(), "{other:?}");
        assert_eq!(other.digest, first.digest);
    }
}

#[test]
fn a_live_session_of_one_worker_replays() {
    a_live_session(1);
}

#[test]
fn a_live_session_of_three_workers_replays() {
    a_live_session(3);
}
