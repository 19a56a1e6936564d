//! What belongs to the whole process: locked memory, open files, CPU time.

use crate::sys::limits::{self, Limit, Resource};
use crate::sys::{sched, time};
use std::io;
use std::time::Duration;

/// Locks the memory of the process into RAM, what it has and what it will have, so that a worker
/// never waits for a page.
///
/// # Errors
///
/// The reason alone, in plain words, when it is not permitted. A limited RLIMIT_MEMLOCK without CAP_IPC_LOCK counts as
/// not permitted even when it would do for now: later allocations would fail.
pub fn lock_memory() -> io::Result<()> {
    let limit = limits::limit(Resource::LockedMemory)?.soft;
    if limit != u64::MAX && !may_lock_memory() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "RLIMIT_MEMLOCK is {} KiB: run as root, grant CAP_IPC_LOCK or set the limit to unlimited",
                limit / 1024
            ),
        ));
    }
    limits::lock_all_memory()
}

/// Whether CAP_IPC_LOCK (bit 14) is effective; it lifts RLIMIT_MEMLOCK.
fn may_lock_memory() -> bool {
    const CAP_IPC_LOCK: u64 = 1 << 14;
    std::fs::read_to_string("/proc/thread-self/status")
        .ok()
        .and_then(|status| effective_capabilities(&status))
        .is_some_and(|effective| effective & CAP_IPC_LOCK != 0)
}

/// The line `CapEff:` of a status file of proc(5).
fn effective_capabilities(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// What became of the wish for open files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NofileOutcome {
    /// Open files wished for.
    pub wanted: u64,
    /// Open files allowed before.
    pub before: u64,
    /// Open files allowed now.
    pub now: u64,
}

/// Raises RLIMIT_NOFILE to `want` open files, or to as many as the system grants. Never lowers it.
pub fn raise_nofile(want: u64) -> NofileOutcome {
    let files = || limits::limit(Resource::Files);
    let Ok(old) = files() else {
        return NofileOutcome {
            wanted: want,
            before: 0,
            now: 0,
        };
    };
    if old.soft < want {
        let raised = Limit {
            soft: want,
            hard: old.hard.max(want),
        };
        let within = Limit {
            soft: want.min(old.hard),
            hard: old.hard,
        };
        // A refusal shows in the limit that is read back below.
        limits::set_limit(Resource::Files, raised)
            .or_else(|_| limits::set_limit(Resource::Files, within))
            .ok();
    }
    NofileOutcome {
        wanted: want,
        before: old.soft,
        now: files().map_or(old.soft, |limit| limit.soft),
    }
}

/// Sets how late the kernel may wake the calling thread in order to save power (50 µs by default for
/// threads without real-time priority; 1 ns at least). [`spawn`](super::spawn) sets 1 ns itself.
///
/// # Errors
///
/// What the system said.
pub fn set_timer_slack(slack: Duration) -> io::Result<()> {
    sched::set_timer_slack(slack)
}

/// CPU time the calling thread has used.
///
/// Real-time: allocates no; blocks no; cost: one system call.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    time::now(time::Source::ThreadCpu)
}

/// CPU time all threads of the process have used.
#[must_use]
pub fn process_cpu_time() -> Duration {
    time::now(time::Source::ProcessCpu)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn reads_the_effective_capabilities() {
        let status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000004001\n";
        assert_eq!(effective_capabilities(status), Some(0x4001));
        assert_eq!(effective_capabilities("CapEff:\tnonsense"), None);
        assert_eq!(effective_capabilities(""), None);
    }

    #[test]
    fn memory_is_locked_or_the_reason_is_plain() {
        if let Err(why) = lock_memory() {
            let why = why.to_string();
            assert!(
                why.contains("RLIMIT_MEMLOCK") || why.contains("os error"),
                "{why}"
            );
            // Whoever tells it says what became of the wish.
            assert!(!why.contains("not locked"), "{why}");
        }
    }

    #[test]
    fn the_open_files_limit_never_falls() {
        let outcome = raise_nofile(16);
        assert!(outcome.now >= outcome.wanted);
        assert_eq!(outcome.before, outcome.now);
        let more = raise_nofile(outcome.now);
        assert_eq!((more.wanted, more.now), (outcome.now, outcome.now));
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let before = (thread_cpu_time(), process_cpu_time());
        let mut sum = 0u64;
        while thread_cpu_time() == before.0 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(process_cpu_time() > before.1);
    }
}
