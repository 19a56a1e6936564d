//! A session written down so that it can be run again to the same bits (D17).
//!
//! What the engine's threads do is a function of what they meet with: requests, packets, the times of slots and polls,
//! readings of the cost clock, and how many values each of their rings held when they looked. Exactly that goes into a
//! recording, by [tapes](talkpath_rt::tape); nothing of what travels in the rings does, since the threads make it anew.
//! The packets that were sent are in it as digests, so that a replay proves itself.
//!
//! | file | what | whose thread |
//! |---|---|---|
//! | `taps` | where the tapes are: every ring of a worker and of the supervisor | set at the start |
//! | `steps` | the times of a worker's steps, and the readings of its cost clock | worker |
//! | `control` | polls and requests | supervisor |
//! | `asked` | requests as plain data | supervisor |
//! | `media` | packets in, digests of packets out | shard |
//! | `session` | puts the tapes on at the start | caller |
//! | `recorder` | gathers it all and writes | recorder |
//! | `block`, `numbers` | the format, see `docs/replay.md` | recorder, replay |
//!
//! A worker notes into rings of fixed size and never waits: when one is full, the recording ends there and says why, and
//! media goes on untouched.

pub(crate) mod asked;
pub(crate) mod block;
pub(crate) mod control;
pub(crate) mod header;
pub(crate) mod media;
pub(crate) mod numbers;
pub(crate) mod recorder;
pub(crate) mod session;
pub(crate) mod steps;
pub(crate) mod taps;

pub use asked::GraphReadError;
pub use header::Header;
pub use media::digest;
pub use recorder::{RecordTo, RecordingState};
pub use steps::StepTape;
