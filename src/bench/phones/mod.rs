//! The far ends of a run: N phones on one thread, every one of them talking and listening.
//!
//! The same code talks through the packet rings of an engine in this process ([`rings`]) and through sockets in a process
//! of its own ([`udp`]). It is sans-I/O but for its [`Wire`]: [`Phones::turn`] is one slot. What it says is encoded
//! beforehand, what it hears is counted and, for a few listeners, kept; all judging is done afterwards.

mod desk;
mod dice;
mod ear;
mod heard;
mod life;
mod listen;
mod order;
mod process;
mod rings;
mod seat;
mod talk;
mod tape;
mod udp;
mod wheel;

use std::time::Duration;

use seat::{Mark, Mouth, Seat, Sound};
use wheel::Wheel;

pub(super) use desk::{Desk, PhonesError};
pub(super) use dice::Dice;
pub(super) use heard::Heard;
pub(super) use order::{Order, Probe, Setup, Talk, Way, heard_ssrc};
pub(super) use process::{COMMAND, serve};
pub(super) use rings::Rings;
pub(super) use seat::Wire;

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
                ticks: codec.clock().samples_in(talk.ptime).0,
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
}

#[cfg(test)]
mod tests;
