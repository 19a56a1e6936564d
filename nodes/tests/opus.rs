//! Opus from the jitter buffer through the decoder: whatever is lost, frames are whole and the sound keeps its place.

use core::time::Duration;
use proptest::prelude::*;
use talkpath_graph::node::PcmPlane;
use talkpath_graph::{Format, FrameTime};
use talkpath_nodes::codec::{Codec, Encoder, MAX_PAYLOAD, OpusRate, OpusSettings};
use talkpath_nodes::decode_node::DecodeNode;
use talkpath_nodes::jitter::{JitterBuffer, JitterConfig, JitterDelays};
use talkpath_nodes::packet::Packet;
use talkpath_nodes::units::{Unit, Units};

const OPUS: Codec = Codec::Opus(OpusRate::Narrow);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Three seconds of a slow sweep in packets of `ptime` milliseconds.
fn sweep(ptime: u64) -> Vec<Vec<u8>> {
    let settings = OpusSettings {
        bitrate: Some(24_000),
        inband_fec: true,
        expected_loss: 30,
        ..OpusSettings::default()
    };
    let mut encoder = Encoder::with(OPUS, &settings);
    let pcm: Vec<f32> = (0..24_000)
        .map(|n| n as f32 / 8_000.0)
        .map(|t| (core::f32::consts::TAU * (200.0 * t + 100.0 * t * t)).sin() * 0.4)
        .collect();
    pcm.chunks_exact(8 * ptime as usize)
        .map(|pcm| {
            let mut payload = vec![0; MAX_PAYLOAD];
            let octets = encoder.encode(pcm, &mut payload).expect("a frame");
            payload.truncate(octets);
            payload
        })
        .collect()
}

/// All that is heard of `packets` but for those `lost`, frame by frame.
fn heard(packets: &[Vec<u8>], ptime: u64, frame: FrameTime, lost: &[bool]) -> Vec<f32> {
    let delays = JitterDelays {
        target: ms(100),
        max: ms(400),
    };
    let mut buffer = JitterBuffer::new(JitterConfig {
        codec: OPUS,
        payload_type: 96,
        delays,
    });
    let format = Format::mono(OPUS.rate(), frame);
    let mut node = DecodeNode::new(OPUS, format);
    let (mut units, mut plane, mut out) = (Units::new(), PcmPlane::new(), Vec::new());
    let step = frame.as_duration().as_millis() as usize;
    for now in (0..3_000_u64).step_by(step) {
        let due = now.is_multiple_of(ptime).then_some((now / ptime) as usize);
        let due = if step as u64 > ptime {
            now / ptime..(now + step as u64) / ptime
        } else {
            due.map_or(0..0, |n| n as u64..n as u64 + 1)
        };
        for n in due {
            let Some(payload) = packets.get(n as usize) else {
                continue;
            };
            if lost.get(n as usize) == Some(&true) {
                continue;
            }
            let mut packet = Box::new(Packet::empty());
            packet.header.payload_type = 96;
            packet.header.sequence = n as u16;
            packet.header.timestamp = 48 * (n * ptime) as u32;
            packet.received = ms(now);
            packet.set_payload(payload).expect("it fits");
            let put = buffer.put(packet);
            assert!(matches!(put, talkpath_nodes::jitter::Put::Queued));
        }
        buffer.get(ms(now), format.frame, &mut units);
        node.process(&units, &mut plane);
        assert_eq!(plane.len(), format.plane_len());
        assert!(plane.as_slice().iter().all(|s| s.is_finite()));
        assert!(plane.tag.gaps.is_empty(), "{units:?}");
        out.extend_from_slice(plane.as_slice());
        units.drain(..).filter_map(Unit::into_packet).for_each(drop);
    }
    out
}

fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// After half a second without loss it is as if nothing had ever been lost.
    #[test]
    fn sound_keeps_its_place_whatever_is_lost(
        ptime in prop::sample::select(vec![10_u64, 20, 40, 60]),
        frame in prop::sample::select(vec![FrameTime::Ms10, FrameTime::Ms20]),
        lost in prop::collection::vec(prop::bool::weighted(0.3), 30),
    ) {
        let packets = sweep(ptime);
        // The first packet is there, and the last is not lost.
        let lost: Vec<bool> = [false].into_iter().chain(lost).collect();
        let whole = heard(&packets, ptime, frame, &[]);
        let holed = heard(&packets, ptime, frame, &lost);
        prop_assert_eq!(whole.len(), holed.len());
        // 31 packets of 60 ms, and half a second more.
        let from = 8 * (31 * ptime as usize + 600).min(2_400);
        let alike = likeness(&whole[from..], &holed[from..]);
        prop_assert!(alike > 0.98, "{}", alike);
    }
}

#[test]
fn a_hole_of_several_packets_is_handed_out_whole_with_what_follows_it() {
    let packets = sweep(20);
    let mut lost = [false; 60];
    (lost[20], lost[21], lost[40]) = (true, true, true);
    let whole = heard(&packets, 20, FrameTime::Ms10, &[]);
    let holed = heard(&packets, 20, FrameTime::Ms10, &lost);
    // The packet before the one that came is in it: 100 ms of delay, then the packet.
    let at = |n: usize| 8 * (100 + 20 * n)..8 * (100 + 20 * n + 20);
    for n in [21, 40] {
        let alike = likeness(&whole[at(n)], &holed[at(n)]);
        assert!(alike > 0.9, "packet {n}: {alike}");
    }
}
