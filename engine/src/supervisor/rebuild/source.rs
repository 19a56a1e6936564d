//! What a leg is built anew from, and why one is not.
//!
//! On the supervisor's thread.

use crate::event::LeaveReason;
use crate::leg::ClipConfig;

use super::super::legs::{LegState, OwnGraph};
use super::super::sources::Sources;

impl LegState {
    /// A node of its graph that only its caller could make anew.
    pub(super) fn node(&self) -> Option<&'static str> {
        self.own.as_ref().and_then(OwnGraph::node)
    }

    /// Why it is not built anew.
    pub(super) fn reason_lost(&self) -> LeaveReason {
        match self.node() {
            Some(_) if self.port.is_none() => LeaveReason::NodeLost,
            _ => LeaveReason::WorkerLost,
        }
    }

    /// What to build it from: nothing where only its caller could make that anew.
    pub(super) fn sources_anew(&self) -> Sources {
        let mut sources = self.sources.clone();
        if let Some(clip) = sources.clip.as_mut().filter(|_| self.finished) {
            *clip = ClipConfig {
                samples: [0.0].into(),
                looping: false,
                ..clip.clone()
            };
        }
        sources
    }
}
