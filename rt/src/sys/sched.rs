//! The place of threads in the scheduler.

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

/// Puts thread `id` under SCHED_IDLE: it runs when nobody else wants its core.
pub(crate) fn set_idle(id: i32) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: `parameters` is valid for the length of the call. A thread id that is not this process's is refused or,
    // at worst, another of ours.
    check(unsafe { libc::sched_setscheduler(id, libc::SCHED_IDLE, &raw const parameters) })
}

/// The kernel's id of the calling thread.
pub(crate) fn current_thread_id() -> i32 {
    // SAFETY: gettid takes nothing, touches no memory and cannot fail.
    unsafe { libc::gettid() }
}

/// Lets thread `id` run on `cores` only. Cores the set has no room for (from the 1,024th on) are left out.
pub(crate) fn set_affinity(id: i32, cores: &[usize]) -> io::Result<()> {
    // SAFETY: cpu_set_t is a plain array of integers, for which all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let room = 8 * size_of_val(&set);
    for &core in cores.iter().filter(|core| **core < room) {
        // SAFETY: `core` is within the set, as the filter sees to.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: the pointer and the length describe `set`, which outlives the call; the kernel only
    // reads it. A thread id that is not this process's is refused or, at worst, another of ours.
    check(unsafe { libc::sched_setaffinity(id, size_of_val(&set), &raw const set) })
}
