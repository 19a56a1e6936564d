//! The ends do not agree: codecs, clocks and packet times, in the slot the packet came in.

use std::time::Duration;

use talkpath_engine::Direction;
use talkpath_engine::Side::{A, B};
use talkpath_nodes::codec::Encoder;
use talkpath_nodes::g711;
use talkpath_nodes::packet::Header;
use talkpath_nodes::resample::Resampler;

use super::rig::{FULL, NARROW, Rig, SLOT, WIDE, header, line, payload, side};
use crate::common::{Codec, ears, ms, payload_type, speech};

const ALL: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(NARROW),
    Codec::L16(WIDE),
    Codec::L16(FULL),
    Codec::G722,
];

/// What decoding and encoding anew gives.
fn recoded(from: Codec, payload: &[u8]) -> Vec<u8> {
    let (mut pcm, mut out) = (vec![0; payload.len()], vec![0; payload.len()]);
    if from == Codec::Pcmu {
        g711::decode_ulaw(payload, &mut pcm);
        g711::encode_alaw(&pcm, &mut out);
    } else {
        g711::decode_alaw(payload, &mut pcm);
        g711::encode_ulaw(&pcm, &mut out);
    }
    out
}

/// All payloads of a stream in one.
fn octets(sent: &[crate::common::Sent]) -> Vec<u8> {
    sent.iter()
        .flat_map(|packet| packet.payload.clone())
        .collect()
}

/// What comes of samples when `codec` has encoded them.
fn encoded(codec: Codec, pcm: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; codec.octets_of(pcm.len())];
    Encoder::new(codec).encode(pcm, &mut bytes).expect("room");
    bytes
}

#[test]
fn the_two_laws_are_what_decoding_and_encoding_gives_bit_for_bit() {
    for (from, to) in [(Codec::Pcmu, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
        let mut rig = Rig::new(side(from, 20, 1), side(to, 20, 2));
        let mut said = Vec::new();
        for n in 0..40_u16 {
            let (now, bytes) = (rig.engine().now(), payload(n, 160));
            let sent = rig.pass(A, header(from, n, 160), &bytes);
            assert_eq!(sent.len(), 1, "in its own slot");
            assert_eq!(sent[0].payload, recoded(from, &bytes));
            assert_eq!(sent[0].not_before, now, "it may leave at once");
            let (head, number) = (sent[0].header, to.static_payload_type());
            assert_eq!((Some(head.payload_type), head.marker), (number, n == 0));
            said.extend(bytes);
            let back = rig.pass(B, header(to, n, 160), &payload(n + 3, 160));
            assert_eq!(back[0].payload, recoded(to, &payload(n + 3, 160)));
            rig.studio.advance(ms(18));
        }
        let codes: std::collections::BTreeSet<u8> = said.into_iter().collect();
        assert_eq!(codes.len(), 256, "every code was said");
        let expected: Vec<_> = (0..40).map(|n| (n, 160 * u32::from(n))).collect();
        assert_eq!(line(rig.sent(B)), expected);
        rig.studio.advance(ms(1_000));
        let worker = rig.studio.status().workers[0].counters;
        assert_eq!((worker.packets_relayed, worker.packets_transcoded), (0, 80));
    }
}

/// A second of speech from every codec to every other: the bits are those of decoder, resampler and encoder by hand.
#[test]
fn speech_between_any_two_codecs_is_what_the_nodes_make_of_it() {
    for from in ALL {
        for to in ALL.into_iter().filter(|to| *to != from) {
            let usual = |codec: Codec| if codec == Codec::L16(FULL) { 10 } else { 20 };
            let (there, back) = (usual(from), usual(to));
            let mut rig = Rig::new(side(from, there, 1), side(to, back, 2));
            let said = of_rate(from);
            let bytes = encoded(from, &said);
            let ticks = from.clock_rate() / 1_000 * there as u32;
            let packet = from.octets_of(from.samples_of(ticks).as_usize());
            for (n, payload) in (0..).zip(bytes.chunks_exact(packet)) {
                rig.pass(A, header(from, n, ticks), payload);
                rig.studio.advance(ms(there) - SLOT);
            }
            let heard = octets(rig.sent(B));
            let pcm = ears::decode(from, [&bytes[..]].into_iter());
            let by_hand = encoded(to, &resampled(from, to, &pcm));
            let name = format!("{from} to {to}");
            assert!(heard.len() >= by_hand.len() * 9 / 10, "{name}");
            assert!(heard == by_hand[..heard.len()], "{name}: not the same bits");
            let step = to.clock_rate() / 1_000 * back as u32;
            for (n, at) in (0..).zip(line(rig.sent(B))) {
                assert_eq!(at, (n, step * u32::from(n)), "{name}");
            }
            assert_eq!(rig.sent(B)[0].header.payload_type, payload_type(to));
            same_speech(from, to, &pcm, &ears::decode(to, [&heard[..]].into_iter()));
        }
    }
}

/// A second of speech at a codec's rate.
fn of_rate(codec: Codec) -> Vec<f32> {
    let source = if codec.rate() == NARROW { NARROW } else { WIDE };
    let clip = speech(source)[..source.hz() as usize].to_vec();
    if codec.rate() == FULL {
        resampled(Codec::L16(WIDE), Codec::L16(FULL), &clip)
    } else {
        clip
    }
}

fn resampled(from: Codec, to: Codec, pcm: &[f32]) -> Vec<f32> {
    if from.rate() == to.rate() {
        return pcm.to_vec();
    }
    let length = pcm.len() * to.rate().hz() as usize / from.rate().hz() as usize;
    let mut out = vec![0.0; length];
    let mut resampler = Resampler::new(from.rate(), to.rate()).expect("a pair");
    resampler.process(pcm, &mut out);
    out
}

/// Both hold the same speech: compared at the lower of the two rates, the delay of the filters allowed for.
fn same_speech(from: Codec, to: Codec, said: &[f32], heard: &[f32]) {
    let low = if from.rate() < to.rate() { from } else { to };
    let (said, heard) = (resampled(from, low, said), resampled(to, low, heard));
    let lag = ears::find(&said[800..4_800], &heard[800..], 0..80);
    let pairs = said[800..].iter().zip(&heard[800 + lag..]);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs.map(|(a, b)| (f64::from(*a), f64::from(*b))) {
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    let likeness = ab / (aa * bb).sqrt();
    assert!(likeness > 0.99, "{from} to {to}: {likeness:.4} at {lag}");
}

/// Every packet time to every other, with and without a decoder: nothing waits but for its packet to be full.
#[test]
fn any_packet_time_is_regrouped_without_more_delay_than_the_arithmetic() {
    for to in [Codec::Pcma, Codec::Pcmu] {
        for (there, back) in (1..=6).flat_map(|a| (1..=6).map(move |b| (10 * a, 10 * b))) {
            if (to, there) == (Codec::Pcmu, back) {
                continue;
            }
            let mut rig = Rig::new(side(Codec::Pcmu, there, 1), side(to, back, 2));
            let (ticks, begin) = (8 * there as u32, rig.engine().now());
            let mut said = Vec::new();
            for n in 0..(1_200 / there) as u16 {
                let bytes = payload(n, ticks as usize);
                said.extend(bytes.clone());
                rig.pass(A, header(Codec::Pcmu, n, ticks), &bytes);
                rig.studio.advance(ms(there) - SLOT);
            }
            let name = format!("{there} ms to {back} ms of {to}");
            let expected = match to {
                Codec::Pcma => recoded(Codec::Pcmu, &said),
                _ => said,
            };
            assert_eq!(octets(rig.sent(B)), expected, "{name}");
            let mut made_by = (u64::MAX, 0);
            for (n, packet) in (0..).zip(rig.sent(B)) {
                assert_eq!(packet.payload.len() as u64, 8 * back, "{name}");
                // The packet that brings its last sample, and how many of that one's packets went before.
                let brought = ((n + 1) * back).div_ceil(there) - 1;
                made_by = if made_by.0 == brought {
                    (brought, made_by.1 + 1)
                } else {
                    (brought, 0)
                };
                let wanted = begin + ms(brought * there) + ms(back * made_by.1);
                assert_eq!(packet.not_before, wanted, "{name}: packet {n}");
            }
            let step = 8 * back as u32;
            for (n, at) in (0..).zip(line(rig.sent(B))) {
                assert_eq!(at, (n, step * u32::from(n)), "{name}");
            }
        }
    }
}

/// What `numbers` of packets of `there` ms become in packets of `back` ms: sequence, timestamp and octets.
fn with_holes(there: u64, back: u64, numbers: &[u16]) -> Vec<(u16, u32, usize)> {
    let mut rig = Rig::new(side(Codec::Pcmu, there, 1), side(Codec::Pcma, back, 2));
    let ticks = 8 * there as u32;
    for &n in numbers {
        let bytes = payload(n, ticks as usize);
        rig.pass(A, header(Codec::Pcmu, n, ticks), &bytes);
        rig.studio.advance(ms(there) - SLOT);
    }
    let sizes = rig.sent(B).iter().map(|packet| packet.payload.len());
    let line = line(rig.sent(B)).into_iter().zip(sizes);
    line.map(|((sequence, timestamp), size)| (sequence, timestamp, size))
        .collect()
}

#[test]
fn a_hole_stays_a_hole_of_the_same_length() {
    // Two of five, packet for packet.
    let same = with_holes(20, 20, &[0, 1, 4]);
    assert_eq!(same, [(0, 0, 160), (1, 160, 160), (4, 640, 160)]);
    // What was collected before the hole goes out by itself; the grid begins anew behind it.
    let longer = with_holes(20, 30, &[0, 1, 3, 4, 5]);
    assert_eq!(
        longer,
        [(0, 0, 240), (1, 240, 80), (3, 480, 240), (4, 720, 240)]
    );
    // One of sixty is six of ten.
    let shorter = with_holes(60, 10, &[0, 2]);
    assert_eq!(shorter[5..7], [(5, 400, 80), (12, 960, 80)]);
    // One of ten is a hole all the same, though less than a packet of ours.
    let longest = with_holes(10, 60, &[0, 1, 3, 4, 5, 6, 7, 8]);
    assert_eq!(longest, [(0, 0, 160), (2, 240, 480)]);
    // Across clocks.
    for (from, to, there) in [(WIDE, NARROW, 320), (NARROW, WIDE, 160)] {
        let (from, to) = (Codec::L16(from), Codec::L16(to));
        let mut rig = Rig::new(side(from, 20, 1), side(to, 20, 2));
        for n in [0, 1, 5, 6] {
            rig.pass(A, header(from, n, there), &payload(n, 2 * there as usize));
            rig.studio.advance(ms(19));
        }
        let step = to.clock_rate() / 50;
        let expected = [(0, 0), (1, step), (5, 5 * step), (6, 6 * step)];
        assert_eq!(line(rig.sent(B)), expected);
        assert_eq!(rig.told(A).missing, 3);
    }
}

#[test]
fn what_is_older_than_what_was_decoded_or_came_before_is_dropped() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    for n in [0, 1, 3, 2, 3, 4, 65_535] {
        rig.pass(A, header(Codec::Pcmu, n, 160), &payload(n, 160));
    }
    let expected = [(0, 0), (1, 160), (3, 480), (4, 640)];
    assert_eq!(line(rig.sent(B)), expected);
    let stats = rig.told(A);
    assert_eq!((stats.late, stats.duplicate, stats.passed), (2, 1, 4));
}

#[test]
fn what_is_no_whole_packet_is_malformed() {
    let (full, narrow) = (Codec::L16(FULL), Codec::Pcmu);
    let mut rig = Rig::new(side(full, 10, 1), side(narrow, 20, 2));
    // Octets: odd, not whole at the other clock, none, whole.
    for (n, octets) in [(0, 961), (1, 14), (2, 0), (3, 960)] {
        rig.pass(A, header(full, n, 480), &payload(n, octets));
    }
    let wrong = Header {
        payload_type: 13,
        ..header(full, 4, 480)
    };
    rig.pass(A, wrong, &payload(4, 960));
    rig.pass(A, header(full, 5, 480), &payload(5, 960));
    let stats = rig.told(A);
    assert_eq!((stats.malformed, stats.passed), (4, 2));
    // The hole between the two is a hole of ours.
    assert_eq!((rig.sent(B).len(), rig.sent(B)[0].payload.len()), (1, 80));
}

#[test]
fn a_pause_is_no_hole_and_the_marker_comes_with_what_follows_it() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::L16(WIDE), 20, 2));
    for (sequence, timestamp) in [(7, 160), (8, 320), (9, 8_480), (10, 8_640)] {
        let head = Header {
            sequence,
            timestamp,
            marker: sequence == 9,
            ..header(Codec::Pcmu, 0, 0)
        };
        rig.pass(A, head, &payload(sequence, 160));
    }
    let expected = [(0, 0), (1, 320), (2, 16_640), (3, 16_960)];
    assert_eq!(line(rig.sent(B)), expected);
    let marked: Vec<bool> = rig.sent(B).iter().map(|p| p.header.marker).collect();
    assert_eq!(marked, [true, false, true, false]);
}

/// Feeds packets of A's codec, `range` of them, at their own pace.
fn feed(rig: &mut Rig, codec: Codec, range: std::ops::Range<u16>) {
    let ticks = codec.clock_rate() / 50;
    for n in range {
        let octets = codec.octets_of(ticks as usize);
        rig.pass(A, header(codec, n, ticks), &payload(n, octets));
        rig.studio.advance(ms(19));
    }
}

#[test]
fn sequence_and_timestamp_go_on_through_a_new_source_and_a_hold() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::L16(WIDE), 20, 2));
    feed(&mut rig, Codec::Pcmu, 0..5);
    for n in 0..3 {
        let head = Header {
            ssrc: 0x99,
            sequence: 40_000 + n,
            timestamp: 9 + 160 * u32::from(n),
            ..header(Codec::Pcmu, 0, 0)
        };
        rig.pass(A, head, &payload(n, 160));
        rig.studio.advance(ms(19));
    }
    let expected: Vec<_> = (0..8).map(|n| (n, 320 * u32::from(n))).collect();
    assert_eq!(line(rig.sent(B)), expected);
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 30, 2));
    feed(&mut rig, Codec::Pcmu, 0..2);
    let hold = Direction {
        receive: false,
        send: true,
    };
    rig.call.set_direction(A, hold).expect("up");
    feed(&mut rig, Codec::Pcmu, 2..12);
    assert_eq!(rig.sent(B).len(), 1);
    rig.call.set_direction(A, Direction::BOTH).expect("up");
    feed(&mut rig, Codec::Pcmu, 12..15);
    // What was collected before the hold is not lost; 200 ms later it goes on.
    let sizes: Vec<_> = rig.sent(B).iter().map(|p| p.payload.len()).collect();
    assert_eq!(sizes, [240, 80, 240, 240]);
    let expected = [(0, 0), (1, 240), (2, 12 * 160), (3, 12 * 160 + 240)];
    assert_eq!(line(rig.sent(B)), expected);
    assert_eq!(rig.told(A).missing, 0);
}

#[test]
fn a_change_of_one_side_goes_on_where_both_streams_are() {
    let wide = Codec::L16(WIDE);
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 20, 2));
    let both = |rig: &mut Rig, a: Codec, numbers: std::ops::Range<u16>| {
        for n in numbers {
            feed(rig, a, n..n + 1);
            rig.pass(B, header(Codec::Pcmu, n, 160), &payload(n, 160));
            rig.studio.advance(ms(19));
        }
    };
    both(&mut rig, Codec::Pcmu, 0..10);
    // Relay to transcoding, and back.
    rig.call.change(A, side(wide, 20, 7)).expect("up");
    both(&mut rig, wide, 10..20);
    rig.call.change(A, side(Codec::Pcmu, 20, 8)).expect("up");
    both(&mut rig, Codec::Pcmu, 20..30);
    // What B is sent is of one codec and one clock all the time.
    assert_eq!(rig.sent(B).len(), 30);
    for (n, (packet, at)) in (0..).zip(rig.sent(B).iter().zip(line(rig.sent(B)))) {
        let header = packet.header;
        assert_eq!(
            (header.ssrc, header.payload_type),
            (0xa002, 0),
            "packet {n}"
        );
        assert_eq!(at.0, n);
        assert_eq!(packet.payload.len(), 160);
    }
    // What A is sent changes its clock in between, and misses nothing: what B sends is known through the change.
    let sent = rig.sent(A);
    let sizes: Vec<_> = sent.iter().map(|packet| packet.payload.len()).collect();
    let expected = [[160; 10], [640; 10], [160; 10]].concat();
    assert_eq!(sizes, expected);
    let mut at = 0;
    for (n, (packet, seen)) in (0..).zip(sent.iter().zip(line(sent))) {
        assert_eq!(packet.header.ssrc, 0xa001, "still the first one's");
        assert_eq!(seen, (n, at), "packet {n}");
        at += if (10..20).contains(&n) { 320 } else { 160 };
    }
    let stats = rig.call.stats().expect("up");
    assert_eq!(stats.from_b.resyncs, 0, "B has not changed: {stats:?}");
}

#[test]
fn a_hole_at_the_moment_of_a_change_is_seen() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    feed(&mut rig, Codec::Pcmu, 0..3);
    rig.call
        .change(B, side(Codec::L16(NARROW), 20, 3))
        .expect("up");
    feed(&mut rig, Codec::Pcmu, 4..6);
    let expected = [(0, 0), (1, 160), (2, 320), (4, 640), (5, 800)];
    assert_eq!(line(rig.sent(B)), expected);
    // What was not changed keeps what it had collected.
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 30, 2));
    feed(&mut rig, Codec::Pcmu, 0..2);
    let same = talkpath_engine::NetworkConfig {
        ptime: ms(10),
        ..side(Codec::Pcmu, 20, 1)
    };
    rig.call.change(A, same).expect("up");
    feed(&mut rig, Codec::Pcmu, 2..3);
    assert_eq!(line(rig.sent(B)), [(0, 0), (1, 240)]);
    let said = (0..3).flat_map(|n| payload(n, 160)).collect::<Vec<u8>>();
    assert_eq!(octets(rig.sent(B)), recoded(Codec::Pcmu, &said));
}

#[test]
fn packets_that_wait_for_their_time_are_never_overtaken() {
    let mut rig = Rig::new(side(Codec::Pcmu, 60, 1), side(Codec::Pcma, 20, 2));
    // The second comes 50 ms early, then a hole, then a change.
    for (n, wait) in [(0, 10), (1, 60), (3, 1)] {
        rig.pass(A, header(Codec::Pcmu, n, 480), &payload(n, 480));
        rig.studio.advance(ms(wait));
    }
    rig.call.change(B, side(Codec::Pcmu, 60, 2)).expect("up");
    rig.pass(A, header(Codec::Pcmu, 4, 480), &payload(4, 480));
    let times: Vec<Duration> = rig.sent(B).iter().map(|packet| packet.not_before).collect();
    assert_eq!(times.len(), 10);
    assert!(times.is_sorted(), "{times:?}");
    let latest = times.last().copied().unwrap_or_default();
    assert!(
        latest <= rig.engine().now() + ms(40),
        "bounded all the same"
    );
}
