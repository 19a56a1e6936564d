//! The random requests: each is put to the model and to the engine, and what came of it must be what the model said.

use talkpath_engine::{
    CallConfig, ClipConfig, Direction, EngineError, FrameTime, LeaveReason, LegConfig,
    NetworkConfig, RoomConfig, RtpSender, SampleRate, Segment, Side, ToneConfig,
};

use crate::common::ms;
use crate::model::{BERTHS, Kind, LEGS_PER_WORKER, Leg, NO_SEATS, Outcome, Room, WORKERS};
use crate::sound::{self, CODECS, PEAK};
use crate::world::World;

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];
const GAINS: [f32; 6] = [-12.0, -6.0, -3.0, 0.0, 3.0, 6.0];
/// About as many edits of one leg as the ring to its worker holds: each is two entries of it.
const RING: usize = 4_000;

impl World {
    /// One random edit, and the time until the next.
    pub fn edit(&mut self) {
        self.edits += 1;
        if self.dice.once_in(300) {
            self.growing = !self.growing;
        }
        let joins = if self.growing { 26 } else { 9 };
        match self.dice.below(100) {
            n if n < joins => self.join(),
            n if n < 34 => self.leave(),
            34..45 => self.move_one(),
            45..52 => self.gain(),
            52..56 => self.mute(),
            56..65 => self.hold(),
            65..69 => self.change(),
            69..72 => self.swap(),
            72..74 => self.ssrc(),
            74..85 => self.call_deed(),
            85..88 => self.create(),
            88 => self.close(),
            89..92 => self.rebalance(),
            92..96 => self.disturb_the_dead(),
            96 => self.disturb_a_dead_call(),
            97 => self.ask_for_nonsense(),
            98 => self.exodus(),
            _ if self.dice.once_in(50) => self.storm(),
            _ => self.pass(ms(25)),
        }
        let pause = self.dice.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 5]);
        self.pass(ms(pause));
    }

    /// Compares what came of a request. A refusal for want of plans or seats of something that is being replaced is
    /// right as well, if such a thing there is.
    pub fn check<T>(&mut self, expected: &Outcome, result: &Result<T, EngineError>) -> bool {
        let outcome = Outcome::from(result);
        let now = self.engine.now();
        let full = matches!(outcome, Outcome::Full(what) if *expected == Outcome::Done && self.model.may_be_full(what, now));
        self.note(|| format!("  {outcome:?}"));
        assert!(
            outcome == *expected || full,
            "{outcome:?}, expected {expected:?}"
        );
        self.tally.refused += u64::from(outcome != Outcome::Done);
        self.tally.busy += u64::from(outcome == Outcome::Busy);
        outcome == Outcome::Done
    }

    fn any(&mut self, wanted: impl Fn(&Leg) -> bool) -> Option<u64> {
        let legs = self.model.staying(wanted);
        (!legs.is_empty()).then(|| self.dice.pick(&legs))
    }

    fn handle(&self, leg: u64) -> talkpath_engine::Leg {
        self.model.legs[&leg].handle.clone()
    }

    fn kind(&mut self) -> Kind {
        match self.dice.below(8) {
            0 => Kind::Tone(self.dice.pick(&RATES)),
            1 => Kind::Clip {
                rate: self.dice.pick(&RATES),
                looping: !self.dice.once_in(4),
            },
            _ => self.phone(),
        }
    }

    fn phone(&mut self) -> Kind {
        let codec = self.dice.pick(&CODECS);
        let ptime = self.dice.pick(&[ms(10), ms(20), ms(20)]);
        Kind::Phone {
            codec,
            ptime: ptime.min(codec.max_ptime()),
            echo: self.dice.once_in(6),
        }
    }

    fn config(&mut self, kind: Kind, tone: usize) -> LegConfig {
        match kind {
            Kind::Phone { codec, ptime, echo } => LegConfig::network(NetworkConfig {
                ptime,
                hear_self: echo,
                sender: RtpSender {
                    ssrc: self.number(),
                    sequence: 65_500,
                    timestamp: u32::MAX - 9_000,
                },
                ..NetworkConfig::new(codec, sound::payload_type(codec))
            }),
            Kind::Tone(rate) => LegConfig::Tone(ToneConfig {
                hz: sound::hz(tone) as f32,
                dbov: (20.0 * (PEAK / std::f64::consts::SQRT_2).log10()) as f32,
                rate,
            }),
            Kind::Clip { rate, looping } => LegConfig::Clip(ClipConfig {
                samples: sound::samples(tone, rate).into(),
                rate,
                looping,
            }),
        }
    }

    pub fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn join(&mut self) {
        let rooms: Vec<u64> = self.model.rooms.keys().copied().collect();
        if rooms.is_empty() {
            return self.create();
        }
        let room = self.dice.pick(&rooms);
        let (kind, tone) = (self.kind(), self.dice.below(self.tones.len()));
        let config = self.config(kind, self.tones[tone]);
        let expected = self.model.of_join(room);
        let handle = self.model.rooms[&room].handle.clone();
        self.note(|| format!("{kind:?} joins {handle:?}"));
        let joined = handle.join(config);
        if !self.check(&expected, &joined) {
            return;
        }
        let (handle, tone) = (joined.expect("done"), self.tones.swap_remove(tone));
        let bits = handle.id().to_bits();
        let sends = kind.is_phone();
        let leg = Leg {
            worker: self.worker_of(bits),
            handle,
            room,
            kind,
            tone,
            gain_db: 0.0,
            boost_db: None,
            swapping: false,
            muted: false,
            direction: Direction {
                receive: true,
                send: sends,
            },
            ssrc: self.next,
            from: None,
            joined: false,
            leaving: None,
        };
        assert!(self.model.seated(leg.worker) < LEGS_PER_WORKER);
        let before = self.model.legs.insert(bits, leg);
        assert!(before.is_none(), "a handle that is out already");
        if let Kind::Phone { codec, ptime, .. } = kind {
            let due = self.engine.now() + ms(self.dice.below(20) as u64);
            self.phones.add(bits, tone, codec, ptime, due);
            if self.dice.once_in(3) {
                self.haunt(bits);
            }
        }
        self.tally.joined += 1;
    }

    /// On which worker the engine has put a leg.
    fn worker_of(&self, bits: u64) -> usize {
        let status = self.engine.status().expect("running");
        let mut legs = status.rooms.iter().flat_map(|room| &room.legs);
        let leg = legs.find(|leg| leg.bits == bits);
        usize::from(leg.expect("it has joined").worker)
    }

    fn leave(&mut self) {
        let Some(leg) = self.any(|_| true) else {
            return;
        };
        self.note(|| format!("{leg:x} leaves"));
        let reason = self
            .dice
            .pick(&[LeaveReason::Requested, LeaveReason::MediaTimeout]);
        let id = self.model.legs[&leg].handle.id();
        let left = self.engine.remove_leg_because(id, reason);
        let expected = self.model.of_leg(leg);
        if self.check(&expected, &left) {
            self.phones.hang_up(leg);
            self.model.leaves(leg, reason, self.engine.now());
        }
    }

    fn move_one(&mut self) {
        if let Some(leg) = self.any(|_| true) {
            let to = self.dice.below(WORKERS);
            self.move_to(leg, to);
        }
    }

    /// Everybody on one worker goes to another, in one instant.
    fn exodus(&mut self) {
        let (from, to) = (self.dice.below(WORKERS), self.dice.below(WORKERS));
        for leg in self.model.staying(|leg| leg.worker == from) {
            self.move_to(leg, to);
        }
        self.exodus_of_calls(from, to);
    }

    fn move_to(&mut self, leg: u64, to: usize) {
        self.note(|| format!("{leg:x} to worker {to}"));
        let expected = self.model.of_move(leg, to);
        let result = self.handle(leg).move_to(to);
        if self.check(&expected, &result) {
            self.goes(leg, to);
        }
    }

    /// A leg is on its way.
    fn goes(&mut self, leg: u64, to: usize) {
        let from = self.model.legs[&leg].worker;
        if from != to {
            self.model.drops_plan(leg, self.engine.now(), false);
            let leg = self.model.legs.get_mut(&leg).expect("a leg of the model");
            (leg.worker, leg.from) = (to, Some(from));
        }
    }

    fn rebalance(&mut self) {
        let result = self.engine.rebalance();
        self.note(|| format!("rebalance: {result:?}"));
        let Ok(moved) = result else {
            let full = (0..WORKERS).any(|to| self.model.seated(to) + 2 > LEGS_PER_WORKER);
            let berths = (0..WORKERS).any(|to| self.model.coming(to) >= BERTHS);
            let expected = match Outcome::from(&result) {
                Outcome::Busy if berths => Outcome::Busy,
                outcome if outcome == NO_SEATS && full => NO_SEATS,
                _ => Outcome::Done,
            };
            self.check(&expected, &result);
            return;
        };
        if let Some((leg, to)) = moved {
            let leg = leg.to_bits();
            if let Some((call, _)) = self.model.side_of(leg) {
                assert_eq!(self.model.of_call_move(call, to), Outcome::Done);
                return self.call_goes(call, to);
            }
            assert_eq!(self.model.of_move(leg, to), Outcome::Done);
            assert_ne!(self.model.legs[&leg].worker, to);
            self.goes(leg, to);
        }
    }

    fn gain(&mut self) {
        let db = self.dice.pick(&GAINS);
        if let Some(leg) = self.any(|_| true) {
            self.note(|| format!("{leg:x} at {db} dB"));
            let done = self.handle(leg).set_gain_db(db);
            self.check(&Outcome::Done, &done);
            self.entry(leg).gain_db = db;
        }
    }

    fn mute(&mut self) {
        if let Some(leg) = self.any(|_| true) {
            let muted = self.dice.once_in(2);
            self.note(|| format!("{leg:x} muted {muted}"));
            let done = self.handle(leg).mute(muted);
            self.check(&Outcome::Done, &done);
            self.entry(leg).muted = muted;
        }
    }

    fn hold(&mut self) {
        if let Some(leg) = self.any(|_| true) {
            let direction = Direction {
                receive: !self.dice.once_in(3),
                send: !self.dice.once_in(3),
            };
            self.note(|| format!("{leg:x} {direction:?}"));
            let done = self.handle(leg).set_direction(direction);
            self.check(&Outcome::Done, &done);
            self.entry(leg).direction = direction;
        }
    }

    fn ssrc(&mut self) {
        if let Some(leg) = self.any(|_| true) {
            let ssrc = self.number();
            self.note(|| format!("{leg:x} SSRC {ssrc}"));
            let expected = match self.model.legs[&leg].kind.is_phone() {
                true => Outcome::Done,
                false => Outcome::WrongKind,
            };
            let result = self.handle(leg).set_ssrc(ssrc);
            if self.check(&expected, &result) {
                self.entry(leg).ssrc = ssrc;
            }
        }
    }

    fn entry(&mut self, leg: u64) -> &mut Leg {
        self.model.legs.get_mut(&leg).expect("a leg of the model")
    }

    fn change(&mut self) {
        let Some(leg) = self.any(|_| true) else {
            return;
        };
        let kind = self.phone();
        self.note(|| format!("{leg:x} becomes {kind:?}"));
        let expected = match self.model.of_still_leg(leg) {
            Outcome::Done
                if !self.model.legs[&leg].kind.is_phone()
                    || self.model.legs[&leg].boost_db.is_some() =>
            {
                Outcome::WrongKind
            }
            other => other,
        };
        let (Kind::Phone { codec, ptime, .. }, LegConfig::Network(config)) =
            (kind, self.config(kind, 0))
        else {
            return;
        };
        let result = self.handle(leg).change(config);
        if self.check(&expected, &result) {
            self.model.drops_plan(leg, self.engine.now(), true);
            self.entry(leg).kind = kind;
            self.entry(leg).swapping = true;
            self.phones.switch(leg, codec, ptime);
            self.tally.changed += 1;
        }
    }

    /// A gain put into a leg's graph, exchanged or taken out while it runs.
    fn swap(&mut self) {
        let Some(leg) = self.any(|_| true) else {
            return;
        };
        let had = self.model.legs[&leg].boost_db.is_some();
        let boost = match had && self.dice.once_in(2) {
            true => None,
            false => Some(self.dice.pick(&[-6.0, -3.0, 3.0])),
        };
        self.note(|| format!("{leg:x} has a gain of {boost:?} put in"));
        let expected = self.model.of_still_leg(leg);
        let handle = self.handle(leg);
        let mut graph = handle.graph().expect("a leg that stays has a graph");
        if had {
            graph
                .remove(Segment::Ingress, "boost")
                .expect("it was put in");
        }
        if let Some(db) = boost {
            graph
                .gain(Segment::Ingress, "gain", "boost", db)
                .expect("behind the level");
        }
        let result = handle.swap(graph);
        if self.check(&expected, &result) {
            self.model.drops_plan(leg, self.engine.now(), true);
            let leg = self.entry(leg);
            (leg.boost_db, leg.swapping) = (boost, true);
            self.tally.swapped += 1;
        }
    }

    fn create(&mut self) {
        let n = self.dice.below(12);
        let name = match n {
            10 => String::new(),
            11 => "x".repeat(129),
            n => format!("room {n}"),
        };
        let config = RoomConfig {
            frame: self.dice.pick(&[FrameTime::Ms10, FrameTime::Ms20]),
            ends_with_last_leg: self.dice.once_in(3),
            ..RoomConfig::new(name.clone())
        };
        self.note(|| format!("create {config:?}"));
        let expected = self.model.of_create(&name);
        let ends_with_last_leg = config.ends_with_last_leg;
        let room = self.engine.create_room(config);
        if self.check(&expected, &room) {
            let handle = room.expect("done");
            let room = Room {
                ends_with_last_leg,
                closing: false,
                handle,
            };
            let bits = room.handle.id().to_bits();
            assert!(self.model.rooms.insert(bits, room).is_none());
        }
    }

    fn close(&mut self) {
        let rooms: Vec<u64> = self.model.rooms.keys().copied().collect();
        if rooms.is_empty() {
            return;
        }
        let room = self.dice.pick(&rooms);
        let (handle, closing) = {
            let room = &self.model.rooms[&room];
            (room.handle.clone(), room.closing)
        };
        self.note(|| format!("close {handle:?}"));
        let expected = match closing {
            true => Outcome::StaleRoom,
            false => Outcome::Done,
        };
        if self.check(&expected, &handle.close()) {
            for leg in self.model.staying(|leg| leg.room == room) {
                self.phones.hang_up(leg);
            }
            self.model.close(room, self.engine.now());
        }
    }

    /// Asks something of a leg that has left or is leaving.
    fn disturb_the_dead(&mut self) {
        let leaving = self.model.legs.values().filter(|leg| !leg.stays());
        let mut handles: Vec<talkpath_engine::Leg> =
            leaving.map(|leg| leg.handle.clone()).collect();
        handles.extend(self.graves.iter().cloned());
        if handles.is_empty() {
            return;
        }
        let handle = handles.swap_remove(self.dice.below(handles.len()));
        self.note(|| format!("disturb {handle:?}"));
        let result = match self.dice.below(8) {
            0 => handle.set_gain_db(6.0),
            1 => handle.mute(true),
            2 => handle.set_direction(Direction::BOTH),
            3 => handle.leave(),
            4 => handle.move_to(self.dice.below(WORKERS)),
            5 => handle.set_ssrc(1),
            6 => handle.graph().map(|_| ()),
            _ => handle.change(NetworkConfig::new(CODECS[0], 0)),
        };
        self.check(&Outcome::StaleLeg, &result);
    }

    /// A leg that has left had the index of this one, and its phone sends on as if it still were there.
    pub fn haunt(&mut self, leg: u64) {
        let graves = self.graves.iter().rev().map(|grave| grave.id());
        let calls = self.call_graves.iter().rev();
        let sides = calls.flat_map(|call| Side::BOTH.map(|side| call.side(side)));
        let mut stale = graves.chain(sides).map(|leg| leg.to_bits());
        if let Some(stale) = stale.find(|stale| *stale as u32 == leg as u32) {
            self.phones.shadow(leg, stale);
            self.tally.ghosts += 1;
        }
    }

    /// Values that cannot be.
    fn ask_for_nonsense(&mut self) {
        let Some(leg) = self.any(|_| true) else {
            return;
        };
        let handle = self.handle(leg);
        let result = match self.dice.below(4) {
            0 => handle.set_gain_db(20.5),
            1 => handle.set_gain_db(f32::NAN),
            2 => handle.move_to(WORKERS),
            _ => {
                let room = self.model.legs[&leg].room;
                if self.model.of_join(room) != Outcome::Done {
                    return;
                }
                let tone = LegConfig::tone(4_000.0, -20.0);
                self.model.rooms[&room].handle.join(tone).map(drop)
            }
        };
        self.check(&Outcome::OutOfRange, &result);
    }

    /// More edits than can wait: from some one on all are refused, and the one refused has done nothing.
    fn storm(&mut self) {
        let Some(leg) = self.any(|leg| leg.from.is_none()) else {
            return;
        };
        self.note(|| format!("storm on {leg:x}"));
        let handle = self.handle(leg);
        let mut done = 0;
        while done < 2 * RING {
            let db = self.dice.pick(&GAINS);
            match handle.set_gain_db(db) {
                Ok(()) => self.entry(leg).gain_db = db,
                Err(error) => {
                    let refused = Err::<(), _>(error);
                    assert_eq!(Outcome::from(&refused), Outcome::Busy);
                    break;
                }
            }
            done += 1;
        }
        assert!((RING / 4..2 * RING).contains(&done), "{done} edits went in");
        self.check(&Outcome::Busy, &handle.mute(true));
        self.check(&Outcome::Busy, &handle.leave());
        self.check(&Outcome::Busy, &handle.move_to(0));
        let end = NetworkConfig::new(CODECS[0], 0);
        let call = self.engine.create_call(CallConfig::new(end, end));
        self.check(&Outcome::Busy, &call);
        self.check(
            &Outcome::Busy,
            &self.engine.create_room(RoomConfig::new("x")),
        );
        let room = self.model.rooms[&self.model.legs[&leg].room].handle.clone();
        self.check(&Outcome::Busy, &room.join(LegConfig::tone(440.0, -20.0)));
        self.check(&Outcome::Busy, &room.close());
        self.calm(ms(400));
    }

    /// Time passes until the storm is over.
    fn calm(&mut self, most: std::time::Duration) {
        self.pass(most);
        let status = self.engine.status().expect("running");
        assert_eq!(status.supervisor.edits_waiting, 0);
    }
}
