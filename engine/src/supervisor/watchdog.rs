//! The watch over one worker: how long it has made no slot.
//!
//! Only time in which the supervisor itself was awake counts: when the whole machine stood still (a stopped process, a
//! suspended guest) its first look afterwards must not find every worker dead. Owned by the supervisor's thread.

use std::time::Duration;

use talkpath_rt::pulse::Monitor;

/// The most that may pass between two looks and still be known to have passed for the worker as well; a little more than
/// the supervisor sleeps at a time.
const LOOK: Duration = Duration::from_millis(250);
/// A worker's first slot may take so many times as long: it touches its memory before.
const FIRST: u32 = 10;

/// What is known of a worker's pulse.
#[derive(Debug)]
pub(super) struct Watch {
    monitor: Monitor,
    seen: u64,
    silent: Duration,
}

impl Watch {
    pub fn new(monitor: Monitor) -> Self {
        Self {
            monitor,
            seen: 0,
            silent: Duration::ZERO,
        }
    }

    /// `passed` since the last look. How long the worker has been silent, once that is `patience` or more.
    pub fn look(&mut self, passed: Duration, patience: Duration) -> Option<Duration> {
        let beats = self.monitor.beats();
        if beats != self.seen {
            (self.seen, self.silent) = (beats, Duration::ZERO);
            return None;
        }
        self.silent += passed.min(LOOK);
        let patience = patience * if beats == 0 { FIRST } else { 1 };
        (self.silent >= patience).then_some(self.silent)
    }
}

#[cfg(test)]
mod tests {
    use talkpath_rt::pulse::pulse;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const TICK: Duration = Duration::from_millis(20);

    /// Looks every 20 ms until the worker is given up; after how long.
    fn given_up(watch: &mut Watch) -> Duration {
        (1..)
            .map(|n| n * TICK)
            .find(|_| watch.look(TICK, SECOND).is_some())
            .expect("it ends")
    }

    #[test]
    fn a_silent_worker_is_given_up_after_the_patience_and_a_new_one_later() {
        let (mut pulse, monitor) = pulse();
        let mut watch = Watch::new(monitor);
        assert_eq!(given_up(&mut watch), FIRST * SECOND);
        pulse.beat();
        assert_eq!(watch.look(TICK, SECOND), None);
        assert_eq!(given_up(&mut watch), SECOND);
        pulse.beat();
        assert_eq!(watch.look(TICK, SECOND), None, "a beat and it lives");
    }

    #[test]
    fn a_stop_of_the_whole_machine_is_nobodys_fault() {
        let (mut pulse, monitor) = pulse();
        let mut watch = Watch::new(monitor);
        pulse.beat();
        watch.look(TICK, SECOND);
        assert_eq!(watch.look(60 * SECOND, SECOND), None);
        assert_eq!(watch.look(LOOK, SECOND), None);
    }
}
