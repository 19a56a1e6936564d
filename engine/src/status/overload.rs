//! What a leg is admitted by, and what is left out of the legs that are there when slots take too long (D15).

use serde::Serialize;

use crate::config::EngineConfig;
use crate::priority::Priority;

/// The settings a leg is admitted by (D15).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdmissionStatus {
    /// Part of a slot that legs may fill.
    pub budget: f64,
    /// The part of it that only this class and better ones may use, the best class first.
    pub reserves: Vec<(Priority, f64)>,
}

impl AdmissionStatus {
    pub(crate) fn of(config: &EngineConfig) -> Self {
        // As it was written, not as `f32` has it.
        let part = |part: f32| (f64::from(part) * 1e6).round() / 1e6;
        let reserves = Priority::ALL.into_iter().zip(config.reserves.map(part));
        Self {
            budget: part(config.admit_budget),
            reserves: reserves.collect(),
        }
    }
}

/// What the governor of a worker leaves out (D15).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GovernorStatus {
    /// Steps in force, from the first of the ladder.
    pub step: u32,
    /// Steps of the ladder.
    pub steps: u32,
    /// What they leave out, in the order of the ladder.
    pub shed: Vec<ShedStatus>,
}

/// What one step of the governor leaves out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShedStatus {
    /// An effect, or `periods`.
    pub what: &'static str,
    /// Of legs of this class.
    pub priority: Priority,
    /// How many legs that concerned.
    pub legs: u32,
    /// Since when, on the engine's clock, in seconds.
    pub since: f64,
}
