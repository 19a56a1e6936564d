//! What the supervisor notes: when it polled, and what it was asked.
//!
//! | tag | then |
//! |---|---|
//! | 0 | a poll: nanoseconds since the one before |
//! | 1 | a request: length, JSON |
//! | 2 | a clip: length, samples as 32-bit floats, the lowest byte first; clips are numbered from 0 |
//! | 3 | a request that cannot be written down: length, its name; the last |

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use talkpath_rt::flag::Flag;

use super::asked::{Asked, Clips, Noted};
use super::block::MOST;
use super::numbers;
use super::recorder::{RecordingState, Shared};
use super::steps::nanos;
use crate::supervisor::Request;

/// Polls and requests between two visits of the recorder.
const NOTES: usize = 1 << 15;
/// Time between two flushes of the rings' tapes.
const FLUSH: Duration = Duration::from_millis(50);

/// The supervisor's end.
#[derive(Debug)]
pub(crate) struct ControlTape {
    out: Sender<Vec<u8>>,
    lost: Flag,
    ended: bool,
    clips: Clips,
    last: Duration,
    flushed: Duration,
    /// How the recording fares, for the status.
    shared: Arc<Shared>,
}

/// The recorder's end.
#[derive(Debug)]
pub(crate) struct ControlKept {
    pub notes: Receiver<Vec<u8>>,
    pub lost: Flag,
}

/// Both ends.
pub(crate) fn control(shared: Arc<Shared>) -> (ControlTape, ControlKept) {
    let (out, notes) = bounded(NOTES);
    let lost = Flag::new();
    let kept = ControlKept {
        notes,
        lost: lost.clone(),
    };
    let tape = ControlTape {
        out,
        lost,
        ended: false,
        clips: Clips::default(),
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

    /// A request is about to be handled.
    pub(crate) fn asked(&mut self, request: &Request) {
        if self.ended {
            return;
        }
        match Noted::of(request, &mut self.clips) {
            Noted::Nothing => {}
            Noted::Asked(asked) => self.note_asked(&asked),
            Noted::Clip(asked, samples) => {
                if let Some(samples) = samples {
                    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
                    if bytes.len() > MOST / 4 {
                        return self.cannot("a clip of more than a million samples");
                    }
                    self.note(tagged(2, &bytes));
                }
                self.note_asked(&asked);
            }
            Noted::Cannot(what) => self.cannot(what),
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
}

impl ControlReader {
    /// What was asked, to be asked again; `None` when it names what there cannot be.
    pub(crate) fn request(&self, asked: Asked) -> Option<Request> {
        asked.request(&self.clips)
    }

    /// The next note off the front of `bytes`; `None` when there is none that makes sense.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Control> {
        loop {
            let tag = numbers::take_bytes(bytes, 1)?[0];
            let number = numbers::take(bytes)?;
            if tag == 0 {
                self.last = self.last.saturating_add(Duration::from_nanos(number));
                return Some(Control::Poll(self.last));
            }
            let content = numbers::take_bytes(bytes, number)?;
            match tag {
                1 => {
                    return serde_json::from_slice(content).ok().map(Control::Ask);
                }
                2 => {
                    let (samples, _) = content.as_chunks::<4>();
                    let samples = samples.iter().map(|bytes| f32::from_le_bytes(*bytes));
                    self.clips.push(samples.collect());
                }
                3 => return Some(Control::Cannot),
                // Of a later version: it may be left out, as whoever made it has decided.
                _ => {}
            }
        }
    }
}
