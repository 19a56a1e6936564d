//! Beginning, changing, ending; capacity; several workers.

use talkpath_engine::Side::{A, B};
use talkpath_engine::{
    Call, CallConfig, Class, Direction, EngineConfig, EngineError, EventKind, LeaveReason,
    NetworkConfig, Side,
};

use super::rig::{FULL, Rig, SLOT, WIDE, header, payload, side};
use crate::common::{Codec, Sent, Studio, ms, small};

fn pair(n: u32) -> CallConfig {
    CallConfig::new(
        side(Codec::Pcmu, 20, 2 * n),
        side(Codec::Pcma, 20, 2 * n + 1),
    )
}

#[test]
fn a_call_begins_and_ends_with_an_event_and_leaves_nothing_behind() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 30, 2));
    let (id, sides) = (rig.call.id(), Side::BOTH.map(|side| rig.call.side(side)));
    let started = EventKind::CallStarted { call: id, sides };
    assert_eq!(rig.studio.told(), [started]);
    assert_eq!(rig.studio.status().fill("legs"), Some((2, 64)));
    assert_eq!(rig.studio.status().fill("calls"), Some((1, 32)));
    // Half a packet waits for its other half, and one waits for its turn, when it ends.
    rig.pass(A, header(Codec::Pcmu, 1, 160), &payload(1, 160));
    rig.put(A, header(Codec::Pcmu, 2, 160), &payload(2, 160));
    rig.call.hang_up().expect("up");
    assert!(matches!(
        rig.call.hang_up(),
        Err(EngineError::StaleCall { call }) if call == id
    ));
    rig.studio.advance(ms(1_100));
    let told = rig.studio.told();
    let [
        EventKind::CallEnded {
            call,
            reason,
            stats,
            ..
        },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((*call, *reason), (id, LeaveReason::Requested));
    assert_eq!(stats.from(A).received, 1, "final figures");
    assert!(rig.call.stats().is_err() && rig.engine().calls().expect("running").is_empty());
    let status = rig.studio.status();
    for fill in &status.capacity {
        let ring = fill.what.ends_with("ring") || fill.is_told_by_workers();
        assert!(ring || fill.in_use == 0, "{fill:?}");
    }
    let (to, from) = (&rig.studio.link.to_worker, &rig.studio.link.from_worker);
    assert_eq!(to.available(), to.inventory(), "all boxes are back");
    assert_eq!(from.waiting(), 0);
    assert_eq!(status.workers[0].counters.packets_stale, 1);
    let supervisor = status.supervisor;
    assert_eq!((supervisor.calls_begun, supervisor.calls_ended), (1, 1));
    assert_eq!((supervisor.stale_returns, supervisor.edits_failed), (0, 0));
    assert!(status.workers[0].planned_us.iter().all(|load| *load == 0.0));
}

#[test]
fn a_media_timeout_of_a_side_ends_the_call_with_that_reason() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    rig.studio.told();
    let leg = rig.call.side(B);
    let timeout = LeaveReason::MediaTimeout;
    let engine = rig.engine();
    engine.remove_leg_because(leg, timeout).expect("up");
    rig.studio.advance(ms(5));
    let told = rig.studio.told();
    assert!(
        matches!(told[..], [EventKind::CallEnded { reason, .. }] if reason == timeout),
        "{told:?}"
    );
}

#[test]
fn what_is_spent_is_said_and_what_cannot_be_is_refused() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 5,
        ..small()
    });
    let create = |studio: &Studio, config| studio.engine.create_call(config);
    let first = create(&studio, pair(0)).expect("of two");
    create(&studio, pair(1)).expect("of two");
    let error = create(&studio, pair(2)).expect_err("one leg is left");
    assert_eq!(error.class(), Class::Capacity, "{error}");
    first.hang_up().expect("up");
    studio.advance(ms(5));
    let refused = [
        NetworkConfig {
            payload_type: 128,
            ..side(Codec::Pcmu, 20, 1)
        },
        NetworkConfig {
            hear_self: true,
            ..side(Codec::Pcmu, 20, 1)
        },
        side(Codec::Pcmu, 15, 1),
        side(Codec::Pcmu, 70, 1),
        side(Codec::L16(FULL), 20, 1),
    ];
    for config in refused {
        let config = CallConfig::new(side(Codec::Pcmu, 20, 9), config);
        let error = create(&studio, config).expect_err("out of range");
        assert_eq!(error.class(), Class::Caller, "{error}");
    }
    assert_eq!(studio.status().fill("legs"), Some((2, 5)));
    create(&studio, pair(2)).expect("there is room again");
}

#[test]
fn calls_of_equal_ends_share_a_plan_and_the_least_loaded_worker_gets_the_next() {
    let mut studio = Studio::new(EngineConfig {
        workers: 3,
        ..small()
    });
    let calls: Vec<Call> = (0..9)
        .map(|n| studio.engine.create_call(pair(n)).expect("capacity"))
        .collect();
    studio.advance(ms(20));
    let status = studio.status();
    let mut on = [0; 3];
    for call in &status.calls {
        on[usize::from(call.worker)] += 1;
        assert!(!call.relay && call.state == "up");
    }
    assert_eq!(on, [3, 3, 3]);
    let plans = studio.engine.plans().expect("running");
    assert_eq!((plans.len(), plans[0].legs), (1, 9));
    // What comes for each goes to its worker.
    for (n, call) in calls.iter().enumerate() {
        let head = header(Codec::Pcmu, 1, 160);
        let now = studio.engine.now();
        assert!(studio.inject(call.side(A), now, head, &payload(n as u16, 160)));
    }
    studio.advance(SLOT);
    for call in &calls {
        assert_eq!(studio.packets(call.side(B)).len(), 1);
    }
}

/// Twelve calls of every kind with losses, disorder, a hold, a change and a stall: all that is sent, by call and side.
fn a_lively_second(workers: usize) -> Vec<Vec<Sent>> {
    let mut studio = Studio::new(EngineConfig {
        workers,
        edit_lead: Some(ms(5)),
        ..small()
    });
    let ends = [
        (Codec::Pcmu, 20),
        (Codec::Pcma, 30),
        (Codec::L16(WIDE), 20),
        (Codec::L16(FULL), 10),
    ];
    let config = |n: usize| {
        let ((a, a_time), (b, b_time)) = (ends[n % 4], ends[n / 3 % 4]);
        let n = n as u32;
        CallConfig::new(side(a, a_time, 2 * n), side(b, b_time, 2 * n + 1))
    };
    let configs: Vec<CallConfig> = (0..12).map(config).collect();
    let create = |config| studio.engine.create_call(config).expect("capacity");
    let calls: Vec<Call> = configs.iter().copied().map(create).collect();
    studio.advance(ms(20));
    let mut dice = 1_u32;
    for n in 0..100_u16 {
        for (call, config) in calls.iter().zip(&configs) {
            for (from, end) in [(A, config.a), (B, config.b)] {
                let ticks = end.codec.rate().samples_in(end.ptime).0;
                let octets = end.codec.octets_of(ticks as usize);
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let number = match dice >> 28 {
                    0 => continue,
                    1 => n.saturating_sub(2),
                    _ => n,
                };
                let head = header(end.codec, number, ticks);
                let now = studio.engine.now();
                assert!(studio.inject(call.side(from), now, head, &payload(number, octets)));
            }
        }
        let hold = Direction {
            receive: n >= 50,
            send: true,
        };
        match n {
            30 | 50 => calls[2].set_direction(A, hold).expect("up"),
            60 => calls[4].change(B, configs[4].a).expect("up"),
            70 => calls[5].hang_up().expect("up"),
            80 => studio.engine.stall(ms(40)),
            _ => {}
        }
        studio
            .engine
            .advance_shuffled(ms(10), u64::from(n) + workers as u64);
        studio.collect();
    }
    let sides = calls.iter().flat_map(|call| [call.side(A), call.side(B)]);
    sides.map(|leg| studio.packets(leg).to_vec()).collect()
}

#[test]
fn any_number_of_workers_sends_the_same_bits() {
    let one = a_lively_second(1);
    assert!(one.iter().all(|sent| sent.len() > 20), "all were served");
    for workers in [2, 3] {
        let several = a_lively_second(workers);
        for (n, (one, other)) in one.iter().zip(&several).enumerate() {
            assert!(one == other, "{workers} workers, side {n}");
        }
    }
}

#[test]
fn the_engine_tells_of_its_calls_when_it_stops_serving_them() {
    let rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 20, 2));
    let again = rig.engine().calls().expect("running");
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].id(), rig.call.id());
    assert_eq!(again[0].side(B), rig.call.side(B));
    let status = rig.studio.status();
    let [a, b] = &status.calls[0].sides;
    assert_eq!(
        (a.bits, a.codec.as_str()),
        (rig.call.side(A).to_bits(), "PCMU/8000")
    );
    assert_eq!((b.payload_type, b.ptime_ms, b.send), (0, 20, true));
}
