//! The beginning of a recording: tapes on everything that was wired, and a recorder that has their other ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::block::{SENT, StreamId};
use super::control::{ControlTape, control};
use super::header::Header;
use super::media::{SentTape, packets};
use super::recorder::{Kept, RecordTo, Recorder, Shared};
use super::taps::Recording;
use crate::config::EngineConfig;
use crate::wiring::Wiring;

/// Numbers that each packet sent takes.
const SENT_NUMBERS: usize = 3;

/// Has everything noted from now on. The supervisor is not built yet: its tape comes back.
///
/// # Errors
/// The header could not be written.
pub(crate) fn begin(
    config: &EngineConfig,
    (base, started): (Duration, Duration),
    wiring: &mut Wiring,
    to: RecordTo,
) -> io::Result<(Recorder, ControlTape)> {
    let mut recording = Recording::default();
    for (worker, wired) in wiring.workers.iter_mut().enumerate() {
        // At most MAX_WORKERS.
        recording.worker(worker as u8, &mut wired.io, &mut wired.ends);
    }
    // All that the workers can send before the shard has fetched any of it, twice.
    let sent = (2 * SENT_NUMBERS * wiring.shard.from_worker.inventory()).max(1 << 14);
    let tapes = (0..wiring.workers.len() as u8)
        .map(|worker| recording.tape(StreamId::of_worker(SENT, worker), sent))
        .collect();
    wiring.shard.from_worker.set_tape(SentTape::new(tapes));
    let (packet_tape, packets) = packets((2 * config.capacity_legs).max(1_024));
    wiring.shard.to_worker.set_tape(packet_tape);
    let shared = Arc::new(Shared::default());
    let (control_tape, control) = control(Arc::clone(&shared));
    let kept = Kept {
        tapes: recording.kept,
        control,
        packets,
    };
    let header = Header::new(config, base, started);
    Ok((Recorder::new(to, &header, kept, shared)?, control_tape))
}
