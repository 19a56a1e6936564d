//! Six classes of legs and calls (D15): who may use the last of the capacity, and who is shed first when there is too little.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number of classes.
pub const CLASSES: usize = 6;

/// How much a leg or a call matters; the better class is the smaller one.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Never shed and never displaced; may displace the lowest class present when there is no room.
    Emergency,
    /// The operator's own: dispatchers, supervision.
    Critical,
    /// Before ordinary calls.
    High,
    /// Ordinary calls.
    #[default]
    Normal,
    /// After ordinary calls.
    Low,
    /// What nobody waits for: music, monitoring. The first to be shed and displaced.
    Background,
}

impl Priority {
    /// All classes, the best first.
    pub const ALL: [Self; CLASSES] = [
        Self::Emergency,
        Self::Critical,
        Self::High,
        Self::Normal,
        Self::Low,
        Self::Background,
    ];

    /// Its place in [`ALL`](Self::ALL): 0 is the best.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// As it stands in settings and in the status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Background => "background",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
