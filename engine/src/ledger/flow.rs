//! The latency ledger of one direction of a point-to-point call: from the receive stamp of what one side says to the hand-over
//! of the same to the other's shard. There is no buffer and no room in it (D3).
//!
//! ```text
//!  kernel receives              packet handed to the shard
//!     │ slot │ codec │ resample │ packetise │
//! ```

use std::time::Duration;

use serde::Serialize;
use talkpath_nodes::latency::Latencies;

use super::ms;
use crate::proto::FlowStats;

/// Where the delay of one direction comes from. In JSON all times are milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FlowLedger {
    /// From the receive stamp to the slot the packet ran in: of the packet last passed on.
    #[serde(rename = "slot_ms", serialize_with = "ms")]
    pub slot: Duration,
    /// The same, on average since the call began.
    #[serde(rename = "slot_mean_ms", serialize_with = "ms")]
    pub slot_mean: Duration,
    /// The same, at most since the call began.
    #[serde(rename = "slot_max_ms", serialize_with = "ms")]
    pub slot_max: Duration,
    /// Decoder and encoder.
    #[serde(rename = "codec_ms", serialize_with = "ms")]
    pub codec: Duration,
    /// Resampler between the rates of the two codecs.
    #[serde(rename = "resample_ms", serialize_with = "ms")]
    pub resample: Duration,
    /// Collecting packets for one that is longer: the packet that waits longest. Those a long packet is cut into leave when
    /// their media is due and wait for nothing.
    #[serde(rename = "packetise_ms", serialize_with = "ms")]
    pub packetise: Duration,
    /// The same, as measured on average under the plan there is: less than `packetise` when not every packet waits as long.
    #[serde(rename = "packetise_mean_ms", serialize_with = "ms")]
    pub packetise_mean: Duration,
    /// All parts together, with `slot` and `packetise`.
    #[serde(rename = "total_ms", serialize_with = "ms")]
    pub total: Duration,
}

impl FlowLedger {
    /// The ledger of a direction whose plan delays by `plan`.
    pub(crate) fn new(plan: &Latencies, stats: &FlowStats) -> Self {
        let (waited, collected) = (stats.waited, stats.collected);
        Self {
            slot: waited.last(),
            slot_mean: waited.mean(),
            slot_max: waited.most(),
            codec: plan.codec,
            resample: plan.resample,
            packetise: plan.packetise,
            packetise_mean: if collected.is_empty() {
                plan.packetise
            } else {
                collected.mean()
            },
            total: waited.last() + plan.total(),
        }
    }

    /// Names of the parts, for `/metrics`.
    pub const PARTS: [&'static str; 5] = ["slot", "codec", "resample", "packetise", "total"];

    /// The parts, as [`PARTS`](Self::PARTS) names them.
    #[must_use]
    pub fn parts(&self) -> [Duration; 5] {
        let Self {
            slot,
            codec,
            resample,
            packetise,
            total,
            ..
        } = *self;
        [slot, codec, resample, packetise, total]
    }
}
