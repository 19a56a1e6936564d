//! The recorder: visits every tape, and writes what has come as blocks.
//!
//! Owned by a thread of its own beside a running engine, or by the engine in virtual time. It may allocate and wait for
//! the disk; what it does not fetch in time is a tape that overflows, and the end of the recording.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::block::{self, StreamId};
use super::header::Header;

pub(crate) use kept::Kept;

mod kept;

/// The last word of a recording of a session from its start to its end.
pub(crate) const WHOLE: &str = "the session ended";

/// Bytes of one stream that are worth a block.
const BLOCK: usize = 1 << 15;

/// Where a recording goes, and how long it may get.
pub struct RecordTo {
    /// What it is written to.
    pub to: Box<dyn Write + Send>,
    /// Bytes at which it ends.
    pub max_bytes: u64,
}

impl fmt::Debug for RecordTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max_bytes = &self.max_bytes;
        f.debug_struct("RecordTo")
            .field("max_bytes", max_bytes)
            .finish_non_exhaustive()
    }
}

/// How a recording fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordingState {
    /// Bytes written.
    pub bytes: u64,
    /// Why it has ended; `None` while it goes on.
    pub ended: Option<String>,
}

/// A recording's state, shared with whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    bytes: AtomicU64,
    ended: Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn state(&self) -> RecordingState {
        RecordingState {
            bytes: self.bytes.load(Ordering::Relaxed),
            ended: self
                .ended
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// Writes a recording.
pub(crate) struct Recorder {
    to: Box<dyn Write + Send>,
    max_bytes: u64,
    kept: Kept,
    /// What has come and is not written.
    pending: BTreeMap<StreamId, Vec<u8>>,
    written: u64,
    shared: Arc<Shared>,
    ended: bool,
}

impl Recorder {
    /// Writes the header at once.
    ///
    /// # Errors
    /// What the file's system said.
    pub(crate) fn new(
        to: RecordTo,
        header: &Header,
        kept: Kept,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        let mut recorder = Self {
            to: to.to,
            max_bytes: to.max_bytes,
            kept,
            pending: BTreeMap::new(),
            written: 0,
            shared,
            ended: false,
        };
        recorder.to.write_all(&block::MAGIC)?;
        let header = serde_json::to_vec(header)?;
        recorder.block(StreamId::of(block::HEADER), &header)?;
        recorder.to.flush()?;
        Ok(recorder)
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Fetches what has come, and writes what is worth it, or `all`.
    pub(crate) fn visit(&mut self, all: bool) {
        if self.ended {
            return;
        }
        let lost = self.kept.fetch(&mut self.pending);
        let outcome = self.write(lost.is_some() || all);
        let over = self.written + self.waiting() >= self.max_bytes;
        match (outcome, lost) {
            (Err(error), _) => self.end(&format!("it could not be written: {error}")),
            (Ok(()), Some(why)) => self.end(&why),
            (Ok(()), None) if over => {
                let mb = self.max_bytes as f64 / 1e6;
                self.end(&format!("it has reached its limit of {mb} MB"));
            }
            (Ok(()), None) => {}
        }
    }

    /// The session is over: writes all there is, and that it is whole.
    pub(crate) fn finish(&mut self) {
        while !self.ended && self.kept.is_waiting() {
            self.visit(true);
        }
        self.visit(true);
        self.end(WHOLE);
    }

    fn waiting(&self) -> u64 {
        self.pending.values().map(|bytes| bytes.len() as u64).sum()
    }

    fn write(&mut self, all: bool) -> io::Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        for (id, bytes) in &mut pending {
            if bytes.len() >= BLOCK || (all && !bytes.is_empty()) {
                self.block(*id, bytes)?;
                bytes.clear();
            }
        }
        self.pending = pending;
        if all { self.to.flush() } else { Ok(()) }
    }

    fn block(&mut self, id: StreamId, content: &[u8]) -> io::Result<()> {
        self.to.write_all(&block::head(id, content))?;
        self.to.write_all(content)?;
        self.written += (block::HEAD + content.len()) as u64;
        self.shared.bytes.store(self.written, Ordering::Relaxed);
        Ok(())
    }

    fn end(&mut self, why: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let written = self
            .write(true)
            .and_then(|()| self.block(StreamId::of(block::END), why.as_bytes()))
            .and_then(|()| self.to.flush());
        if let Err(error) = written {
            tracing::error!(%error, "the end of the recording could not be written");
        }
        *self
            .shared
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Whether it has ended, by itself or because it was told to.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}
