//! Clocks and absolute sleep.

use std::time::Duration;

/// Which clock to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// Time since some point before boot; never set back.
    Monotonic,
    /// CPU time of the calling thread.
    ThreadCpu,
    /// CPU time of all threads of the process.
    ProcessCpu,
}

impl Source {
    fn id(self) -> libc::clockid_t {
        match self {
            Source::Monotonic => libc::CLOCK_MONOTONIC,
            Source::ThreadCpu => libc::CLOCK_THREAD_CPUTIME_ID,
            Source::ProcessCpu => libc::CLOCK_PROCESS_CPUTIME_ID,
        }
    }
}

/// The reading of a clock. A kernel without it does not run this program: zero then.
pub(crate) fn now(source: Source) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec to write to for the length of the call.
    if unsafe { libc::clock_gettime(source.id(), &raw mut time) } != 0 {
        return Duration::ZERO;
    }
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Sleeps until the monotonic clock reads `deadline`, however often a signal interrupts.
pub(crate) fn sleep_until(deadline: Duration) {
    let time = libc::timespec {
        tv_sec: libc::time_t::try_from(deadline.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(deadline.subsec_nanos().cast_signed()),
    };
    loop {
        // SAFETY: `time` is a valid timespec; with TIMER_ABSTIME the remainder is not written, so
        // it may be null.
        let result = unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const time,
                core::ptr::null_mut(),
            )
        };
        if result != libc::EINTR {
            return;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::os::unix::thread::JoinHandleExt;

    extern "C" fn ignore(_signal: libc::c_int) {}

    #[test]
    fn a_signal_does_not_cut_the_sleep_short() {
        // SAFETY: zero is a valid sigaction (no flags, empty mask, so calls are not restarted); the
        // handler does nothing, which is allowed in a handler.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = ignore as *const () as usize;
            let installed = libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut());
            assert_eq!(installed, 0);
        }
        let deadline = now(Source::Monotonic) + Duration::from_millis(20);
        let sleeper = std::thread::spawn(move || {
            sleep_until(deadline);
            now(Source::Monotonic)
        });
        for step in (2..=18u32).rev().step_by(2) {
            sleep_until(deadline - Duration::from_millis(step.into()));
            // SAFETY: the thread is not joined yet, so its id is valid.
            unsafe { libc::pthread_kill(sleeper.as_pthread_t(), libc::SIGUSR2) };
        }
        assert!(sleeper.join().unwrap() >= deadline);
    }
}
