//! Resource limits and memory lock.

use super::check;
use std::io;

/// A soft limit and the hard limit above it. `u64::MAX` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// Which limit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resource {
    /// Open files.
    Files,
    /// Bytes of locked memory.
    LockedMemory,
    /// Highest SCHED_FIFO priority without privilege.
    RealTimePriority,
}

impl Resource {
    fn id(self) -> libc::__rlimit_resource_t {
        match self {
            Resource::Files => libc::RLIMIT_NOFILE,
            Resource::LockedMemory => libc::RLIMIT_MEMLOCK,
            Resource::RealTimePriority => libc::RLIMIT_RTPRIO,
        }
    }
}

pub(crate) fn limit(resource: Resource) -> io::Result<Limit> {
    let mut raw = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `raw` is a valid rlimit to write to for the length of the call.
    check(unsafe { libc::getrlimit(resource.id(), &raw mut raw) })?;
    Ok(Limit {
        soft: raw.rlim_cur,
        hard: raw.rlim_max,
    })
}

pub(crate) fn set_limit(resource: Resource, limit: Limit) -> io::Result<()> {
    let raw = libc::rlimit {
        rlim_cur: limit.soft,
        rlim_max: limit.hard,
    };
    // SAFETY: `raw` is a valid rlimit for the length of the call.
    check(unsafe { libc::setrlimit(resource.id(), &raw const raw) })
}

/// Locks all memory of the process, present and future, into RAM.
pub(crate) fn lock_all_memory() -> io::Result<()> {
    // SAFETY: takes flags only.
    check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) })
}
