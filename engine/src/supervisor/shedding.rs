//! What the governor of a worker leaves out just now, and since when, as its events told (D15).
//!
//! Owned by the supervisor's thread.

use std::time::Duration;

use crate::event::Left;
use crate::status::{GovernorStatus, ShedStatus};
use crate::worker::governor::{STEPS, Taken};

/// The steps in force of one worker.
#[derive(Debug, Default)]
pub(super) struct Shedding {
    in_force: u32,
    /// Steps that left something out, from the first on the ladder, and when they were taken.
    taken: Vec<(Taken, Duration)>,
}

impl Shedding {
    /// A step was taken, or taken back. A step of which nothing was told, the ring being full, is in the number alone.
    pub fn took(&mut self, taken: Taken, at: Duration) {
        self.in_force = taken.in_force;
        // With the last step those go that concerned nobody any more.
        self.taken.retain(|(was, _)| was.in_force <= taken.in_force);
        if taken.up {
            self.taken.push((taken, at));
        }
    }

    pub fn status(&self) -> GovernorStatus {
        let shed = self.taken.iter().map(|(taken, at)| ShedStatus {
            what: Left::of(taken.step.level).name(),
            priority: taken.step.class,
            legs: taken.legs,
            since: at.as_secs_f64(),
        });
        GovernorStatus {
            step: self.in_force,
            steps: STEPS as u32,
            shed: shed.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::governor::step;

    fn taken(n: usize, up: bool, in_force: u32) -> Taken {
        Taken {
            step: step(n),
            up,
            legs: 7,
            load: 1_100,
            in_force,
        }
    }

    #[test]
    fn what_is_in_force_is_listed_since_it_was_taken() {
        let mut shedding = Shedding::default();
        for (n, at) in [(0, 1), (2, 2), (25, 3)] {
            shedding.took(taken(n, true, n as u32 + 1), Duration::from_secs(at));
        }
        let listed = |shedding: &Shedding| -> Vec<_> {
            let status = shedding.status();
            let each = status.shed.iter();
            each.map(|shed| (shed.what, shed.priority.name(), shed.since))
                .collect()
        };
        assert_eq!(
            listed(&shedding),
            [
                ("noise_suppression", "background", 1.0),
                ("noise_suppression", "normal", 2.0),
                ("periods", "background", 3.0)
            ]
        );
        assert_eq!(shedding.status().step, 26);
        // Normal legs have left meanwhile: their step goes with the one above it.
        shedding.took(taken(25, false, 1), Duration::from_secs(9));
        assert_eq!(
            listed(&shedding),
            [("noise_suppression", "background", 1.0)]
        );
        shedding.took(taken(0, false, 0), Duration::from_secs(10));
        assert_eq!((listed(&shedding), shedding.status().step), (vec![], 0));
    }
}
