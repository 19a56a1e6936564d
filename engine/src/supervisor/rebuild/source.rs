//! What a leg is built anew from, and why one is not.
//!
//! On the supervisor's thread.

use crate::event::LeaveReason;
use crate::leg::ClipConfig;

use super::super::legs::{LegState, OwnGraph};
use super::super::request::Source;

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

    /// What to build it from; `None` for what only its caller could make anew.
    pub(super) fn source_anew(&self) -> Option<Source> {
        match self.source.as_ref()? {
            Source::Port(_) => None,
            Source::Clip(clip) if self.finished => Some(Source::Clip(ClipConfig {
                samples: [0.0].into(),
                looping: false,
                ..clip.clone()
            })),
            known => Some(known.clone()),
        }
    }
}
