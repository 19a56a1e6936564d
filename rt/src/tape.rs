//! Tapes: what a thread met with, written down while it runs and read to it again later (D17).
//!
//! A thread that owns its state and is connected by rings alone is a function of few things: how many values each of
//! its rings held when it looked, whether a ring took what was pushed, and what its clocks said. A *tape* holds the
//! outcomes of one such source, in order, as plain numbers. [`Producer`] and [`Consumer`] take one: recording, they note
//! each outcome; playing, they make it happen again, waiting for the other end where the recording says that a value
//! was there. So threads that play do so in any real interleaving and compute the same to the last bit: each is a
//! process of a Kahn network.
//!
//! | tape | numbers |
//! |---|---|
//! | of a [`Consumer`] | in turns: how often it looked in vain, then how often there was something |
//! | of a [`Producer`] | how often there was room, before each time there was none |
//! | of a clock | its readings, each as the time since the one before |
//!
//! A thread whose tape ends, or that waits for somebody whose tape has ended, is *over*: it is told that its rings are
//! empty and full, so that nothing it does from then on is seen by anybody.
//!
//! Without a tape a ring pays one test of a pointer per call.
//!
//! [`Producer`]: crate::ring::Producer
//! [`Consumer`]: crate::ring::Consumer

mod patience;
pub(crate) mod put;
pub(crate) mod take;

pub(crate) use patience::Patience;
pub use put::PutTape;
pub use take::TakeTape;

use crate::flag::Flag;
use crate::ring::{Consumer, Producer, ring};

/// A tape on its way to whoever keeps it: room for `capacity` numbers between two visits.
#[must_use]
pub fn tape(capacity: usize) -> (TapeOut, TapeIn) {
    let (out, numbers) = ring(capacity);
    let lost = Flag::new();
    let kept = TapeIn {
        numbers,
        lost: lost.clone(),
    };
    let out = TapeOut {
        out,
        lost,
        ended: false,
    };
    (out, kept)
}

/// The end that notes.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(numbers).
#[derive(Debug)]
pub struct TapeOut {
    out: Producer<u64>,
    lost: Flag,
    ended: bool,
}

impl TapeOut {
    /// Notes `numbers`, all of them or none. Once they did not fit, the tape has ended: what would come after a gap has
    /// no meaning. The keeper is told.
    pub fn note(&mut self, numbers: &[u64]) {
        if !self.ended && !self.out.push_slice(numbers) {
            self.ended = true;
            self.lost.raise();
        }
    }
}

/// The end that keeps.
#[derive(Debug)]
pub struct TapeIn {
    numbers: Consumer<u64>,
    lost: Flag,
}

impl TapeIn {
    /// The next number, when one has come.
    pub fn fetch(&mut self) -> Option<u64> {
        self.numbers.pop()
    }

    /// Whether the end that notes is gone: what is there is all there will be.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.numbers.is_abandoned()
    }

    /// Whether the tape ended because this end did not keep up.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.lost.is_raised()
    }
}

/// The numbers of a tape that is played.
pub type Numbers = Box<dyn Iterator<Item = u64> + Send>;

#[cfg(all(test, not(loom)))]
mod tests;
