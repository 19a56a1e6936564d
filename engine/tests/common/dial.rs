//! A phone's keys (RFC 4733): the packets it sends for one, and how they come.

use std::time::Duration;

use talkpath_engine::KeyTypes;
use talkpath_engine::NetworkConfig;
use talkpath_nodes::packet::Header;
use talkpath_nodes::telephone_event::Keys;

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
    let clock = caller.codec.clock();
    let mut keys = Keys::new(clock, caller.ptime);
    assert!(keys.press(code, 10, length));
    let began = caller.header.timestamp;
    let mut packets = Vec::new();
    while let Some(packet) = keys.due() {
        let header = Header {
            payload_type: KEYS,
            marker: packet.marker,
            timestamp: began.wrapping_add(packet.segment),
            ..caller.header
        };
        packets.push((header, packet.report.write()));
        caller.header.sequence = caller.header.sequence.wrapping_add(1);
        let step = clock.samples_in(caller.ptime).0;
        caller.header.timestamp = caller.header.timestamp.wrapping_add(step);
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
