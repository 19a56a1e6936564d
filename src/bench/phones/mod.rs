//! The far ends of a run: N phones on one thread, every one of them talking and listening.
//!
//! The same code talks through the packet rings of an engine in this process ([`rings`]) and through sockets in a process
//! of its own ([`udp`]). It is sans-I/O but for its [`Wire`]: [`Phones::turn`] is one slot. What it says is encoded
//! beforehand, what it hears is counted and, for a few listeners, kept; all judging is done afterwards.

mod desk;
mod dice;
mod ear;
mod heard;
mod listen;
mod order;
mod process;
mod rings;
mod talk;
mod tape;
mod udp;
mod wheel;

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;
use talkpath_rt::clock::Clock;
use talkpath_rt::thread;

use super::speech::Voices;
use ear::Ear;
use tape::Tape;
use wheel::{Due, Wheel};

pub(super) use desk::{Desk, PhonesError};
pub(super) use dice::Dice;
pub(super) use heard::Heard;
pub(super) use order::{Order, Probe, Setup, Talk, Way, heard_ssrc};
pub(super) use process::{COMMAND, serve};
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
        self.listen(true);
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
        self.listen(false);
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
            Order::Speak { seat, talk } => {
                let mouth = self
                    .seats
                    .get_mut(seat)
                    .and_then(|seat| seat.mouth.as_mut());
                if let Some(mouth) = mouth.filter(|_| talk < self.sounds.len()) {
                    mouth.talk = talk;
                }
            }
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
        self.listen(false);
        self.close(now);
        self.find_markers();
        (self.closed, self.wire)
    }
}

#[cfg(test)]
mod tests;
