//! A seat and what is known of whoever sits there; and the wire between phones and server.

use std::time::Duration;

use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;

use super::super::speech::Voices;
use super::ear::Ear;
use super::order::Way;
use super::tape::Tape;

/// How packets come and go.
pub(in crate::bench) trait Wire {
    /// Sends one packet; `false` when it could not.
    fn send(&mut self, way: &Way, now: Duration, header: Header, payload: &[u8]) -> bool;

    /// Gives `each` everything that has come, with the time it came.
    fn receive(&mut self, each: impl FnMut(&Header, &[u8], Duration));
}

/// What a phone says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mouth {
    pub way: Way,
    pub talk: usize,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub sent: usize,
}

/// One seat: a phone while there is a call.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// Calls there have been.
    pub calls: u32,
    pub mouth: Option<Mouth>,
    pub ear: Option<Ear>,
    pub tape: Option<Tape>,
    /// Index of its probe, if it sends the marker.
    pub probe: Option<usize>,
}

/// How one of the talks sounds.
pub(super) struct Sound {
    pub codec: Codec,
    pub voices: Voices,
    /// Slots of a packet time.
    pub period: usize,
    /// Ticks of a packet time.
    pub ticks: u32,
}

/// A marker that left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub probe: usize,
    pub window: usize,
    pub at: Duration,
}
