//! What a worker is built for.

use core::time::Duration;

use super::governor::Marks;

/// What a worker is built for. Everything is allocated from it at the start.
#[derive(Clone, Copy, Debug)]
pub struct WorkerConfig {
    /// Which of the engine's workers it is.
    pub index: u8,
    /// Which of the workers that have been in that place, counted from 0.
    pub epoch: u16,
    /// Most legs of the engine: of all its workers.
    pub leg_ids: usize,
    /// Length of a slot; a divisor of 10 ms.
    pub slot: Duration,
    /// Time of slot 0.
    pub base: Duration,
    /// Most legs on this worker at a time.
    pub legs: usize,
    /// Most rooms at a time.
    pub rooms: usize,
    /// Most plans at a time.
    pub plans: usize,
    /// States of each node kind.
    pub seats: usize,
    /// When the governor sheds and recovers.
    pub marks: Marks,
}
