//! Workers that hang or end, in virtual time (D18): what becomes of their legs, and that nobody else notices.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Caller, Codec, SampleRate, Sent, Studio, TEN, ears, heap, ms, network, sine, small};
use talkpath_engine::{
    Direction, EngineConfig, EventKind, LeaveReason, LegConfig, LegGraph, LegId, PortConfig,
    PortEmpty, PortFull, Segment, Status, WorkerFault,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{Format, FrameTime, Graph};
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{network_egress, network_ingress};
use talkpath_nodes::spec::Spec;

const RATE: SampleRate = SampleRate::HZ_8000;
const IN: Segment = Segment::Ingress;
const OUT: Segment = Segment::Egress;

fn of(workers: usize) -> EngineConfig {
    EngineConfig { workers, ..small() }
}

/// Two rooms of two phones that talk, one room on each of two workers. Phones 0 and 1 are on worker 0.
fn two_rooms(studio: &mut Studio) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (r, name) in ["first", "second"].iter().enumerate() {
        let room = studio.room(name);
        for n in 0..2 {
            let n = (2 * r + n) as u32;
            let voice = sine(300.0 + 130.0 * f64::from(n), RATE, 0.3);
            callers.push(Caller::join(&room, Codec::Pcmu, n).saying(voice));
        }
        studio.advance(TEN);
    }
    let status = studio.status();
    for (n, caller) in callers.iter().enumerate() {
        assert_eq!(worker_of(&status, caller), Some(n as u8 / 2));
    }
    callers
}

fn worker_of(status: &Status, caller: &Caller) -> Option<u8> {
    let legs = status.rooms.iter().flat_map(|room| &room.legs);
    let bits = caller.id().to_bits();
    legs.into_iter()
        .find(|leg| leg.bits == bits)
        .map(|leg| leg.worker)
}

fn talk(studio: &mut Studio, callers: &mut [Caller], span: Duration) {
    let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(span, &mut all);
}

/// One stream: every sequence number once and in order, the timestamp by the clock, one SSRC. The longest time
/// between two packets.
fn longest_gap(sent: &[Sent]) -> Duration {
    let mut longest = Duration::ZERO;
    for pair in sent.windows(2) {
        let [a, b] = [&pair[0], &pair[1]];
        let gap = b.not_before - a.not_before;
        assert_eq!(b.header.sequence, a.header.sequence.wrapping_add(1));
        let ticks = b.header.timestamp.wrapping_sub(a.header.timestamp);
        // Whole packets, though a leg that moves leaves a few slots earlier or later.
        let clock = gap.as_micros() as i64 * 8 / 1_000;
        let whole = ticks.is_multiple_of(80) && (i64::from(ticks) - clock).abs() <= 80;
        assert!(whole, "{ticks} ticks after {gap:?}");
        assert_eq!(b.header.ssrc, a.header.ssrc);
        longest = longest.max(gap);
    }
    longest
}

/// Everybody leaves: nothing is held any more by anybody.
fn assert_all_back(studio: &mut Studio) {
    for room in studio.engine.rooms().expect("running") {
        room.close().expect("an open room");
    }
    studio.advance(ms(300));
    let status = studio.status();
    for fill in &status.capacity {
        if !(fill.what.ends_with("ring") || fill.is_told_by_workers()) {
            assert_eq!(fill.in_use, 0, "{}", fill.what);
        }
    }
    let counts = &status.supervisor;
    assert_eq!((counts.stale_returns, counts.edits_failed), (0, 0));
    assert_eq!(counts.legs_joined, counts.legs_left);
    let (free, all) = {
        let boxes = &mut studio.link.to_worker;
        // Taken in by the shard's next look.
        let one = boxes.take().expect("an empty box");
        boxes.put_back(one);
        (boxes.available(), boxes.inventory())
    };
    assert_eq!(free, all, "packet boxes");
    for worker in &status.workers {
        let counters = worker.counters;
        assert_eq!((counters.overflows, counters.refused_commands), (0, 0));
        assert_eq!(counters.stale_commands, 0);
    }
}

fn losses(told: &[EventKind]) -> Vec<(usize, usize)> {
    let lost = |kind: &EventKind| match kind {
        EventKind::WorkerLost { worker, legs, .. } => Some((*worker, *legs)),
        _ => None,
    };
    told.iter().filter_map(lost).collect()
}

fn rebuilt_leg(kind: &EventKind) -> Option<LegId> {
    match kind {
        EventKind::Rebuilt { leg } => Some(*leg),
        _ => None,
    }
}

#[test]
fn a_stuck_worker_is_replaced_and_its_phones_go_on() {
    let run = |stuck: bool| {
        let mut studio = Studio::new(of(2));
        let mut callers = two_rooms(&mut studio);
        talk(&mut studio, &mut callers, ms(500));
        studio.told();
        if stuck {
            studio.engine.stall_worker(1, ms(3_000));
        }
        talk(&mut studio, &mut callers, ms(2_000));
        let (told, out) = (studio.told(), studio.status());
        // It wakes up while all talk.
        talk(&mut studio, &mut callers, ms(2_000));
        (studio, callers, told, out)
    };
    let (quiet, quiet_callers, told, _) = run(false);
    assert!(losses(&told).is_empty());
    let (mut studio, callers, told, out) = run(true);
    assert_eq!(losses(&told), [(1, 2)]);
    let stuck = told.iter().find_map(|kind| match kind {
        EventKind::WorkerLost {
            why: WorkerFault::Stuck { silent },
            ..
        } => Some(*silent),
        _ => None,
    });
    assert_eq!(stuck, Some(ms(1_000)));
    let rebuilt: Vec<_> = told.iter().filter_map(rebuilt_leg).collect();
    assert_eq!(rebuilt, [callers[2].id(), callers[3].id()]);
    let replaced = EventKind::WorkerReplaced { worker: 1, legs: 2 };
    assert!(told.contains(&replaced));
    assert!(
        !told
            .iter()
            .any(|kind| matches!(kind, EventKind::Left { .. } | EventKind::Joined { .. }))
    );
    assert_eq!((out.supervisor.workers_out, out.workers[1].epoch), (1, 1));
    // The others: to the bit as if nothing had been.
    for n in 0..2 {
        let (a, b) = (
            quiet.packets(quiet_callers[n].id()),
            studio.packets(callers[n].id()),
        );
        assert!(a.len() > 200 && a == b, "phone {n}");
    }
    for caller in &callers[2..] {
        let sent = studio.packets(caller.id());
        let gap = longest_gap(sent);
        assert!((ms(1_000)..ms(1_100)).contains(&gap), "{gap:?}");
        let heard = studio.heard(caller.id(), Codec::Pcmu, sent.len() - 50);
        assert!(ears::rms(&heard) > 0.1, "the room is there again");
    }
    let home = studio.status().supervisor;
    assert_eq!((home.workers_lost, home.workers_replaced), (1, 1));
    assert_eq!((home.workers_out, home.legs_rebuilt), (0, 2));
    assert!(home.packets_fenced > 0, "it went on where it had stopped");
    assert!(home.packet_boxes_lost > 0);
    drop(callers);
    assert_all_back(&mut studio);
}

#[test]
fn a_worker_that_never_comes_back_costs_nobody_else_anything() {
    let mut studio = Studio::new(of(2));
    let mut callers = two_rooms(&mut studio);
    studio
        .engine
        .stall_worker(1, Duration::from_secs(1_000_000));
    talk(&mut studio, &mut callers, ms(3_000));
    assert_eq!(studio.refused, 0, "a box for every packet");
    for caller in &callers {
        assert!(longest_gap(studio.packets(caller.id())) < ms(1_100));
    }
    assert_eq!(studio.status().supervisor.workers_out, 1);
    assert_all_back(&mut studio);
}

#[test]
fn the_only_worker_is_replaced_again_and_again_and_nothing_leaks() {
    let mut studio = Studio::new(of(1));
    let room = studio.room("only");
    let mut callers: Vec<Caller> = (0..4)
        .map(|n| {
            Caller::join(&room, Codec::Pcmu, n).saying(sine(
                300.0 + 100.0 * f64::from(n),
                RATE,
                0.2,
            ))
        })
        .collect();
    for loss in 0..5 {
        talk(&mut studio, &mut callers, ms(1_300));
        match loss % 2 {
            0 => studio.engine.end_worker(0, "a fault of ours"),
            _ => studio.engine.stall_worker(0, ms(1_200)),
        }
    }
    talk(&mut studio, &mut callers, ms(1_500));
    let told = studio.told();
    assert_eq!(losses(&told), [(0, 4); 5]);
    let faults = told.iter().filter(|kind| {
        let fault = "a fault of ours".to_owned();
        matches!(kind, EventKind::WorkerLost { why, .. } if *why == WorkerFault::Exited { fault })
    });
    assert_eq!(faults.count(), 3);
    for caller in &callers {
        let gap = longest_gap(studio.packets(caller.id()));
        assert!(gap < ms(1_100), "{gap:?}");
    }
    let counts = studio.status().supervisor;
    assert_eq!((counts.workers_replaced, counts.legs_rebuilt), (5, 20));
    assert_eq!(counts.workers_out, 0);
    assert_all_back(&mut studio);
}

#[test]
fn one_that_ends_at_once_again_is_not_replaced_faster_than_it_would_be_noticed() {
    let mut studio = Studio::new(of(1));
    studio.advance(ms(50));
    studio.engine.end_worker(0, "once");
    studio.advance(TEN);
    studio.engine.end_worker(0, "twice");
    studio.advance(ms(900));
    assert_eq!(studio.status().supervisor.workers_replaced, 1);
    studio.advance(ms(200));
    assert_eq!(studio.status().supervisor.workers_replaced, 2);
}

#[test]
fn half_of_a_spread_room_is_lost_and_the_other_half_goes_on() {
    for stuck in [false, true] {
        let mut studio = Studio::new(of(2));
        let room = studio.room("spread");
        let mut callers: Vec<Caller> = (0..4)
            .map(|n| Caller::join(&room, Codec::Pcmu, n))
            .collect();
        studio.advance(ms(60));
        for n in [1, 3] {
            callers[n].leg.move_to(1).expect("a free worker");
            studio.advance(ms(60));
        }
        callers[1].voice = Some(Box::new(sine(400.0, RATE, 0.4)));
        callers[2].voice = Some(Box::new(sine(700.0, RATE, 0.4)));
        talk(&mut studio, &mut callers, ms(500));
        let before = studio.packets(callers[0].id()).len();
        match stuck {
            false => studio.engine.end_worker(1, "half"),
            true => studio.engine.stall_worker(1, ms(1_500)),
        }
        let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
        let heap = studio.run_counting(ms(2_500), &mut all);
        assert_eq!(heap, heap::Count::default(), "no worker allocates");
        // Phone 0 hears phone 2, which lives on its worker, all the time.
        assert!(longest_gap(studio.packets(callers[0].id())) <= ms(23));
        let heard = studio.heard(callers[0].id(), Codec::Pcmu, before);
        let near: Vec<f64> = heard
            .chunks(1_600)
            .map(|part| ears::peak_at(part, 8_000.0, 700.0))
            .collect();
        assert!(near.iter().all(|peak| *peak > 0.3), "{near:?}");
        let far: Vec<f64> = heard
            .chunks(1_600)
            .map(|part| ears::peak_at(part, 8_000.0, 400.0))
            .collect();
        assert!(far[far.len() - 2] > 0.3, "phone 1 is heard again: {far:?}");
        assert!(
            !stuck || far[2] < 0.02,
            "and was not while its worker hung: {far:?}"
        );
        // Both halves are sent what the other says.
        let back = studio.heard(
            callers[3].id(),
            Codec::Pcmu,
            studio.packets(callers[3].id()).len() - 50,
        );
        assert!(ears::peak_at(&back, 8_000.0, 700.0) > 0.3);
        for n in [1, 3] {
            longest_gap(studio.packets(callers[n].id()));
        }
        let stray = studio.status().workers[0].counters.partials_stray;
        assert_eq!(stray, 0, "nothing of the lost one came");
        assert_all_back(&mut studio);
    }
}

#[test]
fn what_was_set_is_set_again() {
    let mut studio = Studio::new(of(1));
    let room = studio.room("set");
    let talker = |n| {
        Caller::join(&room, Codec::Pcmu, n).saying(sine(300.0 + 200.0 * f64::from(n), RATE, 0.3))
    };
    let mut callers: Vec<Caller> = (1..5).map(talker).collect();
    callers.insert(0, Caller::join(&room, Codec::Pcmu, 0));
    studio.advance(ms(60));
    callers[1].leg.mute(true).expect("in");
    let held = Direction {
        receive: false,
        send: true,
    };
    callers[2].leg.set_direction(held).expect("in");
    callers[3].leg.set_gain_db(-20.0).expect("in");
    callers[4].leg.set_ssrc(0xabcd).expect("in");
    callers[4].leg.change(network(Codec::Pcma, 4)).expect("in");
    callers[4].switch(Codec::Pcma, ms(20));
    talk(&mut studio, &mut callers, ms(400));
    studio.engine.end_worker(0, "all of it");
    talk(&mut studio, &mut callers, ms(1_000));
    let ear = callers[0].id();
    let heard = |studio: &Studio, hz| {
        let from = studio.packets(ear).len() - 30;
        ears::peak_at(&studio.heard(ear, Codec::Pcmu, from), 8_000.0, hz)
    };
    assert!(heard(&studio, 500.0) < 0.003, "muted");
    assert!(heard(&studio, 700.0) < 0.003, "on hold");
    let quiet = heard(&studio, 900.0);
    assert!((0.025..0.035).contains(&quiet), "{quiet}");
    assert!(heard(&studio, 1_100.0) > 0.25, "another codec");
    let last = studio.packets(callers[4].id()).last().expect("sent").header;
    assert_eq!((last.ssrc, last.payload_type), (0xabcd, 8));
    callers[1].leg.mute(false).expect("in");
    callers[2].leg.set_direction(Direction::BOTH).expect("in");
    talk(&mut studio, &mut callers, ms(1_000));
    assert!(heard(&studio, 500.0) > 0.25 && heard(&studio, 700.0) > 0.25);
    assert_all_back(&mut studio);
}

#[test]
fn a_port_leaves_with_its_worker_and_says_so_and_players_go_on() {
    for stuck in [false, true] {
        let mut studio = Studio::new(of(1));
        let room = studio.room("mixed");
        let ear = Caller::join(&room, Codec::Pcmu, 0);
        room.join(LegConfig::tone(500.0, -10.0)).expect("capacity");
        let clip: Arc<[f32]> = (0..8_000).map(sine(900.0, RATE, 0.3)).collect();
        room.join(LegConfig::clip(clip.clone(), RATE, true))
            .expect("capacity");
        let short: Arc<[f32]> = clip[..800].into();
        let ended = room
            .join(LegConfig::clip(short, RATE, false))
            .expect("capacity");
        let (leg, mut port) = room.join_port(PortConfig::new(RATE)).expect("capacity");
        studio.advance(ms(500));
        let told = studio.told();
        assert!(told.contains(&EventKind::Finished { leg: ended.id() }));
        match stuck {
            false => studio.engine.end_worker(0, "with a port"),
            true => studio.engine.stall_worker(0, ms(1_500)),
        }
        studio.advance(ms(2_500));
        let told = studio.told();
        let left = EventKind::Left {
            room: room.id(),
            leg: leg.id(),
            reason: LeaveReason::WorkerLost,
        };
        assert!(told.contains(&left), "{told:?}");
        assert!(
            !told
                .iter()
                .any(|kind| matches!(kind, EventKind::Finished { .. }))
        );
        let mut frame = [0; 160];
        assert_eq!(port.read(&mut frame), Err(PortEmpty::WorkerLost));
        assert_eq!(port.write(&frame), Err(PortFull::WorkerLost));
        assert!(leg.mute(true).is_err(), "its handle is stale");
        let from = studio.packets(ear.id()).len() - 40;
        let heard = studio.heard(ear.id(), Codec::Pcmu, from);
        assert!(ears::peak_at(&heard, 8_000.0, 500.0) > 0.2, "the tone");
        assert!(ears::peak_at(&heard, 8_000.0, 900.0) > 0.2, "the clip");
        let counts = studio.status().supervisor;
        assert_eq!((counts.legs_rebuilt, counts.legs_lost), (4, 1));
        assert_all_back(&mut studio);
    }
}

/// A leg is asked to do something, and so many milliseconds later a worker is lost: the leg is then there once, and its
/// stream goes on, or it has left.
fn lost_in_the_middle(deed: impl Fn(&Caller), leaves: bool) {
    lost_and_then(deed, leaves, |_, _, _, _| {});
}

/// Likewise; then `check` sees who was asked, what was told, and the circumstances.
fn lost_and_then(
    deed: impl Fn(&Caller),
    leaves: bool,
    check: impl Fn(&Studio, &[Caller], &[EventKind], &str),
) {
    for worker in [0, 1] {
        for stuck in [false, true] {
            for after in (0..48).step_by(3) {
                let mut studio = Studio::new(of(2));
                let room = studio.room("middle");
                let mut callers: Vec<Caller> = (0..3)
                    .map(|n| {
                        Caller::join(&room, Codec::Pcmu, n).saying(sine(
                            300.0 + 200.0 * f64::from(n),
                            RATE,
                            0.2,
                        ))
                    })
                    .collect();
                talk(&mut studio, &mut callers, ms(200));
                deed(&callers[0]);
                // In the middle of a step of 10 ms as well.
                let mut left = ms(after);
                while !left.is_zero() {
                    let step = left.min(TEN);
                    talk(&mut studio, &mut callers, step);
                    left -= step;
                }
                match stuck {
                    true => studio.engine.stall_worker(worker, ms(1_400)),
                    false => studio.engine.end_worker(worker, "in the middle"),
                }
                talk(&mut studio, &mut callers, ms(2_000));
                let context = format!("worker {worker}, stuck {stuck}, after {after} ms");
                let status = studio.status();
                let there = worker_of(&status, &callers[0]);
                assert_eq!(there.is_none(), leaves, "{context}");
                let told = studio.told();
                let reason = told.iter().find_map(|kind| match kind {
                    EventKind::Left { reason, .. } => Some(*reason),
                    _ => None,
                });
                assert_eq!(
                    reason,
                    leaves.then_some(LeaveReason::Requested),
                    "{context}"
                );
                let staying = &callers[usize::from(leaves)..];
                for caller in staying {
                    let gap = longest_gap(studio.packets(caller.id()));
                    assert!(gap < ms(1_200), "{context}: {gap:?}");
                    let from = studio.packets(caller.id()).len() - 25;
                    let heard = studio.heard(caller.id(), Codec::Pcmu, from);
                    let all = 1 + usize::from(!leaves);
                    let others = staying.iter().filter(|other| other.id() != caller.id());
                    assert_eq!(others.count(), all, "{context}");
                    assert!(ears::rms(&heard) > 0.1, "{context}");
                }
                check(&studio, &callers, &told, &context);
                assert_all_back(&mut studio);
            }
        }
    }
}

#[test]
fn either_end_of_a_move_is_lost() {
    lost_in_the_middle(
        |caller| caller.leg.move_to(1).expect("a free worker"),
        false,
    );
}

#[test]
fn the_worker_of_a_leg_that_leaves_is_lost() {
    lost_in_the_middle(|caller| caller.leg.leave().expect("in"), true);
}

#[test]
fn either_end_of_a_move_of_a_leg_that_leaves_is_lost() {
    let deed = |caller: &Caller| {
        caller.leg.move_to(1).expect("a free worker");
        caller.leg.leave().expect("in");
    };
    lost_in_the_middle(deed, true);
}

#[test]
fn the_worker_of_a_leg_that_changes_its_plan_is_lost() {
    let deed = |caller: &Caller| {
        let shorter = talkpath_engine::NetworkConfig {
            ptime: TEN,
            ..network(Codec::Pcmu, 0)
        };
        caller.leg.change(shorter).expect("in");
    };
    lost_in_the_middle(deed, false);
}

/// How loud phone 1 hears phone 0 at the end.
fn level_of_the_first(studio: &Studio, callers: &[Caller]) -> f64 {
    let ear = callers[1].id();
    let from = studio.packets(ear).len() - 25;
    ears::peak_at(&studio.heard(ear, Codec::Pcmu, from), 8_000.0, 300.0)
}

/// A swap ends once, as the new plan, wherever its worker was lost.
fn swapped_once(callers: &[Caller], told: &[EventKind], context: &str) {
    let swapped = EventKind::Swapped {
        leg: callers[0].id(),
    };
    let times = told.iter().filter(|kind| **kind == swapped).count();
    assert_eq!(times, 1, "{context}");
}

#[test]
fn the_worker_of_a_leg_whose_graphs_are_cross_faded_is_lost() {
    let deed = |caller: &Caller| {
        let mut graph = caller.leg.graph().expect("it stays");
        graph.gain(IN, "conceal", "quieter", -12.0).expect("audio");
        graph.gain(OUT, "mix-minus", "louder", 3.0).expect("audio");
        caller.leg.swap(graph).expect("a sound graph");
    };
    lost_and_then(deed, false, |studio, callers, told, context| {
        swapped_once(callers, told, context);
        let level = level_of_the_first(studio, callers);
        assert!((0.047..0.054).contains(&level), "{context}: {level}");
    });
}

#[test]
fn the_worker_of_a_leg_that_goes_to_a_bus_of_another_rate_is_lost() {
    let deed = |caller: &Caller| {
        let mut graph = caller.leg.graph().expect("it stays");
        let [ingress, egress] = on_bus(SampleRate::HZ_16000);
        graph.set_half(IN, Some(ingress));
        graph.set_half(OUT, Some(egress));
        caller.leg.swap(graph).expect("a sound graph");
    };
    lost_and_then(deed, false, |studio, callers, told, context| {
        swapped_once(callers, told, context);
        let level = level_of_the_first(studio, callers);
        assert!((0.19..0.21).contains(&level), "{context}: {level}");
        let graph = callers[0].leg.graph().expect("it stays");
        let [ingress, egress] = on_bus(SampleRate::HZ_16000);
        let halves = [(IN, &ingress), (OUT, &egress)];
        for (half, wanted) in halves {
            assert!(graph.half(half) == Some(wanted), "{context}");
        }
    });
}

/// The halves of a PCMU leg on the bus of another rate.
fn on_bus(bus: SampleRate) -> [Graph<Spec>; 2] {
    let delays = JitterDelays {
        target: ms(20),
        max: ms(200),
    };
    let (ptime, frame) = (ms(20), FrameTime::Ms20);
    [
        network_ingress(Codec::Pcmu, frame, bus, delays),
        network_egress(Codec::Pcmu, ptime, frame, bus, true),
    ]
}

/// A node of one's own: lets everything pass.
struct Pass;

impl Node for Pass {
    fn process(&mut self, _: &[&PcmPlane], _: &mut [&mut PcmPlane]) -> Outcome {
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

#[test]
fn graphs_of_built_in_kinds_come_back_as_they_were() {
    for stuck in [false, true] {
        let mut studio = Studio::new(of(1));
        let room = studio.room("own");
        let voice = |n| sine(300.0 + 200.0 * f64::from(n), RATE, 0.2);
        let mut callers: Vec<Caller> = (0..4)
            .map(|n| Caller::join(&room, Codec::Pcmu, n).saying(voice(n)))
            .collect();
        let mut tone = room
            .graph(LegConfig::tone(1_300.0, -14.0))
            .expect("a graph");
        tone.gain(IN, "tone", "quieter", -6.0).expect("audio");
        let tone = room.join_graph(tone).expect("capacity");
        studio.advance(ms(60));
        // One gain, which goes on when another graph has it still, and another when it is given anew.
        let swap = |caller: &Caller, edit: &dyn Fn(&mut LegGraph)| {
            let mut graph = caller.leg.graph().expect("it stays");
            edit(&mut graph);
            caller.leg.swap(graph).expect("a sound graph");
        };
        for caller in &callers[..2] {
            swap(caller, &|graph| {
                graph.gain(IN, "conceal", "own", -12.0).expect("audio");
            });
        }
        talk(&mut studio, &mut callers, ms(200));
        swap(&callers[0], &|graph| {
            graph.gain(OUT, "mix-minus", "own", 3.0).expect("audio");
            graph.meter(IN, "own", "second").expect("audio");
        });
        swap(&callers[1], &|graph| {
            graph.remove(IN, "own").expect("it was put in");
            graph.gain(IN, "decode", "own", 3.0).expect("audio");
        });
        callers[0].leg.set_gain_db(-3.0).expect("in");
        talk(&mut studio, &mut callers, ms(1_000));
        let ear = callers[3].id();
        let levels = |studio: &Studio| {
            let from = studio.packets(ear).len() - 30;
            let heard = studio.heard(ear, Codec::Pcmu, from);
            [300.0, 500.0, 700.0, 1_300.0].map(|hz| ears::peak_at(&heard, 8_000.0, hz))
        };
        let before = levels(&studio);
        let louder = studio.packets(callers[0].id()).len() - 20;
        let louder = ears::rms(&studio.heard(callers[0].id(), Codec::Pcmu, louder));
        assert!((0.033..0.038).contains(&before[0]), "{before:?}");
        assert!((0.27..0.295).contains(&before[1]), "{before:?}");
        let drawn = |caller: &Caller| caller.leg.graph().expect("it stays").preview();
        let graphs = [0, 1].map(|n| drawn(&callers[n]).expect("it compiles"));
        match stuck {
            false => studio.engine.end_worker(0, "graphs"),
            true => studio.engine.stall_worker(0, ms(1_400)),
        }
        talk(&mut studio, &mut callers, ms(2_400));
        let after = levels(&studio);
        for (before, after) in before.into_iter().zip(after) {
            assert!((after / before - 1.0).abs() < 0.02, "{before}, {after}");
        }
        let from = studio.packets(callers[0].id()).len() - 20;
        let again = ears::rms(&studio.heard(callers[0].id(), Codec::Pcmu, from));
        assert!((again / louder - 1.0).abs() < 0.05, "{louder}, {again}");
        let now = [0, 1].map(|n| drawn(&callers[n]).expect("it compiles"));
        assert!(now == graphs);
        for caller in &callers {
            longest_gap(studio.packets(caller.id()));
        }
        assert!(tone.mute(true).is_ok(), "it is in");
        let counts = studio.status().supervisor;
        assert_eq!((counts.legs_rebuilt, counts.legs_lost), (5, 0));
        // Once more: what was built anew is remembered as well.
        studio.engine.end_worker(0, "again");
        talk(&mut studio, &mut callers, ms(2_400));
        assert!((levels(&studio)[0] / before[0] - 1.0).abs() < 0.02);
        assert_eq!(studio.status().supervisor.legs_rebuilt, 10);
        assert_all_back(&mut studio);
    }
}

/// `heard` goes into the room; what `beside` plays is only measured.
fn two_players(heard: Spec, beside: Spec) -> Graph<Spec> {
    let format = Format::mono(RATE, FrameTime::Ms20);
    let mut graph = Graph::new();
    let aside = graph.add("aside", beside);
    graph
        .then(aside, "meter aside", Spec::Meter { format })
        .expect("ports");
    let heard = graph.add("heard", heard);
    let gain = graph.then(heard, "gain", Spec::Gain { format });
    graph
        .then(
            gain.expect("ports"),
            "contribute",
            Spec::Contribute { format },
        )
        .expect("ports");
    graph
}

/// How loud each of `tones` is in the last half second that `ear` was sent.
fn heard_at<const N: usize>(studio: &Studio, ear: &Caller, tones: [f64; N]) -> [f64; N] {
    let from = studio.packets(ear.id()).len() - 25;
    let heard = studio.heard(ear.id(), Codec::Pcmu, from);
    tones.map(|hz| ears::peak_at(&heard, 8_000.0, hz))
}

#[test]
fn a_tone_and_a_clip_of_one_leg_both_come_back() {
    let format = Format::mono(RATE, FrameTime::Ms20);
    let (tone, clip) = (|| Spec::Tone { format }, || Spec::Clip { format });
    for stuck in [false, true] {
        let mut studio = Studio::new(of(1));
        let room = studio.room("players");
        let mut callers = vec![Caller::join(&room, Codec::Pcmu, 0).saying(sine(300.0, RATE, 0.2))];
        let player = room.join(LegConfig::tone(1_300.0, -14.0));
        let player = player.expect("capacity");
        talk(&mut studio, &mut callers, ms(200));
        let mut sine = sine(700.0, RATE, 0.2);
        let second = (0..8_000).map(&mut sine).collect();
        let mut graph = room
            .graph(LegConfig::clip(second, RATE, true))
            .expect("a graph");
        graph.set_half(IN, Some(two_players(clip(), tone())));
        player.swap(graph).expect("the tone is the leg's own");
        talk(&mut studio, &mut callers, ms(700));
        let mut lose = |studio: &mut Studio, rebuilt: u64, what: [f64; 2]| {
            match stuck {
                false => studio.engine.end_worker(0, "players"),
                true => studio.engine.stall_worker(0, ms(1_400)),
            }
            talk(studio, &mut callers, ms(2_400));
            let counts = studio.status().supervisor;
            assert_eq!((counts.legs_rebuilt, counts.legs_lost), (rebuilt, 0));
            let levels = heard_at(studio, &callers[0], what);
            assert!(levels[0] > 0.15 && levels[1] < 0.01, "{levels:?}");
        };
        lose(&mut studio, 2, [700.0, 1_300.0]);
        // The other one is heard: it goes on with the state it was built anew with.
        let mut graph = player.graph().expect("it stays");
        graph.set_half(IN, Some(two_players(tone(), clip())));
        player.swap(graph).expect("both are the leg's own");
        lose(&mut studio, 4, [1_300.0, 700.0]);
        assert_all_back(&mut studio);
    }
}

#[test]
fn a_phone_whose_room_hears_a_tone_in_its_place_comes_back_so() {
    let mut studio = Studio::new(of(1));
    let room = studio.room("hold");
    let mut callers: Vec<Caller> = (0..2)
        .map(|n| {
            let voice = sine(300.0 + 200.0 * f64::from(n), RATE, 0.2);
            Caller::join(&room, Codec::Pcmu, n).saying(voice)
        })
        .collect();
    talk(&mut studio, &mut callers, ms(200));
    let usual = callers[0].leg.graph().expect("it stays");
    let mut hold = room
        .graph(LegConfig::tone(1_300.0, -14.0))
        .expect("a graph");
    hold.set_half(OUT, usual.half(OUT).cloned());
    callers[0].leg.swap(hold).expect("it sends as it did");
    let mut lose = |studio: &mut Studio, rebuilt: u64, what: [f64; 2]| {
        talk(studio, &mut callers, ms(700));
        studio.engine.end_worker(0, "hold");
        talk(studio, &mut callers, ms(1_500));
        let counts = studio.status().supervisor;
        assert_eq!((counts.legs_rebuilt, counts.legs_lost), (rebuilt, 0));
        let levels = heard_at(studio, &callers[1], what);
        assert!(levels[0] > 0.15 && levels[1] < 0.01, "{levels:?}");
        let [other] = heard_at(studio, &callers[0], [500.0]);
        assert!(other > 0.15, "{other}");
        for caller in &callers {
            longest_gap(studio.packets(caller.id()));
        }
        callers[0].leg.clone()
    };
    let leg = lose(&mut studio, 2, [1_300.0, 300.0]);
    leg.swap(usual).expect("how it sends is remembered");
    lose(&mut studio, 4, [300.0, 1_300.0]);
    assert_all_back(&mut studio);
}

#[test]
fn a_graph_with_a_node_or_a_tap_of_its_users_own_leaves_and_says_why() {
    let mut studio = Studio::new(of(1));
    let room = studio.room("nodes");
    let mut callers: Vec<Caller> = (0..4)
        .map(|n| Caller::join(&room, Codec::Pcmu, n).saying(sine(300.0, RATE, 0.2)))
        .collect();
    studio.advance(ms(60));
    let graph = |caller: &Caller| caller.leg.graph().expect("it stays");
    let mut own = graph(&callers[0]);
    own.node(IN, "conceal", "own", Pass).expect("audio");
    callers[0].leg.swap(own).expect("a sound graph");
    let mut tapped = graph(&callers[1]);
    let mut tap = tapped.tap(OUT, "limit", "tap", 4).expect("audio");
    callers[1].leg.swap(tapped).expect("a sound graph");
    let mut once = graph(&callers[2]);
    once.node(IN, "conceal", "once", Pass).expect("audio");
    callers[2].leg.swap(once).expect("a sound graph");
    talk(&mut studio, &mut callers, ms(200));
    // Without it the leg is as any other.
    let mut without = graph(&callers[2]);
    without.remove(IN, "once").expect("it was put in");
    callers[2].leg.swap(without).expect("a sound graph");
    talk(&mut studio, &mut callers, ms(200));
    studio.told();
    studio.engine.end_worker(0, "nodes");
    talk(&mut studio, &mut callers, ms(1_500));
    let left: Vec<_> = studio
        .told()
        .into_iter()
        .filter_map(|kind| match kind {
            EventKind::Left { leg, reason, .. } => Some((leg, reason)),
            _ => None,
        })
        .collect();
    let gone = [0, 1].map(|n| (callers[n].id(), LeaveReason::NodeLost));
    assert_eq!(left, gone);
    assert_eq!(LeaveReason::NodeLost.name(), "node_lost");
    let mut frame = [0; 160];
    let end = std::iter::repeat_with(|| tap.read(&mut frame)).find_map(Result::err);
    assert_eq!(end, Some(PortEmpty::Left));
    let counts = studio.status().supervisor;
    assert_eq!((counts.legs_rebuilt, counts.legs_lost), (2, 2));
    assert_all_back(&mut studio);
}

#[test]
fn both_ends_of_a_move_are_lost() {
    for after in (0..40).step_by(4) {
        let mut studio = Studio::new(of(3));
        let room = studio.room("both");
        let mut callers: Vec<Caller> = (0..2)
            .map(|n| Caller::join(&room, Codec::Pcmu, n).saying(sine(300.0, RATE, 0.2)))
            .collect();
        talk(&mut studio, &mut callers, ms(100));
        callers[0].leg.move_to(2).expect("a free worker");
        studio.advance(ms(after));
        studio.engine.end_worker(2, "the one");
        studio.engine.end_worker(0, "and the other");
        talk(&mut studio, &mut callers, ms(1_000));
        for caller in &callers {
            longest_gap(studio.packets(caller.id()));
            assert!(worker_of(&studio.status(), caller).is_some());
        }
        assert_eq!(studio.status().supervisor.legs_lost, 0);
        assert_all_back(&mut studio);
    }
}

#[test]
fn a_stop_of_all_together_or_a_short_one_of_one_is_no_loss() {
    let mut studio = Studio::new(of(2));
    let mut callers = two_rooms(&mut studio);
    talk(&mut studio, &mut callers, ms(200));
    studio.engine.stall_worker(1, ms(900));
    talk(&mut studio, &mut callers, ms(1_500));
    studio.engine.stall(Duration::from_secs(5));
    // The supervisor is asked before any worker has made a slot.
    studio.status();
    studio.advance(ms(500));
    assert!(losses(&studio.told()).is_empty());
    assert!(studio.status().workers[1].counters.skipped_slots > 800);
}

#[test]
fn there_is_an_end_to_replacing_workers_that_hang_for_ever() {
    let mut studio = Studio::new(EngineConfig {
        max_stuck: 1,
        ..of(2)
    });
    let mut callers = two_rooms(&mut studio);
    talk(&mut studio, &mut callers, ms(200));
    studio.engine.stall_worker(1, ms(4_000));
    talk(&mut studio, &mut callers, ms(1_500));
    assert_eq!(losses(&studio.told()), [(1, 2)]);
    studio.engine.stall_worker(1, ms(60_000));
    talk(&mut studio, &mut callers, ms(2_000));
    let told = studio.told();
    let not = EventKind::WorkerNotReplaced {
        worker: 1,
        stuck: 1,
    };
    assert_eq!(
        told.iter().filter(|kind| **kind == not).count(),
        1,
        "told once"
    );
    assert!(losses(&told).is_empty());
    let counts = studio.status().supervisor;
    assert_eq!((counts.workers_lost, counts.workers_not_replaced), (1, 1));
    // The first one wakes up and comes home: there is room for another.
    talk(&mut studio, &mut callers, ms(1_500));
    assert_eq!(losses(&studio.told()), [(1, 2)]);
    let counts = studio.status().supervisor;
    assert_eq!(
        (counts.workers_replaced, counts.workers_not_replaced),
        (2, 0)
    );
    assert_all_back(&mut studio);
}

#[test]
fn the_counters_of_a_place_never_fall() {
    let mut studio = Studio::new(of(2));
    let mut callers = two_rooms(&mut studio);
    let counted = |studio: &Studio| {
        let counters = studio.status().workers[1].counters;
        [counters.slots, counters.packets_in, counters.segments]
    };
    let mut last = counted(&studio);
    for tenth in 0..60 {
        talk(&mut studio, &mut callers, ms(100));
        if tenth == 25 {
            assert!(last.iter().all(|count| *count > 0), "{last:?}");
            studio.engine.end_worker(1, "a bug of ours");
        }
        let now = counted(&studio);
        let fell = now.iter().zip(&last).any(|(now, last)| now < last);
        assert!(!fell, "{last:?}, then {now:?}");
        last = now;
    }
    assert!(last[0] > 4_500, "those of both: {last:?}");
}
