//! What a jitter buffer counts and measures. Written by the worker that owns the buffer, read through it.

use core::time::Duration;

use crate::waited::{Waited, micros};

/// Why a packet was not played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// Its time to be played had passed.
    Late,
    /// A packet of the same sequence number or the same time had come before.
    Duplicate,
    /// The buffer was full or held more than its longest delay: the oldest went.
    Overflow,
    /// Not the payload type that was negotiated.
    WrongPayloadType,
    /// The payload is empty, not a whole number of samples, or absurdly short or long.
    BadLength,
    /// Of a timeline that was given up: a restarted source, a jump on probation, a span skipped after a
    /// stall, a leg that ended.
    Stale,
}

/// Counters of one jitter buffer since it was built. Always
/// `received == played + queued + dropped()`, where `queued` is [`super::JitterBuffer::queued`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterCounters {
    /// Packets put in.
    pub received: u64,
    /// Packets handed to the decoder.
    pub played: u64,
    /// Dropped: [`DropReason::Late`].
    pub late: u64,
    /// Dropped: [`DropReason::Duplicate`].
    pub duplicate: u64,
    /// Dropped: [`DropReason::Overflow`].
    pub overflow: u64,
    /// Dropped: [`DropReason::WrongPayloadType`].
    pub wrong_payload_type: u64,
    /// Dropped: [`DropReason::BadLength`].
    pub bad_length: u64,
    /// Dropped: [`DropReason::Stale`].
    pub stale: u64,
    /// Samples per channel handed out as lost, to be concealed.
    pub lost_samples: u64,
    /// Samples per channel handed out as silence that nobody sent.
    pub silence_samples: u64,
    /// Times the playout was started anew: a jump, persistent lateness, a new source, a new talk spurt whose
    /// time did not fit.
    pub resyncs: u64,
}

/// How long packets are held, from the receive time of their first sample to the frame that plays it. The two parts add
/// up to exactly that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutDelay {
    /// In the buffer: the target, less how late the packet was in the network.
    pub held: Waited,
    slot_us: u32,
}

impl PlayoutDelay {
    /// From the end of the filling to the first slot of the leg after it, less than a frame: stays until the playout is
    /// started anew.
    #[must_use]
    pub fn slot(&self) -> Duration {
        Duration::from_micros(u64::from(self.slot_us))
    }

    pub(super) fn set_slot(&mut self, wait: Duration) {
        self.slot_us = micros(wait);
    }

    /// Goes on where `earlier` stopped, after a change of plan.
    #[must_use]
    pub fn after(self, earlier: &Self) -> Self {
        Self {
            held: self.held.after(&earlier.held),
            slot_us: if self.held.is_empty() {
                earlier.slot_us
            } else {
                self.slot_us
            },
        }
    }
}

impl JitterCounters {
    /// Packets dropped for any reason.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.late
            + self.duplicate
            + self.overflow
            + self.wrong_payload_type
            + self.bad_length
            + self.stale
    }

    pub(super) fn count(&mut self, reason: DropReason) {
        *match reason {
            DropReason::Late => &mut self.late,
            DropReason::Duplicate => &mut self.duplicate,
            DropReason::Overflow => &mut self.overflow,
            DropReason::WrongPayloadType => &mut self.wrong_payload_type,
            DropReason::BadLength => &mut self.bad_length,
            DropReason::Stale => &mut self.stale,
        } += 1;
    }
}
