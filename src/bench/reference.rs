//! A bare loop of absolute sleeps beside the run: what wake-up lateness the machine gives to anybody.
//!
//! It runs on the core of the first worker, one priority above it, and wakes in the middle between two slots of a
//! millisecond, when the worker has mostly gone back to sleep. So it sees the same core in the same minute, and waits for
//! nobody. What it does there is to read the clock.

use std::time::Duration;

use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{self, Placement, RtThread, SpawnError};

use super::dist::Dist;

/// Name of its thread.
pub(super) const THREAD: &str = "bench-bare";
const PERIOD: Duration = Duration::from_millis(1);

/// The running loop.
pub(super) struct BareLoop {
    stop: Flag,
    thread: RtThread<Dist>,
}

impl BareLoop {
    /// Starts it on the grid of slots that begins at `base`.
    pub(super) fn start(
        base: Duration,
        core: Option<usize>,
        priority: Option<u8>,
    ) -> Result<Self, SpawnError> {
        let stop = Flag::new();
        let stopped = stop.clone();
        let placement = Placement {
            name: THREAD.into(),
            core,
            priority,
        };
        let thread = thread::spawn(placement, move |_| run(&MonotonicClock, base, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Ends it; how late it woke. `None` when it panicked.
    pub(super) fn finish(self) -> Option<Dist> {
        self.stop.raise();
        self.thread.join().ok()
    }
}

fn run(clock: &impl Clock, base: Duration, stop: &Flag) -> Dist {
    let mut lateness = Dist::new();
    let periods = clock.now().saturating_sub(base).as_millis() as u32 + 2;
    let mut due = base + PERIOD * periods + PERIOD / 2;
    while !stop.is_raised() {
        clock.sleep_until(due);
        let now = clock.now();
        lateness.record(now.saturating_sub(due));
        // What a stall has covered is skipped, as a worker does.
        due += PERIOD * (now.saturating_sub(due).as_millis() as u32 + 1);
    }
    lateness
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_measures_until_it_is_stopped() {
        let bare = BareLoop::start(MonotonicClock.now(), None, None).unwrap();
        let clock = MonotonicClock;
        clock.sleep_until(clock.now() + Duration::from_millis(30));
        let lateness = bare.finish().unwrap();
        assert!(lateness.len() > 0);
    }
}
