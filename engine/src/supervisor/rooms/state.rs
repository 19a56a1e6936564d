//! What the supervisor knows of a room.

use std::sync::Arc;

use arrayvec::ArrayVec;
use talkpath_graph::{FrameTime, SampleRate};

use crate::proto::Workers;

use super::super::placement::Mix;

/// What the supervisor knows of a room.
#[derive(Debug, Clone)]
pub(in crate::supervisor) struct RoomState {
    pub name: Arc<str>,
    pub frame: FrameTime,
    pub mix: Mix,
    /// The workers it is on.
    pub on: Workers,
    /// Number of the membership: one more whenever a worker comes or goes (D12).
    pub epoch: u32,
    /// The workers whose parts were given up and have not come back yet.
    pub shed: Workers,
    /// Of a room that ends: parts that have not come back yet; it is over with the last. Else 0.
    pub parts: usize,
    /// Slots from the mix until the sum is complete; 0 while it is on one worker.
    pub margin: u32,
    /// Legs by rate, those still on their way out included; a bus exists for each entry.
    pub rates: ArrayVec<(SampleRate, usize), 3>,
    /// Legs, those still on their way out included.
    pub legs: usize,
    pub ends_with_last_leg: bool,
    pub closing: bool,
}

impl RoomState {
    /// One more leg of `rate`; true when the room needs a bus for it.
    pub fn enter(&mut self, rate: SampleRate) -> bool {
        self.legs += 1;
        if let Some((_, legs)) = self.rates.iter_mut().find(|(known, _)| *known == rate) {
            *legs += 1;
            return false;
        }
        self.rates.push((rate, 1));
        true
    }

    /// One leg of `rate` less; true when the bus must go.
    pub fn exit(&mut self, rate: SampleRate) -> bool {
        self.legs = self.legs.saturating_sub(1);
        let Some(at) = self.rates.iter().position(|(known, _)| *known == rate) else {
            return false;
        };
        self.rates[at].1 -= 1;
        let last = self.rates[at].1 == 0;
        if last {
            self.rates.remove(at);
        }
        last
    }
}
