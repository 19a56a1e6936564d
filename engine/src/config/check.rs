//! The range of every setting.

use std::time::Duration;

use crate::proto::MAX_WORKERS;

use super::{ConfigError, EngineConfig, MOST_RESERVED};

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
        let nodes_fit = self.nodes.is_empty() || self.nodes.len() == self.workers;
        let allowed = "empty, or one node for each worker";
        check(nodes_fit, "nodes", &self.nodes, allowed)?;
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
        within(self.max_stuck, 1, 64, "max_stuck", "1 to 64")?;
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
