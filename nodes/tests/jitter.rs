//! The jitter buffer, case by case in virtual time. The recorded traces are in `jitter_traces.rs`.

mod jitter_bench;

use core::time::Duration;
use jitter_bench::{Bench, FRAME, ms, packet};
use talkpath_graph::{SampleRate, Samples};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::{DropReason, JitterBuffer, JitterConfig, JitterDelays, Put};
use talkpath_nodes::units::{Unit, Units};

#[test]
fn playout_begins_at_the_first_frame_after_the_target_and_then_runs_by_the_frame() {
    let mut bench = Bench::new(20, 200);
    bench.put(0, 0, ms(3));
    assert_eq!(bench.get(ms(4)), "s160");
    assert_eq!(bench.get(ms(22)), "s160");
    bench.put(1, 160, ms(23));
    assert_eq!(bench.get(ms(42)), "0");
    bench.put(2, 320, ms(43));
    assert_eq!(bench.get(ms(62)), "1");
    assert_eq!(bench.get(ms(82)), "2");
    assert_eq!(bench.buffer.counters().silence_samples, 320);
}

#[test]
fn order_is_restored_and_a_second_copy_is_a_duplicate() {
    let mut bench = Bench::playing();
    bench.put(2, 320, ms(40));
    bench.put(1, 160, ms(40));
    assert_eq!(bench.put(1, 160, ms(41)), Some(DropReason::Duplicate));
    assert_eq!(
        bench.put(9, 320, ms(41)),
        Some(DropReason::Duplicate),
        "the same time twice"
    );
    assert_eq!(bench.get(ms(41)), "1");
    assert_eq!(
        bench.put(1, 160, ms(41)),
        Some(DropReason::Duplicate),
        "also when it was played"
    );
    assert_eq!(bench.get(ms(61)), "2");
    bench.check();
}

#[test]
fn a_hole_is_loss_when_numbers_are_missing_and_silence_when_they_are_not() {
    let mut bench = Bench::playing();
    bench.put(2, 320, ms(40));
    bench.put(3, 640, ms(40));
    assert_eq!(bench.get(ms(41)), "l160");
    assert_eq!(bench.get(ms(61)), "2");
    assert_eq!(bench.get(ms(81)), "s160");
    assert_eq!(bench.get(ms(101)), "3");
    assert_eq!(bench.put(1, 160, ms(102)), Some(DropReason::Late));
    bench.check();
}

#[test]
fn nothing_at_all_is_loss_for_200_ms_and_silence_from_then_on() {
    let mut bench = Bench::playing();
    let got: Vec<String> = (0..12).map(|i| bench.get(ms(41 + 20 * i))).collect();
    assert!(got[..10].iter().all(|units| units == "l160"));
    assert!(got[10..].iter().all(|units| units == "s160"));
    // The sender paused and its clock went on: the delay is what it was.
    bench.put(1, 13 * 160, ms(279));
    assert_eq!(bench.get(ms(281)), "1");
    assert_eq!(bench.buffer.counters().resyncs, 0);
}

#[test]
fn a_talk_spurt_that_does_not_fit_is_taken_up_at_the_target() {
    // Time stood still at the sender (late), or ran ahead (early).
    for (timestamp, marker) in [(160, true), (900_000, false), (14 * 160 + 400, false)] {
        let mut bench = Bench::playing();
        (0..12).for_each(|i| drop(bench.get(ms(41 + 20 * i))));
        assert_eq!(bench.put_marked(1, timestamp, ms(279), marker), None);
        assert_eq!(bench.get(ms(281)), "s160");
        assert_eq!(bench.get(ms(301)), "1");
        assert_eq!(bench.buffer.counters().resyncs, 1);
        bench.check();
    }
}

#[test]
fn packets_that_stay_late_restart_the_playout() {
    let mut bench = Bench::new(20, 200);
    let (mut late, mut played, mut sequence) = (0, 0, 0_u16);
    for now in 0..3000 {
        // From the tenth packet on the path is 70 ms longer.
        let path = if sequence < 10 { 0 } else { 70 };
        if now == 20 * u64::from(sequence) + path {
            late += u32::from(
                bench.put(sequence, u32::from(sequence) * 160, ms(now)) == Some(DropReason::Late),
            );
            sequence += 1;
        }
        if now % 20 == 1 {
            played += u32::from(bench.get(ms(now)).parse::<u16>().is_ok());
        }
    }
    assert!((3..=6).contains(&late), "{late}");
    assert_eq!(bench.buffer.counters().resyncs, 1);
    // 147 came; what was not late was played, but for the last two that wait.
    assert_eq!(
        played,
        u32::from(sequence) - late - bench.buffer.queued() as u32
    );
    assert!(bench.buffer.queued() <= 2, "not mute afterwards");
    bench.check();
}

#[test]
fn a_fast_sender_is_brought_back_to_the_target() {
    let mut bench = Bench::new(20, 200);
    let (mut deepest, mut sequence) = (0, 0_u16);
    for frame in 0..5000_u64 {
        // Two per cent fast.
        while u64::from(sequence) * 196 <= frame * 200 {
            let (now, timestamp) = (ms(20 * frame), u32::from(sequence) * 160);
            assert_ne!(bench.put(sequence, timestamp, now), Some(DropReason::Late));
            sequence += 1;
        }
        bench.get(ms(20 * frame + 1));
        deepest = deepest.max(bench.buffer.level().0);
    }
    assert!(deepest <= 1600, "{deepest}");
    let counters = *bench.buffer.counters();
    assert!(
        counters.overflow > 50 && counters.overflow < 200,
        "{counters:?}"
    );
    assert_eq!(counters.lost_samples, 0);
    bench.check();
}

#[test]
fn a_slow_sender_gets_its_delay_back() {
    let mut bench = Bench::new(40, 200);
    let mut sequence = 0_u16;
    let mut lost = 0;
    for frame in 0..5000_u64 {
        // Two per cent slow.
        while u64::from(sequence) * 204 <= frame * 200 {
            bench.put(sequence, u32::from(sequence) * 160, ms(20 * frame));
            sequence += 1;
        }
        lost += usize::from(bench.get(ms(20 * frame + 1)).starts_with('l'));
    }
    assert!(lost < 600, "{lost} of 5000 concealed");
    assert!(bench.buffer.counters().resyncs > 10);
    bench.check();
}

#[test]
fn jumps_need_three_packets_and_one_rogue_changes_nothing() {
    let mut bench = Bench::playing();
    assert_eq!(
        bench.put(1, 4_000_000, ms(40)),
        Some(DropReason::Stale),
        "time far ahead"
    );
    assert_eq!(
        bench.put(30_000, 160, ms(40)),
        Some(DropReason::Stale),
        "numbers far ahead"
    );
    bench.put(2, 320, ms(40));
    assert_eq!(bench.get(ms(41)), "l160");
    assert_eq!(bench.get(ms(61)), "2");
    for (i, expected) in [Some(DropReason::Stale), Some(DropReason::Stale), None]
        .into_iter()
        .enumerate()
    {
        let (n, at) = (i as u16, ms(80 + 20 * i as u64));
        assert_eq!(bench.put(50_000 + n, 9_000 + 160 * i as u32, at), expected);
        bench.get(at + ms(1));
    }
    assert_eq!(bench.get(ms(141)), "50002");
    assert_eq!(bench.buffer.counters().resyncs, 1);
    bench.check();
}

#[test]
fn another_source_starts_anew_and_what_waited_is_spent() {
    let mut bench = Bench::playing();
    bench.put(1, 160, ms(40));
    let mut other = packet(77, 5, ms(41));
    other.header.ssrc = 99;
    assert!(matches!(bench.buffer.put(other), Put::Queued));
    assert_eq!(bench.get(ms(41)), "l160 x1");
    assert_eq!(bench.get(ms(61)), "77");
    bench.buffer.restart();
    assert_eq!(bench.put(3, 3, ms(90)), None);
    assert_eq!(bench.get(ms(110)), "3");
    bench.check();
}

#[test]
fn what_is_not_ours_or_has_no_length_is_refused() {
    let mut bench = Bench::playing();
    let mut wrong = packet(1, 160, ms(40));
    wrong.header.payload_type = 101;
    assert!(matches!(
        bench.buffer.put(wrong),
        Put::Dropped(_, DropReason::WrongPayloadType)
    ));
    for length in [0, 1, 19, 1280 + 1] {
        let mut odd = packet(1, 160, ms(40));
        // One longer than a box does not even get in.
        let refused = odd.set_payload(&vec![0; length]).is_err();
        assert_eq!(refused, length > 1280);
        assert!(matches!(
            bench.buffer.put(odd),
            Put::Dropped(_, DropReason::BadLength)
        ));
    }
    assert_eq!(
        bench.put(1, 160, ms(40)),
        None,
        "the number was not used up"
    );
    bench.check();
}

#[test]
fn a_burst_into_a_full_buffer_is_bounded() {
    let mut bench = Bench::new(20, 200);
    for i in 0..500_u16 {
        bench.put(i, u32::from(i) * 160, ms(0));
        assert!(bench.buffer.queued() <= 10);
        assert!(bench.buffer.level() <= Samples(1600));
    }
    // Every box is still accounted for, and they come back.
    bench.check();
    let mut boxes = 0;
    while bench.buffer.pop_any().is_some() {
        boxes += 1;
    }
    assert!(boxes > 10);
    assert_eq!(bench.buffer.queued(), 0);
    bench.check();
}

#[test]
fn a_skipped_span_is_discarded_and_the_delay_stays() {
    let mut bench = Bench::playing();
    for i in 1..6 {
        bench.put(i, u32::from(i) * 160, ms(40));
    }
    let mut out = Units::new();
    bench.buffer.skip(Samples(320), &mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(bench.get(ms(41)), "3");
    bench.buffer.skip(Samples(4 * 160), &mut out);
    assert_eq!(bench.get(ms(61)), "l160");
    bench.put(9, 9 * 160, ms(80));
    assert_eq!(bench.get(ms(81)), "9");
    bench.check();
}

#[test]
fn every_packet_time_covers_every_frame() {
    for codec in [Codec::Pcmu, Codec::L16(SampleRate::HZ_16000)] {
        for packet_ms in [5, 10, 15, 20, 30, 40, 60, 80, 120, 160] {
            for frame_ms in [10_u64, 20] {
                if ms(packet_ms) <= codec.max_ptime() {
                    steady(codec, packet_ms, frame_ms);
                }
            }
        }
    }
}

/// Ten seconds without loss: after the first packet no frame lacks a sample, none is doubled.
fn steady(codec: Codec, packet_ms: u64, frame_ms: u64) {
    let delays = JitterDelays {
        target: ms(20),
        max: ms(400),
    };
    let mut buffer = JitterBuffer::new(JitterConfig {
        codec,
        payload_type: 0,
        delays,
    });
    let per_ms = u64::from(codec.rate().hz() / 1000);
    let (packet_len, frame) = (packet_ms * per_ms, Samples((frame_ms * per_ms) as u32));
    let (mut sent, mut held, mut next) = (0_u64, 0_u64, 0_u16);
    let mut units = Units::new();
    for now in (0..10_000).step_by(frame_ms as usize) {
        // A packet arrives when its last sample has been spoken.
        while (sent + 1) * packet_ms <= now {
            let mut packet = packet(
                sent as u16,
                (sent * packet_len) as u32,
                ms((sent + 1) * packet_ms),
            );
            packet
                .set_payload(&vec![0; codec.octets_of(packet_len as usize)])
                .unwrap();
            assert!(matches!(buffer.put(packet), Put::Queued));
            sent += 1;
        }
        buffer.get(ms(now), frame, &mut units);
        for unit in units.drain(..) {
            held += match &unit {
                Unit::Packet(packet) => {
                    assert_eq!(packet.header.sequence, next);
                    next += 1;
                    packet_len
                }
                Unit::Silence(samples) => {
                    assert_eq!(next, 0, "{codec} {packet_ms} {frame_ms} {now}");
                    u64::from(samples.0)
                }
                other => panic!("{codec} {packet_ms} {frame_ms} {now}: {other:?}"),
            };
        }
        assert!(
            held >= u64::from(frame.0),
            "{codec} {packet_ms} {frame_ms} {now}"
        );
        held -= u64::from(frame.0);
    }
    assert!(next > 0);
}

#[test]
fn packets_of_one_list_never_exceed_it() {
    let mut bench = Bench::new(20, 200);
    // Shortest packets with every second one missing: more pieces than a list holds.
    for i in (0..40_u16).step_by(2) {
        let mut short = packet(i, u32::from(i) * 20, ms(0));
        short.set_payload(&[0; 20]).unwrap();
        assert!(matches!(bench.buffer.put(short), Put::Queued));
    }
    for frame in 1..8 {
        let mut out = Units::new();
        bench.buffer.get(ms(20 * frame), FRAME, &mut out);
        let covered: u32 = out.iter().map(length).sum();
        assert_eq!(covered, 160, "{out:?}");
        bench.check();
    }
}

fn length(unit: &Unit) -> u32 {
    match unit {
        Unit::Packet(packet) => packet.payload().len() as u32,
        Unit::Lost(samples) | Unit::Silence(samples) => samples.0,
        Unit::Spent(_) => 0,
    }
}

#[test]
fn absurd_settings_and_times_are_no_panic() {
    for (target, max) in [
        (Duration::ZERO, Duration::ZERO),
        (Duration::MAX, Duration::ZERO),
        (ms(1), Duration::MAX),
    ] {
        let delays = JitterDelays { target, max };
        let mut buffer = JitterBuffer::new(JitterConfig {
            codec: Codec::Pcma,
            payload_type: 0,
            delays,
        });
        let mut out = Units::new();
        for i in 0..200_u16 {
            let at = if i % 7 == 0 {
                Duration::MAX
            } else {
                ms(u64::from(i))
            };
            drop(buffer.put(packet(i, u32::from(i) * 160, at)));
            buffer.get(
                at,
                Samples(if i % 5 == 0 { u32::MAX } else { 160 }),
                &mut out,
            );
            buffer.skip(Samples(u32::MAX), &mut out);
            out.clear();
        }
    }
}

#[test]
fn the_wait_for_the_slot_is_less_than_a_frame_also_when_the_reader_was_stopped() {
    let mut bench = Bench::new(20, 2_000);
    bench.put(0, 0, ms(3));
    assert_eq!(bench.get(ms(15)), "s160");
    // A reader that calls every 20 ms has its frames at 35, 55, … 1,235 ms: the first after the filling is 12 ms late.
    assert_eq!(bench.get(ms(1_235)), "0");
    let delay = bench.buffer.delay();
    assert_eq!(delay.slot(), ms(12));
    assert_eq!(
        delay.held.last() + delay.slot(),
        ms(1_235 - 3),
        "both parts are all of it"
    );
}
