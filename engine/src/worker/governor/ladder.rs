//! The ladder, from the first step: each kind of [`Shed`] in its declared order, and within it each class from the lowest;
//! then whole periods, one to three of four, each class from the lowest. Emergency is on no step.

use talkpath_graph::Shed;

use crate::priority::{CLASSES, Priority};

/// Classes that can be shed.
const SHEDDABLE: usize = CLASSES - 1;

/// Periods of which some are left out on the last steps.
pub const ROTATION: u64 = 4;

/// Most of them that are.
const MOST_PERIODS: u8 = 3;

/// Steps of the ladder.
pub const STEPS: usize = Shed::ALL.len() * SHEDDABLE + SHEDDABLE * MOST_PERIODS as usize;

/// What a step leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// An effect: bypassed, or run in its cheap form.
    Effect(Shed),
    /// So many periods of four.
    Periods(u8),
}

/// One step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is left out.
    pub level: Level,
    /// Of which class.
    pub class: Priority,
}

/// Step number `n` of the ladder, from 0.
///
/// Real-time: allocates no; blocks no; cost O(1).
#[must_use]
pub fn step(n: usize) -> Step {
    let class = |n: usize| Priority::ALL[CLASSES - 1 - n % SHEDDABLE];
    match Shed::ALL.get(n / SHEDDABLE) {
        Some(shed) => Step {
            level: Level::Effect(*shed),
            class: class(n),
        },
        None => {
            let n = n - Shed::ALL.len() * SHEDDABLE;
            let most = usize::from(MOST_PERIODS);
            Step {
                level: Level::Periods((n % most) as u8 + 1),
                class: class(n / most),
            }
        }
    }
}
