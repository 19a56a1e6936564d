//! The latency ledger of a leg: where the time between a packet's arrival and its departure goes, part by part.
//!
//! Made by the supervisor when it is asked, from the leg's plan (what its ops delay by), its place in the slot table, its
//! room, and what the worker last measured; the worker keeps three numbers per leg for it and knows no more.
//!
//! ```text
//!  kernel receives          mix                                    packet handed to the shard
//!     │ jitter │ slot │ ops │ before │ mesh │ cross │ after │ ops │ packetise │
//!     └────────── inward ───────────┘└───────────── outward ─────────────────┘
//! ```
//!
//! The way from one leg to another is the inward half of the one, the outward half of the other, and the resampler
//! between their rates when they differ ([`LegLedger::delay_to`]). It is the time from the receive stamp of a packet's first
//! sample to the time at which that sample is handed to the shard, exact to the sample. What comes on top is no part of
//! a leg but of the machine, and measured: how long after the beginning of its slot a packet was handed over
//! (`processing_us` of a worker), and how long after its time it was sent (`send_*` of the shard's timing).

mod flow;

use std::time::Duration;

use serde::{Serialize, Serializer};
use talkpath_graph::SampleRate;
use talkpath_nodes::latency::Latencies;
use talkpath_nodes::resample::latency_between;
use talkpath_nodes::waited::Waited;

use crate::worker::stats::LegStats;

pub use flow::FlowLedger;

/// Both halves of a leg's delay. In JSON all times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LegLedger {
    /// From the kernel's receive stamp to the mix.
    pub inward: Inward,
    /// From the mix to the shard.
    pub outward: Outward,
    #[serde(skip)]
    rate: SampleRate,
}

/// From the kernel's receive stamp to the mix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Inward {
    /// In the jitter buffer: of the packet last played; the target while none was.
    #[serde(rename = "jitter_ms", serialize_with = "ms")]
    pub jitter: Duration,
    /// The same, on average since the leg joined.
    #[serde(rename = "jitter_mean_ms", serialize_with = "ms")]
    pub jitter_mean: Duration,
    /// The same, at most since the leg joined.
    #[serde(rename = "jitter_max_ms", serialize_with = "ms")]
    pub jitter_max: Duration,
    /// From the end of the jitter buffer's filling to the leg's slot; less than a period.
    #[serde(rename = "slot_ms", serialize_with = "ms")]
    pub slot: Duration,
    /// Decoder and concealment.
    #[serde(rename = "codec_ms", serialize_with = "ms")]
    pub codec: Duration,
    /// Resampler to the rate of the bus.
    #[serde(rename = "resample_ms", serialize_with = "ms")]
    pub resample: Duration,
    /// Nodes of a library user.
    #[serde(rename = "other_ms", serialize_with = "ms")]
    pub other: Duration,
    /// Slots between its way in and the mix, in a room that is spread over slots (D2).
    #[serde(rename = "before_mix_ms", serialize_with = "ms")]
    pub before_mix: Duration,
    /// All parts together, with `jitter`.
    #[serde(rename = "total_ms", serialize_with = "ms")]
    pub total: Duration,
}

/// From the mix to the shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Outward {
    /// Slots that the sum waits for those of other workers (D5).
    #[serde(rename = "mesh_ms", serialize_with = "ms")]
    pub mesh: Duration,
    /// Slots between the sum and its way out, in a room that is spread over slots (D2).
    #[serde(rename = "after_mix_ms", serialize_with = "ms")]
    pub after_mix: Duration,
    /// Resampler of another rate's sum (D4): the longest of those in the room. No part of `total`.
    #[serde(rename = "cross_rate_ms", serialize_with = "ms")]
    pub cross_rate: Duration,
    /// Resampler from the rate of the bus.
    #[serde(rename = "resample_ms", serialize_with = "ms")]
    pub resample: Duration,
    /// Look-ahead of the limiter.
    #[serde(rename = "limiter_ms", serialize_with = "ms")]
    pub limiter: Duration,
    /// Encoder.
    #[serde(rename = "codec_ms", serialize_with = "ms")]
    pub codec: Duration,
    /// Nodes of a library user.
    #[serde(rename = "other_ms", serialize_with = "ms")]
    pub other: Duration,
    /// Collecting frames for a packet that is longer: the packet that waits longest.
    #[serde(rename = "packetise_ms", serialize_with = "ms")]
    pub packetise: Duration,
    /// The same, as measured on average: less than `packetise` when not every packet waits as long.
    #[serde(rename = "packetise_mean_ms", serialize_with = "ms")]
    pub packetise_mean: Duration,
    /// All parts together, `cross_rate` and the mean aside.
    #[serde(rename = "total_ms", serialize_with = "ms")]
    pub total: Duration,
}

/// Where a leg runs, as times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    /// From its way in to the mix.
    pub before: Duration,
    /// From the mix to its way out, `margin` included.
    pub after: Duration,
    /// From the mix to the whole sum.
    pub margin: Duration,
}

impl LegLedger {
    /// The ledger of a leg on the bus of `rate`, in a room with buses of `rates`.
    pub(crate) fn new(
        [ingress, egress]: [Latencies; 2],
        placed: Placed,
        rate: SampleRate,
        rates: impl Iterator<Item = SampleRate>,
        stats: &LegStats,
    ) -> Self {
        let held = stats.playout.held;
        let or = |waited: Waited, measured: Duration, planned: Duration| {
            if waited.is_empty() { planned } else { measured }
        };
        let mut inward = Inward {
            jitter: or(held, held.last(), ingress.jitter),
            jitter_mean: or(held, held.mean(), ingress.jitter),
            jitter_max: or(held, held.most(), ingress.jitter),
            slot: stats.playout.slot(),
            codec: ingress.codec,
            resample: ingress.resample,
            other: ingress.other + ingress.limit,
            before_mix: placed.before,
            total: Duration::ZERO,
        };
        inward.total = inward.jitter
            + inward.slot
            + inward.codec
            + inward.resample
            + inward.other
            + inward.before_mix;
        let collected = stats.collected;
        let cross = rates.filter(|other| *other != rate);
        let mut outward = Outward {
            mesh: placed.margin,
            after_mix: placed.after.saturating_sub(placed.margin),
            cross_rate: cross
                .map(|other| latency_between(other, rate))
                .max()
                .unwrap_or_default(),
            resample: egress.resample,
            limiter: egress.limit,
            codec: egress.codec,
            other: egress.other,
            packetise: egress.packetise,
            packetise_mean: or(collected, collected.mean(), egress.packetise),
            total: Duration::ZERO,
        };
        outward.total = placed.after + egress.total();
        Self {
            inward,
            outward,
            rate,
        }
    }

    /// From the receive stamp of what this leg says to the hand-over of the same to `hearer`'s shard: the sum of all
    /// parts. Both are in one room.
    #[must_use]
    pub fn delay_to(&self, hearer: &Self) -> Duration {
        let cross = if self.rate == hearer.rate {
            Duration::ZERO
        } else {
            latency_between(self.rate, hearer.rate)
        };
        self.inward.total + cross + hearer.outward.total
    }

    /// Names of the parts, for `/metrics`.
    pub const PARTS: [&'static str; 12] = [
        "jitter",
        "slot",
        "before_mix",
        "mesh",
        "after_mix",
        "cross_rate",
        "resample",
        "limiter",
        "codec",
        "other",
        "packetise",
        "total",
    ];

    /// The parts, as [`PARTS`](Self::PARTS) names them; both halves together.
    #[must_use]
    pub fn parts(&self) -> [Duration; 12] {
        let Self {
            inward, outward, ..
        } = self;
        [
            inward.jitter,
            inward.slot,
            inward.before_mix,
            outward.mesh,
            outward.after_mix,
            outward.cross_rate,
            inward.resample + outward.resample,
            outward.limiter,
            inward.codec + outward.codec,
            inward.other + outward.other,
            outward.packetise,
            inward.total + outward.total,
        ]
    }
}

fn ms<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_nanos() as f64 / 1e6)
}
