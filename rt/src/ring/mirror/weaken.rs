//! Seeded faults: rings whose Release has become Relaxed, for models that must notice.

use super::{Ordering, Orders};
use std::cell::Cell;

/// The operation that loses its Release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// None: the ring is sound.
    Sound,
    /// The writer's publication of what it wrote.
    Commit,
    /// The reader's publication of what it has taken.
    Take,
    /// The flag an end leaves as it goes.
    Abandon,
}

thread_local! {
    // loom runs all threads of a model on the thread that called it.
    static WEAK: Cell<Weak> = const { Cell::new(Weak::Sound) };
}

/// Makes all rings that this test thread creates from now on `weak`.
pub fn rings(weak: Weak) {
    WEAK.set(weak);
}

pub(super) fn orders() -> Orders {
    let mut orders = Orders::SOUND;
    match WEAK.get() {
        Weak::Sound => {}
        Weak::Commit => orders.commit = Ordering::Relaxed,
        Weak::Take => orders.take = Ordering::Relaxed,
        Weak::Abandon => orders.abandon = Ordering::Relaxed,
    }
    orders
}
