//! A recorded session, run again (D17).
//!
//! The supervisor and the workers are the real ones, each on a thread of its own; time, requests, packets and the fill
//! of every ring are those of the [recording](crate::record). So the packets are the same to the last bit, however the
//! threads interleave, and each is compared with the digest of the one that was sent.
//!
//! | file | what |
//! |---|---|
//! | `file` | reads a recording |
//! | `codecs` | what the packets of a leg are coded with |
//! | `play` | puts the tapes on, and starts the threads |
//! | `desk` | the place of shard and caller: gives packets, takes packets, compares |
//! | `report` | what came of it |

mod codecs;
mod desk;
mod file;
mod play;
mod report;

pub use file::{Recording, RecordingError};
pub use report::{Difference, LegCodec, LegSpan, Listener, Mix, ReplayError, Replayed, RoomSpan};

/// Runs `recording` as fast as the machine goes; `listener` is told of every packet, and of every mix of a room when it
/// wants them.
///
/// # Errors
/// The recording's settings are none this engine takes, a thread cannot be started, a thread panicked, or nothing went
/// on for twenty seconds: this is not the program that made the recording.
pub fn replay(recording: &Recording, listener: &mut dyn Listener) -> Result<Replayed, ReplayError> {
    play::play(recording, listener)
}
