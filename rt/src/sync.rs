//! The synchronisation facade: std types, or loom's under `cfg(loom)`.
//!
//! Whatever talkpath shares between threads by hand is written over this module, so that loom can
//! explore it. Production code never names `std::sync::atomic` beside it. [`cell::UnsafeCell`] has
//! loom's closure form in both builds; outside loom the closures vanish.

#[cfg(loom)]
pub use loom::{cell, sync::Arc, sync::atomic, thread};

#[cfg(not(loom))]
pub use std::{sync::Arc, sync::atomic, thread};

/// Interior mutability that loom can watch.
#[cfg(not(loom))]
pub mod cell {
    /// `core::cell::UnsafeCell` with loom's access by closure.
    #[derive(Debug)]
    pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// Wraps `value`.
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Calls `read` with a pointer for reading. Dereferencing it is up to the caller.
        pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        /// Calls `write` with a pointer for writing. Dereferencing it is up to the caller.
        pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}
