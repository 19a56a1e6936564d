//! How many more legs or calls of a kind there is room for, and what ends it (D15).

use std::time::Duration;

use crate::call::CallConfig;
use crate::error::EngineError;
use crate::leg::LegConfig;

/// What [`Engine::headroom`](crate::Engine::headroom) is asked about; made of either configuration.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Newcomer {
    /// A leg in a new room.
    Leg(LegConfig),
    /// A point-to-point call, relayed or transcoded as its two sides demand.
    Call(Box<CallConfig>),
}

impl From<LegConfig> for Newcomer {
    fn from(config: LegConfig) -> Self {
        Self::Leg(config)
    }
}

impl From<CallConfig> for Newcomer {
    fn from(config: CallConfig) -> Self {
        Self::Call(Box::new(config))
    }
}

/// The answer to [`Engine::headroom`](crate::Engine::headroom).
#[derive(Debug)]
pub struct Headroom {
    /// Legs, or calls, of the kind asked for that could come now, one after the other, if nothing else changes.
    pub legs: usize,
    /// How they would be spread over the workers.
    pub workers: Vec<WorkerHeadroom>,
    /// What one of them costs in a period, of a call in 20 ms, both ways: a quantile of what was measured, or the hint.
    pub price: Duration,
    /// Whether the price was measured.
    pub measured: bool,
    /// What the next one would be refused with: slot time, handles, seats, plans, packet boxes or legs of one room.
    pub limited_by: EngineError,
}

impl Headroom {
    pub(crate) fn new(
        workers: Vec<WorkerHeadroom>,
        price: Duration,
        measured: bool,
        limited_by: EngineError,
    ) -> Self {
        Self {
            legs: workers.iter().map(|worker| worker.legs).sum(),
            workers,
            price,
            measured,
            limited_by,
        }
    }
}

/// The share of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerHeadroom {
    /// Index of the worker.
    pub worker: usize,
    /// Legs, or calls, that would go there.
    pub legs: usize,
}
