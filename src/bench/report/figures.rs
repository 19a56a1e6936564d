//! The figures of one measured stretch.

use std::time::Duration;

use serde::Serialize;

use super::super::dist::Quantiles;
use super::super::during::Done;
use super::super::run::Stretch;

/// Nanoseconds in a microsecond and in a millisecond.
const MICRO: f64 = 1e3;
const MILLI: f64 = 1e6;

/// Percentiles are of all workers' slots together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::bench) struct Figures {
    pub seconds: f64,
    /// Slots run.
    pub slots: u64,
    /// Slots that ended too late.
    pub late_slots: u64,
    /// Slots given up after a stall.
    pub missed_slots: u64,
    pub wake_us: Quantiles,
    pub busy_us: Quantiles,
    pub end_us: Quantiles,
    /// From the beginning of its slot to the handing over of a packet to the shard.
    pub processing_us: Quantiles,
    /// From the time the shard was to send a packet to its beginning to; nothing without sockets.
    pub sent_us: Quantiles,
    /// What the shard took in a slot; nothing without sockets.
    pub shard_busy_us: Quantiles,
    /// Sums of another worker that came too late (D5).
    pub partials_late: u64,
    /// Legs that went from one worker to another (D6).
    pub legs_moved: u64,
    /// Legs that have a new plan (D13).
    pub plans_swapped: u64,
    /// Part of one core that the workers' threads used together, in percent.
    pub worker_cpu_percent: f64,
    /// Part of a core that the shard's thread used, in percent; none without sockets.
    pub shard_cpu_percent: Option<f64>,
    /// Part of a core that all other threads of the server used, in percent; none without sockets.
    pub rest_cpu_percent: Option<f64>,
    /// Part of its core that the busiest thread used, in percent; the shard's counts with a worker's on the same core.
    pub busiest_percent: f64,
    /// CPU time for one leg's second, in milliseconds: of the workers' threads, over sockets of the whole server.
    pub cpu_ms_per_leg_second: f64,
    /// Calls to the allocator on the worker, from before the first join on.
    pub allocations: u64,
    pub traffic: Traffic,
    /// Packets that came of those that were sent in sequence, in percent.
    pub received_percent: f64,
    /// Between two packets of one phone.
    pub gap_ms: Quantiles,
    /// Gaps of more than two packet times.
    pub long_gaps: u64,
    /// Interarrival jitter of each phone (RFC 3550 6.4.1).
    pub jitter_ms: Quantiles,
    /// From the marker's sending to its being heard.
    pub delay_ms: Quantiles,
    /// Markers that were to be heard.
    pub markers_expected: u64,
    /// From asking for a leg to its first packet.
    pub join_ms: Quantiles,
    pub done: Done,
    pub generator: GeneratorFigures,
}

/// What the phones counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(in crate::bench) struct Traffic {
    /// Packets given to the server.
    pub packets_in: u64,
    /// Packets that came to the workers, counted over the server's stretch, which is some milliseconds apart.
    pub packets_in_taken: u64,
    /// Packets that found no empty box, or no room in a ring or socket.
    pub packets_in_refused: u64,
    /// Packets kept back on purpose.
    pub packets_in_lost: u64,
    /// Packets that came.
    pub packets_out: u64,
    /// Packets missing in the sequences that came.
    pub packets_out_missing: u64,
    /// Packets out of order, or there twice.
    pub packets_out_disordered: u64,
    /// Packets of a leg that has left.
    pub packets_out_stray: u64,
    /// Packets for a phone that was never there: always 0.
    pub packets_out_foreign: u64,
}

/// The phones' own lateness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(in crate::bench) struct GeneratorFigures {
    pub wake_us: Quantiles,
    /// Slots in which the phones acted.
    pub slots: u64,
    /// Slots at which they woke a whole slot late.
    pub late_wakes: u64,
    /// Part of a core they used, in percent.
    pub cpu_percent: f64,
}

impl Figures {
    pub(super) fn new(
        stretch: &Stretch,
        cores: &[Option<usize>],
        shard_core: Option<usize>,
    ) -> Self {
        let (server, heard) = (&stretch.server, &stretch.phones);
        let seconds = server.span.as_secs_f64();
        let percent = |used: Duration| 100.0 * used.as_secs_f64() / seconds;
        let workers: Duration = server.workers.iter().sum();
        let shard = server.shard.unwrap_or_default();
        let cpu = workers + shard + server.rest.unwrap_or_default();
        let with_shard = |(used, core): (&Duration, &Option<usize>)| match core {
            Some(core) if Some(*core) == shard_core => *used + shard,
            _ => *used,
        };
        let busy = server.workers.iter().zip(cores).map(with_shard);
        let busiest = busy.max().unwrap_or_default().max(shard);
        let in_sequence = heard.received + heard.missing;
        Self {
            seconds,
            slots: server.slots,
            late_slots: server.late_slots,
            missed_slots: server.missed_slots,
            wake_us: server.wake.quantiles(MICRO),
            busy_us: server.busy.quantiles(MICRO),
            end_us: server.end.quantiles(MICRO),
            processing_us: server.processing.quantiles(MICRO),
            sent_us: server.sent.quantiles(MICRO),
            shard_busy_us: server.shard_busy.quantiles(MICRO),
            partials_late: server.partials_late,
            legs_moved: server.legs_moved,
            plans_swapped: server.plans_swapped,
            worker_cpu_percent: percent(workers),
            shard_cpu_percent: server.shard.map(percent),
            rest_cpu_percent: server.rest.map(percent),
            busiest_percent: percent(busiest),
            cpu_ms_per_leg_second: 1e3 * cpu.as_secs_f64() / seconds / stretch.legs.max(1) as f64,
            allocations: server.allocations,
            traffic: Traffic {
                packets_in: heard.sent,
                packets_in_taken: server.packets_taken,
                packets_in_refused: heard.refused,
                packets_in_lost: heard.lost,
                packets_out: heard.received,
                packets_out_missing: heard.missing,
                packets_out_disordered: heard.disordered,
                packets_out_stray: heard.stray,
                packets_out_foreign: heard.foreign,
            },
            received_percent: 100.0 * heard.received as f64 / in_sequence.max(1) as f64,
            gap_ms: heard.gap.quantiles(MILLI),
            long_gaps: heard.long_gaps,
            jitter_ms: heard.jitter.quantiles(MILLI),
            delay_ms: heard.delay.quantiles(MILLI),
            markers_expected: heard.markers_expected,
            join_ms: heard.join.quantiles(MILLI),
            done: stretch.done,
            generator: GeneratorFigures {
                wake_us: heard.wake.quantiles(MICRO),
                slots: heard.slots,
                late_wakes: heard.late_wakes,
                cpu_percent: heard.cpu_percent(),
            },
        }
    }
}
