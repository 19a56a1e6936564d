//! A call and its two phones.

use std::time::Duration;

use talkpath_engine::{
    Call, CallConfig, EngineError, FlowStats, NetworkConfig, RtpSender, SampleRate, Side,
    VirtualEngine,
};
use talkpath_nodes::packet::Header;

use crate::common::{Codec, EngineConfig, Sent, Studio, ms, payload_type, small};

/// A slot.
pub const SLOT: Duration = ms(1);
pub const NARROW: SampleRate = SampleRate::HZ_8000;
pub const WIDE: SampleRate = SampleRate::HZ_16000;
pub const FULL: SampleRate = SampleRate::HZ_48000;

/// A side of which everything that is usually random is fixed: what it is sent begins at these.
pub fn side(codec: Codec, ptime: u64, n: u32) -> NetworkConfig {
    NetworkConfig {
        ptime: ms(ptime),
        sender: RtpSender {
            ssrc: 0xa000 + n,
            sequence: 65_533,
            timestamp: u32::MAX - 200,
        },
        ..NetworkConfig::new(codec, payload_type(codec))
    }
}

pub struct Rig {
    pub studio: Studio,
    pub call: Call,
}

impl Rig {
    pub fn new(a: NetworkConfig, b: NetworkConfig) -> Self {
        Self::with(small(), a, b)
    }

    pub fn with(config: EngineConfig, a: NetworkConfig, b: NetworkConfig) -> Self {
        let mut studio = Studio::new(config);
        let call = studio.engine.create_call(CallConfig::new(a, b));
        let call = call.expect("capacity");
        studio.advance(2 * SLOT);
        Self { studio, call }
    }

    pub fn engine(&self) -> &VirtualEngine {
        &self.studio.engine
    }

    /// A packet of `from`'s phone, received now.
    pub fn put(&mut self, from: Side, header: Header, payload: &[u8]) {
        let (leg, now) = (self.call.side(from), self.studio.engine.now());
        assert!(self.studio.inject(leg, now, header, payload), "a box");
    }

    /// As [`put`](Self::put); what the other side was sent within a slot.
    pub fn pass(&mut self, from: Side, header: Header, payload: &[u8]) -> Vec<Sent> {
        let before = self.sent(from.other()).len();
        self.put(from, header, payload);
        self.studio.advance(SLOT);
        self.sent(from.other())[before..].to_vec()
    }

    /// All that `to` was sent.
    pub fn sent(&self, to: Side) -> &[Sent] {
        self.studio.packets(self.call.side(to))
    }

    /// The figures of what `from` sends, once they have been told.
    pub fn told(&mut self, from: Side) -> FlowStats {
        self.studio.advance(ms(1_100));
        let stats = *self.call.stats().expect("up").from(from);
        let dropped = stats.malformed
            + stats.duplicate
            + stats.late
            + stats.stale
            + stats.held
            + stats.crowded
            + stats.keys_dropped;
        assert_eq!(stats.received, stats.passed + dropped, "{stats:?}");
        stats
    }
}

/// Makes calls until one is refused: all there are, and why no more.
pub fn fill(studio: &Studio, config: CallConfig) -> (Vec<Call>, EngineError) {
    let mut calls = Vec::new();
    loop {
        match studio.engine.create_call(config) {
            Ok(call) => calls.push(call),
            Err(error) => return (calls, error),
        }
    }
}

/// The header of a phone's packet number `n`, of `ticks` each.
pub fn header(codec: Codec, n: u16, ticks: u32) -> Header {
    Header {
        payload_type: payload_type(codec),
        marker: false,
        sequence: n,
        timestamp: u32::from(n) * ticks,
        ssrc: 0x77,
    }
}

/// A payload that no other number has.
pub fn payload(n: u16, octets: usize) -> Vec<u8> {
    let step = |k: usize| (usize::from(n) * 31 + k * 7) as u8;
    (0..octets).map(step).collect()
}

/// Sequence number and timestamp of what was sent, from the first on.
pub fn line(sent: &[Sent]) -> Vec<(u16, u32)> {
    let first = sent.first().map_or((0, 0), at);
    sent.iter()
        .map(|packet| {
            let (sequence, timestamp) = at(packet);
            (
                sequence.wrapping_sub(first.0),
                timestamp.wrapping_sub(first.1),
            )
        })
        .collect()
}

fn at(packet: &Sent) -> (u16, u32) {
    (packet.header.sequence, packet.header.timestamp)
}
