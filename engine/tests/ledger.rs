//! The latency ledger against a marker: an impulse in the packets of one phone, found in the packets of another.
//!
//! The measured delay runs from the receive stamp of a packet's first sample to the time at which the packet that holds
//! the same sample may leave. It equals the sum of the ledger's parts to the microsecond (what times are rounded to),
//! which is less than a sample at any rate; for packets longer than the frame and no multiple of it, those that wait
//! longest do, and the others are earlier by what they waited less.

mod common;

use std::time::Duration;

use common::ears::{self, span};
use common::{Caller, Codec, EngineConfig, SampleRate, Studio, ms, network, small};
use talkpath_engine::{FrameTime, JitterDelay, LegLedger, NetworkConfig, RoomConfig};

const MICRO: Duration = Duration::from_micros(1);
const L8: Codec = Codec::L16(SampleRate::HZ_8000);
const L16: Codec = Codec::L16(SampleRate::HZ_16000);
const L48: Codec = Codec::L16(SampleRate::HZ_48000);

/// One way through a room.
#[derive(Clone, Copy, Debug)]
struct Way {
    speaks: Codec,
    hears: Codec,
    ptime_in: Duration,
    ptime_out: Duration,
    /// The speaker's jitter buffer.
    target: Duration,
    /// When its first packet comes, after a slot.
    phase: Duration,
    frame: FrameTime,
    workers: usize,
    /// Others in the room, so many that it is spread over slots.
    crowd: usize,
}

const PLAIN: Way = Way {
    speaks: L8,
    hears: L8,
    ptime_in: ms(20),
    ptime_out: ms(20),
    target: ms(20),
    phase: Duration::ZERO,
    frame: FrameTime::Ms20,
    workers: 1,
    crowd: 0,
};

/// What was found.
#[derive(Clone, Copy, Debug)]
struct Found {
    measured: Duration,
    /// What the marker's packet waited less for its end than those that wait longest.
    less: Duration,
    speaker: LegLedger,
    hearer: LegLedger,
}

impl Found {
    fn sum(&self) -> Duration {
        self.speaker.delay_to(&self.hearer)
    }
}

/// Sends the marker the way and measures.
fn measure(way: Way) -> Found {
    let mut studio = Studio::new(EngineConfig {
        workers: way.workers,
        slot_budget: if way.crowd > 0 { 0.05 } else { 0.5 },
        ..small()
    });
    let config = RoomConfig {
        frame: way.frame,
        ..RoomConfig::new("ledger")
    };
    let room = studio.engine.create_room(config).expect("room");
    let crowd: Vec<Caller> = (0..way.crowd as u32)
        .map(|n| Caller::join(&room, Codec::Pcmu, 100 + n))
        .collect();
    let ptime = |codec, ptime| NetworkConfig {
        ptime,
        ..network(codec, 1)
    };
    let jitter = Some(JitterDelay {
        target: way.target,
        max: ms(400),
    });
    let mut speaker = Caller::with(
        &room,
        NetworkConfig {
            jitter,
            ..ptime(way.speaks, way.ptime_in)
        },
        1,
    );
    let hearer = Caller::with(&room, ptime(way.hears, way.ptime_out), 2);
    studio.advance(ms(100));
    if way.workers > 1 {
        speaker.leg.move_to(1).expect("another worker");
        studio.advance(ms(100));
    }
    drop(crowd);
    // The marker lies on a sample of every rate, within the ninth packet at least, after the leg has faded in.
    let rate = way.speaks.rate();
    let marker = u64::from(rate.hz()) * 7 / 10 / 6 * 6;
    speaker = speaker.saying(move |n| if n == marker { 0.9 } else { 0.0 });
    let first = studio.engine.now() + way.phase;
    let (mut due, end) = (first, first + ms(1_500));
    while studio.engine.now() < end {
        while due <= studio.engine.now() {
            let (header, payload) = speaker.packet();
            assert!(studio.inject(speaker.id(), due, header, &payload));
            due += way.ptime_in;
        }
        studio.advance(ms(1));
    }
    let said = first + span(marker, rate);
    let packets = studio.packets(hearer.id());
    let (heard, less) = ears::marker(packets, hearer.codec, hearer.ptime);
    let status = studio.status();
    let legs = status.rooms.iter().flat_map(|room| &room.legs);
    let ledger = |caller: &Caller| {
        let leg = legs.clone().find(|leg| leg.bits == caller.id().to_bits());
        leg.expect("in the room").ledger
    };
    Found {
        measured: heard - said,
        less,
        speaker: ledger(&speaker),
        hearer: ledger(&hearer),
    }
}

#[track_caller]
fn agrees(way: Way) -> Found {
    let found = measure(way);
    let wanted = found.sum() - found.less;
    assert!(
        found.measured.abs_diff(wanted) <= MICRO,
        "{way:?}: measured {:?}, the ledger says {wanted:?}: {found:?}",
        found.measured
    );
    found
}

#[test]
fn between_any_two_rates_the_ledger_is_the_measured_delay() {
    for speaks in [Codec::Pcmu, L8, L16] {
        for hears in [Codec::Pcma, L8, L16] {
            agrees(Way {
                speaks,
                hears,
                ..PLAIN
            });
        }
    }
    // The phones' own halves of G.722 delay as much again as ours do; it blurs the marker by a sample.
    let half = Codec::G722.encoder_delay();
    for (speaks, hears, phones) in [
        (Codec::G722, L16, half),
        (L16, Codec::G722, half),
        (Codec::G722, Codec::G722, 2 * half),
    ] {
        let way = Way {
            speaks,
            hears,
            ..PLAIN
        };
        let found = measure(way);
        let wanted = found.sum() + phones - found.less;
        let off = found.measured.abs_diff(wanted);
        assert!(off <= 65 * MICRO, "{way:?}: {off:?}, {found:?}");
    }
    let ten = Way {
        ptime_in: ms(10),
        ptime_out: ms(10),
        ..PLAIN
    };
    agrees(Way {
        speaks: L48,
        ptime_out: ms(20),
        ..ten
    });
    agrees(Way {
        speaks: L48,
        hears: L16,
        ..ten
    });
    agrees(Way {
        speaks: L48,
        hears: L48,
        ..ten
    });
    agrees(Way {
        hears: L48,
        ptime_in: ms(20),
        ..ten
    });
}

#[test]
fn with_any_packet_times_and_either_room_frame_the_ledger_is_the_measured_delay() {
    for frame in [FrameTime::Ms10, FrameTime::Ms20] {
        for ptime_in in [10, 20, 30, 60].map(ms) {
            for ptime_out in [10, 20, 30, 60].map(ms) {
                agrees(Way {
                    ptime_in,
                    ptime_out,
                    frame,
                    ..PLAIN
                });
            }
        }
    }
}

#[test]
fn at_any_phase_and_target_the_ledger_is_the_measured_delay() {
    for phase in [0, 1, 125, 6_300, 12_001, 19_999] {
        for target in [0, 5, 20, 45, 120].map(ms) {
            let phase = Duration::from_micros(phase);
            agrees(Way {
                phase,
                target,
                ..PLAIN
            });
        }
    }
}

#[test]
fn over_two_workers_and_in_a_large_room_the_ledger_is_the_measured_delay() {
    for (workers, crowd) in [(1, 60), (2, 0), (2, 50)] {
        for (speaks, hears) in [(L8, L8), (L16, L8), (L8, L16)] {
            let found = agrees(Way {
                speaks,
                hears,
                workers,
                crowd,
                ..PLAIN
            });
            let mesh = found.hearer.outward.mesh;
            assert_eq!(mesh, if workers > 1 { ms(3) } else { ms(0) });
        }
    }
}

#[test]
fn each_part_answers_to_its_own_cause_and_to_no_other() {
    let plain = agrees(PLAIN);
    let (inward, outward) = (plain.speaker.inward, plain.hearer.outward);
    let parts = (inward.jitter, inward.slot, inward.before_mix);
    assert_eq!((parts.0, parts.2, inward.codec), (ms(20), ms(0), ms(0)));
    assert_eq!(
        (outward.limiter, outward.packetise, outward.cross_rate),
        (ms(1) / 2, ms(0), ms(0))
    );

    // A larger target: the jitter buffer holds longer, by whole periods here, so nothing else changes.
    let held = agrees(Way {
        target: ms(60),
        ..PLAIN
    });
    assert_eq!(held.speaker.inward.jitter, inward.jitter + ms(40));
    assert_eq!(
        (held.speaker.inward.slot, held.hearer.outward),
        (inward.slot, outward)
    );
    assert_eq!(held.measured, plain.measured + ms(40));

    // A packet that comes 3 ms later in the period waits 3 ms less for the slot, or 17 ms more.
    let phased = agrees(Way {
        phase: ms(3),
        ..PLAIN
    });
    let wait = (inward.slot + ms(17)).as_micros() % ms(20).as_micros();
    assert_eq!(phased.speaker.inward.slot.as_micros(), wait);
    assert_eq!(
        (phased.speaker.inward.jitter, phased.hearer.outward),
        (inward.jitter, outward)
    );

    // Longer packets out are collected.
    let long = agrees(Way {
        ptime_out: ms(60),
        ..PLAIN
    });
    assert_eq!(long.hearer.outward.packetise, ms(40));
    assert_eq!(long.hearer.outward.packetise_mean, ms(40));
    assert_eq!(
        (long.speaker.inward, long.hearer.outward.limiter),
        (inward, outward.limiter)
    );
    let thirty = agrees(Way {
        ptime_out: ms(30),
        ..PLAIN
    });
    assert_eq!(thirty.hearer.outward.packetise, ms(20));
    assert!(
        (ms(14)..ms(16)).contains(&thirty.hearer.outward.packetise_mean),
        "{thirty:?}"
    );

    // Another rate: the sum is resampled once.
    let crossed = agrees(Way {
        speaks: L16,
        ..PLAIN
    });
    assert_eq!(crossed.hearer.outward.cross_rate, ms(2));
    assert_eq!(
        (crossed.speaker.inward.jitter, crossed.hearer.outward.total),
        (inward.jitter, outward.total)
    );
    assert_eq!(
        crossed.measured - crossed.speaker.inward.slot,
        plain.measured - inward.slot + ms(2)
    );

    // Another worker: the mesh margin.
    let meshed = agrees(Way {
        workers: 2,
        ..PLAIN
    });
    assert_eq!(
        (meshed.hearer.outward.mesh, meshed.hearer.outward.after_mix),
        (ms(3), ms(0))
    );

    // Many legs: the slots before and after the mix.
    let spread = agrees(Way { crowd: 60, ..PLAIN });
    assert!(spread.speaker.inward.before_mix > ms(0), "{spread:?}");
    assert!(spread.hearer.outward.after_mix > ms(0), "{spread:?}");
    assert_eq!(spread.hearer.outward.limiter, outward.limiter);
}

#[test]
fn before_a_packet_has_come_the_plan_speaks() {
    let mut studio = Studio::new(small());
    let room = studio.room("silent");
    let _caller = Caller::join(&room, Codec::Pcmu, 1);
    studio.advance(ms(50));
    let ledger = studio.status().rooms[0].legs[0].ledger;
    assert_eq!((ledger.inward.jitter, ledger.inward.slot), (ms(20), ms(0)));
    assert_eq!(ledger.outward.total, ms(1) / 2);
    let json = serde_json::to_value(ledger).expect("plain data");
    assert_eq!(
        (&json["inward"]["jitter_ms"], &json["outward"]["limiter_ms"]),
        (&20.0.into(), &0.5.into())
    );
}

#[test]
fn the_buffer_s_part_follows_the_network_and_is_kept_over_a_change_of_plan() {
    let mut studio = Studio::new(small());
    let room = studio.room("jittery");
    let mut caller = Caller::join(&room, Codec::Pcmu, 1).saying(|_| 0.1);
    let begin = studio.engine.now();
    for n in 0..100 {
        // Every fourth packet is 8 ms late.
        let late = if n % 4 == 3 { ms(8) } else { ms(0) };
        let (header, payload) = caller.packet();
        let received = begin + ms(20) * n + late;
        assert!(studio.inject(caller.id(), received, header, &payload));
        studio.advance(ms(20));
    }
    studio.advance(ms(2_000));
    let inward = studio.status().rooms[0].legs[0].ledger.inward;
    assert_eq!((inward.jitter_max, inward.jitter_mean), (ms(20), ms(18)));
    assert_eq!(inward.jitter, ms(12), "the last was late");
    caller
        .leg
        .change(network(Codec::Pcma, 1))
        .expect("in the room");
    studio.advance(ms(2_000));
    let after = studio.status().rooms[0].legs[0].ledger.inward;
    assert_eq!((after.jitter_max, after.jitter_mean), (ms(20), ms(18)));
}

#[test]
fn a_packet_of_a_slot_that_ran_late_counts_as_processed_late() {
    let mut studio = Studio::new(small());
    let room = studio.room("late");
    let _caller = Caller::join(&room, Codec::Pcmu, 1);
    studio.advance(ms(2_000));
    let told = |studio: &Studio| studio.status().workers[0].processing_us;
    assert_eq!(
        told(&studio).max,
        0.0,
        "virtual time stands still in a step"
    );
    // Over a whole period nothing is run: the leg's packet is late by what is left of it after its slot.
    studio.engine.stall(ms(20));
    studio.advance(ms(3_000));
    let late = told(&studio);
    assert!((1_000.0..=20_000.0).contains(&late.max), "{late:?}");
    assert_eq!(late.p50, 0.0);
}
