//! Where a subscriber reads.

use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};

use super::Event;
use crate::error::EngineError;

/// A subscriber's end. Dropping it unsubscribes.
#[derive(Debug)]
pub struct EventStream {
    pub(super) events: Receiver<Event>,
}

impl EventStream {
    /// The next event, if there is one now.
    pub fn try_next(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the next event, at most `timeout`. `None`: none came, or the engine is gone.
    pub fn next_within(&self, timeout: Duration) -> Option<Event> {
        self.events.recv_timeout(timeout).ok()
    }

    /// Waits for the next event, at most `timeout`; `None` when none came.
    ///
    /// # Errors
    /// The engine is gone: no event will come any more.
    pub fn wait(&self, timeout: Duration) -> Result<Option<Event>, EngineError> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(EngineError::Stopped),
        }
    }

    /// The channel itself, for a `select!`. It disconnects when the engine is gone.
    pub fn receiver(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Iterator for EventStream {
    type Item = Event;

    /// Blocks for the next event; `None` when the engine is gone.
    fn next(&mut self) -> Option<Event> {
        self.events.recv().ok()
    }
}
