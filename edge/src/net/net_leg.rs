//! The handle of one attached leg: what [`Net`] does, without naming the leg.

use crossbeam::channel::Receiver;
use talkpath_engine::LegId;

use super::error::NetError;
use super::handle::Net;
use super::session::SessionChange;
use super::status::NetLegStats;

/// An attached leg. Dropping the handle does not detach.
#[derive(Debug, Clone)]
pub struct NetLeg {
    pub(super) net: Net,
    pub(super) leg: LegId,
}

impl NetLeg {
    /// The engine's leg.
    pub fn id(&self) -> LegId {
        self.leg
    }

    /// See [`Net::update`].
    ///
    /// # Errors
    /// As there.
    pub fn update(&self, change: SessionChange) -> Result<(), NetError> {
        self.net.update(self.leg, change)
    }

    /// See [`Net::detach`].
    ///
    /// # Errors
    /// As there.
    pub fn detach(&self) -> Result<Receiver<NetLegStats>, NetError> {
        self.net.detach(self.leg)
    }

    /// See [`Net::stats`].
    pub fn stats(&self) -> Option<NetLegStats> {
        self.net.stats(self.leg)
    }
}
