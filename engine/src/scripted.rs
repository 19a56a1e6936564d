//! The cost clock of virtual time: the manual clock, and on top of it what a script says the work of a step costs.
//!
//! Control side and tests only; on real time nothing of this exists.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use talkpath_rt::clock::{Clock, ManualClock};

use crate::worker::script::{CostScript, Work};

/// What a piece of work costs.
pub(crate) type Cost = dyn FnMut(Work) -> Duration + Send;

/// A worker's cost clock. Clones share the time.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedClock {
    base: ManualClock,
    /// Nanoseconds of work since the step began.
    worked: Arc<AtomicU64>,
}

impl ScriptedClock {
    pub fn new(base: ManualClock) -> Self {
        Self {
            base,
            worked: Arc::default(),
        }
    }

    /// The step is over: what it cost, and back to the manual clock.
    pub fn take(&self) -> Duration {
        Duration::from_nanos(self.worked.swap(0, Ordering::Relaxed))
    }

    /// A script that moves this clock.
    pub fn script(&self, cost: Arc<Mutex<Cost>>) -> Box<dyn CostScript> {
        let worked = Arc::clone(&self.worked);
        Box::new(Script { worked, cost })
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> Duration {
        self.base.now() + Duration::from_nanos(self.worked.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, deadline: Duration) {
        self.base.sleep_until(deadline);
    }
}

struct Script {
    worked: Arc<AtomicU64>,
    cost: Arc<Mutex<Cost>>,
}

impl CostScript for Script {
    fn ran(&mut self, work: Work) {
        let mut cost = self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        let nanos = u64::try_from(cost(work).as_nanos()).unwrap_or(u64::MAX);
        self.worked.fetch_add(nanos, Ordering::Relaxed);
    }
}
