//! The far ends of a run: N phones on one thread, every one of them talking and listening.
//!
//! The same code talks through the packet rings of an engine in this process ([`rings`]) and through sockets in a process
//! of its own ([`udp`]). It is sans-I/O but for its [`Wire`]: [`Phones::turn`] is one slot. What it says is encoded
//! beforehand, what it hears is counted and, for a few listeners, kept; all judging is done afterwards.

mod desk;
mod dice;
mod ear;
mod heard;
mod order;
mod rings;
mod tape;
mod udp;
mod wheel;

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;
use talkpath_rt::clock::Clock;
use talkpath_rt::thread;

use super::speech::{Voices, begins_marker};
use ear::Ear;
use tape::Tape;
use wheel::{Due, Wheel};

pub(super) use desk::{COMMAND, Desk, PhonesError, serve};
pub(super) use dice::Dice;
pub(super) use heard::Heard;
pub(super) use order::{Order, Probe, Setup, Talk, Way, heard_ssrc};
pub(super) use rings::Rings;

/// How packets come and go.
pub(super) trait Wire {
    /// Sends one packet; `false` when it could not.
    fn send(&mut self, way: &Way, now: Duration, header: Header, payload: &[u8]) -> bool;

    /// Gives `each` everything that has come, with the time it came.
    fn receive(&mut self, each: impl FnMut(&Header, &[u8], Duration));
}

/// What a phone says.
#[derive(Clone, Copy, Debug)]
struct Mouth {
    way: Way,
    talk: usize,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    sent: usize,
}

/// One seat: a phone while there is a call.
#[derive(Debug, Default)]
struct Seat {
    /// Calls there have been.
    calls: u32,
    mouth: Option<Mouth>,
    ear: Option<Ear>,
    tape: Option<Tape>,
    /// Index of its probe, if it sends the marker.
    probe: Option<usize>,
}

/// How one of the talks sounds.
struct Sound {
    codec: Codec,
    voices: Voices,
    /// Slots of a packet time.
    period: usize,
    /// Ticks of a packet time.
    ticks: u32,
}

/// A marker that left.
#[derive(Clone, Copy, Debug)]
struct Mark {
    probe: usize,
    window: usize,
    at: Duration,
}

/// All phones.
pub(super) struct Phones<W> {
    wire: W,
    setup: Setup,
    sounds: Vec<Sound>,
    seats: Vec<Seat>,
    wheel: Wheel,
    dice: Dice,
    now: Heard,
    since: Duration,
    cpu: Duration,
    closed: Vec<Heard>,
    marks: Vec<Mark>,
}

impl<W: Wire> Phones<W> {
    /// Encodes what they will say.
    ///
    /// # Errors
    /// A sentence: a codec that is none, or does not take the packet time.
    pub(super) fn new(wire: W, setup: Setup) -> Result<Self, String> {
        let slots = |span: Duration| (span.as_nanos() / setup.slot.as_nanos().max(1)) as usize;
        let sound = |talk: &Talk| {
            talk.voices().map(|(codec, voices)| Sound {
                codec,
                voices,
                period: slots(talk.ptime).max(1),
                ticks: codec.rate().samples_in(talk.ptime).0,
            })
        };
        let sounds: Vec<Sound> = setup.talks.iter().map(sound).collect::<Result<_, _>>()?;
        let longest = sounds.iter().map(|sound| sound.period).max().unwrap_or(1);
        let mut seats: Vec<Seat> = Vec::new();
        seats.resize_with(setup.seats, Seat::default);
        for (index, probe) in setup.probes.iter().enumerate() {
            if let Some(seat) = seats.get_mut(probe.talker) {
                seat.probe = Some(index);
            }
        }
        Ok(Self {
            wheel: Wheel::new(longest.max(slots(setup.jitter)) + 2),
            sounds,
            seats,
            setup,
            wire,
            dice: Dice::new(1),
            now: Heard::default(),
            since: Duration::ZERO,
            cpu: Duration::ZERO,
            closed: Vec::new(),
            marks: Vec::new(),
        })
    }

    /// Talks and listens, slot by slot, until told to finish. Returns what was heard in each window (the first is
    /// what was before the first [`Order::Window`]), and the wire.
    pub(super) fn run(mut self, clock: &impl Clock, orders: &Receiver<Order>) -> (Vec<Heard>, W) {
        self.listen(clock.now(), true);
        self.open(clock.now());
        let slot = self.setup.slot;
        let since_base = clock.now().saturating_sub(self.setup.base);
        let mut k = (since_base.as_nanos() / slot.as_nanos()) as u64 + 2;
        loop {
            // A little before the slot, as the shard does.
            let due = self.setup.base + slot.mul_f64(k as f64 - 0.25);
            clock.sleep_until(due);
            let now = clock.now();
            let late = now.saturating_sub(due);
            self.now.slots += 1;
            self.now.wake.record(late);
            self.now.late_wakes += u64::from(late >= slot.max(Duration::from_millis(1)));
            loop {
                match orders.try_recv() {
                    Ok(Order::Finish) | Err(TryRecvError::Disconnected) => {
                        return self.finish(clock.now());
                    }
                    Ok(order) => self.obey(order, k, now),
                    Err(TryRecvError::Empty) => break,
                }
            }
            self.turn(k, clock);
            k += 1;
        }
    }

    /// One slot.
    fn turn(&mut self, k: u64, clock: &impl Clock) {
        let mut due = self.wheel.take(k);
        for due in due.drain(..) {
            match due {
                Due::Talk { seat, call } => self.talk(seat, call, k, clock),
                Due::Packet { seat, call, packet } => {
                    self.send(seat, call, packet, clock.now());
                }
            }
        }
        self.wheel.give_back(k, due);
        self.listen(clock.now(), false);
    }

    fn obey(&mut self, order: Order, k: u64, now: Duration) {
        match order {
            Order::Connect {
                seat,
                way,
                talk,
                hears,
                asked,
            } => self.connect(seat, way, talk, hears, asked, k),
            Order::Disconnect { seat } => {
                if let Some(seat) = self.seats.get_mut(seat) {
                    (seat.mouth, seat.ear) = (None, None);
                }
            }
            Order::Window => {
                self.close(now);
                self.open(now);
            }
            Order::Finish => {}
        }
    }

    fn connect(&mut self, seat: usize, way: Way, talk: usize, hears: u32, asked: Duration, k: u64) {
        let (Some(sound), Some(place)) = (self.sounds.get(talk), self.seats.get_mut(seat)) else {
            return;
        };
        let ptime = self.setup.talks[talk].ptime;
        let clock_rate = sound.codec.clock_rate();
        place.calls += 1;
        place.mouth = Some(Mouth {
            way,
            talk,
            ssrc: 0x1000_0000 | (place.calls & 0xfff) << 16 | seat as u32,
            sequence: 0,
            timestamp: 0,
            sent: 0,
        });
        place.ear = Some(Ear::new(hears, asked, ptime, clock_rate));
        let listens = |probe: &Probe| probe.listeners.contains(&seat);
        if place.tape.is_none() && self.setup.probes.iter().any(listens) {
            place.tape = Some(Tape::new(sound.codec, ptime, self.setup.tape));
        }
        let phase = match self.setup.burst {
            true => 0,
            false => seat * sound.period / self.setup.seats.max(1),
        };
        let wait = (phase + sound.period - (k % sound.period as u64) as usize) % sound.period;
        let call = place.calls;
        self.wheel.put(k + wait as u64, Due::Talk { seat, call });
    }

    /// The next packet of a phone: sent, kept back, or put off.
    fn talk(&mut self, seat: usize, call: u32, k: u64, clock: &impl Clock) {
        let place = &mut self.seats[seat];
        let Some(mouth) = place.mouth.as_mut().filter(|_| place.calls == call) else {
            return;
        };
        let sound = &self.sounds[mouth.talk];
        let packet = (mouth.sequence, mouth.timestamp, mouth.sent);
        mouth.sequence = mouth.sequence.wrapping_add(1);
        mouth.timestamp = mouth.timestamp.wrapping_add(sound.ticks);
        mouth.sent += 1;
        self.wheel
            .put(k + sound.period as u64, Due::Talk { seat, call });
        let spared = place.probe.is_some();
        if !spared && 100.0 * self.dice.unit() < self.setup.loss_percent {
            self.now.lost += 1;
            return;
        }
        let most = (self.setup.jitter.as_nanos() / self.setup.slot.as_nanos()) as usize;
        let late = if spared || most == 0 {
            0
        } else {
            self.dice.below(most + 1)
        };
        if late == 0 {
            self.send(seat, call, packet, clock.now());
        } else {
            self.wheel
                .put(k + late as u64, Due::Packet { seat, call, packet });
        }
    }

    fn send(&mut self, seat: usize, call: u32, packet: (u16, u32, usize), now: Duration) {
        let place = &self.seats[seat];
        let Some(mouth) = place.mouth.filter(|_| place.calls == call) else {
            return;
        };
        let (sequence, timestamp, number) = packet;
        let talk = &self.setup.talks[mouth.talk];
        let header = Header {
            payload_type: talk.payload_type,
            marker: number == 0,
            sequence,
            timestamp,
            ssrc: mouth.ssrc,
        };
        let voices = &self.sounds[mouth.talk].voices;
        let payload = match place.probe {
            Some(_) => voices.marked(number),
            None => voices.payload(seat, number),
        };
        if !self.wire.send(&mouth.way, now, header, payload) {
            self.now.refused += 1;
            return;
        }
        self.now.sent += 1;
        if let Some(probe) = place.probe
            && begins_marker(number, talk.ptime)
        {
            let window = self.closed.len();
            self.marks.push(Mark {
                probe,
                window,
                at: now,
            });
        }
    }

    /// Hears everything that has come; `forget`: without counting it, since it waited while nobody listened.
    fn listen(&mut self, _now: Duration, forget: bool) {
        let (seats, heard, recording) = (&mut self.seats, &mut self.now, !self.closed.is_empty());
        self.wire.receive(|header, payload, at| {
            if forget {
                return;
            }
            let Some(seat) = seats.get_mut(order::seat_of(header.ssrc)) else {
                heard.foreign += 1;
                return;
            };
            match seat.ear.as_mut().filter(|ear| ear.ssrc == header.ssrc) {
                Some(ear) => {
                    ear.hear(header, at, heard);
                    if let Some(tape) = seat.tape.as_mut().filter(|_| recording) {
                        tape.record(header, payload, at);
                    }
                }
                None if seat.calls > 0 => heard.stray += 1,
                None => heard.foreign += 1,
            }
        });
    }

    fn open(&mut self, now: Duration) {
        self.since = now;
        self.cpu = thread::thread_cpu_time();
    }

    fn close(&mut self, now: Duration) {
        let mut heard = std::mem::take(&mut self.now);
        heard.span = now.saturating_sub(self.since);
        heard.cpu = thread::thread_cpu_time().saturating_sub(self.cpu);
        let ears = self.seats.iter().filter_map(|seat| seat.ear.as_ref());
        ears.filter_map(Ear::jitter)
            .for_each(|jitter| heard.jitter.record(jitter));
        self.closed.push(heard);
    }

    fn finish(mut self, now: Duration) -> (Vec<Heard>, W) {
        self.listen(now, false);
        self.close(now);
        self.find_markers();
        (self.closed, self.wire)
    }

    /// Looks for every marker on the tapes of its listeners.
    fn find_markers(&mut self) {
        for (index, probe) in self.setup.probes.iter().enumerate() {
            for listener in &probe.listeners {
                let tape = self
                    .seats
                    .get(*listener)
                    .and_then(|seat| seat.tape.as_ref());
                let Some((tape, end)) = tape.and_then(|tape| Some((tape, tape.end()?))) else {
                    continue;
                };
                let played = tape.play();
                // One sent in the last half second may not be on the tape to its end.
                let whole = |mark: &&Mark| mark.at + Duration::from_millis(500) < end;
                let of_probe = |mark: &&Mark| mark.probe == index && mark.window > 0;
                for mark in self.marks.iter().filter(of_probe).filter(whole) {
                    let heard = &mut self.closed[mark.window];
                    heard.markers_expected += 1;
                    if let Some(delay) = played.delay(mark.at) {
                        heard.delay.record(delay);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
