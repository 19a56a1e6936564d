//! Network legs through the shard's link, in virtual time: packets in, packets out.

use std::time::Duration;

use crate::callers::{Caller, FRAME, engine_and_room, talk};
use talkpath_engine::{
    Codec, Direction, LegConfig, NetworkConfig, RtpSender, SampleRate, ShardLink,
};
use talkpath_nodes::packet::{Header, Packet};

const START: RtpSender = RtpSender {
    ssrc: 0xABCD,
    sequence: 65_534,
    timestamp: u32::MAX - 100,
};

fn config(codec: Codec, payload_type: u8) -> NetworkConfig {
    NetworkConfig {
        sender: START,
        ..NetworkConfig::new(codec, payload_type)
    }
}

/// All packets that wait for the shard, as it would see them.
fn sent(shard: &mut ShardLink) -> Vec<Packet> {
    let mut all = Vec::new();
    while let Some(packet) = shard.from_worker.recv() {
        all.push((*packet).clone());
        shard
            .from_worker
            .give_back(packet)
            .expect("there is room for every box");
    }
    all
}

#[test]
fn packets_go_out_with_continuous_numbers_even_over_a_change_of_codec() {
    let (engine, room) = engine_and_room(8);
    let mut shard = engine.take_shard_link().expect("the first taker");
    assert!(engine.take_shard_link().is_none());
    let leg = room
        .join(LegConfig::network(config(Codec::Pcmu, 0)))
        .expect("good");
    let mut callers = [Caller::join(&room, SampleRate::HZ_8000, 5_000)];
    talk(&engine, &mut callers, 10);
    let wide = Codec::L16(SampleRate::HZ_16000);
    leg.change(config(wide, 100)).expect("good");
    talk(&engine, &mut callers, 10);
    let packets = sent(&mut shard);
    assert!(
        (18..=20).contains(&packets.len()),
        "{} packets",
        packets.len()
    );
    assert!(
        packets
            .iter()
            .all(|packet| packet.header.ssrc == START.ssrc)
    );
    assert!(
        packets
            .iter()
            .all(|packet| packet.leg == leg.id().to_bits())
    );
    let first = packets[0].header.sequence;
    for (n, packet) in (0_u16..).zip(&packets) {
        assert_eq!(packet.header.sequence, first.wrapping_add(n));
    }
    let types: Vec<_> = packets
        .iter()
        .map(|packet| packet.header.payload_type)
        .collect();
    assert!(
        types.is_sorted() && types.contains(&0) && types.contains(&100),
        "{types:?}"
    );
    let status = engine.status().expect("running");
    assert_eq!(status.rooms[0].legs[0].codec.as_deref(), Some("L16/16000"));
    assert_eq!(status.rooms[0].rates, [8_000, 16_000]);
    assert_eq!(
        (
            status.supervisor.edits_failed,
            status.supervisor.stale_returns
        ),
        (0, 0)
    );
}

#[test]
fn what_comes_in_is_heard_and_counted() {
    let (engine, room) = engine_and_room(8);
    let mut shard = engine.take_shard_link().expect("the first taker");
    let codec = Codec::L16(SampleRate::HZ_16000);
    let leg = room
        .join(LegConfig::network(config(codec, 96)))
        .expect("good");
    let mut callers = [Caller::join(&room, SampleRate::HZ_16000, 0)];
    for n in 0..80_u16 {
        let mut packet = shard.to_worker.take().expect("an empty box");
        packet.reset();
        packet.leg = leg.id().to_bits();
        packet.received = engine.now();
        packet.header.payload_type = 96;
        packet.header.sequence = n;
        packet.header.timestamp = u32::from(n) * 320;
        packet
            .set_payload(&[0x10, 0x00].repeat(320))
            .expect("640 octets fit");
        shard
            .to_worker
            .send(packet)
            .expect("there is room for every box");
        talk(&engine, &mut callers, 1);
    }
    assert_eq!(callers[0].last(), 0x1000);
    let stats = leg.stats().expect("there");
    assert!(stats.received >= 40, "{stats:?}");
    assert!(
        stats.late + stats.duplicate + stats.overflow + stats.malformed == 0,
        "{stats:?}"
    );
}

#[test]
fn a_leg_on_hold_is_sent_nothing_and_resumes_its_stream() {
    let (engine, room) = engine_and_room(8);
    let mut shard = engine.take_shard_link().expect("the first taker");
    let leg = room
        .join(LegConfig::network(config(Codec::Pcma, 8)))
        .expect("good");
    engine.advance(5 * FRAME);
    leg.set_direction(Direction {
        receive: false,
        send: false,
    })
    .expect("there");
    engine.advance(FRAME);
    let before = sent(&mut shard);
    engine.advance(10 * FRAME);
    assert!(sent(&mut shard).is_empty());
    leg.set_direction(Direction::BOTH).expect("there");
    engine.advance(3 * FRAME);
    let after = sent(&mut shard);
    let (last, next) = (
        before.last().expect("some").header,
        after.first().expect("some").header,
    );
    assert_eq!(next.sequence, last.sequence.wrapping_add(1));
    assert!(
        next.timestamp.wrapping_sub(last.timestamp) >= 10 * 160,
        "time went on"
    );
    leg.set_ssrc(77).expect("there");
    engine.advance(3 * FRAME);
    assert_eq!(
        sent(&mut shard).last().map(|packet| packet.header.ssrc),
        Some(77)
    );
}

#[test]
fn a_g711_leg_shares_its_plan_and_bad_configurations_are_refused() {
    let (engine, room) = engine_and_room(8);
    for _ in 0..3 {
        room.join(LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0)))
            .expect("good");
    }
    assert_eq!(engine.plans().expect("running").len(), 1);
    let with_ptime = |ms| NetworkConfig {
        ptime: Duration::from_millis(ms),
        ..NetworkConfig::new(Codec::L16(SampleRate::HZ_48000), 96)
    };
    room.join(LegConfig::network(with_ptime(10)))
        .expect("fits a box");
    for ms in [0, 5, 15, 20, 70] {
        assert!(
            room.join(LegConfig::network(with_ptime(ms))).is_err(),
            "{ms} ms"
        );
    }
    let above = NetworkConfig::new(Codec::Pcmu, 128);
    assert!(room.join(LegConfig::network(above)).is_err());
}

#[test]
fn a_farewell_is_exact_to_the_packet() {
    let (engine, room) = engine_and_room(8);
    let mut shard = engine.take_shard_link().expect("the first taker");
    let join = || {
        let config = LegConfig::network(config(Codec::Pcmu, 0));
        room.join(config).expect("good")
    };
    let (leg, other) = (join(), join());
    let farewell = leg.farewell().expect("it is in");
    for sequence in 0..3 {
        engine.advance(FRAME);
        let mut packet = shard.to_worker.take().expect("boxes");
        packet.leg = leg.id().to_bits();
        packet.received = engine.now();
        packet.header = Header {
            ssrc: 7,
            sequence,
            timestamp: u32::from(sequence) * 160,
            payload_type: 0,
            marker: false,
        };
        packet.set_payload(&[0x90; 160]).expect("it fits");
        shard.to_worker.send(packet).expect("room");
    }
    engine.advance(FRAME);
    let before = leg.stats().expect("it is in");
    leg.leave().expect("it is in");
    assert!(farewell.try_recv().is_err(), "it has not left yet");
    engine.advance(3 * FRAME);
    let last = farewell.try_recv().expect("it has left");
    let sent = sent(&mut shard);
    let of_leg = sent
        .iter()
        .filter(|packet| packet.leg == leg.id().to_bits());
    let exact = (last.stats.received, last.stats.sent);
    assert_eq!(exact, (3, of_leg.count() as u64));
    assert_ne!((before.received, before.sent), exact, "as last told");
    assert_eq!(
        (last.state, last.id.as_str()),
        ("leaving", &*leg.id().to_string())
    );
    assert!(leg.farewell().is_err());
    // Whoever waits when the engine stops waits no more.
    let never = other.farewell().expect("it is in");
    drop((engine, room, leg, other));
    assert!(never.recv().is_err());
}
