//! A recorded session, run again (D17).
//!
//! The supervisor and the workers are the real ones, each on a thread of its own; time, requests, packets and the fill
//! of every ring are those of the [recording](crate::record). So the packets are the same to the last bit, however the
//! threads interleave, and each is compared with the digest of the one that was sent.
//!
//! | file | what |
//! |---|---|
//! | `file` | reads a recording |
//! | `ask` | asks a supervisor what was asked in the session |
//! | `codecs` | what the packets of a leg are coded with |
//! | `play` | puts the tapes on, and starts the threads |
//! | `desk` | the place of shard and caller: gives packets, takes packets, compares |
//! | `course` | what came when, for a run with another number of workers |
//! | `crew`, `names`, `arrivals` | that run; what it calls things; its packets |
//! | `compare` | its packets with those of the session |
//! | `report` | what came of it |

use talkpath_rt::clock::{Clock, MonotonicClock};

mod arrivals;
mod ask;
mod codecs;
mod compare;
mod course;
mod crew;
mod desk;
mod file;
mod names;
mod play;
mod report;

pub use crate::record::GraphReadError;
pub use file::{Recording, RecordingError};
pub use report::{
    Difference, LegCodec, LegSpan, Listener, Mix, ReplayError, Replayed, RoomSpan, Unapplied,
};

/// Runs `recording` as fast as the machine goes; `listener` is told of every packet, and of every mix of a room when it
/// wants them.
///
/// # Errors
/// The recording's settings are none this engine takes, a thread cannot be started, a thread panicked, or nothing went
/// on for twenty seconds: this is not the program that made the recording.
pub fn replay(recording: &Recording, listener: &mut dyn Listener) -> Result<Replayed, ReplayError> {
    Ok(play::play(recording, listener, false)?.0)
}

/// Runs `recording` as [`replay`] does, and when it is identical once more with another number of `workers`, leg by leg
/// compared: payload, sequence, timestamp and SSRC, but not the time of sending, which the margin of a room on several
/// workers moves. What the session met with because of its own number of workers is left out and named
/// ([`Replayed::unapplied`]): moves, which nobody hears, and stalls of one worker and measured costs, which may be heard.
///
/// The report is of the second run, but for rooms and legs; `listener` is told of the first.
///
/// # Errors
/// As for [`replay`]; or the settings do not go with so many workers.
pub fn replay_with(
    recording: &Recording,
    workers: usize,
    listener: &mut dyn Listener,
) -> Result<Replayed, ReplayError> {
    let config = &recording.header().config;
    if workers == config.workers {
        return replay(recording, listener);
    }
    let clock = MonotonicClock;
    let (own, course) = play::play(recording, listener, true)?;
    if !own.is_identical() {
        return Ok(own);
    }
    let began = clock.now();
    let other = crew::run(recording, &course, workers)?;
    let replayed = compare::compare(own, course, other, config.slot);
    let took = replayed.took + clock.now().saturating_sub(began);
    Ok(Replayed {
        workers,
        took,
        ..replayed
    })
}
