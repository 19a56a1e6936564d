//! Point-to-point calls: their entries in the list, the random requests about them, and what their sides must hear: the other
//! side alone, or nothing at all.

use std::time::Duration;

use talkpath_engine::{
    Call, CallConfig, CallId, Codec, Direction, LeaveReason, LegId, NetworkConfig, Priority,
    Resource, RtpSender, Side, Status,
};

use crate::common::ms;
use crate::model::{BERTHS, LEGS, LEGS_PER_WORKER, Model, NO_SEATS, Outcome, WORKERS};
use crate::phones::Heard;
use crate::sound::{self, CODECS, PEAK, TONES};
use crate::world::World;

/// One side of a call.
pub struct End {
    pub codec: Codec,
    pub ptime: Duration,
    /// Number of its tone.
    pub tone: usize,
    pub direction: Direction,
    /// Of what it is sent.
    pub ssrc: u32,
}

/// One call.
pub struct Line {
    pub handle: Call,
    pub ends: [End; 2],
    pub worker: usize,
    /// Where it comes from, and of how many sides the arrival is still to be told.
    pub from: Option<(usize, u32)>,
    pub priority: Priority,
    pub begun: bool,
    pub ending: Option<LeaveReason>,
}

impl Line {
    pub fn stays(&self) -> bool {
        self.ending.is_none()
    }

    pub fn side(&self, side: usize) -> u64 {
        self.handle.side(Side::BOTH[side]).to_bits()
    }

    /// What two calls must have in common to share a plan.
    fn shape(&self) -> String {
        let [a, b] = &self.ends;
        format!(
            "call {:?} {:?} {:?} {:?}",
            a.codec, a.ptime, b.codec, b.ptime
        )
    }

    /// Whether what side `from` says is passed on.
    fn open(&self, from: usize) -> bool {
        self.ends[from].direction.receive && self.ends[1 - from].direction.send
    }
}

impl Model {
    /// Calls that stay.
    fn lines(&self) -> Vec<u64> {
        let lines = self.calls.iter().filter(|(_, line)| line.stays());
        lines.map(|(bits, _)| *bits).collect()
    }

    /// The call of a side's handle, and which side it is.
    pub fn side_of(&self, leg: u64) -> Option<(u64, usize)> {
        let of = |(bits, line): (&u64, &Line)| {
            let side = (0..2).find(|side| line.side(*side) == leg)?;
            Some((*bits, side))
        };
        self.calls.iter().find_map(of)
    }

    /// The plans that calls on a worker have.
    pub fn shapes_of_calls(&self, on: impl Fn(usize) -> bool) -> impl Iterator<Item = String> {
        let here = self.calls.values().filter(move |line| on(line.worker));
        here.map(Line::shape)
    }

    /// Handles of legs that are out.
    pub fn handles(&self) -> usize {
        self.legs.len() + 2 * self.calls.len()
    }

    fn of_call(&self, bits: u64) -> Outcome {
        match self.calls.get(&bits) {
            Some(line) if line.stays() => Outcome::Done,
            _ => Outcome::StaleCall,
        }
    }

    fn of_still_call(&self, bits: u64) -> Outcome {
        match self.calls.get(&bits) {
            Some(line) if line.stays() && line.from.is_some() => Outcome::Moving,
            _ => self.of_call(bits),
        }
    }

    fn of_begin(&self) -> Outcome {
        if self.handles() + 2 > LEGS {
            return Outcome::Full(Resource::Legs);
        }
        if (0..WORKERS).all(|worker| self.seated(worker) + 2 > LEGS_PER_WORKER) {
            return NO_SEATS;
        }
        Outcome::Done
    }

    pub fn of_call_move(&self, bits: u64, to: usize) -> Outcome {
        let still = self.of_still_call(bits);
        if still != Outcome::Done || self.calls[&bits].worker == to {
            return still;
        }
        if self.coming(to) >= BERTHS {
            return Outcome::Busy;
        }
        if self.seated(to) + 2 > LEGS_PER_WORKER {
            return NO_SEATS;
        }
        Outcome::Done
    }
}

/// The requests.
impl World {
    pub fn call_deed(&mut self) {
        let begins = if self.growing { 4 } else { 2 };
        match self.dice.below(12) {
            n if n < begins => self.begin(),
            n if n < 5 => self.hang_up(),
            5..8 => self.move_a_call(),
            8..10 => self.hold_a_call(),
            10 => self.change_a_call(),
            _ => self.rename_a_call(),
        }
    }

    fn any_call(&mut self) -> Option<u64> {
        let lines = self.model.lines();
        (!lines.is_empty()).then(|| self.dice.pick(&lines))
    }

    fn line(&mut self, bits: u64) -> &mut Line {
        self.model
            .calls
            .get_mut(&bits)
            .expect("a call of the model")
    }

    /// A side's configuration, without a tone.
    fn end(&mut self) -> NetworkConfig {
        let codec = self.dice.pick(&CODECS);
        let ptime = self.dice.pick(&[ms(10), ms(20), ms(20)]);
        let ptime = ptime.min(codec.max_ptime());
        NetworkConfig {
            ptime,
            sender: RtpSender {
                ssrc: self.number(),
                sequence: 65_500,
                timestamp: u32::MAX - 9_000,
            },
            ..NetworkConfig::new(codec, sound::payload_type(codec))
        }
    }

    fn begin(&mut self) {
        let a = self.end();
        // Mostly alike, so that there are relays too.
        let b = match self.dice.once_in(3) {
            true => self.end(),
            false => NetworkConfig {
                sender: self.end().sender,
                ..a
            },
        };
        let priority = self.dice.pick(&Priority::ALL[1..]);
        let expected = self.model.of_begin();
        self.note(|| {
            format!(
                "a call of {:?} {:?} and {:?} {:?}",
                a.codec, a.ptime, b.codec, b.ptime
            )
        });
        let config = CallConfig::new(a, b).with_priority(priority);
        let call = self.engine.create_call(config);
        if !self.check(&expected, &call) {
            return;
        }
        let handle = call.expect("done");
        let bits = handle.id().to_bits();
        let ends = [a, b].map(|config| {
            let tone = self.dice.below(self.tones.len());
            End {
                codec: config.codec,
                ptime: config.ptime,
                tone: self.tones.swap_remove(tone),
                direction: Direction::BOTH,
                ssrc: config.sender.ssrc,
            }
        });
        let line = Line {
            worker: self.worker_of_call(bits),
            handle,
            ends,
            from: None,
            priority,
            begun: false,
            ending: None,
        };
        assert!(self.model.seated(line.worker) + 2 <= LEGS_PER_WORKER);
        for (
            side,
            End {
                tone, codec, ptime, ..
            },
        ) in line.ends.iter().enumerate()
        {
            let due = self.engine.now() + ms(self.dice.below(20) as u64);
            self.phones.add(line.side(side), *tone, *codec, *ptime, due);
        }
        let sides = [line.side(0), line.side(1)];
        assert!(
            self.model.calls.insert(bits, line).is_none(),
            "a handle that is out"
        );
        for side in sides {
            if self.dice.once_in(3) {
                self.haunt(side);
            }
        }
        self.tally.calls += 1;
    }

    fn worker_of_call(&self, bits: u64) -> usize {
        let status = self.engine.status().expect("running");
        let id = CallId::from_bits(bits).expect("a handle").to_string();
        let call = status.calls.iter().find(|call| call.id == id);
        usize::from(call.expect("it has begun").worker)
    }

    /// Its phones have hung up, and it is told to end.
    pub fn ends(&mut self, bits: u64, reason: LeaveReason) {
        let sides = [0, 1].map(|side| self.model.calls[&bits].side(side));
        sides.into_iter().for_each(|side| self.phones.hang_up(side));
        let (now, worker) = (self.engine.now(), self.model.calls[&bits].worker);
        self.model.plan_dropped(now, worker, false);
        self.line(bits).ending = Some(reason);
    }

    fn hang_up(&mut self) {
        let Some(bits) = self.any_call() else { return };
        self.note(|| format!("call {bits:x} ends"));
        let handle = self.model.calls[&bits].handle.clone();
        let (reason, done) = match self.dice.below(3) {
            0 => (LeaveReason::MediaTimeout, {
                let side = self.dice.pick(&Side::BOTH);
                let reason = LeaveReason::MediaTimeout;
                self.engine.remove_leg_because(handle.side(side), reason)
            }),
            _ => (LeaveReason::Requested, handle.hang_up()),
        };
        if self.check(&Outcome::Done, &done) {
            self.ends(bits, reason);
        }
    }

    fn move_a_call(&mut self) {
        if let Some(bits) = self.any_call() {
            let to = self.dice.below(WORKERS);
            self.move_call_to(bits, to);
        }
    }

    /// Those on one worker go to another.
    pub fn exodus_of_calls(&mut self, from: usize, to: usize) {
        for bits in self.model.lines() {
            if self.model.calls[&bits].worker == from {
                self.move_call_to(bits, to);
            }
        }
    }

    fn move_call_to(&mut self, bits: u64, to: usize) {
        self.note(|| format!("call {bits:x} to worker {to}"));
        let expected = self.model.of_call_move(bits, to);
        let result = self.model.calls[&bits].handle.clone().move_to(to);
        if self.check(&expected, &result) {
            self.call_goes(bits, to);
        }
    }

    /// A call is on its way.
    pub fn call_goes(&mut self, bits: u64, to: usize) {
        let (now, from) = (self.engine.now(), self.model.calls[&bits].worker);
        if from != to {
            self.model.plan_dropped(now, from, false);
            let line = self.line(bits);
            (line.worker, line.from) = (to, Some((from, 2)));
        }
    }

    fn hold_a_call(&mut self) {
        let Some(bits) = self.any_call() else { return };
        let side = self.dice.below(2);
        let direction = Direction {
            receive: !self.dice.once_in(3),
            send: !self.dice.once_in(3),
        };
        self.note(|| format!("call {bits:x} side {side} {direction:?}"));
        let handle = self.model.calls[&bits].handle.clone();
        let done = handle.set_direction(Side::BOTH[side], direction);
        self.check(&Outcome::Done, &done);
        self.line(bits).ends[side].direction = direction;
    }

    fn change_a_call(&mut self) {
        let Some(bits) = self.any_call() else { return };
        let (side, config) = (self.dice.below(2), self.end());
        self.note(|| {
            format!(
                "call {bits:x} side {side} is {:?} {:?}",
                config.codec, config.ptime
            )
        });
        let expected = self.model.of_still_call(bits);
        let handle = self.model.calls[&bits].handle.clone();
        let changed = handle.change(Side::BOTH[side], config);
        if self.check(&expected, &changed) {
            let (now, worker) = (self.engine.now(), self.model.calls[&bits].worker);
            self.model.plan_dropped(now, worker, true);
            let line = self.line(bits);
            (line.ends[side].codec, line.ends[side].ptime) = (config.codec, config.ptime);
            let leg = line.side(side);
            self.phones.switch(leg, config.codec, config.ptime);
            self.tally.changed += 1;
        }
    }

    /// Another SSRC or another class.
    fn rename_a_call(&mut self) {
        let Some(bits) = self.any_call() else { return };
        let (side, ssrc) = (self.dice.below(2), self.number());
        let handle = self.model.calls[&bits].handle.clone();
        let done = if self.dice.once_in(2) {
            self.note(|| format!("call {bits:x} side {side} SSRC {ssrc}"));
            self.line(bits).ends[side].ssrc = ssrc;
            handle.set_ssrc(Side::BOTH[side], ssrc)
        } else {
            let priority = self.dice.pick(&Priority::ALL);
            self.note(|| format!("call {bits:x} is {priority}"));
            self.line(bits).priority = priority;
            handle.set_priority(priority)
        };
        self.check(&Outcome::Done, &done);
    }

    /// Asks something of a call that is over or ending.
    pub fn disturb_a_dead_call(&mut self) {
        let ending = self.model.calls.values().filter(|line| !line.stays());
        let mut handles: Vec<Call> = ending.map(|line| line.handle.clone()).collect();
        handles.extend(self.call_graves.iter().cloned());
        if handles.is_empty() {
            return;
        }
        let handle = handles.swap_remove(self.dice.below(handles.len()));
        self.note(|| format!("disturb {handle:?}"));
        let side = self.dice.pick(&Side::BOTH);
        let result = match self.dice.below(7) {
            0 => handle.set_direction(side, Direction::BOTH),
            1 => handle.hang_up(),
            2 => handle.move_to(self.dice.below(WORKERS)),
            3 => handle.set_ssrc(side, 1),
            4 => handle.set_priority(Priority::High),
            5 => handle.stats().map(|_| ()),
            _ => handle.change(side, NetworkConfig::new(CODECS[0], 0)),
        };
        self.check(&Outcome::StaleCall, &result);
    }
}

/// What the engine tells.
impl World {
    pub fn call_started(&mut self, call: CallId) {
        let begun = std::mem::replace(&mut self.line(call.to_bits()).begun, true);
        assert!(!begun, "begun once");
    }

    pub fn call_ended(&mut self, call: CallId, reason: LeaveReason) {
        let line = self.model.calls.remove(&call.to_bits());
        let line = line.expect("a call of the model");
        assert_eq!(line.ending, Some(reason));
        assert!(line.begun && line.from.is_none());
        self.tones.extend(line.ends.iter().map(|end| end.tone));
        self.bury_call(line.handle);
    }

    /// Whether `leg` is a side of a call, which is told of as of a leg.
    pub fn side_moved(&mut self, leg: LegId, worker: usize) -> bool {
        let Some((bits, _)) = self.model.side_of(leg.to_bits()) else {
            return false;
        };
        let line = self.line(bits);
        let (from, sides) = line.from.expect("nobody moved it");
        assert_eq!(line.worker, worker);
        line.from = (sides > 1).then_some((from, sides - 1));
        self.tally.sides_moved += 1;
        true
    }
}

/// The comparison.
impl World {
    pub fn compare_calls(&self, status: &Status) {
        assert_eq!(status.calls.len(), self.model.calls.len());
        for line in self.model.calls.values() {
            let id = line.handle.id().to_string();
            let told = status.calls.iter().find(|told| told.id == id);
            let told = told.expect("a call of the model");
            let state = (usize::from(told.worker), told.state, told.priority);
            assert_eq!(state, (line.worker, "up", line.priority));
            let [a, b] = &line.ends;
            assert_eq!(told.relay, (a.codec, a.ptime) == (b.codec, b.ptime));
            for (side, (told, end)) in told.sides.iter().zip(&line.ends).enumerate() {
                assert_eq!(told.bits, line.side(side));
                assert_eq!(told.codec, end.codec.to_string());
                assert_eq!(u128::from(told.ptime_ms), end.ptime.as_millis());
                let direction = (told.receive, told.send);
                assert_eq!(direction, (end.direction.receive, end.direction.send));
            }
        }
        let control = &status.supervisor;
        let up = control.calls_begun - control.calls_ended;
        assert_eq!(up, self.model.calls.len() as u64);
        assert_eq!(2 * control.calls_moved, self.tally.sides_moved);
    }

    /// Somebody to listen to.
    pub fn any_side(&mut self) -> Option<u64> {
        let bits = self.any_call()?;
        let side = self.dice.below(2);
        Some(self.model.calls[&bits].side(side))
    }

    /// A side hears the other side's tone and no other, or is sent nothing.
    pub fn compare_side(&mut self, leg: u64, heard: &Heard, what: &str) {
        let (bits, side) = self.model.side_of(leg).expect("a side");
        let line = &self.model.calls[&bits];
        let (end, other) = (&line.ends[side], &line.ends[1 - side]);
        if !line.open(1 - side) {
            assert_eq!(heard.headers.len(), 0, "{what}: it is on hold");
            return;
        }
        self.compare_stream(heard, (end.codec, end.ptime, end.ssrc), what);
        let mut expected = [0.0; TONES + 1];
        expected[other.tone] = PEAK;
        self.compare_tones(end.codec, heard, &expected, what);
    }
}
