//! What the phones counted in one window of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::dist::Dist;

/// Counts and distributions of all phones. A gap is the time between two packets of one phone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Heard {
    /// Length of the window.
    pub span: Duration,
    /// Packets given to the server.
    pub sent: u64,
    /// Packets that found no empty box, or no room in a ring or socket.
    pub refused: u64,
    /// Packets kept back on purpose (`--loss`).
    pub lost: u64,
    /// Packets that came.
    pub received: u64,
    /// Packets missing in the sequences that came.
    pub missing: u64,
    /// Packets out of their order, or there twice.
    pub disordered: u64,
    /// Packets of a call that is over.
    pub stray: u64,
    /// Packets of no call there ever was: always 0.
    pub foreign: u64,
    pub gap: Dist,
    /// Gaps of more than two packet times.
    pub long_gaps: u64,
    /// Interarrival jitter (RFC 3550 6.4.1) of each phone at the end of the window.
    pub jitter: Dist,
    /// From asking for the call to its first packet.
    pub join: Dist,
    /// From sending the marker to hearing it.
    pub delay: Dist,
    /// Markers that were to be heard by somebody.
    pub markers_expected: u64,
    /// Slots in which the phones acted.
    pub slots: u64,
    /// How late they were at it.
    pub wake: Dist,
    /// Slots in which they were late by a whole slot and a millisecond at least.
    pub late_wakes: u64,
    /// CPU time of the phones' thread.
    pub cpu: Duration,
}

impl Heard {
    /// Part of a core the phones' thread used, in percent.
    pub(in crate::bench) fn cpu_percent(&self) -> f64 {
        match self.span.as_secs_f64() {
            0.0 => 0.0,
            seconds => 100.0 * self.cpu.as_secs_f64() / seconds,
        }
    }
}
