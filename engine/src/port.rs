//! A leg that is the application itself: whole frames of PCM over two rings.
//!
//! [`AudioPort`] is the caller's half; it is wait-free, and full and empty are outcomes. The
//! engine's halves are two nodes of the `Ext` kind, built by the supervisor, owned by a worker:
//! `PortIn` (from the caller to the room) and `PortOut` (from the room to the caller).
//! Neither allocates; both count what the caller was too slow or too quick for.
//!
//! The counters are the one thing both sides see: relaxed atomics, written by one side each.

use std::fmt;
use std::time::Duration;

use talkpath_graph::{Channels, Format, SampleRate, Samples};
use talkpath_rt::flag::Flag;
use talkpath_rt::ring::{Consumer, Producer};
use talkpath_rt::sync::Arc;
use talkpath_rt::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

mod nodes;
mod noted;

pub(crate) use nodes::{port, tap};
pub(crate) use noted::PortTape;

/// How to join as an [`AudioPort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortConfig {
    /// Rate of the port's PCM: 8, 16 or 48 kHz.
    pub rate: SampleRate,
    /// Channels of the port's PCM. Rooms are mono in this version, and so must this be; anything else is refused as
    /// [`OutOfRange`](crate::EngineError::OutOfRange).
    pub channels: Channels,
    /// Frames each of the two rings holds, 1 to 256.
    pub depth: usize,
    /// Whether the port hears what it says itself (an echo).
    pub hear_self: bool,
}

impl PortConfig {
    /// A mono port of `rate` with rings of 4 frames, which does not hear itself.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            channels: Channels::MONO,
            depth: 4,
            hear_self: false,
        }
    }
}

/// A frame was not taken: the ring holds all it can. Nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PortFull {
    /// The room has not yet taken the frames before it.
    #[error("the port holds {frames} frames already")]
    Full {
        /// Frames the ring holds.
        frames: usize,
    },
    /// The slice is not one frame.
    #[error("a frame of this port has {expected} samples, not {actual}")]
    Length {
        /// Samples of a frame.
        expected: usize,
        /// Samples given.
        actual: usize,
    },
    /// The leg has left.
    #[error("the leg has left its room")]
    Left,
    /// The worker that ran the leg was lost, and the leg with it: join again.
    #[error("the worker that ran the leg was lost")]
    WorkerLost,
}

/// No frame to read. The slice is untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PortEmpty {
    /// The room has not mixed the next frame yet.
    #[error("no frame is ready")]
    Empty,
    /// The slice is not one frame.
    #[error("a frame of this port has {expected} samples, not {actual}")]
    Length {
        /// Samples of a frame.
        expected: usize,
        /// Samples given.
        actual: usize,
    },
    /// The leg has left, and every frame was read.
    #[error("the leg has left its room")]
    Left,
    /// The worker that ran the leg was lost, and the leg with it: join again.
    #[error("the worker that ran the leg was lost")]
    WorkerLost,
}

/// What a port's rings went through.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    underruns: AtomicU64,
    overruns: AtomicU64,
    /// The worker that has the other ends was lost: it may hold them for ever.
    lost: Flag,
}

/// The supervisor's hold on a port.
#[derive(Debug)]
pub(crate) struct PortLine(Arc<Counters>);

impl PortLine {
    /// The port's leg went with its worker: from now on its caller is told so.
    pub(crate) fn lose(&self) {
        self.0.lost.raise();
    }
}

/// The application's end of a leg. Give it to one thread; it is wait-free for that thread.
pub struct AudioPort {
    format: Format,
    depth: usize,
    to_room: Producer<i16>,
    from_room: Consumer<i16>,
    counters: Arc<Counters>,
}

impl fmt::Debug for AudioPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AudioPort({})", self.format)
    }
}

impl AudioPort {
    /// Rate of its PCM.
    pub fn rate(&self) -> SampleRate {
        self.format.rate
    }

    /// Channels of its PCM, interleaved were there more than the one of this version.
    pub fn channels(&self) -> Channels {
        self.format.channels
    }

    /// Samples in a frame, per channel: one room frame at [`rate`](Self::rate).
    pub fn frame(&self) -> Samples {
        self.format.frame
    }

    /// Length of a frame in time.
    pub fn frame_time(&self) -> Duration {
        self.format.duration()
    }

    /// Says one frame into the room.
    ///
    /// Real-time: allocates no; blocks no; cost O(frame).
    ///
    /// # Errors
    /// [`PortFull`], with nothing written.
    pub fn write(&mut self, frame: &[i16]) -> Result<(), PortFull> {
        let expected = self.format.frame.0 as usize;
        if frame.len() != expected {
            return Err(PortFull::Length {
                expected,
                actual: frame.len(),
            });
        }
        if self.is_lost() {
            return Err(PortFull::WorkerLost);
        }
        if self.to_room.is_abandoned() {
            return Err(PortFull::Left);
        }
        let written = self.to_room.push_slice(frame);
        written
            .then_some(())
            .ok_or(PortFull::Full { frames: self.depth })
    }

    /// Hears one frame of the room.
    ///
    /// Real-time: allocates no; blocks no; cost O(frame).
    ///
    /// # Errors
    /// [`PortEmpty`], with nothing read.
    pub fn read(&mut self, frame: &mut [i16]) -> Result<(), PortEmpty> {
        let expected = self.format.frame.0 as usize;
        if frame.len() != expected {
            return Err(PortEmpty::Length {
                expected,
                actual: frame.len(),
            });
        }
        if self.is_lost() {
            return Err(PortEmpty::WorkerLost);
        }
        let abandoned = self.from_room.is_abandoned();
        match self.from_room.pop_slice(frame) {
            true => Ok(()),
            false if abandoned => Err(PortEmpty::Left),
            false => Err(PortEmpty::Empty),
        }
    }

    fn is_lost(&self) -> bool {
        self.counters.lost.is_raised()
    }

    pub(crate) fn line(&self) -> PortLine {
        PortLine(Arc::clone(&self.counters))
    }

    /// Periods in which the room found no frame of ours and took silence.
    pub fn underruns(&self) -> u64 {
        self.counters.underruns.load(Ordering::Relaxed)
    }

    /// Frames of the room that found our ring full and were dropped.
    pub fn overruns(&self) -> u64 {
        self.counters.overruns.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineConfig, EngineError, RoomConfig, VirtualEngine};

    #[test]
    fn a_port_states_its_format_and_is_mono() {
        let engine = VirtualEngine::new(EngineConfig::default()).expect("the default is valid");
        let room = engine
            .create_room(RoomConfig::new("room"))
            .expect("the first");
        let mono = PortConfig::new(SampleRate::HZ_16000);
        let stereo = PortConfig {
            channels: Channels::STEREO,
            ..mono
        };
        let refused = room.join_port(stereo).expect_err("rooms are mono");
        assert!(matches!(refused, EngineError::OutOfRange { .. }));
        assert_eq!(refused.to_string(), "port channels is 2, allowed is 1");
        let (_leg, port) = room.join_port(mono).expect("there is capacity");
        assert_eq!((port.rate(), port.channels()), (mono.rate, Channels::MONO));
        assert_eq!(
            (port.frame(), port.frame_time()),
            (Samples(320), Duration::from_millis(20))
        );
    }
}
