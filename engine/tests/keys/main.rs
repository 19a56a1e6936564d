//! Keys of telephones (RFC 4733) in virtual time, with the packets that phones send.
//!
//! | file | what |
//! |---|---|
//! | `rooms` | heard from legs in rooms, whatever of their packets comes |
//! | `calls` | heard from sides of calls, and passed on to the other |
//! | `sent` | keys of ours to legs and sides |

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod rooms;
mod sent;

use std::time::Duration;

use common::Studio;
use talkpath_engine::{EventKind, Key, KeyEnding, LegId};

/// What was told of a leg's keys since the last time: those that began, and those that are over.
fn told(studio: &Studio, of: LegId) -> (Vec<Key>, Vec<(Key, Duration, KeyEnding)>) {
    let (mut began, mut over) = (Vec::new(), Vec::new());
    for kind in studio.told() {
        match kind {
            EventKind::KeyStarted { leg, key } if leg == of => began.push(key),
            EventKind::Key {
                leg,
                key,
                duration,
                ending,
            } if leg == of => over.push((key, duration, ending)),
            _ => {}
        }
    }
    (began, over)
}
