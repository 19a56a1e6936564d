//! How full one ring or inventory is, and how full it once was.
//!
//! Plain numbers that whoever holds an end may copy into an event. They are for telling: no [tape](crate::tape) knows of
//! them, so nothing may be decided by them on a thread that is replayed.

/// Use of one ring or inventory, in values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level {
    /// The most that was ever in use.
    pub most: usize,
    /// In use now.
    pub now: usize,
    /// Room.
    pub limit: usize,
}

impl Level {
    /// Whichever of the two was ever the fuller.
    #[must_use]
    pub fn fuller(self, other: Self) -> Self {
        self.max(other)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_higher_mark_is_the_fuller() {
        let level = |most, now| Level {
            most,
            now,
            limit: 9,
        };
        assert_eq!(level(3, 0).fuller(level(2, 2)), level(3, 0));
        assert_eq!(level(3, 0).fuller(level(3, 1)), level(3, 1));
    }
}
