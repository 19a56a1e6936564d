//! How much of what there is a fixed number of is in use.

use serde::Serialize;
use talkpath_rt::level::Level;
use talkpath_rt::ring::Consumer;

/// What workers tell of themselves.
pub(crate) const TOLD: [&str; 5] = [
    "boxes out",
    "timing boxes",
    "cost boxes",
    "sum boxes",
    "passed ring",
];

/// Use of one thing there is a fixed number of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// What.
    pub what: String,
    /// In use; a removal the worker has not acknowledged yet counts.
    pub in_use: usize,
    /// How many there are.
    pub limit: usize,
    /// Most that were ever in use, where it is kept; of a ring, the most its control end ever saw in it.
    pub high_water: Option<usize>,
}

impl Fill {
    /// The fill of anything.
    pub fn new(
        what: impl Into<String>,
        in_use: usize,
        limit: usize,
        high_water: Option<usize>,
    ) -> Self {
        Self {
            what: what.into(),
            in_use,
            limit,
            high_water,
        }
    }

    /// Whether a worker tells it about once a second, since nobody else has an end of it: what is in use is as old then.
    #[must_use]
    pub fn is_told_by_workers(&self) -> bool {
        TOLD.contains(&self.what.as_str())
    }

    /// The fill of what `level` is of.
    pub(crate) fn of(what: &str, level: Level) -> Self {
        Self::new(what, level.now, level.limit, Some(level.most))
    }

    /// The fill of a ring that control reads; its high-water mark is what the reader found.
    pub fn of_ring<T>(what: &str, ring: &Consumer<T>) -> Self {
        Self::of(what, ring.level())
    }
}
