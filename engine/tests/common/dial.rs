//! A phone's keys (RFC 4733): the packets it sends for one, and how they come.

use std::time::Duration;

use talkpath_engine::KeyTypes;
use talkpath_engine::NetworkConfig;
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;
use talkpath_nodes::telephone_event::{Ear, Heard, Keys, Report};

use super::{Caller, Studio};

/// The payload type of telephone-event.
pub const KEYS: u8 = 101;

/// A packet of a key.
pub type KeyPacket = (Header, [u8; 4]);

/// With keys both ways.
pub fn with_keys(config: NetworkConfig) -> NetworkConfig {
    NetworkConfig {
        keys: KeyTypes::both(KEYS),
        ..config
    }
}

/// The packets of a key of `length`, one a packet time; the phone's stream goes on behind them.
pub fn key(caller: &mut Caller, code: u8, length: Duration) -> Vec<KeyPacket> {
    let (codec, ptime) = (caller.codec, caller.ptime);
    packets(&mut caller.header, codec, ptime, code, length)
}

/// The packets of a key in the stream of which `header` is the next; afterwards it is what follows them.
pub fn packets(
    stream: &mut Header,
    codec: Codec,
    ptime: Duration,
    code: u8,
    length: Duration,
) -> Vec<KeyPacket> {
    let clock = codec.clock();
    let mut keys = Keys::new(clock, ptime);
    assert!(keys.press(code, 10, length));
    let began = stream.timestamp;
    let mut packets = Vec::new();
    while let Some(packet) = keys.due() {
        let header = Header {
            payload_type: KEYS,
            marker: packet.marker,
            timestamp: began.wrapping_add(packet.segment),
            ..*stream
        };
        packets.push((header, packet.report.write()));
        stream.sequence = stream.sequence.wrapping_add(1);
        let step = clock.samples_in(ptime).0;
        stream.timestamp = stream.timestamp.wrapping_add(step);
    }
    packets
}

/// What the phone says while it sends nothing but keys: the packets that `comes` lets through so often, one a packet time.
pub fn dial(
    studio: &mut Studio,
    caller: &mut Caller,
    packets: &[KeyPacket],
    comes: impl Fn(usize) -> usize,
) {
    for (n, (header, payload)) in packets.iter().enumerate() {
        for _ in 0..comes(n) {
            let now = studio.engine.now();
            assert!(studio.inject(caller.id(), now, *header, payload));
        }
        studio.advance(caller.ptime);
    }
    // It speaks on from here.
    caller.due = None;
}

/// What the far end of `packets` hears of keys that come as [`KEYS`] at `hz`: code and milliseconds of each, and how many began.
pub fn far_end(packets: &[super::Sent], hz: u32) -> (usize, Vec<(u8, u64)>) {
    let (mut ear, mut began, mut over) = (Ear::default(), 0, Vec::new());
    let mut now = Duration::ZERO;
    let mut note = |heard: Heard| match heard {
        Heard::Began { .. } => began += 1,
        Heard::Ended { event, ticks, .. } => {
            over.push((event, u64::from(ticks) * 1_000 / u64::from(hz)));
        }
    };
    for packet in packets.iter().filter(|it| it.header.payload_type == KEYS) {
        let report = Report::read(&packet.payload).expect("a report");
        now += Duration::from_millis(10);
        let told = ear.hear(packet.header.timestamp, report, now);
        told.into_iter().for_each(&mut note);
    }
    let told = ear.tick(now + Duration::from_secs(1));
    told.into_iter().for_each(note);
    (began, over)
}

/// Whether no sequence number is missing or doubled.
pub fn is_unbroken(packets: &[super::Sent]) -> bool {
    let next = |pair: &[super::Sent]| {
        pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)
            && pair[1].header.ssrc == pair[0].header.ssrc
    };
    packets.windows(2).all(next)
}
