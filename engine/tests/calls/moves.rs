//! A call goes to another worker while both sides talk (D6).

use talkpath_engine::Side::{A, B};
use talkpath_engine::{CallConfig, Direction, EngineConfig, EngineError, EventKind};
use talkpath_nodes::packet::Header;

use super::rig::{Rig, SLOT, WIDE, header, payload, side};
use crate::common::{Codec, ms, small};

fn three() -> EngineConfig {
    EngineConfig {
        workers: 3,
        ..small()
    }
}

/// What both sides were sent: header and octets.
type Heard = [Vec<(Header, Vec<u8>)>; 2];

/// A second of talk with losses; at packet 20, `at` milliseconds after it came, the call is told to move, and at 40 again.
fn talk(b: (Codec, u64), at: Option<u64>) -> Heard {
    let mut rig = Rig::with(three(), side(Codec::Pcmu, 20, 1), side(b.0, b.1, 2));
    let begun = rig.studio.status().calls[0].worker;
    for n in 0..60_u16 {
        for (from, codec) in [(A, Codec::Pcmu), (B, b.0)] {
            let samples = codec.rate().samples_in(ms(20));
            let octets = codec.octets_of(samples.as_usize());
            if n % 9 != 4 {
                rig.put(from, header(codec, n, samples.0), &payload(n, octets));
            }
        }
        let wait = at.unwrap_or(0);
        rig.studio.advance(ms(wait));
        if let (Some(_), 20 | 40) = (at, n) {
            let to = usize::from(begun + n as u8 / 20) % 3;
            rig.call.move_to(to).expect("it is up");
        }
        rig.studio.advance(ms(20 - wait));
    }
    let status = rig.studio.status();
    if at.is_some() {
        assert_eq!(status.calls[0].worker, (begun + 2) % 3);
        let moved = rig.studio.told();
        let moved = moved
            .iter()
            .filter(|kind| matches!(kind, EventKind::Moved { .. }));
        assert_eq!(moved.count(), 4, "two sides, twice");
        assert_eq!(status.supervisor.calls_moved, 2);
    }
    let heard = [A, B].map(|to| {
        let sent = rig.sent(to).iter();
        sent.map(|packet| (packet.header, packet.payload.clone()))
            .collect()
    });
    for from in [A, B] {
        let stats = rig.told(from);
        assert_eq!((stats.received, stats.passed, stats.resyncs), (53, 53, 0));
    }
    rig.call.hang_up().expect("up");
    rig.studio.advance(ms(50));
    for fill in &rig.studio.status().capacity {
        assert!(
            (fill.what.ends_with("ring") || fill.is_told_by_workers()) || fill.in_use == 0,
            "{fill:?}"
        );
    }
    let link = &rig.studio.link;
    assert_eq!(link.to_worker.available(), link.to_worker.inventory());
    heard
}

#[test]
fn a_call_that_moves_sends_what_one_that_stays_does() {
    for b in [(Codec::Pcmu, 20), (Codec::Pcma, 30), (Codec::L16(WIDE), 20)] {
        let stays = talk(b, None);
        assert!(stays.iter().all(|heard| heard.len() > 30));
        for at in [0, 1, 5, 8, 9, 10, 11, 12, 13, 19] {
            assert!(talk(b, Some(at)) == stays, "{b:?}, {at} ms after a packet");
        }
    }
}

#[test]
fn what_is_asked_of_a_call_on_its_way_waits_or_is_refused() {
    let mut rig = Rig::with(three(), side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    let to = usize::from(rig.studio.status().calls[0].worker + 1) % 3;
    assert!(matches!(
        rig.call.move_to(3),
        Err(EngineError::OutOfRange { .. })
    ));
    rig.call.move_to(to).expect("up");
    for refused in [
        rig.call.move_to(to),
        rig.call.change(A, side(Codec::Pcmu, 30, 1)),
    ] {
        assert!(
            matches!(refused, Err(EngineError::Moving { .. })),
            "{refused:?}"
        );
    }
    let hold = Direction {
        receive: false,
        send: true,
    };
    rig.call.set_direction(A, hold).expect("it waits");
    rig.studio.advance(ms(30));
    assert!(
        rig.pass(A, header(Codec::Pcmu, 1, 160), &payload(1, 160))
            .is_empty()
    );
    rig.call.set_direction(A, Direction::BOTH).expect("up");
    rig.studio.advance(SLOT);
    assert_eq!(
        rig.pass(A, header(Codec::Pcmu, 2, 160), &payload(2, 160))
            .len(),
        1
    );
    // And the end of it waits as well.
    rig.call.move_to((to + 1) % 3).expect("up");
    rig.call.hang_up().expect("it waits");
    rig.studio.advance(ms(50));
    let status = rig.studio.status();
    assert!(status.calls.is_empty());
    assert_eq!(status.fill("legs"), Some((0, 64)));
    let supervisor = status.supervisor;
    assert_eq!((supervisor.edits_failed, supervisor.stale_returns), (0, 0));
}

#[test]
fn calls_are_moved_to_level_the_load() {
    let mut rig = Rig::with(three(), side(Codec::Pcmu, 20, 1), side(Codec::Pcma, 20, 2));
    let first = usize::from(rig.studio.status().calls[0].worker);
    for n in 1..9 {
        let ends = CallConfig::new(
            side(Codec::Pcmu, 20, 2 * n),
            side(Codec::Pcma, 20, 2 * n + 1),
        );
        let call = rig.engine().create_call(ends).expect("capacity");
        rig.studio.advance(ms(5));
        call.move_to(first).expect("up");
        rig.studio.advance(ms(30));
    }
    let loads = |rig: &Rig| {
        let mut loads = [0; 3];
        let status = rig.studio.status();
        status
            .calls
            .iter()
            .for_each(|call| loads[usize::from(call.worker)] += 1);
        loads.sort_unstable();
        loads
    };
    assert_eq!(loads(&rig), [0, 0, 9]);
    let mut moved = 0;
    while rig.engine().rebalance().expect("running").is_some() {
        rig.studio.advance(ms(30));
        moved += 1;
    }
    assert_eq!((loads(&rig), moved), ([3, 3, 3], 6));
}
