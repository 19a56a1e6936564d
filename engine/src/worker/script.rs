//! Scripted costs: in virtual time work takes as long as a script says, not as long as it takes.
//!
//! The worker tells the script what it has run; the script moves the cost clock. So overload, prices and the governor can
//! be driven to the nanosecond, and a run is the same every time. On real time there is no script.

use crate::proto::LegId;

/// What has just been run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Kind of the node, as plan dumps name it.
    pub kind: &'static str,
    /// The leg it ran for.
    pub leg: LegId,
    /// It ran in its cheap form, or was passed by (D15).
    pub shed: bool,
}

/// What moves the cost clock in virtual time.
pub trait CostScript: Send {
    /// `work` has been run: the cost clock moves on by what it is to cost.
    fn ran(&mut self, work: Work);
}
