//! Every ring of the engine, full: nothing is lost silently, nothing blocks, the caller is told, and afterwards
//! everything goes on.

mod common;

use common::bare::{Bare, Sizes};
use common::{Caller, Codec, EngineConfig, FRAME, SampleRate, Studio, heap, ms, sine, small};
use talkpath_engine::proto::{Ack, Command, LegId, RoomId, WorkerEventKind};
use talkpath_engine::worker::bus::Bus;
use talkpath_engine::{Class, EngineError, LegConfig, PortConfig, PortEmpty, PortFull};
use talkpath_graph::FrameTime;
use talkpath_nodes::leg_graphs::{clip_ingress, tone_ingress};
use talkpath_nodes::packet::{Header, Packet};
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::state::Build;
use talkpath_rt::command::BusyReason;
use talkpath_rt::ring::Full;
use talkpath_rt::timing::SlotStats;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const NARROW: SampleRate = SampleRate::HZ_8000;

/// A worker that plays a tone, or a clip, into a room.
fn player(sizes: Sizes, clip: bool) -> (Bare, RoomId, LegId) {
    let mut bare = Bare::new(sizes);
    let room = bare.room(&[NARROW]);
    let leg = add_player(&mut bare, room, clip);
    (bare, room, leg)
}

fn add_player(bare: &mut Bare, room: RoomId, clip: bool) -> LegId {
    let build = Build {
        tone: Some(Tone::new(NARROW, 440.0, -10.0)),
        clip: Some(Clip::new(vec![0.5; 800].into(), false)),
        ..Build::default()
    };
    let graph = match clip {
        true => clip_ingress(NARROW, FrameTime::Ms20, NARROW),
        false => tone_ingress(FrameTime::Ms20, NARROW),
    };
    bare.leg(room, NARROW, Some(graph), None, build)
}

fn assert_clean(bare: &Bare) {
    assert_eq!(bare.worker.counters().overflows, 0, "nothing leaked");
    assert_eq!(
        bare.heap,
        heap::Count::default(),
        "and the heap was not touched"
    );
}

#[test]
fn a_full_command_ring_gives_the_whole_transaction_back() {
    let (mut bare, _, leg) = player(
        Sizes {
            commands: 8,
            ..Sizes::default()
        },
        false,
    );
    let edit = |n: usize| {
        (0..n)
            .map(|_| Command::SetGain { leg, linear: 0.5 })
            .collect::<Vec<_>>()
    };
    // Three places each: a header and two commands.
    bare.submit(edit(2)).expect("room");
    bare.submit(edit(2)).expect("room");
    let busy = bare.submit(edit(2)).expect_err("8 places are spent");
    assert_eq!(
        (busy.reason, busy.txn.ops.len()),
        (
            BusyReason::RingFull {
                needed: 3,
                vacant: 2
            },
            2
        )
    );
    let never = bare.submit(edit(8)).expect_err("more than the ring");
    assert_eq!(
        never.reason,
        BusyReason::TooLarge {
            needed: 9,
            capacity: 8
        }
    );
    bare.slots(1);
    assert_eq!(bare.answers().len(), 2, "the two that were in are done");
    bare.submit(busy.txn.ops).expect("the ring is empty again");
    bare.slots(1);
    assert!(matches!(bare.answers()[..], [Ack::Done { .. }]));
    assert_clean(&bare);
}

#[test]
fn callers_are_told_busy_while_the_worker_stands_still_and_all_accepted_edits_arrive() {
    let mut studio = Studio::new(EngineConfig {
        queue: 16,
        ..small()
    });
    let room = studio.room("busy");
    let caller = Caller::join(&room, Codec::Pcmu, 1);
    studio.advance(ms(100));
    let applied = |studio: &Studio| studio.status().workers[0].counters.transactions;
    studio.advance(ms(1_000));
    let before = applied(&studio);
    // The worker runs no slot: the ring fills, then the queue behind it.
    let mut accepted = 0;
    let error = loop {
        match caller.leg.set_gain_db(-(accepted as f32 % 7.0)) {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 10_000, "there is an end to it");
    };
    assert!(
        matches!(
            error,
            EngineError::Busy {
                waiting: 16,
                limit: 16
            }
        ),
        "{error}"
    );
    assert_eq!(error.class(), Class::Transient);
    assert!(matches!(
        room.join(LegConfig::tone(440.0, -20.0)),
        Err(EngineError::Busy { .. })
    ));
    assert!(matches!(caller.leg.leave(), Err(EngineError::Busy { .. })));
    assert!(accepted > 2_000, "{accepted}");
    let status = studio.status().supervisor;
    assert!(
        status.command_ring_full > 0 && status.refused_busy == 3 && status.edits_waiting == 16,
        "{status:?}"
    );
    studio.advance(ms(2_200));
    assert_eq!(applied(&studio) - before, accepted, "each was applied");
    assert_eq!(studio.status().supervisor.edits_waiting, 0);
    caller.leg.set_gain_db(0.0).expect("and it goes on");
    caller.leg.leave().expect("it leaves");
    studio.advance(ms(100));
    assert_eq!(studio.status().legs(), 0);
}

#[test]
fn without_room_for_acks_a_transaction_waits_untouched() {
    let (mut bare, _, leg) = player(
        Sizes {
            acks: 4,
            ..Sizes::default()
        },
        false,
    );
    let edit = || vec![Command::SetGain { leg, linear: 0.5 }];
    let ids: Vec<_> = (0..6).map(|_| bare.submit(edit()).expect("room")).collect();
    bare.slots(5);
    let counters = *bare.worker.counters();
    assert!(
        counters.deferred >= 5,
        "counted in every slot: {counters:?}"
    );
    // Each needs two places and uses one: the fourth found one.
    let done: Vec<_> = bare
        .answers()
        .iter()
        .map(|ack| {
            if let Ack::Done { txn, .. } = ack {
                *txn
            } else {
                ids[5]
            }
        })
        .collect();
    assert_eq!(done, ids[..3]);
    bare.slots(1);
    assert_eq!(bare.answers().len(), 3, "then the others");
    assert_clean(&bare);
}

#[test]
fn without_room_for_garbage_nothing_is_removed() {
    let (mut bare, room, _) = player(
        Sizes {
            garbage: 2,
            ..Sizes::default()
        },
        false,
    );
    for rate in [SampleRate::HZ_16000, SampleRate::HZ_48000] {
        bare.edit(vec![Command::AddBus {
            room,
            value: Box::new(Bus::new(rate, FrameTime::Ms20, 1)),
        }]);
    }
    let legs: Vec<LegId> = (0..2).map(|_| add_player(&mut bare, room, false)).collect();
    bare.slots(40);
    // One bus, then two legs, whose bodies come a frame later: their places are kept for them.
    bare.submit(vec![Command::RemoveBus {
        room,
        rate: SampleRate::HZ_16000,
    }])
    .expect("room");
    for leg in &legs {
        bare.submit(vec![Command::RemoveLeg { leg: *leg }])
            .expect("room");
    }
    bare.slots(60);
    let answers = bare.answers();
    assert_eq!(
        answers.len(),
        3,
        "the bus, one leg and its departure: {answers:?}"
    );
    assert!(bare.worker.counters().deferred > 0);
    let freed: Vec<_> = std::iter::from_fn(|| bare.garbage.pop()).collect();
    assert_eq!(freed.len(), 2);
    bare.slots(60);
    let answers = bare.answers();
    assert!(
        matches!(answers[..], [Ack::Done { .. }, Ack::LegGone { leg }] if leg == legs[1]),
        "{answers:?}"
    );
    assert!(bare.garbage.pop().is_some() && bare.garbage.pop().is_none());
    assert_clean(&bare);
}

#[test]
fn a_full_event_ring_delays_what_is_told_and_loses_none_of_it() {
    let (mut bare, _, leg) = player(
        Sizes {
            events: 1,
            ..Sizes::default()
        },
        true,
    );
    // The ring holds the worker's first figures. The clip starts, ends and falls silent meanwhile.
    bare.slots(60);
    assert!(bare.events.pop().is_some(), "whatever was first");
    let mut told = Vec::new();
    for _ in 0..100 {
        bare.slots(20);
        told.extend(bare.events.pop().map(|event| event.kind));
    }
    let about = |kind: &&WorkerEventKind| {
        matches!(
            kind,
            WorkerEventKind::Talking { .. } | WorkerEventKind::Finished { .. }
        )
    };
    let states: Vec<_> = told.iter().filter(about).collect();
    let finished = |kind: &&&WorkerEventKind| matches!(kind, WorkerEventKind::Finished { leg: l } if *l == leg);
    assert_eq!(states.iter().filter(finished).count(), 1, "{states:?}");
    let talking: Vec<bool> = (states.iter())
        .filter_map(|kind| {
            if let WorkerEventKind::Talking { talking, .. } = kind {
                Some(*talking)
            } else {
                None
            }
        })
        .collect();
    assert!(
        talking.last() != Some(&true) && talking.len() <= 2,
        "the last word is the truth: {talking:?}"
    );
    // Figures that found no room are counted; the next ones hold them.
    bare.slots(3_000);
    assert!(bare.worker.counters().events_deferred > 0);
    let counters = std::iter::from_fn(|| bare.events.pop()).count();
    assert_eq!(counters, 1, "one event waited, no more than the ring holds");
    assert_clean(&bare);
}

#[test]
fn without_an_empty_box_a_packet_is_refused_at_the_shard_and_the_next_second_is_as_ever() {
    let mut studio = Studio::new(small());
    let room = studio.room("flood");
    let mut caller = Caller::join(&room, Codec::Pcmu, 1).saying(sine(440.0, NARROW, 0.2));
    studio.run(ms(200), &mut [&mut caller]);
    let now = studio.engine.now();
    let inventory = studio.link.to_worker.inventory();
    let free = studio.link.to_worker.available();
    let header = Header {
        payload_type: 99,
        ..Header::default()
    };
    let injected = (0..inventory + 50)
        .filter(|_| studio.inject(caller.id(), now, header, &[0; 160]))
        .count();
    assert_eq!(
        (injected, studio.refused),
        (free, (inventory + 50 - free) as u64),
        "the rest was told"
    );
    assert!(studio.link.to_worker.take().is_none());
    studio.advance(ms(1));
    studio.run(ms(1_200), &mut [&mut caller]);
    let stats = caller.leg.stats().expect("figures");
    assert_eq!(stats.malformed, injected as u64, "each of them was counted");
    assert!(
        stats.played >= 50 && stats.concealed_samples == 0,
        "and the talk goes on: {stats:?}"
    );
}

#[test]
fn a_full_packet_ring_gives_the_box_back() {
    let mut bare = Bare::new(Sizes {
        packets_in: 2,
        ..Sizes::default()
    });
    for _ in 0..2 {
        let packet = bare.to_worker.take().expect("two boxes");
        bare.to_worker.send(packet).expect("room for the inventory");
    }
    let Full(foreign) = bare
        .to_worker
        .send(Box::new(Packet::empty()))
        .expect_err("the ring is full");
    assert!(bare.to_worker.take().is_none() && foreign.payload().is_empty());
    bare.slots(1);
    assert_eq!(
        (
            bare.to_worker.available(),
            bare.worker.counters().packets_stale
        ),
        (2, 2),
        "for a leg that never was"
    );
    assert_clean(&bare);
}

#[test]
fn without_an_empty_box_on_the_way_out_the_hole_is_seen_as_loss() {
    let config = EngineConfig {
        capacity_legs: 2,
        packets_out_per_leg: 3,
        ..small()
    };
    let mut studio = Studio::new(config);
    let room = studio.room("nobody collects");
    let caller = Caller::join(&room, Codec::Pcmu, 1);
    // Six boxes, and nobody gives them back.
    studio.engine.advance(ms(1_000));
    studio.collect();
    let from = studio.packets(caller.id()).len();
    assert_eq!(from, 6);
    studio.advance(ms(100));
    studio.advance(ms(1_000));
    studio.collect();
    let packets = studio.packets(caller.id());
    let (last, next) = (&packets[from - 1].header, &packets[from].header);
    let hole = next.sequence.wrapping_sub(last.sequence).wrapping_sub(1);
    assert!(hole > 40, "{hole} packets were not sent");
    assert_eq!(
        next.timestamp.wrapping_sub(last.timestamp),
        (u32::from(hole) + 1) * 160,
        "the stream was not shifted"
    );
    let stats = caller.leg.stats().expect("figures");
    assert!(stats.unsent >= u64::from(hole), "{stats:?}");
    let counters = studio.status().workers[0].counters;
    assert!(
        counters.packets_unsent >= u64::from(hole) && counters.overflows == 0,
        "{counters:?}"
    );
}

#[test]
fn slot_times_that_nobody_collects_are_kept() {
    let (mut bare, ..) = player(Sizes::default(), false);
    bare.slots(9_000);
    assert!(
        bare.worker.counters().events_deferred > 0,
        "a second without an empty tally is counted"
    );
    let mut sum = SlotStats::new();
    assert!(bare.stats.collect(&mut sum) > 0);
    bare.slots(2_000);
    bare.stats.collect(&mut sum);
    let slots = bare.worker.counters().slots;
    assert!(
        slots - sum.slots < 1_000,
        "{} of {slots} slots, the rest is being recorded",
        sum.slots
    );
    assert_clean(&bare);
}

#[test]
fn a_port_says_full_and_empty_and_goes_on() {
    let mut studio = Studio::new(small());
    let room = studio.room("port");
    room.join(LegConfig::tone(440.0, -20.0)).expect("tone");
    let listener = Caller::join(&room, Codec::L16(NARROW), 1);
    let (_leg, mut port) = room
        .join_port(PortConfig {
            depth: 3,
            ..PortConfig::new(NARROW)
        })
        .expect("port");
    let mut frame = [0_i16; 160];
    assert_eq!(
        port.read(&mut frame),
        Err(PortEmpty::Empty),
        "nothing was mixed yet"
    );
    let written = (0..10)
        .take_while(|_| port.write(&[1_000; 160]).is_ok())
        .count();
    assert_eq!(written, 3);
    assert_eq!(port.write(&[1_000; 160]), Err(PortFull::Full { frames: 3 }));
    studio.advance(ms(200));
    assert_eq!(port.underruns(), 10 - 3, "then there was nothing to take");
    assert_eq!(
        port.overruns(),
        10 - 3,
        "and what was not read found no room"
    );
    let read = (0..10)
        .take_while(|_| port.read(&mut frame).is_ok())
        .count();
    assert_eq!(read, 3);
    assert_eq!(port.read(&mut frame), Err(PortEmpty::Empty));
    for _ in 0..10 {
        port.write(&[0; 160]).expect("room again");
        studio.advance(FRAME);
        port.read(&mut frame).expect("a frame again");
    }
    assert!(
        frame.iter().any(|sample| sample.abs() > 1_000),
        "the tone is heard"
    );
    assert_eq!((port.underruns(), port.overruns()), (7, 7));
    assert!(!studio.packets(listener.id()).is_empty());
}
