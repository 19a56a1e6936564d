//! A flag: something that happened once, and that others look for. A thread is to stop, a tape has overflowed.
//!
//! It orders nothing. Whoever raises it and wants what the other thread had joins that thread, or takes it out of a ring,
//! and that is what orders it; the flag alone only lets the other one go a turn further. The model `flag` in
//! `rt/tests/loom` shows both.

use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The flag; clones are the same one.
///
/// ```
/// let stop = talkpath_rt::flag::Flag::new();
/// let sign = stop.clone();
/// let worker = std::thread::spawn(move || while !sign.is_raised() {});
/// stop.raise();
/// worker.join().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    /// It has not happened.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// It has happened.
    ///
    /// Real-time: allocates no; blocks no.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    ///
    /// Real-time: allocates no; blocks no.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Flag {
    fn default() -> Self {
        Self::new()
    }
}
