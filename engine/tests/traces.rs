//! Arrival traces of real networks and malformed packets, in virtual time, into a network leg.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::ears::{db, peak_at};
use common::{Caller, Codec, FRAME, SampleRate, Studio, ms, sine, small};
use talkpath_engine::worker::stats::LegStats;
use talkpath_nodes::packet::parse;

/// One arrival: packet number and time.
struct Arrival {
    number: usize,
    at: Duration,
}

struct Trace {
    name: String,
    /// In the order they arrive.
    arrivals: Vec<Arrival>,
    packets: usize,
    lost: usize,
    copies: usize,
    /// Longest way of a packet less the shortest.
    spread: Duration,
}

fn data(under: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data")
        .join(under)
}

fn trace(name: &str) -> Trace {
    let text =
        std::fs::read_to_string(data("traces").join(format!("{name}.csv"))).expect("a trace");
    let (mut arrivals, mut packets, mut lost, mut copies) = (Vec::new(), 0, 0, 0);
    let (mut shortest, mut longest) = (f64::MAX, 0.0_f64);
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("seq"))
    {
        let field: Vec<&str> = line.split(',').collect();
        let number = |at: usize| field[at].parse::<f64>().expect("a number");
        let (send, arrive, copy) = (number(1), number(2), field[3] == "1");
        packets += usize::from(!copy);
        copies += usize::from(copy);
        if arrive < 0.0 {
            lost += 1;
            continue;
        }
        (shortest, longest) = (shortest.min(arrive - send), longest.max(arrive - send));
        let at = Duration::from_secs_f64(arrive / 1e3);
        arrivals.push(Arrival {
            number: field[0].parse().expect("a sequence number"),
            at,
        });
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    let spread = Duration::from_secs_f64((longest - shortest) / 1e3);
    Trace {
        name: name.to_owned(),
        arrivals,
        packets,
        lost,
        copies,
        spread,
    }
}

/// What became of a trace.
struct Outcome {
    stats: LegStats,
    /// What the other leg heard from the talker.
    heard: Vec<f32>,
    /// Most packets that ever waited.
    most_queued: u32,
}

/// `received = played + dropped by reason + queued`, to the packet.
fn assert_adds_up(stats: &LegStats, context: &str) {
    let dropped = stats.late + stats.duplicate + stats.overflow + stats.malformed + stats.flushed;
    assert_eq!(
        stats.received,
        stats.played + dropped + u64::from(stats.queued),
        "{context}: {stats:?}"
    );
}

fn play(trace: &Trace) -> Outcome {
    let mut studio = Studio::new(small());
    let room = studio.room("trace");
    let mut talker =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(440.0, SampleRate::HZ_8000, 0.3));
    let listener = Caller::join(&room, Codec::Pcmu, 2);
    let packets: Vec<_> = (0..trace.packets).map(|_| talker.packet()).collect();
    let begin = studio.engine.now();
    let mut most_queued = 0;
    let mut arrivals = trace.arrivals.iter().peekable();
    while arrivals.peek().is_some() {
        // What arrived by the end of this slot's predecessor is there when the slot begins.
        while let Some(Arrival { number, at }) =
            arrivals.next_if(|next| begin + next.at <= studio.engine.now())
        {
            let (header, payload) = &packets[*number];
            assert!(
                studio.inject(talker.id(), begin + *at, *header, payload),
                "an empty box"
            );
        }
        studio.advance(ms(1));
        let stats = talker.leg.stats().expect("figures");
        most_queued = most_queued.max(stats.queued);
    }
    // The last figures.
    studio.advance(ms(1_100));
    let stats = talker.leg.stats().expect("figures");
    Outcome {
        stats,
        heard: studio.heard(listener.id(), Codec::Pcmu, 0),
        most_queued,
    }
}

/// Everything that holds for any network.
fn assert_sound(trace: &Trace, outcome: &Outcome) {
    let Outcome {
        stats,
        heard,
        most_queued,
    } = outcome;
    let name = &trace.name;
    assert_eq!(
        stats.received,
        trace.arrivals.len() as u64,
        "{name}: every packet that arrived was taken in"
    );
    assert_eq!(
        trace.arrivals.len(),
        trace.packets - trace.lost + trace.copies,
        "{name}"
    );
    assert_adds_up(stats, name);
    assert_eq!(
        (stats.queued, stats.malformed, stats.not_finite),
        (0, 0, 0),
        "{name}: {stats:?}"
    );
    // The longest delay is 200 ms, ten packets of 20 ms, and the one that goes over it.
    assert!(
        *most_queued <= 11,
        "{name}: {most_queued} packets waited, {stats:?}"
    );
    assert!(
        heard.len() > trace.packets * 155,
        "{name}: the room never stood still"
    );
    let level = db(peak_at(&heard[16_000..heard.len() - 16_000], 8_000.0, 440.0) / 0.3);
    assert!(level > -12.0, "{name}: the tone is heard, at {level:.1} dB");
}

#[test]
fn every_trace_is_survived_with_bounded_delay_and_counters_that_add_up() {
    for name in [
        "wan_good",
        "wifi_bursty",
        "loss5_rand",
        "loss10_burst",
        "reorder_dup",
        "stall",
        "drift_p200",
    ] {
        let trace = trace(name);
        let outcome = play(&trace);
        assert_sound(&trace, &outcome);
        let Outcome { stats, .. } = outcome;
        let lost = trace.lost as u64;
        match name {
            // A spread within the target: nothing but the network's own loss.
            "loss5_rand" | "loss10_burst" | "wan_good" => {
                assert!(trace.spread < FRAME, "{name}: {:?}", trace.spread);
                assert_eq!(
                    (stats.played, stats.late),
                    (stats.received, 0),
                    "{name}: {stats:?}"
                );
                let concealed = stats.concealed_samples / 160;
                assert!(
                    (lost..lost + 15).contains(&concealed),
                    "{name}: {concealed} frames for {lost} lost"
                );
            }
            "reorder_dup" => {
                assert!(trace.copies > 0);
                // A second copy is a duplicate wherever its first one went.
                assert_eq!(stats.duplicate, trace.copies as u64, "{stats:?}");
                assert!(stats.played > 2_850, "{stats:?}");
            }
            "stall" => {
                // Two stalls, 0.9 s and 2.5 s: what comes in one burst afterwards is too late or too much.
                let given_up = stats.late + stats.overflow + stats.flushed;
                assert!(given_up > 100, "{stats:?}");
                assert!(
                    stats.played > 2_700,
                    "and the stream goes on at once: {stats:?}"
                );
                // 200 ms of concealment at most per stall: from then on it is silence.
                assert!(stats.concealed_samples < 8_000 * 2, "{stats:?}");
            }
            "drift_p200" => {
                // 12 ms in a minute, within the target: nothing is lost to it.
                assert!(stats.played + 20 > stats.received, "{stats:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_stall_of_the_network_adds_no_delay_for_good() {
    let mut studio = Studio::new(small());
    let room = studio.room("stall");
    let mut talker =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(440.0, SampleRate::HZ_8000, 0.3));
    let listener = Caller::join(&room, Codec::Pcmu, 2);
    studio.run(ms(500), &mut [&mut talker]);
    // 0.9 s in which nothing arrives, then all of it at once.
    let held: Vec<_> = (0..45).map(|_| talker.packet()).collect();
    studio.advance(ms(900));
    for (header, payload) in held {
        let now = studio.engine.now();
        assert!(studio.inject(talker.id(), now, header, &payload));
    }
    talker.due = Some(studio.engine.now());
    studio.run(ms(1_000), &mut [&mut talker]);
    // Another tone: how long until it is heard?
    talker.voice = Some(Box::new(sine(1_200.0, SampleRate::HZ_8000, 0.3)));
    let from = studio.packets(listener.id()).len();
    studio.run(ms(400), &mut [&mut talker]);
    let heard = studio.heard(listener.id(), Codec::Pcmu, from);
    let begins = heard
        .chunks(160)
        .position(|frame| peak_at(frame, 8_000.0, 1_200.0) > 0.2)
        .expect("it is heard");
    assert!(
        begins <= 3,
        "after {begins} frames: target 20 ms, and what the grids add"
    );
    talker.voice = None;
    studio.run(ms(1_100), &mut [&mut talker]);
    let stats = talker.leg.stats().expect("figures");
    assert_adds_up(&stats, "stall");
    assert_eq!(stats.received, 25 + 45 + 50 + 20, "{stats:?}");
}

struct Line {
    bytes: Vec<u8>,
    expect: String,
    why: String,
}

/// The lines of one protocol. The file is flat: string fields without escapes.
fn lines(proto: &str) -> Vec<Line> {
    let text = std::fs::read_to_string(data("packets/packets.jsonl")).expect("packets.jsonl");
    let field = |line: &str, key: &str| {
        let from = line.split_once(&format!("\"{key}\": \"")).expect("field").1;
        from.split_once('"').expect("end of field").0.to_owned()
    };
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    (text.lines().filter(|line| field(line, "proto") == proto))
        .map(|line| Line {
            bytes: field(line, "hex").as_bytes().chunks(2).map(byte).collect(),
            expect: field(line, "expect"),
            why: field(line, "why"),
        })
        .collect()
}

/// Malformed packets at a live leg, some with its own SSRC and next to its own sequence numbers, while it talks and
/// while others do.
fn sent_to_the_others(lines: &[Line], own_ssrc: bool) -> (Studio, Caller, Vec<common::Sent>, u64) {
    let mut studio = Studio::new(small());
    let room = studio.room("malformed");
    let mut target =
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(440.0, SampleRate::HZ_8000, 0.0));
    let mut other =
        Caller::join(&room, Codec::Pcmu, 2).saying(sine(700.0, SampleRate::HZ_8000, 0.3));
    let listener = Caller::join(&room, Codec::Pcmu, 3);
    let mut injected = 0;
    target
        .leg
        .mute(true)
        .expect("mute: what it says is not compared");
    studio.run(ms(300), &mut [&mut target, &mut other]);
    for line in lines {
        let parsed = parse(&line.bytes);
        let accepts = matches!(
            &line.expect[..],
            "accept" | "accept-empty" | "accept-ignore-ext" | "event" | "ignore"
        );
        assert!(!accepts || parsed.is_ok(), "{}", line.why);
        if let Ok((mut header, payload, _)) = parsed {
            if own_ssrc {
                header.ssrc = target.header.ssrc;
            }
            let now = studio.engine.now();
            assert!(studio.inject(target.id(), now, header, &line.bytes[payload]));
            injected += 1;
        }
        studio.run(FRAME, &mut [&mut target, &mut other]);
    }
    // The target stops, so that its last figures are final.
    target.voice = None;
    studio.run(ms(1_200), &mut [&mut target, &mut other]);
    let sent = studio.packets(listener.id()).to_vec();
    (studio, target, sent, injected)
}

#[test]
fn every_malformed_packet_at_a_live_leg_leaves_the_others_undisturbed() {
    let lines = lines("rtp");
    assert!(lines.len() >= 30, "{} lines", lines.len());
    let dropped = lines
        .iter()
        .filter(|line| parse(&line.bytes).is_err())
        .count();
    assert!(dropped >= 7, "{dropped} do not even parse");
    let (_, quiet, undisturbed, _) = sent_to_the_others(&[], false);
    let before = quiet.leg.stats().expect("figures");
    assert_adds_up(&before, "without");
    for own_ssrc in [false, true] {
        let (_studio, target, sent, injected) = sent_to_the_others(&lines, own_ssrc);
        let stats = target.leg.stats().expect("figures");
        assert_adds_up(&stats, "with");
        // A phone's first packet has sequence number 65530.
        let own = u64::from(target.header.sequence.wrapping_sub(65_530));
        assert_eq!(stats.received, own + injected, "{stats:?}");
        // Empty payloads, event payloads and payload types nobody agreed to are refused by name.
        assert!(stats.malformed >= 6, "{stats:?}");
        let span = undisturbed.len();
        assert!(span > 60 && sent.len() >= span);
        // Up to the end of the shorter run: bit-identical.
        let first = undisturbed[..span - 2]
            .iter()
            .zip(&sent)
            .position(|(a, b)| a != b);
        assert_eq!(
            first, None,
            "the others hear the same bits (own SSRC: {own_ssrc})"
        );
    }
}

#[test]
fn codec_payloads_of_any_kind_decode_or_are_refused() {
    let text = std::fs::read_to_string(data("packets/packets.jsonl")).expect("packets.jsonl");
    assert!(text.contains("any byte string is decodable"));
    for codec in [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::L16(SampleRate::HZ_8000),
        Codec::L16(SampleRate::HZ_16000),
    ] {
        let mut studio = Studio::new(small());
        let room = studio.room("payloads");
        let mut target = Caller::join(&room, codec, 1).saying(sine(300.0, codec.rate(), 0.1));
        studio.run(ms(100), &mut [&mut target]);
        // Every length there is, random bytes, as the next packets of the stream.
        let mut noise = 1_u32;
        for length in 0..=talkpath_nodes::packet::MAX_PAYLOAD {
            let payload: Vec<u8> = std::iter::repeat_with(|| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .take(length)
            .collect();
            let (header, _) = target.packet();
            let now = studio.engine.now();
            assert!(
                studio.inject(target.id(), now, header, &payload),
                "{codec}: a box was kept"
            );
            if length % 4 == 0 {
                studio.advance(FRAME);
            }
        }
        studio.advance(ms(1_500));
        let stats = target.leg.stats().expect("figures");
        assert_adds_up(&stats, &codec.to_string());
        assert_eq!(
            stats.received,
            5 + 1 + talkpath_nodes::packet::MAX_PAYLOAD as u64
        );
        assert_eq!(
            (stats.queued, stats.not_finite),
            (0, 0),
            "{codec}: {stats:?}"
        );
        assert_eq!(
            studio.link.to_worker.available(),
            studio.link.to_worker.inventory(),
            "every box is back"
        );
    }
}
