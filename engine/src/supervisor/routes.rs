//! To which worker the shard sends a leg's packets.
//!
//! With one worker there is nothing to tell. What the ring has no room for waits here, one entry per leg at most.

use std::collections::BTreeMap;

use talkpath_rt::ring::Producer;

use crate::proto::LegId;
use crate::shard_link::Route;

/// The supervisor's end of the route ring.
#[derive(Debug)]
pub(crate) struct Routes {
    /// `None` with one worker.
    ring: Option<Producer<Route>>,
    waiting: BTreeMap<u32, u8>,
}

impl Routes {
    pub(crate) fn new(ring: Option<Producer<Route>>) -> Self {
        Self {
            ring,
            waiting: BTreeMap::new(),
        }
    }

    /// From now on the packets of `leg` go to `worker`.
    pub(super) fn set(&mut self, leg: LegId, worker: u8) {
        if self.ring.is_some() {
            self.waiting.insert(leg.index(), worker);
            self.flush();
        }
    }

    /// Sends what waits, as far as the ring has room.
    pub(super) fn flush(&mut self) {
        let Some(ring) = &mut self.ring else { return };
        while let Some((&leg, &worker)) = self.waiting.first_key_value() {
            if ring.push(Route { leg, worker }).is_err() {
                return;
            }
            self.waiting.remove(&leg);
        }
    }

    /// Whether anything waits.
    pub(super) fn waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}
