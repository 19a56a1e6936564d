//! Admission by measured cost (D15): prices, headroom, refusals, in virtual time with scripted costs.

mod common;

use std::time::Duration;

use common::{Codec, EngineConfig, Studio, ms, network};
use talkpath_engine::worker::script::Work;
use talkpath_engine::{Class, EngineError, LegConfig, Resource, Room};

const MICRO: Duration = Duration::from_micros(1);

fn large(workers: usize) -> EngineConfig {
    EngineConfig {
        capacity_legs: 600,
        capacity_rooms: 8,
        workers,
        ..EngineConfig::default()
    }
}

/// Every op costs so many microseconds.
fn flat(micros: u32) -> impl FnMut(Work) -> Duration + Send + 'static {
    move |_| micros * MICRO
}

fn phone(n: u32) -> LegConfig {
    LegConfig::network(network(Codec::Pcmu, n))
}

/// Joins until it is refused: how many came in, and why no more.
fn fill(room: &Room, kind: impl Fn(u32) -> LegConfig) -> (usize, EngineError) {
    let mut joined = 0;
    loop {
        match room.join(kind(joined as u32)) {
            Ok(_) => joined += 1,
            Err(error) => return (joined, error),
        }
    }
}

/// A room whose plan has been measured at `micros` an op.
fn measured(workers: usize, micros: u32) -> (Studio, Room) {
    let mut studio = Studio::new(large(workers));
    studio.engine.script_costs(flat(micros));
    let room = studio.room("lobby");
    room.join(phone(900)).expect("the first");
    studio.advance(ms(3_100));
    (studio, room)
}

#[test]
fn a_plan_is_priced_by_what_its_legs_were_measured_to_cost() {
    let (studio, room) = measured(1, 10);
    let status = studio.status();
    let [plan] = &status.costs.plans[..] else {
        panic!("one plan: {:?}", status.costs.plans)
    };
    // Six ops in, four out, ten microseconds each; told to an eighth above.
    let (ingress, egress) = (plan.ingress_us[1], plan.egress_us[1]);
    assert!(plan.measured);
    assert!((60.0..=67.5).contains(&ingress), "{plan:?}");
    assert!((40.0..=45.0).contains(&egress), "{plan:?}");
    assert!((plan.price_us - ingress - egress).abs() < 0.1);
    for kind in &status.costs.kinds {
        let runs = !["resample", "tone", "clip", "ext", "fade"].contains(&kind.kind);
        assert_eq!(kind.p50_us > 0.0, runs, "{kind:?}");
        assert!(kind.p99_us < 11.3, "{kind:?}");
    }
    let headroom = room.headroom(phone(0)).expect("an answer");
    assert!(headroom.measured);
    assert_eq!(headroom.price.as_micros() as f64, plan.price_us.floor());
}

#[test]
fn a_price_is_a_quantile_and_follows_what_is_measured_now() {
    let price = |quantile: f32| {
        let mut studio = Studio::new(EngineConfig {
            price_quantile: quantile,
            ..large(1)
        });
        // One op in five is slow.
        let mut turn = 0;
        studio.engine.script_costs(move |work| {
            turn += u32::from(work.kind == "jitter");
            let slow = work.kind == "jitter" && turn % 5 == 0;
            MICRO * if slow { 200 } else { 10 }
        });
        let room = studio.room("lobby");
        room.join(phone(0)).expect("the first");
        studio.advance(ms(3_100));
        let before = room.headroom(phone(1)).expect("an answer").price;
        studio.engine.script_costs(flat(2));
        studio.advance(ms(60_000));
        (before, room.headroom(phone(1)).expect("an answer").price)
    };
    let (median, later) = price(0.5);
    let (high, _) = price(0.9);
    assert!(
        median < 115 * MICRO && high > 280 * MICRO,
        "{median:?} {high:?}"
    );
    assert!(later < 25 * MICRO, "{later:?}");
}

#[test]
fn headroom_is_exact_whatever_ends_it() {
    for workers in [1, 2, 3] {
        // Slot time ends the dear ones, the number of legs the cheap ones.
        for micros in [0, 1, 20, 60] {
            let (studio, room) = measured(workers, micros);
            let told = room.headroom(phone(0)).expect("an answer");
            let again = room.headroom(phone(0)).expect("an answer");
            assert_eq!((told.legs, &told.workers), (again.legs, &again.workers));
            let (joined, refused) = fill(&room, phone);
            assert_eq!(joined, told.legs, "{workers} workers, {micros} µs");
            assert_eq!(refused.to_string(), told.limited_by.to_string());
            assert_eq!(refused.class(), Class::Capacity);
            let dear = matches!(
                refused,
                EngineError::Overload {
                    what: Resource::SlotTime,
                    ..
                }
            );
            assert_eq!(dear, micros >= 20, "{refused}");
            let mut by_worker = vec![0; workers];
            for leg in &studio.status().rooms[0].legs {
                by_worker[usize::from(leg.worker)] += 1;
            }
            by_worker[0] -= 1;
            let told: Vec<_> = told.workers.iter().map(|worker| worker.legs).collect();
            assert_eq!(by_worker, told, "on the workers it said");
        }
    }
}

#[test]
fn headroom_of_a_new_room_is_exact_too() {
    let (studio, _) = measured(2, 30);
    let told = studio.engine.headroom(phone(0)).expect("an answer");
    let room = studio.room("another");
    assert_eq!(fill(&room, phone).0, told.legs);
    assert!(told.legs > 20, "{told:?}");
}

#[test]
fn a_refusal_says_what_was_needed_and_what_is_left_and_takes_nothing() {
    let (mut studio, room) = measured(1, 40);
    fill(&room, phone);
    let before = studio.status();
    let error = room.join(phone(800)).expect_err("full");
    let EngineError::Overload {
        what,
        worker,
        needed,
        left,
        limit,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((what, worker), (Resource::SlotTime, 0));
    assert!(
        needed > left && limit <= 800 * MICRO,
        "{needed:?} {left:?} {limit:?}"
    );
    assert!(limit > 700 * MICRO);
    let after = studio.status();
    assert_eq!(after.capacity, before.capacity);
    assert_eq!(after.workers[0].planned_us, before.workers[0].planned_us);
    assert_eq!(
        after.supervisor.refused_capacity,
        before.supervisor.refused_capacity + 1
    );
    // Somebody leaves, and there is room for one.
    room.legs().expect("open")[0].leave().expect("there");
    studio.advance(ms(100));
    let again = fill(&room, phone).0;
    assert!((1..=2).contains(&again), "slots are of one size: {again}");
}

#[test]
fn hints_alone_refuse_nobody_but_what_cannot_be() {
    let studio = Studio::new(EngineConfig {
        capacity_legs: 3_000,
        ..large(1)
    });
    let room = studio.room("crowd");
    let (joined, refused) = fill(&room, |_| LegConfig::tone(440.0, -20.0));
    assert_eq!(joined, 3_000);
    assert!(matches!(
        refused,
        EngineError::Capacity {
            what: Resource::Legs,
            ..
        }
    ));
    let studio = Studio::new(EngineConfig {
        admit_budget: 0.005,
        ..large(1)
    });
    let (joined, refused) = fill(&studio.room("tight"), phone);
    assert!((10..200).contains(&joined), "{joined}");
    assert!(matches!(refused, EngineError::Overload { .. }));
}

#[test]
fn driven_to_half_as_much_again_the_admitted_are_on_time_and_the_others_know_why() {
    for workers in [1, 2] {
        let (mut studio, room) = measured(workers, 15);
        let capacity = 1 + room.headroom(phone(0)).expect("an answer").legs;
        let (mut admitted, mut refused) = (1, 0);
        for n in 0..(capacity * 3 / 2) as u32 {
            match room.join(phone(n)) {
                Ok(_) => admitted += 1,
                Err(EngineError::Overload { needed, left, .. }) => {
                    assert!(needed > left);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
            if n % 8 == 0 {
                studio.advance(ms(20));
            }
        }
        assert!(
            admitted >= capacity && refused >= capacity * 2 / 5,
            "{admitted} {refused}"
        );
        let before: u64 = studio
            .status()
            .workers
            .iter()
            .map(|w| w.counters.segments)
            .sum();
        studio.advance(ms(30_000));
        let status = studio.status();
        let sum = |of: fn(&talkpath_engine::worker::stats::WorkerCounters) -> u64| -> u64 {
            status
                .workers
                .iter()
                .map(|worker| of(&worker.counters))
                .sum()
        };
        let (run, late) = (sum(|c| c.segments) - before, sum(|c| c.late_segments));
        assert!(run > 2 * 49 * 29 * admitted as u64, "{run}");
        assert!(late * 10_000 <= run, "{late} of {run} late");
        for worker in &status.workers {
            let busy = worker.busy_us.p99;
            assert!(busy > 500.0, "it was driven: {busy}");
        }
    }
}
