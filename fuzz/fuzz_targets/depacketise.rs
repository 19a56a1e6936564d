//! A run of datagrams: parse → jitter buffer → decode, with a frame clock that goes on in between.
//!
//! The first byte picks the codec. Then, over and over: a step of time (1 byte, ms), how many bytes the datagram has
//! (2 bytes), the datagram. A seed that is one plain datagram is turned into such a run by `seed`.
#![no_main]

use core::time::Duration;
use libfuzzer_sys::fuzz_target;
use talkpath_graph::node::PcmPlane;
use talkpath_graph::{Format, FrameTime, SampleRate};
use talkpath_nodes::codec::{Codec, OpusRate};
use talkpath_nodes::decode_node::DecodeNode;
use talkpath_nodes::jitter::{JitterBuffer, JitterConfig, JitterDelays, Put};
use talkpath_nodes::packet::{Packet, parse};
use talkpath_nodes::units::Units;

const CODECS: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(SampleRate::HZ_16000),
    Codec::L16(SampleRate::HZ_48000),
    Codec::G722,
    Codec::Opus(OpusRate::Wide),
];
const FRAME: Duration = Duration::from_millis(20);

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, mut rest)) = bytes.split_first() else {
        return;
    };
    let codec = CODECS[usize::from(*kind) % CODECS.len()];
    // Opus may overshoot.
    let loudest = if codec.is_framed() { f32::MAX } else { 1.0 };
    let format = Format::mono(codec.rate(), FrameTime::Ms20);
    let delays = JitterDelays::default();
    let mut jitter = JitterBuffer::new(JitterConfig {
        codec,
        payload_type: 0,
        delays,
    });
    let mut decode = DecodeNode::new(codec, format);
    let (mut units, mut plane) = (Units::new(), PcmPlane::new());
    let (mut now, mut frame) = (Duration::ZERO, Duration::ZERO);
    while let [step, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (datagram, tail) = tail.split_at(length);
        rest = tail;
        now += Duration::from_millis(u64::from(*step));
        if let Ok((header, payload, _)) = parse(datagram) {
            let mut packet = Box::new(Packet::empty());
            packet.received = now;
            packet.header = header;
            packet
                .set_payload(&datagram[payload])
                .expect("parse has looked at the length");
            if let Put::Dropped(packet, _) = jitter.put(packet) {
                assert!(packet.received == now);
            }
        }
        while frame <= now {
            jitter.get(frame, format.frame, &mut units);
            decode.process(&units, &mut plane);
            units.clear();
            assert_eq!(plane.len(), format.plane_len());
            assert!(plane.as_slice().iter().all(|x| x.abs() <= loudest));
            frame += FRAME;
        }
        let counters = jitter.counters();
        let accounted = counters.played + jitter.queued() as u64 + counters.dropped();
        assert_eq!(counters.received, accounted);
    }
});
