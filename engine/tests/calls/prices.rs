//! What calls were measured to cost, who is refused for it, and how many more would come in (D15).

use std::time::Duration;

use talkpath_engine::status::PlanCostStatus;
use talkpath_engine::{
    CallConfig, Class, EngineError, JitterDelay, LegConfig, NetworkConfig, Resource, Side,
};

use crate::common::{Codec, EngineConfig, Studio, ms, network};
use crate::rig::{Rig, WIDE, fill, header, payload, side};

const MICRO: Duration = Duration::from_micros(1);

/// The kinds of calls: relayed, regrouped, transcoded, with another rate.
fn kinds() -> [(NetworkConfig, NetworkConfig); 4] {
    [
        (side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 20, 2)),
        (side(Codec::Pcmu, 20, 1), side(Codec::Pcmu, 40, 2)),
        (side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2)),
        (side(Codec::Pcmu, 20, 1), side(Codec::L16(WIDE), 10, 2)),
    ]
}

fn large(workers: usize) -> EngineConfig {
    EngineConfig {
        capacity_legs: 600,
        capacity_rooms: 8,
        workers,
        ..EngineConfig::default()
    }
}

/// A call whose phones have talked long enough for both directions to be measured, each op at `micros`.
fn measured(config: EngineConfig, sides: (NetworkConfig, NetworkConfig), micros: u32) -> Rig {
    let mut rig = Rig::with(config, sides.0, sides.1);
    rig.studio.engine.script_costs(move |_| micros * MICRO);
    talk(&mut rig, sides, 3_100);
    rig
}

/// Both phones send for so many milliseconds.
fn talk(rig: &mut Rig, sides: (NetworkConfig, NetworkConfig), millis: u16) {
    for at in 0..millis {
        for (from, config) in Side::BOTH.into_iter().zip([sides.0, sides.1]) {
            let ptime = config.ptime.as_millis() as u16;
            if at % ptime == 0 {
                let ticks = config.codec.rate().samples_in(config.ptime).0;
                let octets = config.codec.octets_of(ticks as usize);
                let n = at / ptime;
                rig.put(from, header(config.codec, n, ticks), &payload(n, octets));
            }
        }
        rig.studio.advance(ms(1));
    }
}

fn price(rig: &Rig) -> PlanCostStatus {
    let plans = rig.studio.status().costs.plans;
    let [plan] = &plans[..] else {
        panic!("one plan: {plans:?}")
    };
    *plan
}

#[test]
fn a_call_is_priced_by_what_its_packets_were_measured_to_cost() {
    let [relay, .., wide] = kinds();
    let rig = measured(large(1), relay, 10);
    let plan = price(&rig);
    assert!(plan.measured);
    for way in [plan.ingress_us, plan.egress_us] {
        assert!((10.0..=11.3).contains(&way[1]), "one op: {plan:?}");
    }
    let config = CallConfig::new(relay.0, relay.1);
    let headroom = rig.studio.engine.headroom(config).expect("an answer");
    assert!(headroom.measured);
    // A packet each way in 20 ms.
    assert_eq!(headroom.price.as_micros() as f64, plan.price_us.floor());

    // Of 20 ms in, of 10 ms out: arrival, and four ops for each of two pieces; the other way one piece of twice as many.
    let rig = measured(large(1), wide, 10);
    let plan = price(&rig);
    assert!((90.0..=101.3).contains(&plan.ingress_us[1]), "{plan:?}");
    assert!((50.0..=56.3).contains(&plan.egress_us[1]), "{plan:?}");
    let config = CallConfig::new(wide.0, wide.1);
    let headroom = rig.studio.engine.headroom(config).expect("an answer");
    let each = plan.ingress_us[1] + 2.0 * plan.egress_us[1];
    let told = headroom.price.as_secs_f64() * 1e6;
    assert!((told - each).abs() < 0.01, "{told} {each}");
    // It is what the slots are planned with.
    let planned = &rig.studio.status().workers[0].planned_us;
    assert!(
        planned.iter().all(|us| (us - each / 20.0).abs() < 0.01),
        "{planned:?}"
    );
}

#[test]
fn a_burst_is_priced_by_the_packet() {
    let [relay, ..] = kinds();
    let mut rig = Rig::with(large(1), relay.0, relay.1);
    rig.studio.engine.script_costs(|_| 10 * MICRO);
    for n in 0..80 {
        for from in Side::BOTH {
            for k in 0..5 {
                let n = 5 * n + k;
                rig.put(from, header(Codec::Pcmu, n, 160), &payload(n, 160));
            }
        }
        rig.studio.advance(ms(20));
    }
    rig.studio.advance(ms(1_100));
    let plan = price(&rig);
    assert!((20.0..=22.6).contains(&plan.price_us), "{plan:?}");
}

#[test]
fn a_direction_that_was_never_heard_counts_with_its_hint() {
    let [relay, ..] = kinds();
    let mut rig = Rig::with(large(1), relay.0, relay.1);
    rig.studio.engine.script_costs(|_| 10 * MICRO);
    for n in 0..150 {
        rig.put(Side::A, header(Codec::Pcmu, n, 160), &payload(n, 160));
        rig.studio.advance(ms(20));
    }
    let headroom = |rig: &Rig| {
        let config = CallConfig::new(relay.0, relay.1);
        rig.studio.engine.headroom(config).expect("an answer")
    };
    // 1.8 µs of hint the way nobody spoke.
    let told = headroom(&rig);
    assert!(!told.measured);
    assert!((11 * MICRO..14 * MICRO).contains(&told.price), "{told:?}");
}

#[test]
fn headroom_for_calls_is_exact_whatever_ends_it() {
    for workers in [1, 2, 3] {
        for (kind, sides) in kinds().into_iter().enumerate() {
            for micros in [0, 30, 150] {
                let rig = measured(large(workers), sides, micros);
                let config = CallConfig::new(sides.0, sides.1);
                let told = rig.studio.engine.headroom(config).expect("an answer");
                let again = rig.studio.engine.headroom(config).expect("an answer");
                assert_eq!((told.legs, &told.workers), (again.legs, &again.workers));
                let (calls, refused) = fill(&rig.studio, config);
                assert_eq!(
                    calls.len(),
                    told.legs,
                    "{workers} workers, {kind}, {micros} µs"
                );
                assert_eq!(refused.to_string(), told.limited_by.to_string());
                assert_eq!(refused.class(), Class::Capacity);
                // Slot time ends the dear ones, the handles what costs nothing.
                let dear = matches!(refused, EngineError::Overload { .. });
                assert!(micros == 30 || dear == (micros == 150), "{refused}");
                let mut by_worker = vec![0; workers];
                for call in &rig.studio.status().calls {
                    by_worker[usize::from(call.worker)] += 1;
                }
                by_worker[0] -= 1;
                let told: Vec<_> = told.workers.iter().map(|worker| worker.legs).collect();
                assert_eq!(by_worker, told, "on the workers it said");
            }
        }
    }
}

#[test]
fn a_refused_call_is_told_what_it_needs_and_takes_nothing() {
    let [.., pcma, _] = kinds();
    let rig = measured(large(1), pcma, 100);
    let config = CallConfig::new(pcma.0, pcma.1);
    let (calls, refused) = fill(&rig.studio, config);
    let before = rig.studio.status();
    let EngineError::Overload {
        what,
        worker,
        needed,
        left,
        limit,
    } = refused
    else {
        panic!("{refused}")
    };
    assert_eq!((what, worker), (Resource::SlotTime, 0));
    assert!(needed > left && limit > 700 * MICRO && limit <= 800 * MICRO);
    let error = rig.studio.engine.create_call(config).expect_err("full");
    assert_eq!(error.class(), Class::Capacity);
    let mut rig = rig;
    let after = rig.studio.status();
    assert_eq!(after.capacity, before.capacity);
    assert_eq!(after.workers[0].planned_us, before.workers[0].planned_us);
    calls[0].hang_up().expect("up");
    rig.studio.advance(ms(50));
    assert_eq!(fill(&rig.studio, config).0.len(), 1, "one ended, one fits");
}

#[test]
fn a_call_moves_and_changes_with_its_price_and_leaves_nothing_in_the_slots() {
    let [relay, regrouped, ..] = kinds();
    let mut rig = measured(large(2), relay, 40);
    let planned = |rig: &Rig| -> Vec<f64> {
        let status = rig.studio.status();
        status
            .workers
            .iter()
            .map(|worker| worker.planned_us[0])
            .collect()
    };
    let at_first = planned(&rig);
    assert!(at_first[0] > 4.0 && at_first[1] == 0.0, "{at_first:?}");
    rig.call.move_to(1).expect("another worker");
    talk(&mut rig, relay, 2_100);
    let moved = planned(&rig);
    assert!(moved[0] == 0.0 && moved[1] > 4.0, "{moved:?}");
    rig.call.change(Side::B, regrouped.1).expect("up");
    talk(&mut rig, regrouped, 3_100);
    let dearer = planned(&rig);
    assert!(dearer[1] > 2.0 * moved[1], "{dearer:?}");
    rig.call.hang_up().expect("up");
    rig.studio.advance(ms(50));
    assert_eq!(planned(&rig), [0.0, 0.0]);
}

#[test]
fn packet_boxes_end_the_headroom_of_legs_and_of_calls_as_exactly() {
    let few = |packets_in_per_leg, packets_out_per_leg| EngineConfig {
        packets_in_per_leg,
        packets_out_per_leg,
        capacity_legs: 60,
        workers: 2,
        ..large(2)
    };
    // 200 ms of packets of 10 ms wait in each jitter buffer.
    let patient = LegConfig::network(NetworkConfig {
        ptime: ms(10),
        jitter: Some(JitterDelay {
            target: ms(200),
            max: ms(400),
        }),
        ..network(Codec::Pcmu, 7)
    });
    let studio = Studio::new(few(4, 4));
    let told = studio.engine.headroom(patient.clone()).expect("an answer");
    let spent = |error: &EngineError, way| matches!(error, EngineError::Capacity { what: Resource::PacketBoxes(w), .. } if *w == way);
    assert!(spent(&told.limited_by, "towards"), "{told:?}");
    let room = studio.room("patient");
    let mut joined = 0;
    let refused = loop {
        match room.join(patient.clone()) {
            Ok(_) => joined += 1,
            Err(error) => break error,
        }
    };
    // 38 legs of 60 have a place on a worker, with 4 boxes each; one of these keeps 21.
    assert_eq!((joined, told.legs), (2 * (38 * 4 / 21), joined));
    assert_eq!(refused.to_string(), told.limited_by.to_string());

    // A packet of 60 ms is cut into six of 10 ms that leave one after the other.
    let cut = CallConfig::new(side(Codec::Pcmu, 60, 1), side(Codec::Pcmu, 10, 2));
    let studio = Studio::new(few(4, 1));
    let told = studio.engine.headroom(cut).expect("an answer");
    assert!(spent(&told.limited_by, "from"), "{told:?}");
    let (calls, refused) = fill(&studio, cut);
    assert_eq!((calls.len(), told.legs), (2 * (38 / 7), calls.len()));
    assert_eq!(refused.to_string(), told.limited_by.to_string());
}
