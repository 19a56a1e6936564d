//! What a worker notes of time: when its steps began, and what its cost clock said.

use std::cell::RefCell;
use std::time::Duration;

use talkpath_rt::clock::Clock;
use talkpath_rt::flag::Flag;
use talkpath_rt::tape::{Numbers, TapeOut};

use super::numbers;

/// Steps between two times at which the rings' tapes note what they have gathered.
const FLUSH: u32 = 250;

/// Notes the steps of a worker.
#[derive(Debug)]
pub struct StepTape {
    out: TapeOut,
    last: Duration,
    steps: u32,
}

impl StepTape {
    /// Notes on `out`. Control side.
    pub(crate) fn new(out: TapeOut) -> Self {
        Self {
            out,
            last: Duration::ZERO,
            steps: 0,
        }
    }

    /// A step begins. `true` when the rings' tapes are to note what they have gathered.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub(crate) fn begin(&mut self, now: Duration) -> bool {
        self.out.note(&[nanos(now.saturating_sub(self.last))]);
        self.last = now;
        self.steps += 1;
        self.steps.is_multiple_of(FLUSH)
    }
}

/// A clock whose readings are noted.
pub(crate) struct NotedClock {
    inner: Box<dyn Clock>,
    noted: RefCell<(TapeOut, Duration)>,
}

impl NotedClock {
    /// Notes on `out` what `inner` says. Control side.
    pub(crate) fn new(inner: Box<dyn Clock>, out: TapeOut) -> Self {
        Self {
            inner,
            noted: RefCell::new((out, Duration::ZERO)),
        }
    }
}

impl Clock for NotedClock {
    /// Real-time: allocates no; blocks no.
    fn now(&self) -> Duration {
        let now = self.inner.now();
        let (out, last) = &mut *self.noted.borrow_mut();
        // A clock of virtual time may go back at the end of a step.
        let since = nanos(now).wrapping_sub(nanos(*last));
        out.note(&[numbers::zigzag(since as i64)]);
        *last = now;
        now
    }

    fn sleep_until(&self, deadline: Duration) {
        self.inner.sleep_until(deadline);
    }
}

/// A clock that says what was noted.
pub(crate) struct PlayedClock {
    played: RefCell<(Numbers, Duration)>,
    over: Flag,
}

impl PlayedClock {
    /// Says `numbers` one after the other, then raises `over`.
    pub(crate) fn new(numbers: Numbers, over: Flag) -> Self {
        Self {
            played: RefCell::new((numbers, Duration::ZERO)),
            over,
        }
    }
}

impl Clock for PlayedClock {
    fn now(&self) -> Duration {
        let (numbers, last) = &mut *self.played.borrow_mut();
        match numbers.next() {
            Some(since) => {
                let since = numbers::unzigzag(since) as u64;
                *last = Duration::from_nanos(nanos(*last).wrapping_add(since));
            }
            None => self.over.raise(),
        }
        *last
    }

    fn sleep_until(&self, _deadline: Duration) {}
}

/// Whole nanoseconds; 584 years at most.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
