//! The operating system, Linux: clocks and sleep, scheduler, memory lock, limits.
//!
//! Thin and unsafe; what the calls mean is decided in [`clock`](crate::clock) and
//! [`thread`](crate::thread).

pub(crate) mod limits;
pub(crate) mod sched;
pub(crate) mod time;

use std::io;

/// A call's result by the rule "negative means `errno`".
fn check(returned: libc::c_int) -> io::Result<()> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
