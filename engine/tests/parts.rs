//! The parts of a room come and go (D5, D12), in virtual time: nobody hears it, and sums of different memberships never mix.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{Caller, Codec, SampleRate, Sent, Studio, TEN, ears, ms, network, sine, small};
use talkpath_engine::{EngineConfig, LegConfig};

const L16: Codec = Codec::L16(SampleRate::HZ_16000);
const CODECS: [Codec; 6] = [Codec::Pcmu, L16, Codec::Pcma, Codec::Pcmu, L16, Codec::Pcma];
/// A part without legs is kept for five seconds; then it is gone a few periods later.
const KEPT: Duration = Duration::from_millis(5_200);

fn engine_of(workers: usize) -> EngineConfig {
    EngineConfig {
        workers,
        capacity_rooms: 24,
        edit_lead: Some(TEN),
        ..small()
    }
}

/// Six phones of three codecs in a room that mixes in slot `mix` of the cycle; all talk.
fn six_phones(studio: &mut Studio, mix: usize) -> Vec<Caller> {
    let others: Vec<_> = (0..mix).map(|n| studio.room(&n.to_string())).collect();
    let room = studio.room("large");
    others
        .into_iter()
        .for_each(|other| other.close().expect("open"));
    let caller = |(n, codec): (usize, &Codec)| {
        let voice = sine(300.0 + 170.0 * n as f64, codec.rate(), 0.4);
        Caller::join(&room, *codec, n as u32).saying(voice)
    };
    CODECS.iter().enumerate().map(caller).collect()
}

fn talk(studio: &mut Studio, callers: &mut [Caller], span: Duration) {
    let mut all: Vec<&mut Caller> = callers.iter_mut().collect();
    studio.run(span, &mut all);
}

/// Leg `n` goes to worker `to`, counted from where the large room is, while all talk.
fn go(studio: &mut Studio, callers: &mut [Caller], n: usize, to: usize) {
    let status = studio.status();
    let at = (home(studio) + to) % status.workers.len();
    callers[n].leg.move_to(at).expect("a free worker");
    talk(studio, callers, ms(60));
}

/// The worker of the first phone, which stays.
fn home(studio: &Studio) -> usize {
    let status = studio.status();
    let room = status.rooms.iter().find(|room| room.name == "large");
    usize::from(room.expect("it is there").legs[0].worker)
}

/// Workers of the large room, its margin, and the slots after the mix in which its legs are sent.
fn shape(studio: &Studio) -> (usize, u32, Vec<u32>) {
    let status = studio.status();
    let room = status.rooms.iter().find(|room| room.name == "large");
    let room = room.expect("it is there");
    let after = room.legs.iter().map(|leg| leg.slots_after).collect();
    (room.workers.len(), room.margin, after)
}

fn no_fault(studio: &Studio) {
    let status = studio.status();
    assert_eq!(status.supervisor.edits_failed, 0);
    assert_eq!(status.supervisor.stale_returns, 0);
    for worker in &status.workers {
        let c = worker.counters;
        let lost = c.partials_late + c.partials_unsent + c.partials_other_epoch;
        assert_eq!((lost, c.partials_stray), (0, 0));
        assert_eq!(
            (c.overflows, c.refused_commands, c.stale_commands),
            (0, 0, 0)
        );
    }
}

/// What everybody was sent, without the time it left, which a margin moves.
fn everything(studio: &Studio) -> BTreeMap<u64, Vec<(talkpath_nodes::packet::Header, Vec<u8>)>> {
    let packet = |sent: &Sent| (sent.header, sent.payload.clone());
    let all = studio.sent.iter();
    all.map(|(leg, sent)| (*leg, sent.iter().map(packet).collect()))
        .collect()
}

/// `other` is `one`, but for the packet that a margin may have kept at the end.
fn same(one: &Studio, other: &Studio, what: &str) {
    let (one, other) = (everything(one), everything(other));
    assert_eq!(one.len(), CODECS.len());
    for (leg, sent) in &one {
        let got = &other[leg];
        let common = sent.len().min(got.len());
        assert!(
            common > 100 && sent.len().abs_diff(got.len()) <= 1,
            "{what}"
        );
        assert!(sent[..common] == got[..common], "{what}, leg {leg:x}");
    }
}

#[test]
fn nobody_hears_that_a_room_takes_three_workers_and_shrinks_back_to_one() {
    // The mix in any slot of the cycle: also where its egress lies beyond the end of the period.
    for mix in [0, 5, 16, 17, 19] {
        let run = |spreads: bool| {
            let mut studio = Studio::new(engine_of(3));
            let mut callers = six_phones(&mut studio, mix);
            talk(&mut studio, &mut callers, ms(200 + 7 * mix as u64));
            for (n, to) in [(3, 1), (4, 2), (3, 0), (4, 0)] {
                if spreads {
                    go(&mut studio, &mut callers, n, to);
                } else {
                    talk(&mut studio, &mut callers, ms(60));
                }
                if (n, to) == (4, 2) && spreads {
                    let (workers, margin, after) = shape(&studio);
                    assert_eq!((workers, margin), (3, 3));
                    assert!(after.iter().all(|after| *after >= 3), "{after:?}");
                }
            }
            talk(&mut studio, &mut callers, KEPT);
            assert_eq!(shape(&studio), (1, 0, vec![0; 6]), "mix slot {mix}");
            no_fault(&studio);
            studio
        };
        same(&run(false), &run(true), &format!("mix slot {mix}"));
    }
}

#[test]
fn a_part_whose_legs_come_back_soon_is_kept() {
    let mut studio = Studio::new(engine_of(2));
    let mut callers = six_phones(&mut studio, 3);
    for round in 0..4 {
        go(&mut studio, &mut callers, 3, 1);
        talk(&mut studio, &mut callers, ms(300));
        go(&mut studio, &mut callers, 3, 0);
        talk(&mut studio, &mut callers, ms(4_500));
        assert_eq!(shape(&studio).0, 2, "round {round}");
    }
    talk(&mut studio, &mut callers, ms(1_000));
    assert_eq!(shape(&studio).0, 1, "in the end it goes");
    no_fault(&studio);
}

#[test]
fn it_is_the_last_leg_that_leaves_which_takes_the_part_along_wherever_it_is() {
    let mut studio = Studio::new(engine_of(2));
    let mut callers = six_phones(&mut studio, 0);
    for n in [2, 1, 0] {
        go(&mut studio, &mut callers, n, 1);
    }
    // Worker 0 is where the room began.
    for gone in callers.drain(3..) {
        gone.leg.leave().expect("it is there");
    }
    talk(&mut studio, &mut callers, KEPT);
    let status = studio.status();
    let room = &status.rooms[0];
    assert_eq!((room.workers.clone(), room.margin), (vec![1], 0));
    no_fault(&studio);
    // It spreads again, and ends.
    go(&mut studio, &mut callers, 1, 1);
    assert_eq!((shape(&studio).0, shape(&studio).1), (2, 3));
    talk(&mut studio, &mut callers, ms(500));
    let rooms = studio.engine.rooms().expect("running");
    rooms.iter().for_each(|room| room.close().expect("open"));
    studio.advance(ms(300));
    let status = studio.status();
    assert!(status.rooms.is_empty());
    assert!(
        status
            .capacity
            .iter()
            .all(|fill| fill.is_told_by_workers() || fill.in_use == 0)
    );
    let planned = status.workers.iter().flat_map(|w| &w.planned_us);
    assert!(planned.into_iter().all(|us| *us == 0.0));
    no_fault(&studio);
}

#[test]
fn a_part_that_is_given_up_and_asked_for_again_at_once_is_a_new_one() {
    let mut studio = Studio::new(engine_of(3));
    let mut callers = six_phones(&mut studio, 0);
    go(&mut studio, &mut callers, 3, 1);
    go(&mut studio, &mut callers, 3, 0);
    // The edits that take the part away are on their way in one of these.
    for _ in 0..60 {
        talk(&mut studio, &mut callers, ms(100));
        if shape(&studio).0 == 1 {
            break;
        }
    }
    assert_eq!(shape(&studio).0, 1);
    go(&mut studio, &mut callers, 3, 1);
    talk(&mut studio, &mut callers, ms(400));
    assert_eq!((shape(&studio).0, shape(&studio).1), (2, 3));
    no_fault(&studio);
    // And one whose room ends while the part is on its way back.
    go(&mut studio, &mut callers, 3, 0);
    talk(&mut studio, &mut callers, ms(4_900));
    let rooms = studio.engine.rooms().expect("running");
    let room = rooms.iter().find(|room| room.name() == "large");
    for _ in 0..20 {
        talk(&mut studio, &mut callers, TEN);
        if shape(&studio).0 == 1 {
            break;
        }
    }
    assert_eq!(shape(&studio).0, 1);
    room.expect("it is there").close().expect("open");
    studio.advance(ms(500));
    let status = studio.status();
    assert!(
        status.rooms.is_empty()
            && status
                .capacity
                .iter()
                .all(|fill| fill.is_told_by_workers() || fill.in_use == 0)
    );
    assert_eq!(status.supervisor.stale_returns, 0);
}

#[test]
fn a_room_of_hundreds_takes_the_margin_off_all_of_them() {
    let config = EngineConfig {
        workers: 2,
        capacity_legs: 3_000,
        slot_budget: 0.9,
        packets_in_per_leg: 2,
        ..small()
    };
    let mut studio = Studio::new(config);
    let room = studio.room("large");
    let join = |n| {
        let leg = LegConfig::network(network(Codec::Pcmu, n));
        room.join(leg).expect("capacity")
    };
    let first = join(0);
    for n in 1..1_200 {
        join(n);
        if n % 200 == 0 {
            studio.advance(TEN);
        }
    }
    let advance = |studio: &mut Studio, span: Duration| {
        // As a shard would: the boxes come back in time.
        for _ in 0..span.as_millis() / 20 {
            studio.advance(ms(20));
        }
    };
    advance(&mut studio, ms(100));
    let from = studio.status().rooms[0].legs[0].worker;
    first.move_to(1 - usize::from(from)).expect("a free worker");
    advance(&mut studio, ms(200));
    assert_eq!(shape(&studio).1, 3);
    first.move_to(usize::from(from)).expect("a free worker");
    advance(&mut studio, KEPT);
    let (workers, margin, after) = shape(&studio);
    assert_eq!((workers, margin), (1, 0));
    assert!(after.iter().any(|after| *after < 3), "{after:?}");
    no_fault(&studio);
    // Nobody missed a packet or got one twice.
    for sent in studio.sent.values() {
        let step = |w: &[Sent]| {
            let sequence = w[1].header.sequence.wrapping_sub(w[0].header.sequence);
            let time = w[1].header.timestamp.wrapping_sub(w[0].header.timestamp);
            (sequence, time)
        };
        assert!(sent.len() > 250);
        let odd = sent.windows(2).find(|w| step(w) != (1, 160));
        assert!(
            odd.is_none(),
            "at {:?}: {:?}",
            odd.map(|w| w[0].not_before),
            odd.map(step)
        );
    }
}

/// One worker hears of the room's third part 70 ms later than the others, since edits pile up before it and it stands
/// still. Until it has, what it sums belongs to another membership.
#[test]
fn sums_of_another_membership_are_dropped_and_disturb_nobody_else() {
    let run = |stall: Option<u64>| {
        let mut studio = Studio::new(EngineConfig {
            queue: 8_000,
            ..engine_of(3)
        });
        let mut callers = six_phones(&mut studio, 0);
        let other = studio.room("other");
        for n in 6..8 {
            let voice = sine(500.0, SampleRate::HZ_8000, 0.3);
            callers.push(Caller::join(&other, Codec::Pcmu, n).saying(voice));
        }
        assert_eq!(home(&studio), 0);
        go(&mut studio, &mut callers, 6, 0);
        go(&mut studio, &mut callers, 7, 2);
        // The other room is on worker 1 no more, if it ever was.
        talk(&mut studio, &mut callers, KEPT);
        go(&mut studio, &mut callers, 5, 1);
        talk(&mut studio, &mut callers, ms(300));
        if let Some(stall) = stall {
            // 120 slots' worth of edits.
            for _ in 0..3_840 {
                callers[5].leg.set_gain_db(0.0).expect("it is there");
            }
            callers[4].leg.move_to(2).expect("a free worker");
            studio.engine.stall_worker(1, ms(stall));
        }
        talk(&mut studio, &mut callers, ms(200));
        let until = everything(&studio);
        let ids: Vec<u64> = callers.iter().map(|c| c.id().to_bits()).collect();
        talk(&mut studio, &mut callers, ms(1_500));
        let dropped = other_epoch(&studio);
        talk(&mut studio, &mut callers, ms(1_500));
        assert_eq!(dropped, other_epoch(&studio), "it has heard of it");
        let heard = studio.heard(callers[0].id(), Codec::Pcmu, 60);
        assert_eq!(studio.status().supervisor.edits_failed, 0);
        (until, ids, dropped, heard, everything(&studio))
    };
    let (late, ids, dropped, heard, late_all) = run(Some(140));
    // Two rates, both ways.
    assert!((8..=16).contains(&dropped), "{dropped} sums of three mixes");
    // As if the worker had still been standing there: its sums are as good as none.
    let (standing, ..) = run(Some(200));
    for n in [0, 1, 2, 3, 4] {
        assert!(late[&ids[n]] == standing[&ids[n]], "leg {n}");
    }
    // Those of another room never noticed.
    let (.., undisturbed) = run(None);
    for n in [6, 7] {
        assert!(late_all[&ids[n]] == undisturbed[&ids[n]], "leg {n}");
    }
    let last = &heard[heard.len() - 4_000..];
    let level = ears::peak_at(last, 8_000.0, 300.0 + 170.0 * 5.0);
    assert!(level > 0.1, "worker 1 is heard again: {level}");
}

/// Sums dropped on all workers because of their membership.
fn other_epoch(studio: &Studio) -> u64 {
    let workers = studio.status().workers;
    workers
        .iter()
        .map(|w| w.counters.partials_other_epoch)
        .sum()
}

/// A room on two workers whose second part has just lost its leg, and is to be given up soon.
fn about_to_shrink(mix: usize) -> (Studio, Vec<Caller>) {
    let mut studio = Studio::new(EngineConfig {
        edit_lead: None,
        part_kept: ms(100),
        ..engine_of(2)
    });
    let mut callers = six_phones(&mut studio, mix);
    go(&mut studio, &mut callers, 3, 1);
    go(&mut studio, &mut callers, 3, 0);
    assert_eq!(shape(&studio).0, 2);
    (studio, callers)
}

#[test]
fn what_is_asked_while_a_part_goes_waits_little_longer_than_for_any_edit_of_two_workers() {
    for mix in 0..20 {
        let (mut studio, callers) = about_to_shrink(mix);
        let (mut waits, mut longest) = (0, 0);
        for turn in 0..300 {
            callers[0].leg.mute(turn % 2 == 0).expect("in");
            studio.advance(ms(1));
            let status = studio.status();
            let mut rings = status.capacity.iter();
            let waiting = rings.any(|fill| fill.what == "commands ring" && fill.in_use > 0);
            waits = if waiting { waits + 1 } else { 0 };
            longest = longest.max(waits);
        }
        assert_eq!(shape(&studio).0, 1, "mix slot {mix}");
        // The lead of 10 ms, 6 ms until the slot, and the slots at both ends.
        assert!((10..=18).contains(&longest), "mix slot {mix}: {longest} ms");
        no_fault(&studio);
    }
}

#[test]
fn a_supervisor_that_is_seldom_there_gives_a_part_up_all_the_same() {
    for phase in (0..20).step_by(3) {
        let (mut studio, _callers) = about_to_shrink(0);
        studio.advance(ms(phase));
        for _ in 0..15 {
            // One slot of each period.
            studio.engine.stall(ms(19));
            studio.advance(ms(1));
        }
        studio.advance(ms(40));
        assert_eq!(shape(&studio).0, 1, "in slot {phase} of a period");
    }
}
