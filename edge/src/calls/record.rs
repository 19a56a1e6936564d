//! One JSON line for each call that has ended: who, where, how long, how well, and why it is over.
//!
//! Control side: the call's own task writes it on a blocking thread, once its leg has left. No media thread knows of
//! it. The file is opened once, for appending, and each record is one write, so lines of two calls never mix and the
//! file may be cut (`copytruncate`) while the server runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::MediaFigures;
use super::chronicle::Shedding;
use crate::sip::message::Reason;
use crate::utc::utc;

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EndedBy {
    Caller,
    Server,
}

/// A call that is over. `docs/counters.md` explains each field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CallRecord {
    id: String,
    peer: SocketAddr,
    to: String,
    room: Option<String>,
    joined: Option<String>,
    left: String,
    duration_s: f64,
    codecs: Vec<String>,
    ended_by: EndedBy,
    why: String,
    cause: u8,
    #[serde(flatten)]
    shed: Shedding,
    #[serde(flatten)]
    figures: MediaFigures,
}

impl CallRecord {
    /// What was left out of it.
    pub(super) fn shedding(&self) -> &Shedding {
        &self.shed
    }

    /// How long the leg was there, in seconds, and why it is there no more.
    pub(super) fn end(&self) -> (f64, &str) {
        (self.duration_s, &self.why)
    }
}

/// What is gathered while the call lasts.
#[derive(Debug)]
pub(super) struct Story {
    call_id: String,
    peer: SocketAddr,
    to: super::Destination,
    /// Wall clock and monotonic time since some beginning.
    joined: Option<(Duration, tokio::time::Instant)>,
    codecs: Vec<String>,
}

impl Story {
    /// The story of a call that has no leg yet.
    pub fn new(call_id: &str, peer: SocketAddr, to: &super::Destination) -> Self {
        Self {
            call_id: call_id.to_owned(),
            peer,
            to: to.clone(),
            joined: None,
            codecs: Vec::new(),
        }
    }

    /// Media was agreed on: the leg has joined, or goes on with `codec`.
    pub fn agreed(&mut self, codec: String) {
        let now = || (crate::sys::wall_clock(), tokio::time::Instant::now());
        self.joined.get_or_insert_with(now);
        if self.codecs.last() != Some(&codec) {
            self.codecs.push(codec);
        }
    }

    /// The record, the leg being gone just now.
    pub fn over(
        self,
        (figures, shed): (MediaFigures, Shedding),
        by: EndedBy,
        reason: &Reason,
    ) -> CallRecord {
        let lasted = self.joined.map(|(_, at)| at.elapsed());
        CallRecord {
            id: self.call_id,
            peer: self.peer,
            room: self.to.shared_room().map(str::to_owned),
            to: self.to.to_string(),
            joined: self.joined.map(|(wall, _)| utc(wall)),
            left: utc(crate::sys::wall_clock()),
            duration_s: lasted.unwrap_or_default().as_millis() as f64 / 1e3,
            codecs: self.codecs,
            ended_by: by,
            why: reason.text.clone(),
            cause: reason.cause,
            shed,
            figures,
        }
    }
}

/// Where records go. Clones write to the same place.
#[derive(Debug, Clone)]
pub(crate) enum CallLog {
    /// To a file, a line each.
    File(Arc<File>),
    /// To whoever listens to the target `call`.
    Traced,
}

impl CallLog {
    /// The file, made if it is not there; the log without one.
    ///
    /// # Errors
    /// The file cannot be opened for appending.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        let Some(file) = file else {
            return Ok(Self::Traced);
        };
        let file = OpenOptions::new().append(true).create(true).open(file)?;
        Ok(Self::File(Arc::new(file)))
    }

    /// Writes one record. Blocks as long as the disk does.
    ///
    /// # Errors
    /// What the system said; the record is lost then.
    pub fn write(&self, record: &CallRecord) -> io::Result<()> {
        let mut line = serde_json::to_string(record)?;
        match self {
            Self::File(file) => {
                line.push('\n');
                (&**file).write_all(line.as_bytes())
            }
            Self::Traced => {
                tracing::info!(target: "call", "{line}");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
