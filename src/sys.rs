//! The two system calls that this package needs and that no crate below offers: the calling thread's kernel id, and
//! the cores of another thread.
#![allow(
    unsafe_code,
    reason = "gettid and sched_setaffinity have no safe wrapper in std; each block says why it is sound"
)]

use std::io;

/// Kernel id of the calling thread.
pub(crate) fn own_thread() -> i32 {
    // SAFETY: gettid takes nothing, touches no memory and cannot fail.
    unsafe { libc::gettid() }
}

/// Lets thread `id` run on `cores` only. Cores beyond the 1,024th are left out.
///
/// # Errors
/// What the system said, for example that the thread is gone or that none of the cores may be used.
pub(crate) fn set_cores(id: i32, cores: &[usize]) -> io::Result<()> {
    // SAFETY: cpu_set_t is a plain array of integers, for which all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores
        .iter()
        .filter(|core| **core < libc::CPU_SETSIZE as usize)
    {
        // SAFETY: `core` is within the set, as the filter sees to.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: the pointer and the length describe `set`, which outlives the call; the kernel only reads it.
    let failed = unsafe { libc::sched_setaffinity(id, size_of_val(&set), &raw const set) } != 0;
    if failed {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
