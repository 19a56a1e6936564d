//! What an engine is told at its start. Read once; nothing here changes afterwards.
//!
//! Memory is fixed by these numbers (D11): boxes, seats and rings are built before the worker
//! runs, and a request beyond them is refused with what was spent.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::priority::CLASSES;

mod check;

/// Settings of an engine. [`Default`] works on a laptop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineConfig {
    /// Length of a worker's slot (D2): 250 µs to 5 ms, a whole part of 10 ms. Default 1 ms.
    pub slot: Duration,
    /// Legs of all rooms and sides of all calls together, 1 to 20,000. Default 1,000.
    pub capacity_legs: usize,
    /// Rooms, 1 to 40,000: as many private ones as legs, and as many shared ones. Default 256.
    pub capacity_rooms: usize,
    /// Distinct compiled plans alive at one time, 1 to 1,024. Default 64.
    pub capacity_plans: usize,
    /// The cores of the workers, one each. Empty: the last ones of the inherited mask, of one NUMA node where they fit.
    pub cores: Vec<usize>,
    /// Real-time workers, 1 to 16. Default 1.
    pub workers: usize,
    /// The NUMA nodes of the workers, one each, where they are to be told and not asked of the machine. Empty, the
    /// default: those of their cores.
    pub nodes: Vec<u32>,
    /// The NUMA node of the network shard. `None`, the default: that of the first worker.
    pub shard_node: Option<u32>,
    /// Slots a room that is on several workers waits for their sums, 1 to 5 (D5). It must ride over the ordinary wake-up
    /// lateness of a worker. Default 3.
    pub mesh_margin: u32,
    /// How long a worker keeps its part of a room after the last leg there has left or moved away (D5), at most an
    /// hour. Default 5 s.
    pub part_kept: Duration,
    /// From an edit that several workers take in one slot to that slot, at most 1 s. `None`, the default: 10 ms, and
    /// what concerns one worker only is taken at once. When it is set every edit waits as long, so that runs with
    /// different numbers of workers can be compared.
    pub edit_lead: Option<Duration>,
    /// SCHED_FIFO priority wanted for the worker, 1 to 99; `None`: an ordinary thread.
    /// When it is refused the engine runs all the same and the status says so.
    pub priority: Option<u8>,
    /// A worker that makes no slot for this long is given up and replaced, 100 ms to 1 min. Default 1 s.
    pub watchdog: Duration,
    /// Lost workers whose threads may hang at a time, 1 to 64: each holds its memory, so that beyond them a worker that
    /// hangs is not replaced. Default 4.
    pub max_stuck: usize,
    /// Lock the process's memory, so that the worker never waits for a page.
    pub lock_memory: bool,
    /// Delay a jitter buffer aims at: 0 to `jitter_max`. Default 20 ms.
    pub jitter_target: Duration,
    /// Most a jitter buffer holds: up to 1 s. Default 200 ms.
    pub jitter_max: Duration,
    /// Packet boxes towards the worker, per leg of capacity: 2 to 64. Default 12.
    pub packets_in_per_leg: usize,
    /// Packet boxes from the worker, per leg of capacity: 1 to 32. Default 4.
    pub packets_out_per_leg: usize,
    /// Part of a slot that placement may fill before it uses the next one, 0.05 to 0.9.
    /// Default 0.5.
    pub slot_budget: f32,
    /// Part of a slot that legs may be admitted to fill, 0.001 to 1 (D15): beyond it a leg is refused. Default 0.8.
    pub admit_budget: f32,
    /// The governor sheds while a slot of the cycle takes more than this part of its length, 0.3 to 1.5 (D15). Default
    /// 0.95.
    pub shed_above: f32,
    /// It recovers while every slot takes less than this part, 0.1 up to below `shed_above`. Default 0.7.
    pub shed_below: f32,
    /// By class, the best first: the part of `admit_budget` that only this class and better ones may use (D15); together
    /// at most 0.9. Default: 0.05 for emergency calls.
    pub reserves: [f32; CLASSES],
    /// The quantile of what was measured that a leg is priced with, 0.5 to 1 (D15). Default 0.9.
    pub price_quantile: f32,
    /// Transactions that may wait for the worker before a request is told `Busy`, 1 to
    /// 65,536. Default 4,096.
    pub queue: usize,
    /// Name of the worker's thread, at most 15 bytes are shown by the system.
    pub name: String,
}

/// Most of the admission budget that may be reserved, all classes together.
pub const MOST_RESERVED: f32 = 0.9;

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            slot: Duration::from_millis(1),
            capacity_legs: 1_000,
            capacity_rooms: 256,
            capacity_plans: 64,
            cores: Vec::new(),
            workers: 1,
            nodes: Vec::new(),
            shard_node: None,
            mesh_margin: 3,
            part_kept: Duration::from_secs(5),
            edit_lead: None,
            priority: Some(60),
            watchdog: Duration::from_secs(1),
            max_stuck: 4,
            lock_memory: false,
            jitter_target: Duration::from_millis(20),
            jitter_max: Duration::from_millis(200),
            packets_in_per_leg: 12,
            packets_out_per_leg: 4,
            slot_budget: 0.5,
            admit_budget: 0.8,
            shed_above: 0.95,
            shed_below: 0.7,
            reserves: [0.05, 0.0, 0.0, 0.0, 0.0, 0.0],
            price_quantile: 0.9,
            queue: 4_096,
            name: "talkpath-worker".to_owned(),
        }
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key} is {actual}, allowed is {allowed}")]
pub struct ConfigError {
    /// Name of the setting, as the field is named.
    pub key: &'static str,
    /// What it was.
    pub actual: String,
    /// What it may be.
    pub allowed: &'static str,
}

impl EngineConfig {
    /// Point-to-point calls: each takes the handles of two legs.
    pub(crate) fn calls(&self) -> usize {
        self.capacity_legs / 2
    }

    /// Legs a worker has seats for: its share, and an eighth of all to move in when there are several.
    pub(crate) fn legs_per_worker(&self) -> usize {
        let spare = if self.workers > 1 {
            self.capacity_legs.div_ceil(8)
        } else {
            0
        };
        (self.capacity_legs.div_ceil(self.workers) + spare).min(self.capacity_legs)
    }

    /// Packet boxes of a worker: towards it, and from it.
    pub(crate) fn packet_boxes(&self) -> [usize; 2] {
        [self.packets_in_per_leg, self.packets_out_per_leg]
            .map(|each| self.legs_per_worker() * each)
    }

    /// Seats of each node kind on a worker: two a leg, since a kind may stand in both halves of a leg (the
    /// two ends of a port), and a leg that changes its plan holds two sets until the worker has
    /// given the old one back.
    pub(crate) fn seats(&self) -> usize {
        2 * self.legs_per_worker()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(EngineConfig::default().validate(), Ok(()));
    }

    #[test]
    fn a_bad_setting_is_named_with_what_is_allowed() {
        let config = EngineConfig {
            slot: Duration::from_micros(700),
            ..EngineConfig::default()
        };
        let error = config
            .validate()
            .expect_err("700 µs is no whole part of 10 ms");
        assert_eq!(error.key, "slot");
        assert_eq!(
            error.to_string(),
            "slot is 700µs, allowed is 250 µs to 5 ms and a whole part of 10 ms"
        );
        let config = EngineConfig {
            workers: 17,
            ..EngineConfig::default()
        };
        assert_eq!(config.validate().expect_err("too many").key, "workers");
        let config = EngineConfig {
            workers: 2,
            cores: vec![0],
            ..EngineConfig::default()
        };
        assert_eq!(config.validate().expect_err("a core too few").key, "cores");
        let config = EngineConfig {
            slot_budget: f32::NAN,
            ..EngineConfig::default()
        };
        assert_eq!(config.validate().expect_err("NaN").key, "slot_budget");
    }
}
