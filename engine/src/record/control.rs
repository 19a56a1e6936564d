//! What the supervisor notes: when it polled, and what it was asked.
//!
//! | tag | then |
//! |---|---|
//! | 0 | a poll: nanoseconds since the one before |
//! | 1 | a request: length, JSON |
//! | 2 | the end of a clip: length, samples as 32-bit floats, the lowest byte first; clips are numbered from 0 |
//! | 4 | what comes before that of a long clip: likewise |
//! | 3 | a request that cannot be written down: length, its name; the last |

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use talkpath_rt::flag::Flag;
use talkpath_rt::tape::{TapeIn, tape};

use super::asked::{Asked, GraphReadError, Known, Noted};
use super::block::StreamId;
use super::numbers;
use super::recorder::{RecordingState, Shared};
use super::steps::nanos;
use crate::port::PortTape;
use crate::supervisor::Request;

/// Polls and requests between two visits of the recorder.
const NOTES: usize = 1 << 15;
/// Samples of a clip in one note.
const PIECE: usize = 1 << 20;
/// Frames of a port between two visits of the recorder: of the shortest ones a second and a quarter.
const PORT_FRAMES: usize = 128;
/// Most ports of a session: their numbers have three bytes in a block.
const PORTS: u32 = 1 << 24;
/// Time between two flushes of the rings' tapes.
const FLUSH: Duration = Duration::from_millis(50);

/// The supervisor's end.
#[derive(Debug)]
pub(crate) struct ControlTape {
    out: Sender<Vec<u8>>,
    ports: Sender<(StreamId, TapeIn)>,
    lost: Flag,
    ended: bool,
    known: Known,
    last: Duration,
    flushed: Duration,
    /// How the recording fares, for the status.
    shared: Arc<Shared>,
}

/// The recorder's end.
#[derive(Debug)]
pub(crate) struct ControlKept {
    pub notes: Receiver<Vec<u8>>,
    /// Tapes of ports that are new.
    pub ports: Receiver<(StreamId, TapeIn)>,
    pub lost: Flag,
}

/// Both ends.
pub(crate) fn control(shared: Arc<Shared>) -> (ControlTape, ControlKept) {
    let (out, notes) = bounded(NOTES);
    let (new_ports, ports) = unbounded();
    let lost = Flag::new();
    let kept = ControlKept {
        notes,
        ports,
        lost: lost.clone(),
    };
    let tape = ControlTape {
        out,
        ports: new_ports,
        lost,
        ended: false,
        known: Known::default(),
        last: Duration::ZERO,
        flushed: Duration::ZERO,
        shared,
    };
    (tape, kept)
}

impl ControlTape {
    /// A poll begins. `true` when the rings' tapes are to note what they have gathered.
    pub(crate) fn poll(&mut self, now: Duration) -> bool {
        let mut note = vec![0];
        numbers::put(nanos(now.saturating_sub(self.last)), &mut note);
        self.last = now;
        self.note(note);
        let due = now.saturating_sub(self.flushed) >= FLUSH;
        if due {
            self.flushed = now;
        }
        due
    }

    /// How the recording fares.
    pub(crate) fn state(&self) -> RecordingState {
        self.shared.state()
    }

    /// A request is about to be handled. The tape of the port that it asks for.
    pub(crate) fn asked(&mut self, request: &Request) -> Option<PortTape> {
        if self.ended {
            return None;
        }
        match Noted::of(request, &mut self.known) {
            Noted::Nothing => {}
            Noted::Asked(asked) => self.note_asked(&asked),
            Noted::Clip(asked, samples) => {
                if let Some(samples) = samples {
                    self.note_clip(&samples);
                }
                self.note_asked(&asked);
            }
            Noted::Port(asked, number, rate) if number < PORTS => {
                self.note_asked(&asked);
                let frame = rate.samples_in(Duration::from_millis(10)).as_usize() / 2 + 1;
                let (out, kept) = tape(PORT_FRAMES * frame);
                // The recorder may have ended: then nobody fetches, and nobody minds.
                let port = (StreamId::of_port(number), kept);
                self.ports.send(port).unwrap_or_default();
                return Some(PortTape::Notes(out));
            }
            Noted::Port(..) => self.cannot("the 16,777,217th audio port"),
            Noted::Cannot(what) => self.cannot(&what),
        }
        None
    }

    /// A clip, piece by piece, so that each fits into a block.
    fn note_clip(&mut self, samples: &[f32]) {
        let pieces = samples.len().div_ceil(PIECE).max(1);
        for n in 0..pieces {
            let piece = &samples[n * PIECE..samples.len().min((n + 1) * PIECE)];
            let bytes: Vec<u8> = piece.iter().flat_map(|s| s.to_le_bytes()).collect();
            let tag = if n + 1 == pieces { 2 } else { 4 };
            self.note(tagged(tag, &bytes));
        }
    }

    fn note_asked(&mut self, asked: &Asked) {
        match serde_json::to_vec(asked) {
            Ok(json) => self.note(tagged(1, &json)),
            Err(error) => {
                tracing::error!(%error, "a request could not be recorded");
                self.cannot("a request that is no JSON");
            }
        }
    }

    /// What follows would not be what the engine was asked.
    pub(crate) fn cannot(&mut self, what: &str) {
        self.note(tagged(3, what.as_bytes()));
        self.ended = true;
    }

    fn note(&mut self, note: Vec<u8>) {
        if !self.ended && self.out.try_send(note).is_err() {
            self.ended = true;
            self.lost.raise();
        }
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut note = vec![tag];
    numbers::put(bytes.len() as u64, &mut note);
    note.extend(bytes);
    note
}

/// One note, read again.
#[derive(Debug)]
pub(crate) enum Control {
    Poll(Duration),
    Ask(Asked),
    /// The session went on with something that is not in the recording.
    Cannot,
}

/// Reads notes again.
#[derive(Debug, Default)]
pub(crate) struct ControlReader {
    last: Duration,
    clips: Vec<Arc<[f32]>>,
    /// Of a clip that has not ended.
    pieces: Vec<f32>,
}

impl ControlReader {
    /// What was asked, to be asked again; `None` when it names what there cannot be.
    pub(crate) fn request(&self, asked: Asked) -> Option<Request> {
        asked.request(&self.clips)
    }

    /// What is wrong with the graph that was asked for, if one was.
    pub(crate) fn graph_fault(&self, asked: &Asked) -> Option<GraphReadError> {
        match asked {
            Asked::JoinGraph { graph, .. } | Asked::Swap { graph, .. } => {
                graph.read(&self.clips).err()
            }
            _ => None,
        }
    }

    /// The next note off the front of `bytes`; `None` at their end.
    ///
    /// # Errors
    /// In words, why the note there is none; nothing behind it can be read.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Result<Control, String>> {
        while !bytes.is_empty() {
            let note = self.note(bytes);
            if note.is_err() {
                *bytes = &[];
            }
            if let Some(note) = note.transpose() {
                return Some(note);
            }
        }
        None
    }

    /// One note; nothing for a piece of a clip.
    fn note(&mut self, bytes: &mut &[u8]) -> Result<Option<Control>, String> {
        let cut = || "it ends too early".to_owned();
        let tag = numbers::take_bytes(bytes, 1).ok_or_else(cut)?[0];
        let number = numbers::take(bytes).ok_or_else(cut)?;
        if tag == 0 {
            self.last = self.last.saturating_add(Duration::from_nanos(number));
            return Ok(Some(Control::Poll(self.last)));
        }
        let content = numbers::take_bytes(bytes, number).ok_or_else(cut)?;
        match tag {
            1 => {
                let asked = serde_json::from_slice(content);
                return asked
                    .map(Control::Ask)
                    .map(Some)
                    .map_err(|why| why.to_string());
            }
            2 | 4 => {
                let (samples, _) = content.as_chunks::<4>();
                let samples = samples.iter().map(|bytes| f32::from_le_bytes(*bytes));
                self.pieces.extend(samples);
                if tag == 2 {
                    self.clips.push(std::mem::take(&mut self.pieces).into());
                }
            }
            3 => return Ok(Some(Control::Cannot)),
            // Of a later version: it may be left out, as whoever made it has decided.
            _ => {}
        }
        Ok(None)
    }
}
