//! The ledger of a direction of a call against a marker: an impulse in the packets of one side, found in what the other is sent.
//!
//! As with legs (`engine/tests/ledger.rs`) the sum is that of the packets that wait longest; the others are earlier by what they
//! waited less.

use std::time::Duration;

use talkpath_engine::{FlowLedger, SampleRate, Side};
use talkpath_nodes::codec::Encoder;

use crate::common::ears::{marker, span};
use crate::common::{Codec, ms};
use crate::rig::{FULL, NARROW, Rig, WIDE, header, side};

const MICRO: Duration = Duration::from_micros(1);

/// One way through a call.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: (Codec, u64),
    to: (Codec, u64),
    /// When the first packet comes, after a slot.
    phase: Duration,
    back: bool,
}

const PLAIN: Way = Way {
    from: (Codec::Pcmu, 20),
    to: (Codec::Pcmu, 20),
    phase: Duration::ZERO,
    back: false,
};

/// Sends the marker the way: the ledger, with the measured delay in the place of nothing else.
#[track_caller]
fn agrees(way: Way) -> FlowLedger {
    let (said, to_be_heard) = (side(way.from.0, way.from.1, 1), side(way.to.0, way.to.1, 2));
    let (speaker, mut rig) = if way.back {
        (Side::B, Rig::new(to_be_heard, said))
    } else {
        (Side::A, Rig::new(said, to_be_heard))
    };
    let (codec, ptime) = (said.codec, said.ptime);
    let rate: SampleRate = codec.rate();
    let ticks = rate.samples_in(ptime).0;
    // On a sample of every rate, far behind the first packets.
    let at = u64::from(rate.hz()) * 7 / 10 / 6 * 6;
    let first = rig.studio.engine.now() + way.phase;
    let (mut due, end, mut n) = (first, first + ms(2_400), 0);
    while rig.studio.engine.now() < end {
        while due <= rig.studio.engine.now() {
            let from = u64::from(n) * u64::from(ticks);
            let pcm: Vec<f32> = (from..from + u64::from(ticks))
                .map(|n| if n == at { 0.9 } else { 0.0 })
                .collect();
            let mut octets = vec![0; codec.octets_of(pcm.len())];
            Encoder::new(codec).encode(&pcm, &mut octets).expect("room");
            let (leg, head) = (rig.call.side(speaker), header(codec, n, ticks));
            assert!(rig.studio.inject(leg, due, head, &octets), "a box");
            (due, n) = (due + ptime, n + 1);
        }
        rig.studio.advance(ms(1));
    }
    let heard = rig.sent(speaker.other());
    let (heard, less) = marker(heard, to_be_heard.codec, to_be_heard.ptime);
    let measured = heard - (first + span(at, rate));
    let sides = &rig.studio.status().calls[0].sides;
    let ledger = sides[usize::from(way.back)].ledger;
    let wanted = ledger.total - less;
    assert!(
        measured.abs_diff(wanted) <= MICRO,
        "{way:?}: measured {measured:?}, the ledger says {wanted:?}: {ledger:?}"
    );
    let silent = sides[usize::from(!way.back)].ledger;
    assert_eq!(
        (silent.slot, silent.slot_max),
        (ms(0), ms(0)),
        "nobody said anything"
    );
    ledger
}

#[test]
fn between_any_two_codecs_the_ledger_is_the_measured_delay() {
    let ends = [
        (Codec::Pcmu, 20),
        (Codec::Pcma, 20),
        (Codec::L16(NARROW), 20),
        (Codec::L16(WIDE), 20),
        (Codec::L16(FULL), 10),
    ];
    for from in ends {
        for to in ends {
            for back in [false, true] {
                let ledger = agrees(Way {
                    from,
                    to,
                    back,
                    ..PLAIN
                });
                let rates = (from.0.rate(), to.0.rate());
                assert_eq!(
                    ledger.resample > ms(0),
                    rates.0 != rates.1,
                    "{from:?} {to:?}"
                );
            }
        }
    }
}

#[test]
fn with_any_packet_times_and_phases_the_ledger_is_the_measured_delay() {
    for from in [10, 20, 30, 60] {
        for to in [10, 20, 30, 60] {
            for (codec, phase) in [
                (Codec::Pcmu, 0),
                (Codec::Pcma, 125),
                (Codec::L16(NARROW), 999),
            ] {
                let to = to.min(codec.max_ptime().as_millis() as u64);
                agrees(Way {
                    from: (Codec::Pcmu, from),
                    to: (codec, to),
                    phase: Duration::from_micros(phase),
                    ..PLAIN
                });
            }
        }
    }
}

#[test]
fn each_part_answers_to_its_own_cause_and_to_no_other() {
    let plain = agrees(PLAIN);
    let parts = (
        plain.codec,
        plain.resample,
        plain.packetise,
        plain.packetise_mean,
    );
    assert_eq!(parts, (ms(0), ms(0), ms(0), ms(0)), "a relay");
    assert_eq!((plain.slot, plain.total), (plain.slot_max, plain.slot));
    // A packet that comes 300 µs later waits as much less for its slot.
    let phased = agrees(Way {
        phase: 300 * MICRO,
        ..PLAIN
    });
    let slot = (plain.slot + 700 * MICRO).as_micros() % 1_000;
    assert_eq!(phased.slot.as_micros() % 1_000, slot);
    let wide = agrees(Way {
        to: (Codec::L16(WIDE), 20),
        ..PLAIN
    });
    assert_eq!((wide.resample, wide.packetise), (ms(2), ms(0)));
    assert_eq!(wide.total, plain.total + ms(2));
    let long = agrees(Way {
        to: (Codec::Pcmu, 60),
        ..PLAIN
    });
    assert_eq!((long.packetise, long.packetise_mean), (ms(40), ms(40)));
    // Of 30 ms out of 20: they wait 20 ms and 10 by turns.
    let turns = agrees(Way {
        to: (Codec::Pcmu, 30),
        ..PLAIN
    });
    assert_eq!(turns.packetise, ms(20));
    assert!(
        (ms(14)..ms(16)).contains(&turns.packetise_mean),
        "{turns:?}"
    );
    // What a long packet is cut into waits for nothing.
    let cut = agrees(Way {
        from: (Codec::Pcmu, 60),
        ..PLAIN
    });
    assert_eq!((cut.packetise, cut.packetise_mean), (ms(0), ms(0)));
}

#[test]
fn before_a_packet_has_come_the_plan_speaks_and_a_change_brings_its_own() {
    let (a, b) = (side(Codec::Pcmu, 20, 1), side(Codec::L16(WIDE), 20, 2));
    let mut rig = Rig::new(a, b);
    let ledger = |rig: &Rig| rig.studio.status().calls[0].sides[0].ledger;
    assert_eq!((ledger(&rig).total, ledger(&rig).resample), (ms(2), ms(2)));
    let json = serde_json::to_value(ledger(&rig)).expect("plain data");
    assert_eq!(
        (&json["resample_ms"], &json["slot_ms"]),
        (&2.0.into(), &0.0.into())
    );
    rig.call
        .change(Side::B, side(Codec::Pcmu, 60, 2))
        .expect("up");
    rig.studio.advance(ms(5));
    let after = ledger(&rig);
    assert_eq!(
        (after.resample, after.packetise, after.total),
        (ms(0), ms(40), ms(40))
    );
}
