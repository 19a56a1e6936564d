//! How a thread that plays a tape waits for another: never in production, never on a worker that is live.

use crate::sync::thread;
#[cfg(not(loom))]
use std::time::Duration;

/// Tries before the processor is given away between two of them.
const SPINS: u32 = 50;
/// Tries before the thread sleeps between two of them.
const YIELDS: u32 = 500;
/// How long it sleeps.
#[cfg(not(loom))]
const NAP: Duration = Duration::from_micros(100);

/// Waits a little longer each time.
#[derive(Debug, Default)]
pub(crate) struct Patience(u32);

impl Patience {
    /// Lets some time pass. Blocks.
    pub(crate) fn wait(&mut self) {
        self.0 = self.0.saturating_add(1);
        match self.0 {
            ..SPINS => core::hint::spin_loop(),
            SPINS..YIELDS => thread::yield_now(),
            _ => nap(),
        }
    }
}

#[cfg(not(loom))]
fn nap() {
    use crate::clock::{Clock, MonotonicClock};
    let clock = MonotonicClock;
    clock.sleep_until(clock.now() + NAP);
}

#[cfg(loom)]
fn nap() {
    thread::yield_now();
}
