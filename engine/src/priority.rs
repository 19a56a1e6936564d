//! Six classes of legs and calls (D15): who may use the last of the capacity, and who is shed first when there is too little.

use std::fmt;
use std::str::FromStr;

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

/// A name that is none of a class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("class was {0:?}, allowed: emergency, critical, high, normal, low, background")]
pub struct UnknownPriority(pub String);

impl FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(name: &str) -> Result<Self, UnknownPriority> {
        let found = Self::ALL.into_iter().find(|class| class.name() == name);
        found.ok_or_else(|| UnknownPriority(name.to_owned()))
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_by_its_name() {
        for class in Priority::ALL {
            assert_eq!(class.name().parse(), Ok(class));
        }
        let error = "Urgent".parse::<Priority>().expect_err("none of ours");
        assert!(
            error
                .to_string()
                .starts_with("class was \"Urgent\", allowed: emergency, ")
        );
    }
}
