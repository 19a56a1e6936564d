//! A worker's pulse: the number of slots it has made, for who watches over it.
//!
//! One counter, written by the worker and read by the control side. It orders nothing: what the reader concludes from
//! a pulse that has stopped is settled by rings and by joining the thread, never by this number.

use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Makes the two ends.
///
/// ```
/// let (mut pulse, monitor) = talkpath_rt::pulse::pulse();
/// pulse.beat();
/// assert_eq!(monitor.beats(), 1);
/// ```
#[must_use]
pub fn pulse() -> (Pulse, Monitor) {
    let beats = Arc::new(AtomicU64::new(0));
    let monitor = Monitor {
        beats: Arc::clone(&beats),
    };
    (Pulse { beats, made: 0 }, monitor)
}

/// The worker's end.
#[derive(Debug)]
pub struct Pulse {
    beats: Arc<AtomicU64>,
    made: u64,
}

impl Pulse {
    /// One slot more.
    ///
    /// Real-time: allocates no; blocks no; cost: one store.
    pub fn beat(&mut self) {
        self.made += 1;
        self.beats.store(self.made, Ordering::Relaxed);
    }
}

/// The watcher's end.
#[derive(Debug)]
pub struct Monitor {
    beats: Arc<AtomicU64>,
}

impl Monitor {
    /// Slots made, as far as is known here.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_beat_is_seen_from_another_thread_in_the_end() {
        let (mut pulse, monitor) = pulse();
        assert_eq!(monitor.beats(), 0);
        let worker = std::thread::spawn(move || (0..1_000).for_each(|_| pulse.beat()));
        let mut last = 0;
        while !worker.is_finished() {
            let now = monitor.beats();
            assert!(now >= last, "it never goes back");
            last = now;
        }
        worker.join().unwrap();
        assert_eq!(monitor.beats(), 1_000);
    }
}
