//! A jitter buffer on the test bench: packets in, units out as short text, books checked.

use core::time::Duration;
use talkpath_graph::Samples;
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::{DropReason, JitterBuffer, JitterConfig, JitterDelays, Put};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::units::{Unit, Units};

/// 20 ms at 8 kHz.
pub const FRAME: Samples = Samples(160);

pub fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// 20 ms of PCMU.
pub fn packet(sequence: u16, timestamp: u32, received: Duration) -> Box<Packet> {
    let mut packet = Box::new(Packet::empty());
    packet.header.sequence = sequence;
    packet.header.timestamp = timestamp;
    packet.received = received;
    packet.set_payload(&[0xff; 160]).expect("it fits");
    packet
}

pub struct Bench {
    pub buffer: JitterBuffer,
}

impl Bench {
    pub fn new(target: u64, max: u64) -> Self {
        let delays = JitterDelays {
            target: ms(target),
            max: ms(max),
        };
        let config = JitterConfig {
            codec: Codec::Pcmu,
            payload_type: 0,
            delays,
        };
        Self {
            buffer: JitterBuffer::new(config),
        }
    }

    /// Packet 0 came at 0 and was played at 21 ms.
    #[allow(dead_code, reason = "each test binary uses its part of the bench")]
    pub fn playing() -> Self {
        let mut bench = Self::new(20, 200);
        bench.put(0, 0, ms(0));
        assert_eq!(bench.get(ms(21)), "0");
        bench
    }

    pub fn put(&mut self, sequence: u16, timestamp: u32, at: Duration) -> Option<DropReason> {
        self.put_marked(sequence, timestamp, at, false)
    }

    pub fn put_marked(
        &mut self,
        sequence: u16,
        timestamp: u32,
        at: Duration,
        marker: bool,
    ) -> Option<DropReason> {
        let mut packet = packet(sequence, timestamp, at);
        packet.header.marker = marker;
        match self.buffer.put(packet) {
            Put::Queued => None,
            Put::Dropped(packet, reason) => {
                assert_eq!(packet.payload().len(), 160);
                Some(reason)
            }
        }
    }

    /// One frame: `7` is packet 7, `l80` 80 lost samples, `s80` 80 of silence, `x7` spent packet 7.
    pub fn get(&mut self, now: Duration) -> String {
        let mut units = Units::new();
        self.buffer.get(now, FRAME, &mut units);
        let words: Vec<String> = units
            .iter()
            .map(|unit| match unit {
                Unit::Packet(packet) => packet.header.sequence.to_string(),
                Unit::Lost(samples) => format!("l{samples}"),
                Unit::Silence(samples) => format!("s{samples}"),
                Unit::Spent(packet) => format!("x{}", packet.header.sequence),
            })
            .collect();
        words.join(" ")
    }

    /// Every packet is somewhere.
    pub fn check(&self) {
        let counters = self.buffer.counters();
        let accounted = counters.played + self.buffer.queued() as u64 + counters.dropped();
        assert_eq!(counters.received, accounted, "{counters:?}");
    }
}
