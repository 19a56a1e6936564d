//! Opus to and from everything else, and past the engine untouched.

use talkpath_engine::NetworkConfig;
use talkpath_engine::Side::{A, B};
use talkpath_nodes::codec::{Decoder, Encoder, MAX_PAYLOAD, OpusRate, OpusSettings};
use talkpath_nodes::packet::Header;

use super::rig::{Rig, SLOT, header, line, side};
use crate::common::{Codec, Sent, ears, ms, speech};

const OPUS: Codec = Codec::Opus(OpusRate::Full);
/// What Opus is on our side of it when the other side is of 8 kHz.
const NARROW: Codec = Codec::Opus(OpusRate::Narrow);

/// `pcm` of `codec` in packets of `ptime` milliseconds.
fn packets(codec: Codec, ptime: u32, pcm: &[f32], settings: OpusSettings) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::with(codec, &settings);
    let frame = (codec.rate().hz() / 1_000 * ptime) as usize;
    let encode = |pcm: &[f32]| {
        let mut bytes = vec![0; MAX_PAYLOAD];
        let octets = encoder.encode(pcm, &mut bytes).expect("a frame");
        bytes.truncate(octets);
        bytes
    };
    pcm.chunks_exact(frame).map(encode).collect()
}

fn usual(codec: Codec, ptime: u32, pcm: &[f32]) -> Vec<Vec<u8>> {
    packets(codec, ptime, pcm, OpusSettings::default())
}

/// Feeds what A says, packet for packet at its own pace, but for those `lost`.
fn say(rig: &mut Rig, codec: Codec, ptime: u32, said: &[Vec<u8>], lost: &[usize]) {
    let ticks = codec.clock_rate() / 1_000 * ptime;
    for (n, payload) in said.iter().enumerate() {
        if !lost.contains(&n) {
            rig.pass(A, header(codec, n as u16, ticks), payload);
            rig.studio.advance(ms(u64::from(ptime)) - SLOT);
        }
    }
}

fn heard(codec: Codec, sent: &[Sent]) -> Vec<f32> {
    ears::decode(codec, sent.iter().map(|packet| &packet.payload[..]))
}

/// How alike two signals are, 1 at most, the second being late by an unknown number of samples.
fn likeness(said: &[f32], heard: &[f32]) -> f64 {
    let lag = ears::find(&said[800..6_400], &heard[800..], 0..400);
    let pairs = said[800..].iter().zip(&heard[800 + lag..]);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs.map(|(a, b)| (f64::from(*a), f64::from(*b))) {
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    ab / (aa * bb).sqrt()
}

#[test]
fn opus_becomes_g711_in_the_slot_it_came_in_without_a_resampler() {
    let said = usual(NARROW, 20, &speech(NARROW.rate())[..16_000]);
    let mut rig = Rig::new(side(OPUS, 20, 1), side(Codec::Pcma, 20, 2));
    for (n, payload) in (0..).zip(&said) {
        let sent = rig.pass(A, header(OPUS, n, 960), payload);
        assert_eq!(sent.len(), 1, "in its own slot");
        assert_eq!(sent[0].payload.len(), 160);
        rig.studio.advance(ms(19));
    }
    let expected: Vec<_> = (0..said.len() as u16)
        .map(|n| (n, 160 * u32::from(n)))
        .collect();
    assert_eq!(line(rig.sent(B)), expected);
    // To the bit what the two codecs make of it.
    let pcm = ears::decode(NARROW, said.iter().map(|payload| &payload[..]));
    let mut by_hand = vec![0; pcm.len()];
    let encoded = Encoder::new(Codec::Pcma).encode(&pcm, &mut by_hand);
    assert_eq!(encoded, Ok(pcm.len()));
    let octets: Vec<u8> = rig.sent(B).iter().flat_map(|p| p.payload.clone()).collect();
    assert!(octets == by_hand);
}

#[test]
fn g711_becomes_opus_of_any_packet_time_on_a_clock_of_48_khz() {
    let pcm = speech(NARROW.rate())[..16_000].to_vec();
    let said = usual(Codec::Pcmu, 20, &pcm);
    for ptime in [10, 20, 40, 60] {
        let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(OPUS, ptime, 2));
        say(&mut rig, Codec::Pcmu, 20, &said, &[]);
        let sent = rig.sent(B);
        assert_eq!(sent.len() as u64, 2_000 / ptime);
        let step = 48 * ptime as u32;
        for (n, at) in (0..).zip(line(sent)) {
            assert_eq!(at, (n, step * u32::from(n)), "{ptime} ms");
        }
        assert!(sent.iter().all(|packet| packet.header.payload_type == 96));
        let alike = likeness(&pcm, &heard(NARROW, sent));
        assert!(alike > 0.9, "{ptime} ms: {alike:.3}");
    }
}

#[test]
fn opus_at_both_ends_passes_untouched_whatever_its_number() {
    let said = usual(OPUS, 20, &[0.1; 48_000]);
    let wide = Codec::Opus(OpusRate::Wide);
    let other = NetworkConfig {
        payload_type: 111,
        ..side(wide, 20, 2)
    };
    let mut rig = Rig::new(side(OPUS, 20, 1), other);
    say(&mut rig, OPUS, 20, &said, &[]);
    let sent = rig.sent(B);
    assert!(sent.iter().map(|packet| &packet.payload).eq(&said));
    assert!(sent.iter().all(|packet| packet.header.payload_type == 111));
    rig.studio.advance(ms(1_000));
    let worker = rig.studio.status().workers[0].counters;
    assert_eq!((worker.packets_relayed, worker.packets_transcoded), (50, 0));
}

#[test]
fn opus_is_decoded_when_the_packet_times_differ() {
    let pcm = speech(OpusRate::Wide.rate())[..32_000].to_vec();
    let wide = Codec::Opus(OpusRate::Wide);
    let said = usual(wide, 20, &pcm);
    let mut rig = Rig::new(side(wide, 20, 1), side(wide, 60, 2));
    say(&mut rig, wide, 20, &said, &[]);
    let expected: Vec<_> = (0..33).map(|n| (n, 2_880 * u32::from(n))).collect();
    assert_eq!(line(rig.sent(B)), expected);
    let once = ears::decode(wide, said.iter().map(|payload| &payload[..]));
    let by_hand = usual(wide, 60, &once);
    assert!(
        rig.sent(B)
            .iter()
            .map(|packet| &packet.payload)
            .eq(&by_hand)
    );
}

#[test]
fn what_was_collected_before_a_hole_goes_out_in_frames_there_are() {
    let said = usual(Codec::Pcmu, 10, &speech(NARROW.rate())[..1_600]);
    let mut rig = Rig::new(side(Codec::Pcmu, 10, 1), side(OPUS, 60, 2));
    // 30 ms, then one of 10 ms is missing.
    say(&mut rig, Codec::Pcmu, 10, &said, &[3]);
    let lengths = |sent: &[Sent]| -> Vec<u32> {
        let ticks = |packet: &Sent| OPUS.ticks_in(&packet.payload);
        sent.iter().filter_map(ticks).map(|it| it / 48).collect()
    };
    assert_eq!(lengths(rig.sent(B)), [20, 10, 60, 60]);
    let at = [(0, 0), (1, 20 * 48), (3, 40 * 48), (4, 100 * 48)];
    assert_eq!(line(rig.sent(B)), at);
}

#[test]
fn what_is_no_opus_packet_is_dropped_and_what_does_not_decode_is_concealed() {
    let said = usual(NARROW, 20, &speech(NARROW.rate())[..3_200]);
    let mut rig = Rig::new(side(OPUS, 20, 1), side(Codec::Pcmu, 20, 2));
    rig.pass(A, header(OPUS, 0, 960), &said[0]);
    // No octet; two frames of unequal length; as many frames as last 120 ms and more.
    for (n, bad) in (1..).zip([&[][..], &[3], &[0xff, 63]]) {
        assert!(rig.pass(A, header(OPUS, n, 960), bad).is_empty());
    }
    // A packet by its outside only: 20 ms in two frames that differ in length, of which nothing is there.
    let hollow = rig.pass(A, header(OPUS, 4, 960), &[0b0100_0010, 200]);
    assert_eq!(hollow.len(), 1);
    assert_eq!(hollow[0].payload.len(), 160);
    rig.pass(A, header(OPUS, 5, 960), &said[5]);
    let stats = rig.told(A);
    assert_eq!((stats.malformed, stats.passed), (3, 3));
}

#[test]
fn silence_is_not_sent_and_leaves_its_time_out() {
    let quiet = NetworkConfig {
        opus: OpusSettings {
            dtx: true,
            ..OpusSettings::default()
        },
        ..side(OPUS, 20, 2)
    };
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), quiet);
    let mut pcm = speech(NARROW.rate())[..8_000].to_vec();
    pcm.extend([0.0; 16_000]);
    pcm.extend_from_slice(&speech(NARROW.rate())[..8_000]);
    let said = usual(Codec::Pcmu, 20, &pcm);
    say(&mut rig, Codec::Pcmu, 20, &said, &[]);
    let sent = rig.sent(B);
    assert!((100..150).contains(&sent.len()), "{} of 200", sent.len());
    let numbers = line(sent);
    assert!(numbers.windows(2).all(|two| two[1].0 == two[0].0 + 1));
    // Every packet stands where it was said, and the first after a pause is marked.
    for (two, packets) in numbers.windows(2).zip(sent.windows(2)) {
        let step = two[1].1 - two[0].1;
        assert!(step.is_multiple_of(960) && step <= 21 * 960, "{step}");
        assert_eq!(packets[1].header.marker, step > 960);
    }
    assert_eq!(numbers.last().map(|(_, at)| *at), Some(199 * 960));
}

/// What a decoder makes of all that came, holes concealed by it.
fn played(codec: Codec, sent: &[Sent]) -> Vec<f32> {
    let mut decoder = Decoder::new(codec);
    let (mut pcm, mut next) = (Vec::new(), None);
    for packet in sent {
        let Header { timestamp, .. } = packet.header;
        while next.is_some_and(|next| next != timestamp) {
            let mut gap = vec![0.0; 160];
            assert!(decoder.recover(None, &mut gap));
            pcm.extend(gap);
            next = next.map(|next| u32::wrapping_add(next, 960));
        }
        let mut frame = vec![0.0; 160];
        assert_eq!(decoder.decode(&packet.payload, &mut frame), Ok(160));
        pcm.extend(frame);
        next = Some(timestamp.wrapping_add(960));
    }
    pcm
}

#[test]
fn a_stream_goes_on_when_opus_comes_and_goes() {
    let pcm = speech(NARROW.rate())[..16_000].to_vec();
    let said = usual(Codec::Pcmu, 20, &pcm);
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    let to = [side(OPUS, 20, 9), side(Codec::Pcma, 20, 9)];
    for (n, payload) in (0..).zip(&said) {
        rig.pass(A, header(Codec::Pcmu, n, 160), payload);
        rig.studio.advance(ms(19));
        if n == 29 || n == 59 {
            let change = rig.call.change(B, to[usize::from(n == 59)]);
            change.expect("up");
        }
    }
    let sent = rig.sent(B);
    let types: Vec<u8> = sent.iter().map(|it| it.header.payload_type).collect();
    assert_eq!(types, [[8; 30].as_slice(), &[96; 30], &[8; 40]].concat());
    let mut at = 0;
    for (n, seen) in (0..).zip(line(sent)) {
        assert_eq!(seen, (n, at), "packet {n}");
        at += if (30..60).contains(&n) { 960 } else { 160 };
    }
    let opus = played(NARROW, &sent[30..60]);
    let alike = likeness(&pcm[30 * 160..], &opus);
    assert!(alike > 0.9, "{alike:.3}");
}
