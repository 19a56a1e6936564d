//! What a jitter buffer hands to a decoder for one frame.
//!
//! The list belongs to the worker. After the decoder has read it the worker empties it and sends every box
//! back to the inventory it came from: [`Unit::into_packet`] is the one way out, so that no box is dropped on
//! a worker.

use crate::packet::Packet;
use arrayvec::ArrayVec;
use talkpath_graph::Samples;

/// Units that fit into one list. Ten milliseconds per packet need two of them for a 20 ms frame; the
/// shortest packets that are accepted (2.5 ms) fill it.
pub const MAX_UNITS: usize = 8;

/// One stretch of the incoming stream, in playout order.
#[derive(Debug)]
pub enum Unit {
    /// A packet to decode now.
    Packet(Box<Packet>),
    /// Samples (per channel, at the codec's rate) that were sent but are not there: to be concealed.
    Lost(Samples),
    /// Samples (per channel, at the codec's rate) that were never sent: silence, not loss.
    Silence(Samples),
    /// A packet that was dropped while it waited. It takes no time and is not decoded; it is here because its
    /// box goes back to the inventory.
    Spent(Box<Packet>),
}

impl Unit {
    /// The packet to decode, if it is one.
    #[must_use]
    pub fn packet(&self) -> Option<&Packet> {
        match self {
            Self::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// The box, if there is one, for its way back to the inventory.
    #[must_use]
    pub fn into_packet(self) -> Option<Box<Packet>> {
        match self {
            Self::Packet(packet) | Self::Spent(packet) => Some(packet),
            Self::Lost(_) | Self::Silence(_) => None,
        }
    }
}

/// The units of one frame.
pub type Units = ArrayVec<Unit, MAX_UNITS>;
