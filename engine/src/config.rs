//! What an engine is told at its start. Read once; nothing here changes afterwards.
//!
//! Memory is fixed by these numbers (D11): boxes, seats and rings are built before the worker
//! runs, and a request beyond them is refused with what was spent.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::priority::CLASSES;
use crate::proto::MAX_WORKERS;

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
    /// The cores of the workers, one each. Empty: the last ones of the inherited mask.
    pub cores: Vec<usize>,
    /// Real-time workers, 1 to 16. Default 1.
    pub workers: usize,
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
            mesh_margin: 3,
            part_kept: Duration::from_secs(5),
            edit_lead: None,
            priority: Some(60),
            watchdog: Duration::from_secs(1),
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
    /// Checks every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ten = Duration::from_millis(10);
        let slot = self.slot.as_nanos();
        let slot_fits = (Duration::from_micros(250)..=Duration::from_millis(5))
            .contains(&self.slot)
            && ten.as_nanos().is_multiple_of(slot.max(1));
        check(
            slot_fits,
            "slot",
            &self.slot,
            "250 µs to 5 ms and a whole part of 10 ms",
        )?;
        within(self.capacity_legs, 1, 20_000, "capacity_legs", "1 to 20000")?;
        within(
            self.capacity_rooms,
            1,
            40_000,
            "capacity_rooms",
            "1 to 40000",
        )?;
        within(self.capacity_plans, 1, 1_024, "capacity_plans", "1 to 1024")?;
        within(self.workers, 1, MAX_WORKERS, "workers", "1 to 16")?;
        let cores_fit = self.cores.is_empty() || self.cores.len() == self.workers;
        check(
            cores_fit,
            "cores",
            &self.cores,
            "empty, or one core for each worker",
        )?;
        let margin = self.mesh_margin as usize;
        within(margin, 1, 5, "mesh_margin", "1 to 5")?;
        // The sums of a mix are there before the next one: of the shortest frame, 10 ms.
        let fits = self.workers == 1 || (margin as u128) < ten.as_nanos() / slot.max(1);
        let allowed = "fewer slots than 10 ms have, with several workers";
        check(fits, "mesh_margin", &self.mesh_margin, allowed)?;
        let kept_fits = self.part_kept <= Duration::from_secs(3_600);
        check(kept_fits, "part_kept", &self.part_kept, "at most an hour")?;
        let lead_fits = self
            .edit_lead
            .is_none_or(|lead| lead <= Duration::from_secs(1));
        check(lead_fits, "edit_lead", &self.edit_lead, "at most 1 s")?;
        let priority = usize::from(self.priority.unwrap_or(1));
        within(priority, 1, 99, "priority", "1 to 99, or none")?;
        let watchdog_fits =
            (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&self.watchdog);
        check(watchdog_fits, "watchdog", &self.watchdog, "100 ms to 1 min")?;
        let target_fits = self.jitter_target <= self.jitter_max;
        check(
            target_fits,
            "jitter_target",
            &self.jitter_target,
            "0 to jitter_max",
        )?;
        let max_fits = (ten..=Duration::from_secs(1)).contains(&self.jitter_max);
        check(max_fits, "jitter_max", &self.jitter_max, "10 ms to 1 s")?;
        within(
            self.packets_in_per_leg,
            2,
            64,
            "packets_in_per_leg",
            "2 to 64",
        )?;
        within(
            self.packets_out_per_leg,
            1,
            32,
            "packets_out_per_leg",
            "1 to 32",
        )?;
        let budget_fits = (0.05..=0.9).contains(&self.slot_budget);
        check(budget_fits, "slot_budget", &self.slot_budget, "0.05 to 0.9")?;
        let admit_fits = (0.001..=1.0).contains(&self.admit_budget);
        check(admit_fits, "admit_budget", &self.admit_budget, "0.001 to 1")?;
        let above_fits = (0.3..=1.5).contains(&self.shed_above);
        check(above_fits, "shed_above", &self.shed_above, "0.3 to 1.5")?;
        let below_fits = (0.1..self.shed_above).contains(&self.shed_below);
        check(
            below_fits,
            "shed_below",
            &self.shed_below,
            "0.1 up to below shed_above",
        )?;
        let each = self.reserves.iter().all(|part| *part >= 0.0);
        let reserves_fit = each && self.reserves.iter().sum::<f32>() <= MOST_RESERVED;
        check(
            reserves_fit,
            "reserves",
            &self.reserves,
            "0 to 0.9 each and together",
        )?;
        let quantile_fits = (0.5..=1.0).contains(&self.price_quantile);
        check(
            quantile_fits,
            "price_quantile",
            &self.price_quantile,
            "0.5 to 1",
        )?;
        within(self.queue, 1, 65_536, "queue", "1 to 65536")
    }

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

fn check(
    fits: bool,
    key: &'static str,
    actual: &dyn std::fmt::Debug,
    allowed: &'static str,
) -> Result<(), ConfigError> {
    let actual = || format!("{actual:?}");
    fits.then_some(()).ok_or_else(|| ConfigError {
        key,
        actual: actual(),
        allowed,
    })
}

fn within(
    actual: usize,
    low: usize,
    high: usize,
    key: &'static str,
    allowed: &'static str,
) -> Result<(), ConfigError> {
    check((low..=high).contains(&actual), key, &actual, allowed)
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
