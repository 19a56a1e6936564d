//! What the governor leaves out, and how it is left out without a click (D15).
//!
//! An `Ext` node that declares a [`Shed`] is bypassed: its output fades to its first input over a frame, then it does not run
//! and is told the span it misses; it comes back the same way. A resampler takes its short kernel, a concealer fades
//! to silence instead of looking for the pitch. Of whole periods the voice fades out of its room as one that is fenced,
//! and comes back with the ramp of its gain; the phone misses a packet whose time goes on.

use core::time::Duration;

use talkpath_graph::node::PcmPlane;
use talkpath_graph::{MAX_OPS, Plan, Shed};
use talkpath_nodes::spec::Spec;

use crate::proto::{LegBody, WorkerEventKind};

use super::Worker;
use super::governor::{Governor, ROTATION};
use super::io::Io;

/// Row of whole periods among the counters.
pub(super) const PERIODS: usize = Shed::ALL.len();

/// The kinds of effects in a plan, a bit each.
///
/// Real-time: allocates no; blocks no; cost O(ops), of which there are at most [`MAX_OPS`].
pub(super) fn effects(plan: &Plan<Spec>) -> u8 {
    debug_assert!(plan.ops.len() <= MAX_OPS);
    let kinds = plan.ops.iter().filter_map(|op| op.spec.shed());
    kinds.fold(0, |all, shed| all | 1 << shed.index())
}

/// How an op that can be left out runs in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// As it is.
    Whole,
    /// It fades to its bypass.
    Out,
    /// It is passed by.
    Not,
    /// It fades back in.
    In,
}

impl Run {
    /// From what was left out in the period before and what is now.
    pub fn of(before: u8, now: u8, shed: Shed) -> Self {
        let is = |mask: u8| mask >> shed.index() & 1 == 1;
        match (is(before), is(now)) {
            (false, false) => Self::Whole,
            (false, true) => Self::Out,
            (true, true) => Self::Not,
            (true, false) => Self::In,
        }
    }
}

/// Fades a frame from `from` to what it holds, or the other way round.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub(super) fn cross_fade(frame: &mut [f32], other: &[f32], run: Run) {
    let step = 1.0 / (frame.len().max(1)) as f32;
    for (n, (sample, other)) in frame.iter_mut().zip(other).enumerate() {
        let late = (n + 1) as f32 * step;
        // `sample` is processed, `other` the bypass.
        let processed = if run == Run::Out { 1.0 - late } else { late };
        *sample = *sample * processed + *other * (1.0 - processed);
    }
}

/// A copy of the frame an op is about to change.
#[derive(Debug, Default)]
pub(super) struct Spare(pub PcmPlane);

/// Whether a leg is left out in this period. The legs of a class take turns, so none starves.
///
/// Real-time: allocates no; blocks no; cost O(1).
pub(super) fn sits_out(governor: &Governor, leg: u32, body: &LegBody, period: u64) -> bool {
    let (_, periods) = governor.of(body.run.priority);
    (period + u64::from(leg)) % ROTATION < u64::from(periods)
}

impl Worker {
    /// A slot has taken so long: the governor hears of it, and its steps are told.
    ///
    /// Real-time: allocates no; blocks no; cost O(1), once a window O(slots of the cycle).
    pub(super) fn govern(&mut self, now: Duration, busy: Duration, io: &mut Io) {
        let taken = self.governor.slot(busy);
        if let Some(taken) = taken {
            self.counters.sheds += u64::from(taken.up);
            self.counters.recoveries += u64::from(!taken.up);
            self.counters.shed_steps = self.governor.steps() as u64;
        }
        let Some(taken) = taken.or_else(|| self.governor.untold()) else {
            return;
        };
        if !self.event(io, now, WorkerEventKind::Governor(taken)) {
            // Told again in the next slot.
            self.counters.events_deferred += 1;
            self.governor.keep(taken);
        }
    }
}
