//! Reads a recording. It is input from outside: nothing in it is believed before it was checked, nothing is allocated by
//! its word.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use talkpath_rt::tape::Numbers;
use thiserror::Error;

use crate::proto::LegId;
use crate::record::asked::Asked;
use crate::record::block::{
    self, CONTROL, END, Found, HEAD, HEADER, MAGIC, PACKETS, SENT, StreamId,
};
use crate::record::control::{Control, ControlReader};
use crate::record::numbers;
use crate::record::recorder::WHOLE;
use crate::record::{GraphReadError, Header};

use streams::Stream;

pub(super) use streams::{ControlStream, PacketStream};

mod streams;

/// Why a file is no recording that can be played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// It begins otherwise.
    #[error("this is no recording of talkpath")]
    NotOne,
    /// Its format is another one.
    #[error("the recording has format {actual}, this talkpath reads format {expected}")]
    Version {
        /// The format's version.
        actual: u8,
        /// The one that is read.
        expected: u8,
    },
    /// A block does not have its checksum.
    #[error("the recording is damaged at byte {at}")]
    Damaged {
        /// Where the block begins.
        at: usize,
    },
    /// The first block does not say what the engine was told.
    #[error("the recording's header cannot be read: {why}")]
    Header {
        /// What is wrong with it.
        why: String,
    },
    /// What the supervisor was asked cannot be read, or names what there cannot be: nothing behind it would be what it was.
    #[error("request {number} of the recording, in the block at byte {at}, cannot be read: {why}")]
    Request {
        /// The how manieth, from 1.
        number: usize,
        /// Where the content of its block begins.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A graph that a leg joined with, or that was swapped in, does not make sense.
    #[error("graph {number} of the recording cannot be read: {why}")]
    Graph {
        /// The how manieth, from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        why: GraphReadError,
    },
}

/// A recording that has been read and checked.
#[derive(Debug, Clone)]
pub struct Recording {
    bytes: Arc<[u8]>,
    header: Header,
    streams: BTreeMap<StreamId, Vec<Range<usize>>>,
    end: Option<String>,
    cut_short: Option<usize>,
}

impl Recording {
    /// Reads a recording. One that is cut short (the program was killed, the disk was full) is one up to there.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(bytes: impl Into<Arc<[u8]>>) -> Result<Self, RecordingError> {
        let bytes: Arc<[u8]> = bytes.into();
        let magic = bytes.get(..MAGIC.len()).ok_or(RecordingError::NotOne)?;
        if magic != MAGIC {
            let (expected, actual) = (MAGIC[MAGIC.len() - 1], magic[MAGIC.len() - 1]);
            let same = magic[..MAGIC.len() - 1] == MAGIC[..MAGIC.len() - 1];
            return Err(match same {
                true => RecordingError::Version { actual, expected },
                false => RecordingError::NotOne,
            });
        }
        let mut streams: BTreeMap<StreamId, Vec<Range<usize>>> = BTreeMap::new();
        let (mut at, mut cut_short) = (MAGIC.len(), None);
        while at < bytes.len() {
            match block::read(&bytes[at..]) {
                Found::Block(id, len) => {
                    let from = at + HEAD;
                    streams.entry(id).or_default().push(from..from + len);
                    at = from + len;
                }
                Found::CutShort => {
                    cut_short = Some(at);
                    break;
                }
                Found::Damaged => return Err(RecordingError::Damaged { at }),
            }
        }
        let first = |kind| {
            let blocks = streams.get(&StreamId::of(kind))?;
            blocks.first().map(|range| &bytes[range.clone()])
        };
        let wrong = |why: String| RecordingError::Header { why };
        let header = first(HEADER).ok_or_else(|| wrong("it is missing".to_owned()))?;
        let header: Header =
            serde_json::from_slice(header).map_err(|why| wrong(why.to_string()))?;
        let end = first(END).map(|end| String::from_utf8_lossy(end).into_owned());
        let recording = Self {
            header,
            streams,
            end,
            cut_short,
            bytes,
        };
        recording.check_requests()?;
        Ok(recording)
    }

    /// Reads every request once, so that whoever plays them finds none that cannot be asked again.
    fn check_requests(&self) -> Result<(), RecordingError> {
        let mut control = self.control();
        let (mut number, mut graphs) = (0, 0);
        while let Some(note) = control.read() {
            let at = control.stream.block_at();
            let wrong = |number, why| RecordingError::Request { number, at, why };
            let asked = match note {
                Ok(Control::Ask(asked)) => asked,
                Ok(_) => continue,
                Err(why) => return Err(wrong(number + 1, why)),
            };
            number += 1;
            graphs += usize::from(asked.has_graph());
            if let Some(why) = control.reader.graph_fault(&asked) {
                let number = graphs;
                return Err(RecordingError::Graph { number, why });
            }
            if control.reader.request(asked).is_none() {
                return Err(wrong(number, "it names what there cannot be".to_owned()));
            }
        }
        Ok(())
    }

    /// What it says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Why it ends before its session did, in words; `None` when it is whole.
    #[must_use]
    pub fn ends_early(&self) -> Option<String> {
        match (&self.end, self.cut_short) {
            (Some(end), _) if end == WHOLE => None,
            (Some(end), _) => Some(end.clone()),
            (None, Some(at)) => Some(format!("the file is cut short at byte {at}")),
            (None, None) => Some("the file has no end".to_owned()),
        }
    }

    /// Reads every stream to its end: how many numbers, notes and packets there are. For those who check a reader.
    #[must_use]
    pub fn count(&self) -> (usize, usize, usize) {
        let ids = self.streams.keys();
        let numbers = ids.map(|id| self.numbers(*id).count()).sum();
        let notes = std::iter::from_fn({
            let mut control = self.control();
            move || control.next()
        });
        let mut packets = self.packets();
        let given = std::iter::from_fn(|| packets.next().map(|given| given.payload.len()));
        (numbers, notes.count(), given.count())
    }

    /// Names of the rooms that were asked for.
    #[must_use]
    pub fn room_names(&self) -> BTreeSet<String> {
        let mut control = self.control();
        let notes = std::iter::from_fn(|| control.next());
        let name = |note| match note {
            Control::Ask(Asked::CreateRoom { name, .. }) => Some(name),
            _ => None,
        };
        notes.filter_map(name).collect()
    }

    /// Handles, as the status shows them, of the legs that sent or were sent a packet.
    #[must_use]
    pub fn legs_with_packets(&self) -> BTreeSet<String> {
        let mut packets = self.packets();
        let given = std::iter::from_fn(|| packets.next().map(|given| given.leg));
        let workers = 0..self.header.config.workers;
        let sent = workers.flat_map(|worker| {
            let numbers = self.numbers(StreamId::of_worker(SENT, worker as u8));
            numbers.step_by(3)
        });
        let legs: BTreeSet<u64> = given.chain(sent).collect();
        let id = |bits: u64| Some(LegId::from_bits(bits)?.to_string());
        legs.into_iter().filter_map(id).collect()
    }

    fn stream(&self, id: StreamId) -> Stream {
        Stream {
            bytes: Arc::clone(&self.bytes),
            blocks: self.streams.get(&id).cloned().unwrap_or_default(),
            block: 0,
            at: 0,
        }
    }

    /// The numbers of a stream.
    pub(super) fn numbers(&self, id: StreamId) -> Numbers {
        let mut stream = self.stream(id);
        Box::new(std::iter::from_fn(move || stream.read(numbers::take)))
    }

    /// What the supervisor was asked, and when.
    pub(super) fn control(&self) -> ControlStream {
        ControlStream {
            recording: self.clone(),
            stream: self.stream(StreamId::of(CONTROL)),
            reader: ControlReader::default(),
        }
    }

    /// What the workers were given.
    pub(super) fn packets(&self) -> PacketStream {
        PacketStream {
            stream: self.stream(StreamId::of(PACKETS)),
            last: Duration::ZERO,
        }
    }
}
