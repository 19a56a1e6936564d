//! Figures for `/status` and `/metrics`: what the shard writes into a snapshot box, and what readers get.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use arrayvec::ArrayString;
use serde::{Serialize, Serializer};
use talkpath_engine::LegId;
use talkpath_engine::status::Fill;

use super::counters::NetCounters;
use super::latch::LatchState;
use super::leg::ShardLeg;
use super::level::PacketLevels;
use super::refused::Refused;

/// Figures of one leg, as old as `NetConfig::status_interval` at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NetLegStats {
    /// Which leg; `index.generation` in JSON.
    #[serde(serialize_with = "as_text")]
    pub leg: LegId,
    /// Our RTP port.
    pub local_port: u16,
    /// Where its media goes now; `None` while nobody knows.
    pub remote: Option<SocketAddr>,
    /// Whether that is signalled, being learnt, or locked.
    pub latch: LatchState,
    /// RTP packets given to the worker.
    pub packets_in: u64,
    /// Their payload, octets.
    pub octets_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Their payload, octets.
    pub octets_out: u64,
    /// Datagrams dropped at the port, for any reason.
    pub refused: u64,
    /// The same by reason.
    pub refused_for: Refused,
    /// Packets lost on the way to us since the source began; negative with duplicates.
    pub lost: i32,
    /// Interarrival jitter on the way to us, milliseconds.
    pub jitter_ms: f64,
    /// Packets lost on the way to the far end, as it last said.
    pub remote_lost: Option<i32>,
    /// Share of packets lost on the way to the far end in its last interval, 0 to 1.
    pub remote_fraction_lost: Option<f64>,
    /// Jitter the far end last said it sees, milliseconds.
    pub remote_jitter_ms: Option<f64>,
    /// Round trip of RTCP, milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Our SSRC.
    pub ssrc: u32,
    /// SSRC of the far end.
    pub remote_ssrc: Option<u32>,
    /// Canonical name the far end told, at most 64 octets of it; empty until then.
    #[serde(serialize_with = "as_text")]
    pub remote_cname: ArrayString<64>,
}

fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

impl NetLegStats {
    /// The figures of `leg` now.
    pub(crate) fn of(leg: &ShardLeg) -> Self {
        let (heard, remote) = (leg.far.reception(), leg.far.reports.remote());
        let ticks_ms =
            |ticks: u32| f64::from(ticks) * 1e3 / f64::from(leg.far.session.clock_rate.max(1));
        Self {
            leg: leg.id,
            local_port: leg.sockets.port,
            remote: leg.far.rtp_target(),
            latch: leg.far.latch(),
            packets_in: leg.received.0,
            octets_in: leg.received.1,
            packets_out: leg.sent.0,
            octets_out: leg.sent.1,
            refused: leg.refused.total(),
            refused_for: leg.refused,
            lost: heard.map_or(0, |heard| heard.cumulative_lost),
            jitter_ms: heard.map_or(0.0, |heard| ticks_ms(heard.jitter)),
            remote_lost: remote.map(|remote| remote.cumulative_lost),
            remote_fraction_lost: remote.map(|remote| f64::from(remote.fraction_lost) / 256.0),
            remote_jitter_ms: remote.map(|remote| ticks_ms(remote.jitter)),
            round_trip_ms: leg.far.reports.round_trip().map(ms),
            ssrc: leg.far.reports.ssrc(),
            remote_ssrc: heard.map(|heard| heard.ssrc),
            remote_cname: leg.far.reports.remote_name(),
        }
    }
}

/// What the shard fills and sends back; the control side makes two, with room for every leg.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// Copied counters.
    pub counters: NetCounters,
    /// Every leg.
    pub legs: Vec<NetLegStats>,
    /// Packets held back until their time.
    pub held: usize,
    /// How full the packet rings and inventories are.
    pub packets: PacketLevels,
}

impl Snapshot {
    /// An empty one with room for `capacity` legs.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            legs: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }
}

/// The network side as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct NetStatus {
    /// Counts since start.
    pub counters: NetCounters,
    /// Every attached leg.
    pub legs: Vec<NetLegStats>,
    /// Packets held back until their time.
    pub held: usize,
    /// What is in use of what there is.
    pub fills: Vec<Fill>,
    /// How punctual the shard is.
    pub timing: ShardTiming,
    /// Port pairs.
    pub ports: PortStatus,
    /// Most legs at once.
    pub capacity: usize,
    /// Core the shard is pinned to.
    pub core: Option<usize>,
    /// Real-time priority of the shard.
    pub priority: Option<u8>,
    /// What was asked for and not granted, in plain words.
    pub warnings: Vec<String>,
}

/// Port pairs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PortStatus {
    /// Ready to be used.
    pub free: usize,
    /// Leased or attached.
    pub in_use: usize,
    /// In quarantine.
    pub resting: usize,
}

/// Slot timing of the shard since start. A slot runs from the receive before the worker's step to the send after
/// it; microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ShardTiming {
    /// Slots run.
    pub slots: u64,
    /// Slots that ended too late for the next receive.
    pub late_slots: u64,
    /// Slots left out after a stall.
    pub skipped_slots: u64,
    /// Median wake-up lateness.
    pub wake_p50_us: f64,
    /// 99th percentile of it.
    pub wake_p99_us: f64,
    /// 99.9th percentile of it.
    pub wake_p999_us: f64,
    /// The latest wake-up.
    pub wake_max_us: f64,
    /// Median time at work in a slot.
    pub busy_p50_us: f64,
    /// 99.9th percentile of it.
    pub busy_p999_us: f64,
    /// The most.
    pub busy_max_us: f64,
    /// From the time a packet may leave, the beginning of the slot that made it, to its sending: median.
    pub send_p50_us: f64,
    /// 99th percentile of it.
    pub send_p99_us: f64,
    /// 99.9th percentile of it.
    pub send_p999_us: f64,
    /// The longest.
    pub send_max_us: f64,
}

impl ShardTiming {
    /// Percentiles of what was recorded.
    pub(crate) fn of(stats: &talkpath_rt::timing::SlotStats) -> Self {
        let us = |nanos: u64| nanos as f64 / 1e3;
        let wake = |quantile| us(stats.wake.value_at_quantile(quantile));
        let busy = |quantile| us(stats.busy.value_at_quantile(quantile));
        let send = |quantile| us(stats.handed.value_at_quantile(quantile));
        Self {
            slots: stats.slots,
            late_slots: stats.late_slots,
            skipped_slots: stats.skipped_slots,
            wake_p50_us: wake(0.5),
            wake_p99_us: wake(0.99),
            wake_p999_us: wake(0.999),
            wake_max_us: ms(stats.max_wake) * 1e3,
            busy_p50_us: busy(0.5),
            busy_p999_us: busy(0.999),
            busy_max_us: ms(stats.max_busy) * 1e3,
            send_p50_us: send(0.5),
            send_p99_us: send(0.99),
            send_p999_us: send(0.999),
            send_max_us: ms(stats.max_handed) * 1e3,
        }
    }
}
