//! How many more legs of a kind there is room for, and what ends it (D15).

use std::time::Duration;

use crate::error::EngineError;

/// The answer to [`Engine::headroom`](crate::Engine::headroom).
#[derive(Debug)]
pub struct Headroom {
    /// Legs of the kind asked for that could join now, one after the other, if nothing else changes.
    pub legs: usize,
    /// How they would be spread over the workers.
    pub workers: Vec<WorkerHeadroom>,
    /// What one of them costs in a period, both ways: a quantile of what was measured, or the hint.
    pub price: Duration,
    /// Whether the price was measured.
    pub measured: bool,
    /// What the next one would be refused with: slot time, legs, seats, plans or legs of one room.
    pub limited_by: EngineError,
}

/// The share of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerHeadroom {
    /// Index of the worker.
    pub worker: usize,
    /// Legs that would go there.
    pub legs: usize,
}
