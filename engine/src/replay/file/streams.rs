//! The streams of a recording, read from their beginning to their end.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Recording;
use crate::port::PortTape;
use crate::record::asked::Asked;
use crate::record::block::StreamId;
use crate::record::control::{Control, ControlReader};
use crate::record::media::{self, Given};
use crate::supervisor::{Request, Supervisor};

/// The content of a stream, block by block. What does not make sense is the end of its block.
pub(super) struct Stream {
    pub bytes: Arc<[u8]>,
    pub blocks: Vec<Range<usize>>,
    pub block: usize,
    /// Bytes of the block that have been read.
    pub at: usize,
}

impl Stream {
    /// Where in the file the content of the block begins that was read last.
    pub fn block_at(&self) -> usize {
        self.blocks.get(self.block).map_or(0, |block| block.start)
    }

    /// What `take` takes next.
    pub fn read<'a, T>(
        &'a mut self,
        mut take: impl FnMut(&mut &'a [u8]) -> Option<T>,
    ) -> Option<T> {
        while let Some(block) = self.blocks.get(self.block) {
            let content = &self.bytes[block.clone()];
            let mut rest = &content[self.at..];
            if !rest.is_empty()
                && let Some(taken) = take(&mut rest)
            {
                self.at = content.len() - rest.len();
                return Some(taken);
            }
            // Nothing in a whole recording ends in the middle of a block.
            (self.block, self.at) = (self.block + 1, 0);
        }
        None
    }
}

/// Notes of the supervisor.
pub(in crate::replay) struct ControlStream {
    pub(super) recording: Recording,
    pub(super) stream: Stream,
    pub(super) reader: ControlReader,
}

impl ControlStream {
    /// The next note. The recording was checked when it was parsed; were there one that cannot be read all the same, the
    /// session would end there.
    pub fn next(&mut self) -> Option<Control> {
        self.read().map(|note| note.unwrap_or(Control::Cannot))
    }

    /// As [`next`](Self::next), or why the next cannot be read.
    pub(super) fn read(&mut self) -> Option<Result<Control, String>> {
        let reader = &mut self.reader;
        self.stream.read(|bytes| reader.next(bytes))
    }

    /// What was asked, to be asked again of `supervisor`, which is given the tape of a port.
    pub fn request(&self, asked: Asked, supervisor: &mut Supervisor) -> Option<Request> {
        if let Asked::JoinPort { port, .. } = asked {
            let numbers = self.recording.numbers(StreamId::of_port(port));
            supervisor.set_port_tape(PortTape::Plays(numbers));
        }
        self.reader.request(asked)
    }
}

/// Packets on their way in.
pub(in crate::replay) struct PacketStream {
    pub(super) stream: Stream,
    pub(super) last: Duration,
}

impl PacketStream {
    pub fn next(&mut self) -> Option<Given<'_>> {
        let last = &mut self.last;
        self.stream.read(|bytes| media::read(bytes, last))
    }

    /// The next that was given to `worker`.
    pub fn next_of(&mut self, worker: usize) -> Option<Given<'_>> {
        let last = &mut self.last;
        self.stream.read(|bytes| {
            loop {
                let given = media::read(bytes, last)?;
                if usize::from(given.worker) == worker {
                    return Some(given);
                }
            }
        })
    }
}
