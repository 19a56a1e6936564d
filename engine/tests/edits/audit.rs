//! The comparison: who is where, what everybody hears, and that nothing has stayed behind.

use std::collections::BTreeSet;
use std::time::Duration;

use talkpath_engine::status::{LegStatus, RoomStatus};
use talkpath_engine::{Codec, Status};

use crate::common::ms;
use crate::model::{Kind, Leg, WORKERS};
use crate::phones::Heard;
use crate::sound::{self, GHOST, TONES};
use crate::world::World;

/// Legs listened to each time.
const LISTENERS: usize = 4;
/// −60 dB: below it a tone is not there.
const ABSENT: f64 = 0.001;
/// How far a level may be off, in dB: what G.711 does to the faintest of them.
const TOLERANCE: f64 = 1.0;

impl World {
    /// Compares everything with the model; nothing is on its way.
    pub fn compare(&mut self) {
        let status = self.engine.status().expect("running");
        self.compare_rooms(&status);
        self.compare_calls(&status);
        self.compare_counters(&status);
        self.listen();
    }

    fn compare_rooms(&self, status: &Status) {
        assert_eq!(status.rooms.len(), self.model.rooms.len());
        for (bits, room) in &self.model.rooms {
            let id = room.handle.id().to_string();
            let told = status.rooms.iter().find(|told| told.id == id);
            let told = told.expect("a room of the model");
            assert_eq!(
                (told.name.as_str(), told.closing),
                (room.handle.name(), false)
            );
            let legs = self.model.legs.iter().filter(|(_, leg)| leg.room == *bits);
            let legs: Vec<(u64, &Leg)> = legs.map(|(bits, leg)| (*bits, leg)).collect();
            compare_legs(told, &legs);
            let listed = room.handle.legs().expect("open");
            let listed: BTreeSet<u64> = listed.iter().map(|leg| leg.id().to_bits()).collect();
            assert_eq!(listed, legs.iter().map(|(bits, _)| *bits).collect());
        }
        let fill = |what: &str| {
            let fill = status.capacity.iter().find(|fill| fill.what == what);
            fill.expect("a fill of that name").in_use
        };
        let plans = (0..WORKERS).map(|worker| self.model.plans(worker)).max();
        assert_eq!(
            (fill("legs"), fill("rooms"), Some(fill("plans"))),
            (self.model.handles(), self.model.rooms.len(), plans)
        );
    }

    /// What must never be but by a bug. A packet that found no box is one: there are four times as many as legs, and a
    /// run would soon have lost them all.
    fn compare_counters(&self, status: &Status) {
        let control = &status.supervisor;
        assert_eq!(
            (
                control.edits_waiting,
                control.edits_failed,
                control.stale_returns,
                control.events_lost
            ),
            (0, 0, 0, 0),
            "{control:?}"
        );
        let gone = control.legs_joined - control.legs_left;
        assert_eq!(gone, self.model.legs.len() as u64);
        assert_eq!(control.legs_moved, self.tally.moved);
        for worker in &status.workers {
            let counters = &worker.counters;
            let faults = [
                ("stale", counters.stale_commands),
                ("refused", counters.refused_commands),
                ("deferred", counters.deferred),
                ("overflows", counters.overflows),
                ("unsent", counters.packets_unsent),
                ("not finite", counters.not_finite),
                ("partials unsent", counters.partials_unsent),
                ("partials late", counters.partials_late),
            ];
            for (what, count) in faults {
                assert_eq!(count, 0, "{what}: {counters:?}");
            }
        }
    }

    /// Listens to some legs for 60 ms.
    fn listen(&mut self) {
        let phones = self.model.staying(|leg| leg.kind.is_phone());
        for _ in 0..LISTENERS {
            if !phones.is_empty() {
                let leg = self.dice.pick(&phones);
                self.phones.heard.insert(leg, Heard::default());
            }
            if let Some(side) = self.any_side() {
                self.phones.heard.insert(side, Heard::default());
            }
        }
        self.pass(ms(60));
        for (bits, heard) in std::mem::take(&mut self.phones.heard) {
            let what = format!("what {bits:x} hears");
            match self.model.legs.contains_key(&bits) {
                true => self.compare_levels(bits, &heard, &what),
                false => self.compare_side(bits, &heard, &what),
            }
        }
    }

    fn compare_levels(&mut self, bits: u64, heard: &Heard, what: &str) {
        let leg = &self.model.legs[&bits];
        let Kind::Phone { codec, ptime, echo } = leg.kind else {
            return;
        };
        if !leg.direction.send {
            assert_eq!(heard.headers.len(), 0, "{what}: it is on hold");
            return;
        }
        self.compare_stream(heard, (codec, ptime, leg.ssrc), what);
        let mut expected = [0.0; TONES + 1];
        let others = self
            .model
            .legs
            .iter()
            .filter(|(other, talker)| talker.room == leg.room && (**other != bits || echo));
        for (_, talker) in others {
            expected[talker.tone] = talker.level();
        }
        self.compare_tones(codec, heard, &expected, what);
    }

    /// 60 ms of one stream without a hole, of that codec, packet time and SSRC.
    pub fn compare_stream(
        &self,
        heard: &Heard,
        (codec, ptime, ssrc): (Codec, Duration, u32),
        what: &str,
    ) {
        let packets = (ms(60).as_millis() / ptime.as_millis()) as usize;
        assert_eq!(heard.headers.len(), packets, "{what}");
        for header in &heard.headers {
            let told = (header.ssrc, header.payload_type);
            assert_eq!(told, (ssrc, sound::payload_type(codec)), "{what}");
        }
        for pair in heard.headers.windows(2) {
            let gap = pair[1].sequence.wrapping_sub(pair[0].sequence);
            assert_eq!(gap, 1, "{what}");
        }
    }

    /// Every tone at the level at which it is to be heard, and no other.
    pub fn compare_tones(
        &mut self,
        codec: Codec,
        heard: &Heard,
        expected: &[f64; TONES + 1],
        what: &str,
    ) {
        let peaks = sound::peaks(codec, &heard.payload);
        for (tone, (peak, &level)) in peaks.iter().zip(expected).enumerate() {
            let right = match level {
                0.0 => *peak < ABSENT,
                level => (20.0 * (peak / level).log10()).abs() < TOLERANCE,
            };
            let ghost = if tone == GHOST {
                " (stale handles)"
            } else {
                ""
            };
            assert!(
                right,
                "{what}: {} Hz{ghost} at {peak:.5}, expected {level:.5}",
                sound::hz(tone)
            );
        }
        self.tally.levels += peaks.len() as u64;
    }

    /// Everybody leaves: one half by itself, the other with its room.
    pub fn close_all(&mut self) {
        self.note(|| "the end".to_owned());
        for (n, bits) in self.model.staying(|_| true).into_iter().enumerate() {
            self.phones.hang_up(bits);
            if n % 2 == 0 {
                let leg = self.model.legs[&bits].handle.clone();
                leg.leave().expect("it stays");
                let now = self.engine.now();
                let reason = talkpath_engine::LeaveReason::Requested;
                self.model.leaves(bits, reason, now);
            }
        }
        for bits in self.model.calls.keys().copied().collect::<Vec<_>>() {
            let call = self.model.calls[&bits].handle.clone();
            call.hang_up().expect("up");
            self.ends(bits, talkpath_engine::LeaveReason::Requested);
        }
        for room in self.model.open() {
            self.model.rooms[&room].handle.close().expect("open");
            self.model.close(room, self.engine.now());
        }
        self.settle();
        let status = self.engine.status().expect("running");
        self.compare_rooms(&status);
        self.compare_counters(&status);
        self.compare_calls(&status);
        assert_eq!((status.legs(), status.rooms.len()), (0, 0));
        for fill in status
            .capacity
            .iter()
            .filter(|fill| !fill.is_told_by_workers())
        {
            assert_eq!(fill.in_use, 0, "{}", fill.what);
        }
        let idle = |worker: &talkpath_engine::status::WorkerStatus| {
            worker.planned_us.iter().all(|us| *us == 0.0)
        };
        assert!(status.workers.iter().all(idle), "the slot tables");
        let link = &self.phones.link;
        assert_eq!(link.to_worker.available(), link.to_worker.inventory());
        assert_eq!(
            (link.to_worker.waiting(), link.from_worker.waiting()),
            (0, 0)
        );
    }
}

fn compare_legs(room: &RoomStatus, legs: &[(u64, &Leg)]) {
    let what = &room.name;
    assert_eq!(room.legs.len(), legs.len(), "legs of {what}");
    let mut rates: Vec<u32> = legs.iter().map(|(_, leg)| leg.kind.rate().hz()).collect();
    rates.sort_unstable();
    rates.dedup();
    let mut told = room.rates.clone();
    told.sort_unstable();
    assert_eq!(told, rates, "buses of {what}");
    for (bits, leg) in legs {
        let told = room.legs.iter().find(|told| told.bits == *bits);
        compare_leg(told.expect("a leg of the model"), leg);
        assert!(room.workers.contains(&(leg.worker as u8)));
    }
}

fn compare_leg(told: &LegStatus, leg: &Leg) {
    let (kind, codec) = match leg.kind {
        Kind::Phone { codec, .. } => ("network", Some(codec.to_string())),
        Kind::Tone(_) => ("tone", None),
        Kind::Clip { .. } => ("clip", None),
    };
    assert_eq!((told.kind, &told.codec), (kind, &codec));
    assert_eq!((usize::from(told.worker), told.state), (leg.worker, "in"));
    assert_eq!((told.gain_db, told.muted), (leg.gain_db, leg.muted));
    let direction = (leg.direction.receive, leg.direction.send);
    assert_eq!((told.receive, told.send), direction);
}
