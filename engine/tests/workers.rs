//! Rooms spread over several workers, and legs that move between them (D5, D6), in virtual time.
//!
//! Whatever the number of workers, the order they run in and the moves made on the way: everybody is sent the same
//! packets, to the bit.

mod common;

use std::collections::BTreeMap;

use common::{Caller, Codec, FRAME, SampleRate, Sent, Studio, TEN, ears, ms, network, sine, small};
use talkpath_engine::{
    Engine, EngineConfig, EngineError, EventKind, LegConfig, PortConfig, RoomConfig,
};

const L16: Codec = Codec::L16(SampleRate::HZ_16000);
const CODECS: [Codec; 6] = [Codec::Pcmu, L16, Codec::Pcma, Codec::Pcmu, L16, Codec::Pcma];

/// An engine of `workers`, whose edits take effect in the same slot however many there are.
fn engine_of(workers: usize) -> EngineConfig {
    EngineConfig {
        workers,
        edit_lead: Some(ms(10)),
        ..small()
    }
}

/// Six phones of three codecs in one room. They talk after 200 ms.
fn six_phones(studio: &mut Studio) -> Vec<Caller> {
    let room = studio.room("large");
    let mut callers: Vec<Caller> = CODECS
        .iter()
        .enumerate()
        .map(|(n, codec)| Caller::join(&room, *codec, n as u32))
        .collect();
    studio.advance(ms(100));
    for (n, caller) in callers.iter_mut().enumerate() {
        let voice = sine(300.0 + 170.0 * n as f64, caller.codec.rate(), 0.4);
        caller.voice = Some(Box::new(voice));
    }
    callers
}

/// Sends leg `n` to worker `to(n)` and waits until all are there.
fn spread(studio: &mut Studio, callers: &[Caller], to: impl Fn(usize) -> usize) {
    for (n, caller) in callers.iter().enumerate() {
        caller.leg.move_to(to(n)).expect("a worker with seats");
        // Taken out often, as a shard does: what two workers sent stays in order.
        for _ in 0..6 {
            studio.advance(TEN);
        }
    }
    let status = studio.status();
    for (n, caller) in callers.iter().enumerate() {
        let legs = status.rooms.iter().flat_map(|room| &room.legs);
        let found = legs.clone().find(|leg| leg.bits == caller.id().to_bits());
        assert_eq!(found.map(|leg| usize::from(leg.worker)), Some(to(n)));
    }
    assert_eq!(status.supervisor.edits_failed, 0);
}

/// Runs and talks; in every slot the workers take another order.
fn talk(studio: &mut Studio, callers: &mut [Caller], tens: u64) {
    for ten in 0..tens {
        for caller in callers.iter_mut() {
            caller.speak(studio);
        }
        studio.engine.advance_shuffled(TEN, 77 + ten);
        studio.collect();
    }
}

/// What everybody was sent, without the time it left, which a margin moves.
fn everything(studio: &Studio) -> BTreeMap<u64, Vec<(talkpath_nodes::packet::Header, Vec<u8>)>> {
    let packet = |sent: &Sent| (sent.header, sent.payload.clone());
    let all = studio.sent.iter();
    all.map(|(leg, sent)| (*leg, sent.iter().map(packet).collect()))
        .collect()
}

#[test]
fn any_number_of_workers_sends_the_same_bits() {
    let run = |workers: usize| {
        let mut studio = Studio::new(engine_of(workers));
        let mut callers = six_phones(&mut studio);
        spread(&mut studio, &callers, |n| n % workers);
        talk(&mut studio, &mut callers, 100);
        let status = studio.status();
        assert_eq!(status.rooms[0].workers.len(), workers);
        for worker in &status.workers {
            let counters = worker.counters;
            let lost = counters.partials_late + counters.partials_unsent + counters.overflows;
            assert_eq!((lost, counters.refused_commands), (0, 0));
        }
        everything(&studio)
    };
    let one = run(1);
    assert_eq!(one.len(), 6);
    assert!(one.values().all(|sent| sent.len() > 60));
    assert!(
        one.values()
            .any(|sent| sent.iter().any(|(_, bytes)| bytes[..] != sent[0].1[..]))
    );
    for workers in [2, 3, 5] {
        assert!(run(workers) == one, "{workers} workers");
    }
}

#[test]
fn what_is_between_two_workers_has_marks_that_rise() {
    let mark = |studio: &Studio, what: &str| {
        let all = studio.status().capacity;
        let fill = all.into_iter().find(|fill| fill.what == what);
        let fill = fill.unwrap_or_else(|| panic!("no {what:?}"));
        assert!(fill.limit > 0 && fill.in_use <= fill.limit, "{fill:?}");
        (fill.in_use, fill.high_water.expect("it is kept"))
    };
    let between = ["sum boxes", "passed ring"];
    let mut studio = Studio::new(engine_of(2));
    let mut callers = six_phones(&mut studio);
    let before = mark(&studio, "routes ring").1;
    studio.run(ms(2_000), &mut []);
    for what in between {
        assert_eq!(
            mark(&studio, what),
            (0, 0),
            "{what}: all legs are on one worker"
        );
    }
    // Six phones are sent five packets each before the shard takes any.
    let out = mark(&studio, "boxes out").1;
    assert!((1..=30).contains(&out), "{out}");
    spread(&mut studio, &callers, |n| n % 2);
    talk(&mut studio, &mut callers, 150);
    for what in between {
        assert!(mark(&studio, what).1 >= 1, "{what}");
    }
    // Three rates and two mixes under way are the most a single room can have.
    // The one awaited and the next, of both rates.
    assert!(mark(&studio, "sum boxes").1 <= 4);
    assert!(mark(&studio, "routes ring").1 >= before.max(1));
    // Nobody takes what is sent: boxes stay out, and the mark says so when they are back.
    studio.engine.advance(ms(2_000));
    let peak = mark(&studio, "boxes out");
    assert!(peak.0 > out && peak.1 >= peak.0, "{peak:?}");
    studio.run(ms(2_000), &mut []);
    let (now, most) = mark(&studio, "boxes out");
    assert!(now < peak.0 && most >= peak.1, "{now} {most}");
}

#[test]
fn nobody_hears_that_legs_move_while_all_talk() {
    let run = |moving: bool| {
        let mut studio = Studio::new(engine_of(3));
        let mut callers = six_phones(&mut studio);
        spread(&mut studio, &callers, |n| n % 3);
        let mut at = [0, 1, 2, 0, 1, 2];
        for round in 0..24 {
            talk(&mut studio, &mut callers, 7);
            if moving {
                let n = round % callers.len();
                at[n] = (at[n] + 1 + round / 12) % 3;
                callers[n].leg.move_to(at[n]).expect("a free worker");
            }
        }
        let status = studio.status();
        assert!(!moving || status.supervisor.legs_moved >= 23);
        assert_eq!(status.supervisor.stale_returns, 0);
        for worker in &status.workers {
            assert_eq!(
                (worker.counters.packets_stale, worker.counters.overflows),
                (0, 0)
            );
        }
        everything(&studio)
    };
    assert!(run(true) == run(false));
}

#[test]
fn nobody_hears_that_a_room_takes_a_second_worker_while_all_talk() {
    for phase in 0..20 {
        let run = |spreads: bool| {
            let mut studio = Studio::new(engine_of(2));
            let mut callers = six_phones(&mut studio);
            studio.advance(ms(phase));
            talk(&mut studio, &mut callers, 30);
            if spreads {
                callers[3].leg.move_to(1).expect("a free worker");
            }
            talk(&mut studio, &mut callers, 30);
            let status = studio.status();
            assert_eq!(status.rooms[0].workers.len(), 1 + usize::from(spreads));
            everything(&studio)
        };
        let (alone, spread) = (run(false), run(true));
        for (leg, sent) in &alone {
            // A margin later, the last packet may still be on its way.
            let (all, got) = (sent.len(), &spread[leg]);
            assert!(
                got.len() + 1 >= all,
                "phase {phase}, leg {leg:x}: {} of {all}",
                got.len()
            );
            assert!(got[..] == sent[..got.len()], "phase {phase}, leg {leg:x}");
        }
    }
}

#[test]
fn a_leg_that_moved_takes_edits_and_leaves_nothing_behind() {
    let mut studio = Studio::new(engine_of(2));
    let mut callers = six_phones(&mut studio);
    spread(&mut studio, &callers, |n| n % 2);
    talk(&mut studio, &mut callers, 20);
    // Asked of it on its way: it waits, and is done.
    callers[0].leg.move_to(1).expect("a free worker");
    let again = callers[0].leg.move_to(0);
    assert!(
        matches!(again, Err(EngineError::Moving { .. })),
        "{again:?}"
    );
    callers[0].leg.mute(true).expect("it stays");
    callers[1].leg.move_to(0).expect("a free worker");
    callers[1].leg.leave().expect("it stays");
    talk(&mut studio, &mut callers[..1], 10);
    let told = studio.told();
    let moved = EventKind::Moved {
        leg: callers[0].id(),
        worker: 1,
    };
    assert!(told.contains(&moved), "{told:?}");
    let left =
        |kind: &EventKind| matches!(kind, EventKind::Left { leg, .. } if *leg == callers[1].id());
    assert!(told.iter().any(left), "{told:?}");
    let room = studio
        .engine
        .room("large")
        .expect("running")
        .expect("there");
    room.close().expect("open");
    studio.advance(ms(200));
    let status = studio.status();
    assert!(status.rooms.is_empty());
    for fill in status
        .capacity
        .iter()
        .filter(|fill| !fill.is_told_by_workers())
    {
        assert_eq!(fill.in_use, 0, "{}", fill.what);
    }
    assert_eq!(
        (
            status.supervisor.stale_returns,
            status.supervisor.edits_failed
        ),
        (0, 0)
    );
    assert!(
        status
            .workers
            .iter()
            .all(|w| w.planned_us.iter().all(|us| *us == 0.0))
    );
}

#[test]
fn a_worker_that_is_late_is_faded_and_comes_back() {
    let mut studio = Studio::new(engine_of(2));
    let room = studio.room("two");
    let rate = SampleRate::HZ_8000;
    let mut callers = vec![
        Caller::join(&room, Codec::Pcmu, 0),
        Caller::join(&room, Codec::Pcmu, 1).saying(sine(400.0, rate, 0.5)),
    ];
    studio.advance(ms(60));
    callers[1].leg.move_to(1).expect("a free worker");
    talk(&mut studio, &mut callers, 50);
    studio.engine.stall_worker(1, ms(45));
    talk(&mut studio, &mut callers, 130);
    let status = studio.status();
    let late = status.workers[0].counters.partials_late;
    assert!(
        (1..=3).contains(&late),
        "{late} sums of a worker that stood for two periods"
    );
    let heard = studio.heard(callers[0].id(), Codec::Pcmu, 20);
    let steepest = sine_step(400.0, rate, 0.5) * 1.6;
    let step = ears::largest_step(&heard);
    assert!(step < steepest, "no click: {step} against {steepest}");
    let end = &heard[heard.len() - 1_600..];
    assert!(ears::rms(end) > 0.3, "it is back");
    // The one that stood still sends on: same stream, time gone on.
    let sent = studio.packets(callers[1].id());
    let gaps = sent
        .windows(2)
        .map(|w| w[1].header.sequence.wrapping_sub(w[0].header.sequence));
    assert!(gaps.into_iter().all(|gap| gap == 1));
}

/// Largest step between two samples of a sine.
fn sine_step(hz: f64, rate: SampleRate, peak: f64) -> f32 {
    (peak * std::f64::consts::TAU * hz / f64::from(rate.hz())) as f32
}

#[test]
fn a_room_beyond_one_workers_budget_takes_a_second_one_by_itself() {
    let mut studio = Studio::new(EngineConfig {
        workers: 2,
        slot_budget: 0.05,
        capacity_legs: 600,
        ..small()
    });
    let (room, other) = (studio.room("large"), studio.room("small"));
    for n in 0..340 {
        room.join(LegConfig::network(network(Codec::Pcmu, n)))
            .expect("capacity");
    }
    other
        .join(LegConfig::network(network(Codec::Pcmu, 900)))
        .expect("capacity");
    studio.advance(ms(100));
    let status = studio.status();
    let of = |name: &str| {
        status
            .rooms
            .iter()
            .find(|room| room.name == name)
            .expect("there")
    };
    assert_eq!((of("large").workers.len(), of("large").margin), (2, 3));
    assert_eq!(
        (of("small").workers.len(), of("small").margin),
        (1, 0),
        "it pays nothing"
    );
    for leg in &of("large").legs {
        assert_eq!(leg.state, "in");
        assert!(leg.slots_after >= 3, "never before the sum is there");
    }
    assert_eq!(status.supervisor.edits_failed, 0);
}

/// A phone of every room, and where it is.
fn workers_of(studio: &Studio) -> Vec<Vec<u8>> {
    let status = studio.status();
    let rooms = status.rooms.iter();
    let of_room =
        |legs: &[talkpath_engine::status::LegStatus]| legs.iter().map(|leg| leg.worker).collect();
    rooms.map(|room| of_room(&room.legs)).collect()
}

/// Asks until nothing is better elsewhere; how often something was moved.
fn rebalanced(studio: &mut Studio) -> usize {
    let mut moves = 0;
    while let Some((_, to)) = studio.engine.rebalance().expect("running") {
        assert!(to < 4);
        studio.advance(ms(60));
        moves += 1;
        assert!(moves < 600, "it ends");
    }
    moves
}

/// Rooms of `legs` phones each, all of them on worker 0.
fn on_the_first(studio: &mut Studio, rooms: u32, legs: u32) {
    for r in 0..rooms {
        let room = studio.room(&format!("room {r}"));
        for n in 0..legs {
            let phone = LegConfig::network(network(Codec::Pcmu, legs * r + n));
            let leg = room.join(phone).expect("capacity");
            studio.advance(ms(5));
            leg.move_to(0).expect("a place");
            studio.advance(ms(60));
        }
    }
}

#[test]
fn rebalancing_moves_whole_rooms_one_leg_at_a_time_until_it_is_level() {
    let mut studio = Studio::new(engine_of(2));
    on_the_first(&mut studio, 4, 4);
    assert!(
        workers_of(&studio)
            .iter()
            .flatten()
            .all(|worker| *worker == 0)
    );
    assert_eq!(rebalanced(&mut studio), 8);
    let rooms = workers_of(&studio);
    let mut of: Vec<u8> = rooms.iter().map(|legs| legs[0]).collect();
    of.sort_unstable();
    assert_eq!(of, [0, 0, 1, 1]);
    for legs in rooms {
        assert!(legs.iter().all(|worker| *worker == legs[0]), "{legs:?}");
    }
}

#[test]
fn a_room_that_is_spread_without_need_is_gathered() {
    let mut studio = Studio::new(engine_of(2));
    on_the_first(&mut studio, 1, 6);
    let room = studio.engine.rooms().expect("running").remove(0);
    for leg in room.legs().expect("open").into_iter().skip(3) {
        leg.move_to(1).expect("a place");
        studio.advance(ms(60));
    }
    assert_eq!(rebalanced(&mut studio), 3);
    let all = workers_of(&studio).remove(0);
    assert!(all.iter().all(|worker| *worker == all[0]), "{all:?}");
    studio.advance(ms(6_000));
    let status = studio.status();
    assert_eq!(
        (status.rooms[0].workers.len(), status.rooms[0].margin),
        (1, 0)
    );
    assert_eq!(rebalanced(&mut studio), 0);
}

#[test]
fn a_room_that_would_be_spread_again_soon_is_not_gathered() {
    let mut studio = Studio::new(EngineConfig {
        workers: 2,
        slot_budget: 0.05,
        capacity_legs: 600,
        ..small()
    });
    let room = studio.room("large");
    let mut legs = Vec::new();
    // Until it takes the second worker.
    let workers = |studio: &Studio| {
        let mut workers = workers_of(studio).remove(0);
        workers.sort_unstable();
        workers.dedup();
        workers.len()
    };
    while legs.is_empty() || workers(&studio) < 2 {
        let phone = LegConfig::network(network(Codec::Pcmu, legs.len() as u32));
        legs.push(room.join(phone).expect("capacity"));
    }
    studio.advance(ms(100));
    let full = legs.len();
    rebalanced(&mut studio);
    assert_eq!(workers(&studio), 2, "{full} legs");
    let mut leave_all_but = |studio: &mut Studio, stay: usize| {
        for leg in legs.drain(stay..) {
            leg.leave().expect("in");
        }
        studio.advance(ms(300));
        rebalanced(studio);
    };
    leave_all_but(&mut studio, full * 9 / 10);
    assert_eq!(workers(&studio), 2, "it would fit, just");
    leave_all_but(&mut studio, full * 4 / 10);
    assert_eq!(workers(&studio), 1);
}

#[test]
fn moving_and_mixing_across_workers_allocates_nothing() {
    let mut studio = Studio::new(engine_of(3));
    let mut callers = six_phones(&mut studio);
    spread(&mut studio, &callers, |n| n % 3);
    let mut count = common::heap::Count::default();
    for n in 0..12 {
        callers[n % 6]
            .leg
            .move_to((n + 1) % 3)
            .expect("a free worker");
        let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
        count += studio.run_counting(3 * FRAME, &mut all);
    }
    assert_eq!(count, common::heap::Count::default());
}

#[test]
fn a_worker_there_is_not_is_refused_and_one_without_seats_too() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 4,
        workers: 2,
        ..small()
    });
    let room = studio.room("full");
    let join = |n| room.join(LegConfig::network(network(Codec::Pcmu, n)));
    let legs: Vec<_> = (0..4).map(|n| join(n).expect("capacity")).collect();
    studio.advance(ms(100));
    assert!(matches!(
        legs[0].move_to(2),
        Err(EngineError::OutOfRange { .. })
    ));
    let refused = (0..4)
        .map(|n| legs[n].move_to(1))
        .filter(|outcome| matches!(outcome, Err(EngineError::Capacity { .. })));
    assert!(refused.count() > 0, "three seats for four legs");
    studio.advance(ms(100));
    assert_eq!(studio.status().supervisor.edits_failed, 0);
}

#[test]
fn a_leg_finds_the_worker_that_can_hold_its_plan() {
    let mut studio = Studio::new(EngineConfig {
        workers: 2,
        capacity_plans: 1,
        ..small()
    });
    let room = studio.room("two codecs");
    let join = |codec, n| room.join(LegConfig::network(network(codec, n)));
    join(Codec::Pcmu, 0).expect("the first plan");
    join(Codec::Pcma, 1).expect("the other worker has a place for it");
    join(Codec::Pcmu, 2).expect("known");
    let refused = join(L16, 3);
    assert!(
        matches!(refused, Err(EngineError::Capacity { .. })),
        "{refused:?}"
    );
    studio.advance(ms(100));
    let status = studio.status();
    let legs = status.rooms[0].legs.iter();
    assert_eq!(legs.map(|leg| leg.worker).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(status.supervisor.edits_failed, 0);
}

#[test]
fn on_real_time_too_one_worker_hears_the_other() {
    let config = EngineConfig {
        workers: 2,
        priority: None,
        ..small()
    };
    let engine = Engine::start(config).expect("the machine has threads");
    let room = engine
        .create_room(RoomConfig::new("live"))
        .expect("capacity");
    let tone = room.join(LegConfig::tone(440.0, -10.0)).expect("capacity");
    let (leg, mut port) = room
        .join_port(PortConfig::new(SampleRate::HZ_8000))
        .expect("capacity");
    tone.move_to(0).expect("a worker");
    leg.move_to(1).expect("another worker");
    let mut frame = vec![0; port.frame().as_usize()];
    let mut heard = 0;
    // Sound that came over the mesh: the port is on the other worker once the margin is in force.
    while heard < 25 {
        let apart = engine
            .status()
            .is_ok_and(|status| status.supervisor.legs_moved > 0);
        match port.read(&mut frame) {
            Ok(_) => heard += u32::from(apart && frame.iter().any(|sample| sample.abs() > 1_000)),
            Err(_) => std::thread::yield_now(),
        }
    }
    engine.shutdown();
}
