//! What an op is believed to cost before it was measured (D2).

use super::Spec;
use crate::codec::Codec;
use core::time::Duration;

impl Spec {
    /// Cost of one frame: nanoseconds by kind, plus nanoseconds per sample of the widest port.
    ///
    /// Not the kernels alone: state and planes come from the second-level cache in a large room, and a
    /// packet's ends include its share of the shard's work on the same core. Calibrated so that
    /// `talkpath bench room --legs 1000` spreads over slots that keep within their budget.
    pub(super) fn cost_hint(&self) -> Duration {
        let (fixed, per_sample, samples) = match self {
            // libopus at effort 5; 20 ms at 8, 16 and 48 kHz took 5, 12 and 36 µs, and 92, 198 and 236 µs, on a machine at
            // half its speed (`cargo bench -p talkpath-nodes --bench kernels -- opus`).
            Self::Decode {
                codec: Codec::Opus(_),
                format,
            } => (1_000, 26.0, format.plane_len()),
            Self::Encode {
                codec: Codec::Opus(_),
                format,
                ..
            } => (45_000, 110.0, format.plane_len()),
            Self::Jitter { .. } => (900, 0.0, 0),
            Self::Decode { format, .. } => (200, 0.5, format.plane_len()),
            Self::Conceal { format } => (150, 1.0, format.plane_len()),
            Self::Resample { from, to } => (100, 5.0, from.plane_len().max(to.plane_len())),
            Self::Gain { format } => (80, 0.2, format.plane_len()),
            Self::Meter { format } => (100, 0.3, format.plane_len()),
            Self::Contribute { format } => (150, 0.3, format.plane_len()),
            Self::MixMinus { format, .. } => (150, 0.3, format.plane_len()),
            Self::Limit { format } => (100, 2.0, format.plane_len()),
            Self::Encode { format, .. } => (80, 0.5, format.plane_len()),
            Self::Packetise { format, .. } => (900, 0.2, format.plane_len()),
            // Of a packet, in parts of 10 ms of it.
            Self::Arrival { ptime, .. } => (per_piece(900, *ptime), 0.0, 0),
            Self::Payload { .. } => (50, 0.0, 0),
            Self::Relay { ptime, .. } => (per_piece(1_800, *ptime), 0.0, 0),
            Self::Tone { format } => (100, 3.0, format.plane_len()),
            Self::Clip { format } => (80, 0.2, format.plane_len()),
            Self::Fade { format, .. } => (80, 0.5, format.plane_len()),
            Self::Ext { .. } => (0, 0.0, 0),
        };
        Duration::from_nanos(fixed + (per_sample * samples as f64) as u64)
    }
}

/// What 10 ms of a packet of `ptime` cost when the whole costs `nanos`.
fn per_piece(nanos: u64, ptime: Duration) -> u64 {
    let pieces = ptime.as_millis() as u64 / 10;
    nanos / pieces.max(1)
}
