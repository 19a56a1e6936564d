//! The calling thread's place in the scheduler.

use super::check;
use std::io;
use std::time::Duration;

/// Puts the calling thread under SCHED_FIFO at `priority`. Threads it starts do not inherit that.
pub(crate) fn set_fifo(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: libc::c_int::from(priority),
    };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: id 0 names the calling thread; `parameters` is valid for the length of the call.
    check(unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) })
}

/// Sets the nice value of the calling thread: lower goes first.
pub(crate) fn set_nice(value: i8) -> io::Result<()> {
    // SAFETY: takes integers only; on Linux id 0 with PRIO_PROCESS names the calling thread.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, libc::c_int::from(value)) })
}

/// How late the kernel may make the calling thread's wake-ups in order to save power.
pub(crate) fn set_timer_slack(slack: Duration) -> io::Result<()> {
    let nanos = libc::c_ulong::try_from(slack.as_nanos()).unwrap_or(libc::c_ulong::MAX);
    // SAFETY: PR_SET_TIMERSLACK takes one integer.
    check(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanos.max(1)) })
}
