//! What crosses the mesh between two workers (D5, D6).

use talkpath_graph::SampleRate;
use talkpath_graph::node::MAX_FRAME;
use talkpath_nodes::packet::Packet;

use super::{CallBody, CallId, LegBody, LegId, PlanId, RoomId, Seats};

/// Most workers of an engine.
pub const MAX_WORKERS: usize = 16;

/// A set of workers, by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workers(u16);

impl Workers {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// These and worker `index`.
    #[must_use]
    pub fn with(self, index: u8) -> Self {
        Self(self.0 | 1 << (u32::from(index) % MAX_WORKERS as u32))
    }

    /// These but worker `index`.
    #[must_use]
    pub fn without(self, index: u8) -> Self {
        Self(self.0 & !Self::NONE.with(index).0)
    }

    /// Whether worker `index` is one of them.
    #[must_use]
    pub fn contains(self, index: u8) -> bool {
        self.without(index) != self
    }

    /// Nobody?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// How many.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Their indices, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..MAX_WORKERS as u8).filter(move |index| self.contains(*index))
    }
}

impl FromIterator<u8> for Workers {
    fn from_iter<I: IntoIterator<Item = u8>>(indices: I) -> Self {
        indices.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What one worker's legs of a room add up to at one rate, closed in one slot. 3.9 KB: moved as a box of a fixed
/// inventory per ordered pair of workers.
#[derive(Debug)]
pub struct Partial {
    /// The room.
    pub room: RoomId,
    /// Number of the mix it is part of; never added to another.
    pub mix: u64,
    /// Number of the membership it was summed under; never added to a sum of another (D12).
    pub epoch: u32,
    /// Rate of the bus.
    pub rate: SampleRate,
    /// The sum, Q19; as many samples as a frame has are meant.
    pub samples: [i32; MAX_FRAME],
}

/// Where a leg will be on the worker it comes to. Made by the supervisor; goes back to it with the seats it has left.
#[derive(Debug)]
pub struct Berth {
    /// Its seats on the new worker; on the way back those on the old one.
    pub seats: Seats,
    /// The worker whose seats they are.
    pub seats_of: u8,
    /// The worker it comes from.
    pub from: u8,
    /// Its plan on the new worker.
    pub plan: PlanId,
    /// Slots before the mix.
    pub before: u32,
    /// Slots after the mix.
    pub after: u32,
}

/// What one worker passes to another.
#[derive(Debug)]
pub enum Passed {
    /// A leg with its states, on its way to its berth.
    Leg(LegId, Box<LegBody>),
    /// A call with its states, on its way to its berth.
    Call(CallId, Box<CallBody>),
    /// A packet for a leg or a call that has gone there.
    Packet(Box<Packet>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: Workers = [3, 0, 15, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 15]);
        assert_eq!(
            (set.len(), set.contains(3), set.contains(4)),
            (3, true, false)
        );
        assert!(set.without(0).without(3).without(15).is_empty());
    }
}
