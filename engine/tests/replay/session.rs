//! Sixty seconds of two rooms with everything that happens in them, in virtual time.

use std::time::Duration;

use talkpath_engine::replay::{Listener, Mix, Recording, Replayed, replay, replay_with};
use talkpath_engine::{
    Call, CallConfig, Direction, EngineConfig, EngineError, Leg, LegConfig, Priority, Room,
    RoomConfig, RoomId, Side, VirtualEngine,
};

use talkpath_nodes::packet::Header;

use super::Paper;
use super::common::{
    Caller, Codec, SampleRate, Studio, TEN, ms, network, payload_type, playing, sine, small, speech,
};

/// xorshift64: any scatter will do, and it is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A phone on a bad line: a part of its packets is lost, the others come up to 40 ms late and out of order.
struct BadLine {
    caller: Caller,
    due: Duration,
    /// On their way: when they arrive.
    way: Vec<(Duration, Header, Vec<u8>)>,
}

impl BadLine {
    fn speak(&mut self, studio: &mut Studio, dice: &mut Dice) {
        let now = studio.engine.now();
        while self.due <= now {
            let (header, payload) = self.caller.packet();
            self.due += self.caller.ptime;
            if dice.roll(20) > 0 {
                self.way.push((now + ms(dice.roll(40)), header, payload));
            }
        }
        let (come, way) = self.way.drain(..).partition(|(at, ..)| *at <= now);
        self.way = way;
        let come: Vec<_> = come;
        for (at, header, payload) in come {
            // A leg that is leaving gets them too: they are stale, and in the recording.
            studio.inject(self.caller.id(), at, header, &payload);
        }
    }
}

/// Everything a session is made of.
struct World {
    studio: Studio,
    dice: Dice,
    rooms: Vec<Room>,
    phones: Vec<BadLine>,
    players: Vec<Leg>,
    calls: Vec<Call>,
    workers: usize,
    number: u32,
    moved: u32,
    turn: u32,
    /// Whether workers are held up now and then, all or one alone.
    stalls: bool,
}

const CODECS: [Codec; 4] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::L16(SampleRate::HZ_16000),
    Codec::L16(SampleRate::HZ_48000),
];

impl World {
    fn new(config: EngineConfig, paper: &Paper) -> Self {
        let workers = config.workers;
        let engine = VirtualEngine::recorded(config, paper.to()).expect("a valid configuration");
        let studio = Studio::of(engine);
        let rooms = vec![studio.room("north"), studio.room("south")];
        Self {
            studio,
            dice: Dice(0x9E37_79B9),
            rooms,
            phones: Vec::new(),
            players: Vec::new(),
            calls: Vec::new(),
            workers,
            number: 0,
            moved: 0,
            turn: 0,
            stalls: true,
        }
    }

    fn join(&mut self) {
        self.number += 1;
        let room = self.dice.roll(2) as usize;
        let codec = CODECS[self.dice.roll(4) as usize];
        let rate = codec.rate();
        let caller = Caller::with(&self.rooms[room], network(codec, self.number), self.number);
        let caller = match self.dice.roll(2) {
            0 if rate != SampleRate::HZ_48000 => caller.saying(playing(speech(rate))),
            _ => caller.saying(sine(200.0 + 17.0 * f64::from(self.number), rate, 0.2)),
        };
        let due = self.studio.engine.now() + ms(self.dice.roll(20));
        let way = Vec::new();
        self.phones.push(BadLine { caller, due, way });
    }

    /// One thing that happens.
    fn happen(&mut self) {
        let phones = self.phones.len() as u64;
        if phones < 4 {
            return self.join();
        }
        let at = self.dice.roll(phones) as usize;
        let leg = self.phones[at].caller.leg.clone();
        match self.dice.roll(14) {
            0 | 1 if phones < 12 => self.join(),
            0 => {
                leg.leave().expect("it is in");
                self.phones.swap_remove(at);
            }
            1 | 2 => {
                let codec = CODECS[self.dice.roll(4) as usize];
                let config = network(codec, 500 + self.number);
                // Refused while it moves.
                if leg.change(config).is_ok() {
                    self.phones[at].caller.switch(codec, config.ptime);
                    assert_eq!(self.phones[at].caller.payload_type, payload_type(codec));
                }
            }
            3 | 4 => {
                let flow = |bit| bit == 0;
                let (receive, send) = (flow(self.dice.roll(3) & 1), flow(self.dice.roll(3) & 1));
                leg.set_direction(Direction { receive, send }).expect("in");
            }
            5 => leg.mute(self.dice.roll(2) == 0).expect("in"),
            6 => {
                let db = self.dice.roll(30) as f32 - 20.0;
                leg.set_gain_db(db).expect("in range");
            }
            7 => leg.set_ssrc(self.dice.roll(1 << 30) as u32).expect("in"),
            8 => self.player(),
            10 | 11 => self.call(),
            9 => {
                self.studio.engine.rebalance().expect("running");
            }
            _ => {
                let to = self.dice.roll(self.workers as u64) as usize;
                self.moved += u32::from(leg.move_to(to).is_ok());
            }
        }
    }

    /// A call of two phones begins, changes or ends.
    fn call(&mut self) {
        self.number += 1;
        let [one, other] = [self.dice.roll(3), self.dice.roll(3)].map(|n| CODECS[n as usize]);
        let n = 700 + 2 * self.number;
        match self.calls.last() {
            Some(call) if self.dice.roll(3) == 0 => {
                call.hang_up().expect("it is up");
                self.calls.pop();
            }
            Some(call) if self.dice.roll(2) == 0 => {
                let changed = call.change(Side::A, network(one, n));
                let moves = matches!(changed, Err(EngineError::Moving { .. }));
                assert!(moves || changed.is_ok(), "{changed:?}");
                call.set_ssrc(Side::B, n).expect("it is up");
                let flow = Direction {
                    receive: true,
                    send: self.dice.roll(4) > 0,
                };
                call.set_direction(Side::B, flow).expect("it is up");
            }
            Some(call) if self.dice.roll(3) == 0 => {
                let to = self.dice.roll(self.workers as u64) as usize;
                self.moved += u32::from(call.move_to(to).is_ok());
            }
            _ if self.calls.len() < 3 => {
                let config = CallConfig::new(network(one, n), network(other, n + 1));
                let call = self.studio.engine.create_call(config);
                self.calls.push(call.expect("capacity"));
            }
            _ => {}
        }
    }

    /// Both sides of every call send a packet, of the right codec or not.
    fn talk(&mut self) {
        let now = self.studio.engine.now();
        self.turn += 1;
        for call in &self.calls {
            for side in [Side::A, Side::B] {
                let codec = CODECS[self.dice.roll(3) as usize];
                let header = Header {
                    payload_type: payload_type(codec),
                    sequence: self.turn as u16,
                    timestamp: self.turn.wrapping_mul(160),
                    ssrc: 9,
                    ..Header::default()
                };
                let payload = [self.turn as u8; 160];
                self.studio.inject(call.side(side), now, header, &payload);
            }
        }
    }

    /// Something that plays comes or goes, and a third room with it.
    fn player(&mut self) {
        if let Some(leg) = self.players.pop() {
            return leg.leave().expect("it is in");
        }
        let config = match self.dice.roll(2) {
            0 => LegConfig::tone(523.0, -25.0),
            _ => {
                let rate = SampleRate::HZ_16000;
                LegConfig::clip(speech(rate).into(), rate, true)
            }
        };
        let room = &self.rooms[self.dice.roll(2) as usize];
        let leg = room.join_as(config, Priority::Low).expect("capacity");
        self.players.push(leg);
        let short = RoomConfig {
            ends_with_last_leg: true,
            ..RoomConfig::new(format!("short {}", self.number))
        };
        self.number += 1;
        let short = self.studio.engine.create_room(short).expect("capacity");
        let tone = short.join(LegConfig::tone(300.0, -30.0)).expect("capacity");
        tone.leave().expect("it is in");
    }

    fn run(&mut self, span: Duration) {
        let end = self.studio.engine.now() + span;
        while self.studio.engine.now() < end {
            for phone in &mut self.phones {
                phone.speak(&mut self.studio, &mut self.dice);
            }
            if self.turn.is_multiple_of(2) {
                self.talk();
            } else {
                self.turn += 1;
            }
            if self.dice.roll(12) == 0 {
                self.happen();
            }
            match self.dice.roll(400) {
                0 if self.stalls => self.studio.engine.stall(ms(90)),
                1 if self.stalls => self.studio.engine.stall_worker(0, ms(70)),
                _ => {}
            }
            self.studio.advance(TEN);
        }
    }
}

/// A minute with `workers`; the recording, the packets sent, the legs moved.
fn minute(workers: usize, stalls: bool) -> (Vec<u8>, usize, u32) {
    let paper = Paper::default();
    let config = EngineConfig { workers, ..small() };
    let mut world = World::new(config, &paper);
    world.stalls = stalls;
    world.run(Duration::from_secs(60));
    let state = world.studio.engine.end_recording().expect("it records");
    assert_eq!(state.ended.as_deref(), Some("the session ended"));
    let bytes = paper.bytes();
    assert!(state.bytes > 0 && bytes.len() as u64 > state.bytes);
    let sent = world.studio.sent.values().map(Vec::len).sum();
    (bytes, sent, world.moved)
}

/// What must be the same in two replays: all but how long they took.
fn timeless(replayed: Replayed) -> Replayed {
    Replayed {
        took: Duration::ZERO,
        ..replayed
    }
}

fn a_minute_replays(workers: usize) {
    let (bytes, sent, moved) = minute(workers, true);
    let recording = Recording::parse(bytes).expect("a recording");
    assert_eq!(recording.ends_early(), None);
    assert_eq!(recording.header().config.workers, workers);
    assert_eq!(recording.header().differences(), Vec::<String>::new());
    let first = replay(&recording, &mut ()).expect("it runs");
    assert_eq!(first.first_difference, None);
    assert_eq!((first.different, first.missing), (0, 0));
    assert!(first.is_identical());
    assert_eq!((first.sent, first.compared), (sent as u64, sent as u64));
    assert!(sent > 10_000, "{sent} packets");
    assert!(first.legs.len() > 20, "{} legs", first.legs.len());
    assert!(first.legs.iter().any(|leg| leg.left.is_some()));
    let sides = first.legs.iter().filter(|leg| leg.call.is_some());
    assert!(sides.filter(|leg| leg.sent > 0).count() > 4, "calls");
    assert!(first.rooms.len() > 3 && first.rooms[2].ended.is_some());
    assert!(first.session >= ms(59_990), "{:?}", first.session);
    if workers > 1 {
        assert!(moved > 20, "{moved} moves");
    }
    let again = replay(&recording, &mut ()).expect("it runs again");
    assert_eq!(timeless(again), timeless(first), "twice the same");
}

#[test]
fn a_minute_of_two_rooms_replays_with_one_worker() {
    a_minute_replays(1);
}

#[test]
fn a_minute_of_two_rooms_replays_with_three_workers() {
    a_minute_replays(3);
}

/// A minute recorded with `recorded` workers, run with `others`; all that could not apply.
fn with_others(recorded: usize, stalls: bool, others: &[usize]) -> Vec<String> {
    let (bytes, sent, _) = minute(recorded, stalls);
    let recording = Recording::parse(bytes).expect("a recording");
    let own = replay(&recording, &mut ()).expect("it runs");
    let mut named = Vec::new();
    for workers in others {
        let other = replay_with(&recording, *workers, &mut ()).expect("it runs");
        assert_eq!(other.workers, *workers);
        assert_eq!(
            (other.rooms, other.legs),
            (own.rooms.clone(), own.legs.clone())
        );
        named = other.unapplied.into_iter().map(|one| one.what).collect();
        if !stalls || recorded == 1 {
            assert_eq!(other.first_difference, None, "{workers} workers");
            assert_eq!(
                (other.different, other.missing),
                (0, 0),
                "{workers} workers"
            );
            assert_eq!(other.compared, sent as u64);
            assert_eq!(other.digest, own.digest, "{workers} workers");
        }
    }
    named
}

#[test]
fn a_minute_recorded_with_one_worker_replays_with_two_and_three() {
    assert_eq!(with_others(1, true, &[2, 3]), Vec::<String>::new());
}

#[test]
fn a_minute_recorded_with_three_workers_replays_with_one_and_two() {
    assert_eq!(with_others(3, false, &[1, 2]), ["moves between workers"]);
}

#[test]
fn what_only_its_own_number_of_workers_met_with_is_named() {
    let named = with_others(3, true, &[1]);
    assert_eq!(named[0], "moves between workers");
    let others = [
        "stalls of worker 0 alone, with slots skipped",
        "slots in which sums of other workers were missed",
    ];
    assert_eq!(named[1..], others);
}

/// Keeps the mixes of one room.
struct Ear {
    room: Option<RoomId>,
    numbers: Vec<u64>,
    heard: Vec<f32>,
}

impl Listener for Ear {
    fn wants_mixes(&self) -> bool {
        true
    }

    fn mixed(&mut self, mix: &Mix) {
        let room = *self.room.get_or_insert(mix.room);
        assert_eq!((room, mix.rate), (mix.room, SampleRate::HZ_8000));
        self.numbers.push(mix.number);
        self.heard.extend(&mix.samples);
    }
}

#[test]
fn the_mix_of_a_room_is_heard_in_a_replay_every_frame_of_it() {
    let paper = Paper::default();
    let engine = VirtualEngine::recorded(small(), paper.to()).expect("a valid configuration");
    let mut studio = Studio::of(engine);
    let room = studio.room("room");
    room.join(LegConfig::tone(1_000.0, -20.0))
        .expect("capacity");
    studio.advance(ms(500));
    // Two periods in one step: both are heard.
    studio.engine.stall(ms(45));
    studio.advance(ms(500));
    studio.engine.end_recording().expect("it records");
    let recording = Recording::parse(paper.bytes()).expect("a recording");
    let mut ear = Ear {
        room: None,
        numbers: Vec::new(),
        heard: Vec::new(),
    };
    replay(&recording, &mut ear).expect("it runs");
    let frames = ear.numbers.len() as u64;
    assert!(frames >= 51, "{frames} frames");
    let first = ear.numbers[0];
    assert!((first..).zip(&ear.numbers).all(|(a, b)| a == *b), "no gap");
    let loud = &ear.heard[ear.heard.len() - 4_000..];
    let power: f32 = loud.iter().map(|s| s * s).sum::<f32>() / loud.len() as f32;
    // -20 dBov: 0 dBov is a square wave of full scale.
    let db = 10.0 * power.log10();
    assert!((db + 20.0).abs() < 0.5, "{db} dB");
}
