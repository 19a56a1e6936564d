//! Both ends agree: payloads pass as they are, and what is missing stays missing.

use talkpath_engine::Side::{A, B};
use talkpath_engine::{Direction, NetworkConfig};
use talkpath_nodes::packet::Header;

use super::rig::{Rig, SLOT, header, line, payload, side};
use crate::common::{Codec, ms};

const HOLD: Direction = Direction {
    receive: false,
    send: true,
};

fn agreed() -> Rig {
    let b = NetworkConfig {
        payload_type: 111,
        ..side(Codec::Pcmu, 20, 2)
    };
    Rig::new(side(Codec::Pcmu, 20, 1), b)
}

/// The header of A's packet `n`.
fn from_a(n: u16) -> Header {
    header(Codec::Pcmu, n, 160)
}

#[test]
fn a_payload_leaves_in_its_own_slot_with_every_bit_and_a_header_of_ours() {
    let mut rig = agreed();
    for n in 0..40 {
        let now = rig.engine().now();
        let mut sent = rig.pass(A, from_a(n), &payload(n, 160));
        let [packet] = &mut sent[..] else {
            panic!("one for one: {sent:?}")
        };
        assert_eq!(packet.payload, payload(n, 160));
        assert_eq!(packet.not_before, now, "it may leave at once");
        let expected = Header {
            payload_type: 111,
            // The first of a run is marked.
            marker: n == 0,
            sequence: 65_533_u16.wrapping_add(n),
            timestamp: (u32::MAX - 200).wrapping_add(160 * u32::from(n)),
            ssrc: 0xa002,
        };
        assert_eq!(packet.header, expected);
        // The way back has its own numbers, and carries A's payload type.
        let back = Header {
            payload_type: 111,
            marker: true,
            ..from_a(n)
        };
        let sent = rig.pass(B, back, &payload(n + 1, 160));
        let header = sent[0].header;
        assert_eq!((header.payload_type, header.ssrc), (0, 0xa001));
        assert!(header.marker, "kept");
        assert_eq!(sent[0].payload, payload(n + 1, 160));
        rig.studio.advance(ms(18));
    }
    rig.studio.advance(ms(1_000));
    let status = rig.studio.status();
    assert!(status.calls[0].relay);
    let worker = &status.workers[0].counters;
    assert_eq!((worker.packets_relayed, worker.packets_transcoded), (80, 0));
    let plans = rig.engine().plans().expect("running");
    assert_eq!(plans.len(), 1);
    for text in [&plans[0].ingress, &plans[0].egress] {
        assert!(
            text.contains("relay: never decodes"),
            "the dump says so: {text}"
        );
    }
}

#[test]
fn any_length_of_whole_samples_is_relayed_whatever_was_agreed() {
    let mut rig = agreed();
    let mut end = 0;
    for (n, octets) in [160, 80, 240, 33, 1_280].into_iter().enumerate() {
        let n = n as u16;
        let head = Header {
            timestamp: end,
            ..from_a(n)
        };
        let sent = rig.pass(A, head, &payload(n, octets));
        assert_eq!(sent[0].payload, payload(n, octets));
        end += octets as u32;
    }
    assert_eq!(
        line(rig.sent(B)),
        [(0, 0), (1, 160), (2, 240), (3, 480), (4, 513)]
    );
}

#[test]
fn holes_and_disorder_stay_where_they_were() {
    let mut rig = agreed();
    // Across the wrap of the sequence number: 2 is missing, 4 and 3 are exchanged, 7 and 8 come in one slot.
    let order = [0_u16, 1, 4, 3, 5, 6, 7, 8, 9];
    for n in order {
        let head = Header {
            sequence: 65_534_u16.wrapping_add(n),
            timestamp: (u32::MAX - 300).wrapping_add(160 * u32::from(n)),
            ..from_a(0)
        };
        rig.put(A, head, &payload(n, 160));
        if n != 7 {
            rig.studio.advance(ms(20));
        }
    }
    let expected: Vec<_> = order.iter().map(|&n| (n, 160 * u32::from(n))).collect();
    assert_eq!(line(rig.sent(B)), expected);
    for (packet, n) in rig.sent(B).iter().zip(order) {
        assert_eq!(packet.payload, payload(n, 160));
    }
    let stats = rig.told(A);
    assert_eq!((stats.passed, stats.missing, stats.sent), (9, 2, 9));
}

#[test]
fn a_pause_of_the_sender_is_a_pause_of_ours() {
    let mut rig = agreed();
    for (sequence, timestamp) in [(10, 0), (11, 160), (12, 80_000), (13, 80_160)] {
        let head = Header {
            sequence,
            timestamp,
            marker: sequence == 12,
            ..from_a(0)
        };
        rig.pass(A, head, &payload(sequence, 160));
    }
    assert_eq!(
        line(rig.sent(B)),
        [(0, 0), (1, 160), (2, 80_000), (3, 80_160)]
    );
    assert!(rig.sent(B)[2].header.marker && !rig.sent(B)[3].header.marker);
    assert_eq!(rig.told(A).missing, 0);
}

#[test]
fn what_came_before_or_is_no_packet_of_the_call_goes_no_further() {
    let mut rig = agreed();
    for n in [5, 6, 5, 6] {
        rig.pass(A, from_a(n), &payload(n, 160));
    }
    let other = Header {
        payload_type: 8,
        ..from_a(7)
    };
    assert!(rig.pass(A, other, &payload(7, 160)).is_empty());
    assert!(rig.pass(A, from_a(8), &[]).is_empty());
    let l16 = Codec::L16(super::rig::WIDE);
    let mut wide = Rig::new(side(l16, 20, 1), side(l16, 20, 2));
    assert!(wide.pass(A, header(l16, 1, 320), &[1, 2, 3]).is_empty());
    assert_eq!(wide.told(A).malformed, 1);
    let stats = rig.told(A);
    assert_eq!((stats.passed, stats.duplicate), (2, 2));
    assert_eq!(stats.malformed, 2);
    assert_eq!(rig.sent(B).len(), 2);
}

#[test]
fn a_source_that_jumps_proves_itself_and_the_stream_goes_on_without_a_hole() {
    let mut rig = agreed();
    let jumped = |n: u16| Header {
        sequence: 30_000 + n,
        timestamp: 5_000_000 + 160 * u32::from(n),
        ..from_a(0)
    };
    for n in 0..5 {
        rig.pass(A, from_a(n), &payload(n, 160));
        rig.studio.advance(ms(19));
    }
    // A stray packet of another run is not believed, and does not disturb.
    assert!(rig.pass(A, jumped(900), &payload(1, 160)).is_empty());
    rig.pass(A, from_a(5), &payload(5, 160));
    rig.studio.advance(ms(19));
    for n in 0..2 {
        assert!(rig.pass(A, jumped(n), &payload(n, 160)).is_empty());
        rig.studio.advance(ms(19));
    }
    let sent = rig.pass(A, jumped(2), &payload(2, 160));
    assert!(sent[0].header.marker, "a new run");
    // Two packets' time has passed unsent; the sequence has no hole.
    assert_eq!(line(rig.sent(B)).last(), Some(&(6, 8 * 160)));
    rig.pass(A, jumped(3), &payload(3, 160));
    assert_eq!(line(rig.sent(B)).last(), Some(&(7, 9 * 160)));
    let stats = rig.told(A);
    assert_eq!((stats.stale, stats.resyncs, stats.missing), (3, 1, 0));
}

#[test]
fn a_new_ssrc_continues_our_stream_and_the_old_ones_stragglers_do_not_come_back() {
    let mut rig = agreed();
    for n in 0..5 {
        rig.pass(A, from_a(n), &payload(n, 160));
        rig.studio.advance(ms(19));
    }
    let other = |n: u16| Header {
        ssrc: 0x78,
        sequence: 60_000 + n,
        timestamp: 77 + 160 * u32::from(n),
        ..from_a(0)
    };
    let sent = rig.pass(A, other(0), &payload(50, 160));
    assert!(sent[0].header.marker);
    assert_eq!(sent[0].header.ssrc, 0xa002, "ours");
    assert!(rig.pass(A, from_a(5), &payload(5, 160)).is_empty());
    rig.pass(A, other(1), &payload(51, 160));
    assert!(rig.pass(A, from_a(6), &payload(6, 160)).is_empty());
    rig.pass(A, other(2), &payload(52, 160));
    let expected: Vec<_> = (0..8).map(|n| (n, 160 * u32::from(n))).collect();
    assert_eq!(line(rig.sent(B)), expected);
    // One that really comes back is believed after three in a row.
    for n in 7..9 {
        assert!(rig.pass(A, from_a(n), &payload(n, 160)).is_empty());
    }
    assert_eq!(rig.pass(A, from_a(9), &payload(9, 160)).len(), 1);
    let stats = rig.told(A);
    assert_eq!((stats.resyncs, stats.stale), (2, 4));
}

#[test]
fn a_new_ssrc_of_ours_begins_with_a_marker_and_nothing_else_changes() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(codec, 20, 2));
        for n in 0..6 {
            if n == 3 {
                rig.call.set_ssrc(B, 0xfeed).expect("up");
            }
            rig.pass(A, from_a(n), &payload(n, 160));
        }
        let heads = rig.sent(B).iter().map(|packet| packet.header);
        let seen: Vec<_> = heads.map(|head| (head.ssrc, head.marker)).collect();
        let old = [(0xa002, true), (0xa002, false), (0xa002, false)];
        let new = [(0xfeed, true), (0xfeed, false), (0xfeed, false)];
        assert_eq!(seen, [old, new].concat());
        let expected: Vec<_> = (0..6).map(|n| (n, 160 * u32::from(n))).collect();
        assert_eq!(line(rig.sent(B)), expected);
    }
}

#[test]
fn a_hold_is_no_loss_and_time_goes_on_over_it() {
    let mut rig = agreed();
    let feed = |rig: &mut Rig, range: std::ops::Range<u16>| {
        for n in range {
            rig.pass(A, from_a(n), &payload(n, 160));
            rig.studio.advance(ms(19));
        }
    };
    feed(&mut rig, 0..5);
    rig.call.set_direction(A, HOLD).expect("up");
    feed(&mut rig, 5..15);
    assert_eq!(rig.sent(B).len(), 5, "on hold");
    // The way back goes on.
    let back = Header {
        payload_type: 111,
        ..from_a(1)
    };
    assert_eq!(rig.pass(B, back, &payload(1, 160)).len(), 1);
    rig.call.set_direction(A, Direction::BOTH).expect("up");
    feed(&mut rig, 15..20);
    let resumed = line(rig.sent(B))[5..].to_vec();
    let expected: Vec<_> = (0..5_u16)
        .map(|n| (5 + n, 160 * u32::from(15 + n)))
        .collect();
    assert_eq!(resumed, expected);
    assert!(rig.sent(B)[5].header.marker);
    // The other way to close the same direction: B wants to be sent nothing.
    let silent = Direction {
        receive: true,
        send: false,
    };
    rig.call.set_direction(B, silent).expect("up");
    feed(&mut rig, 20..22);
    rig.call.set_direction(B, Direction::BOTH).expect("up");
    feed(&mut rig, 22..23);
    assert_eq!(line(rig.sent(B)).last(), Some(&(10, 160 * 22)));
    let stats = rig.told(A);
    assert_eq!((stats.held, stats.missing, stats.resyncs), (12, 0, 2));
    assert_eq!(rig.studio.status().workers[0].counters.packets_held, 12);
}

#[test]
fn no_more_than_the_bound_runs_in_a_slot() {
    let mut rig = agreed();
    rig.studio.engine.stall(ms(300));
    for n in 0..15 {
        rig.put(A, from_a(n), &payload(n, 160));
    }
    rig.studio.advance(SLOT);
    assert_eq!(rig.sent(B).len(), 8, "the oldest, in order");
    assert_eq!(line(rig.sent(B))[7], (7, 7 * 160));
    rig.pass(A, from_a(15), &payload(15, 160));
    assert_eq!(line(rig.sent(B))[8], (15, 15 * 160), "a hole, not a shift");
    let stats = rig.told(A);
    assert_eq!((stats.crowded, stats.missing), (7, 7));
    assert_eq!(rig.studio.status().workers[0].counters.packets_crowded, 7);
}

#[test]
fn without_a_box_the_stream_goes_on_past_the_packet() {
    let mut config = crate::common::small();
    (config.capacity_legs, config.packets_out_per_leg) = (2, 1);
    let mut rig = Rig::with(config, side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 20, 2));
    for n in 0..4 {
        rig.put(A, from_a(n), &payload(n, 160));
    }
    rig.studio.advance(SLOT);
    rig.pass(A, from_a(4), &payload(4, 160));
    assert_eq!(line(rig.sent(B)), [(0, 0), (1, 160), (4, 640)]);
    let stats = rig.told(A);
    assert_eq!((stats.passed, stats.sent, stats.unsent), (5, 3, 2));
}
