//! The thread that writes a recording: ordinary priority, beside the supervisor.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::record::recorder::Recorder;

/// Between two visits of the tapes.
const VISITS: Duration = Duration::from_millis(10);
/// Visits between two at which everything is written, so that little is lost should the program be killed.
const WRITES: u32 = 100;

/// The thread, and how to end it.
pub(super) struct RecorderThread {
    /// Dropped at the end.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl RecorderThread {
    /// Starts it.
    pub(super) fn spawn(recorder: Recorder) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new()
            .name("talkpath-record".to_owned())
            .spawn(move || run(recorder, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// The session is over: writes all there is.
    pub(super) fn end(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the recorder's thread had panicked");
        }
    }
}

fn run(mut recorder: Recorder, stopped: &Receiver<()>) {
    for visit in 1_u32.. {
        if stopped.recv_timeout(VISITS) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        recorder.visit(visit.is_multiple_of(WRITES));
        if recorder.has_ended() {
            let ended = recorder.shared().state().ended.unwrap_or_default();
            tracing::warn!("the recording has ended before the session: {ended}");
            return;
        }
    }
    recorder.finish();
}
