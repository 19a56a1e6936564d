//! The worker of a call is lost (D18): the call is built anew, and both streams that go out go on.

use talkpath_engine::Side::{A, B};
use talkpath_engine::{Direction, EventKind, LeaveReason, Side};

use super::rig::{Rig, header, line, payload, side};
use crate::common::{Codec, EngineConfig, ms, small};

/// So many packets of 20 ms each way.
fn talk(rig: &mut Rig, n: &mut u16, packets: u16) {
    for _ in 0..packets {
        for from in Side::BOTH {
            let codec = if from == A { Codec::Pcmu } else { Codec::Pcma };
            rig.put(from, header(codec, *n, 160), &payload(*n, 160));
        }
        *n += 1;
        rig.studio.advance(ms(20));
    }
}

#[test]
fn both_streams_of_a_call_go_on_when_its_worker_is_lost() {
    for stuck in [false, true] {
        let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
        let mut n = 0;
        talk(&mut rig, &mut n, 20);
        match stuck {
            false => rig.engine().end_worker(0, "of a call"),
            true => rig.engine().stall_worker(0, ms(1_500)),
        }
        talk(&mut rig, &mut n, 150);
        for to in Side::BOTH {
            let sent = rig.sent(to);
            assert!(sent.len() > 100);
            for (at, pair) in line(sent).windows(2).enumerate() {
                assert_eq!(pair[1].0, pair[0].0 + 1, "no hole");
                let gap = sent[at + 1].not_before - sent[at].not_before;
                let ticks = i64::from(pair[1].1 - pair[0].1);
                let apart = ticks - gap.as_micros() as i64 * 8 / 1_000;
                // Packets of a call leave in the slot they come in: 2 ms off the beat here and there.
                assert!(apart.abs() <= 16, "{ticks} ticks in {gap:?}");
                assert_eq!(sent[at + 1].header.ssrc, sent[0].header.ssrc);
            }
        }
        let told = rig.studio.told();
        let kinds =
            |wanted: fn(&EventKind) -> bool| told.iter().filter(|kind| wanted(kind)).count();
        assert_eq!(
            kinds(|kind| matches!(kind, EventKind::CallStarted { .. })),
            1
        );
        assert_eq!(
            kinds(|kind| matches!(kind, EventKind::WorkerLost { legs: 2, .. })),
            1
        );
        assert_eq!(kinds(|kind| matches!(kind, EventKind::Rebuilt { .. })), 1);
        assert_eq!(kinds(|kind| matches!(kind, EventKind::CallEnded { .. })), 0);
        assert_eq!(rig.studio.status().supervisor.legs_rebuilt, 2);
        let passed = rig.told(A).passed;
        assert!(passed >= 100, "its figures go on: {passed}");
    }
}

#[test]
fn what_is_held_is_held_again_and_what_ends_is_over() {
    let mut rig = Rig::new(side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    let mut n = 0;
    talk(&mut rig, &mut n, 5);
    let deaf = Direction {
        receive: true,
        send: false,
    };
    rig.call.set_direction(B, deaf).expect("up");
    talk(&mut rig, &mut n, 5);
    let (before_a, before_b) = (rig.sent(A).len(), rig.sent(B).len());
    rig.engine().end_worker(0, "held");
    talk(&mut rig, &mut n, 10);
    assert_eq!(rig.sent(B).len(), before_b, "side B is sent nothing");
    assert!(rig.sent(A).len() >= before_a + 9);
    rig.call.hang_up().expect("up");
    rig.engine().end_worker(0, "hung up");
    rig.studio.advance(ms(1_100));
    let ended = rig.studio.told().into_iter().find_map(|kind| match kind {
        EventKind::CallEnded { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(ended, Some(LeaveReason::Requested));
    let status = rig.studio.status();
    for fill in &status.capacity {
        let ring = fill.what.ends_with("ring") || fill.is_told_by_workers();
        assert!(ring || fill.in_use == 0, "{fill:?}");
    }
    assert_eq!(status.supervisor.stale_returns, 0);
}

#[test]
fn either_end_of_a_move_of_a_call_is_lost() {
    for worker in [0, 1] {
        for stuck in [false, true] {
            for after in 0..24 {
                let config = EngineConfig {
                    workers: 2,
                    ..small()
                };
                let (a, b) = (side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
                let mut rig = Rig::with(config, a, b);
                let mut n = 0;
                talk(&mut rig, &mut n, 10);
                rig.call.move_to(1).expect("a free worker");
                rig.studio.advance(ms(after));
                match stuck {
                    false => rig.engine().end_worker(worker, "in the middle"),
                    true => rig.engine().stall_worker(worker, ms(1_400)),
                }
                talk(&mut rig, &mut n, 100);
                let context = format!("worker {worker}, stuck {stuck}, after {after} ms");
                for to in Side::BOTH {
                    let line = line(rig.sent(to));
                    assert!(line.len() > 40, "{context}: {}", line.len());
                    let whole = line.windows(2).all(|pair| pair[1].0 > pair[0].0);
                    assert!(whole, "{context}");
                    let recent = rig.sent(to).last().expect("sent").not_before;
                    assert!(rig.engine().now() - recent < ms(60), "{context}");
                }
                rig.call.hang_up().expect("up");
                rig.studio.advance(ms(100));
                let status = rig.studio.status();
                for fill in &status.capacity {
                    let ring = fill.what.ends_with("ring") || fill.is_told_by_workers();
                    assert!(ring || fill.in_use == 0, "{context}: {fill:?}");
                }
                let counts = status.supervisor;
                assert_eq!(
                    (counts.stale_returns, counts.legs_lost),
                    (0, 0),
                    "{context}"
                );
            }
        }
    }
}
