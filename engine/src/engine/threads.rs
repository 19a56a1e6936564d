//! The loops of the engine's two threads, and what is left of a thread that ended.
//!
//! Nothing is freed on the worker's thread, not even after a panic: [`run_worker`] returns the worker and its ring
//! ends in either case, and whoever joins frees them. While they are not yet freed, the shard's ends of the rings stay
//! connected, so that a dead worker looks like a full ring to it and it goes on to serve RTCP and BYE.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use std::time::Duration;
use talkpath_rt::clock::{Clock, MonotonicClock};

use crate::supervisor::{Request, Supervisor};
use crate::worker::{Worker, io::Io};

/// How long the supervisor waits for requests while edits are on their way.
const SOON: Duration = Duration::from_millis(5);
/// While there are legs, whose events should not wait.
const RUNNING: Duration = Duration::from_millis(20);
/// While there is nothing.
const IDLE: Duration = Duration::from_millis(200);

/// What a worker's thread leaves behind.
pub(super) struct Ended<E> {
    /// Everything it owned, to be freed by the control side.
    pub ends: E,
    /// Payload of the panic that ended it; `None` when it was told to stop.
    pub panic: Option<Box<dyn Any + Send>>,
}

impl<E> Ended<E> {
    /// The words of the panic, where it has any.
    pub fn fault(&self) -> Option<&str> {
        let payload = self.panic.as_deref()?;
        let words = payload.downcast_ref::<&str>().copied();
        words
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .or(Some("a panic without words"))
    }
}

thread_local! {
    /// Whether this thread is a worker.
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// A panic on a worker prints nothing there: it is fenced or ends the thread, and in both cases the control side tells
/// it. Other threads keep the hook there was.
pub(super) fn quieten_workers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_WORKER.get() {
                before(info);
            }
        }));
    });
}

/// The worker's thread: one step for every slot, on absolute time (D14, D17).
pub(super) fn run_worker(worker: Worker, io: Io, stop: &AtomicBool) -> Ended<(Worker, Io)> {
    let clock = MonotonicClock;
    IS_WORKER.set(true);
    run_steps((worker, io), stop, |(worker, io)| {
        clock.sleep_until(worker.due());
        worker.step(clock.now(), io);
    })
}

/// Steps until told to stop, or until a step panics.
///
/// After a panic `ends` may be in any state that safe code can leave it in: it is handed out to be dropped, never to
/// be stepped again.
fn run_steps<E>(mut ends: E, stop: &AtomicBool, mut step: impl FnMut(&mut E)) -> Ended<E> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        while !stop.load(Ordering::Acquire) {
            step(&mut ends);
        }
    }));
    let panic = outcome.err();
    Ended { ends, panic }
}

/// The supervisor's thread: requests as they come, the worker's answers every few milliseconds.
pub(super) fn run_supervisor(mut supervisor: Supervisor, inbox: &Receiver<Request>) {
    let clock = MonotonicClock;
    while !supervisor.is_stopped() {
        let patience = match (supervisor.in_flight(), supervisor.has_legs()) {
            (true, _) => SOON,
            (false, true) => RUNNING,
            (false, false) => IDLE,
        };
        let request = inbox.recv_timeout(patience);
        supervisor.poll(clock.now());
        match request {
            Ok(request) => supervisor.handle(request),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, ThreadId};

    use super::*;

    /// Tells which thread frees it.
    struct Owned {
        steps: usize,
        freed_by: Sender<ThreadId>,
    }

    impl Drop for Owned {
        fn drop(&mut self) {
            self.freed_by
                .send(thread::current().id())
                .expect("the test waits for it");
        }
    }

    /// Runs steps on a thread of their own; what it leaves, and who freed what it had.
    fn run(step: impl Fn(usize, &AtomicBool) + Send + 'static) -> (usize, Option<String>) {
        let (freed_by, freed) = channel();
        let owned = Owned { steps: 0, freed_by };
        let worker = thread::spawn(move || {
            let stop = AtomicBool::new(false);
            run_steps(owned, &stop, |owned| {
                owned.steps += 1;
                step(owned.steps, &stop);
            })
        });
        let id = worker.thread().id();
        let ended = worker.join().expect("the panic does not leave the loop");
        let (steps, fault) = (ended.ends.steps, ended.fault().map(str::to_owned));
        drop(ended);
        let by: Vec<_> = freed.iter().collect();
        assert_eq!(by, [thread::current().id()], "freed once, by who joined");
        assert_ne!(by, [id]);
        (steps, fault)
    }

    #[test]
    fn told_to_stop_it_returns_what_it_had() {
        let (steps, fault) = run(|n, stop| stop.store(n == 3, Ordering::Release));
        assert_eq!((steps, fault), (3, None));
    }

    #[test]
    fn a_panic_returns_what_it_had_and_says_why() {
        let (steps, fault) = run(|n, _| assert!(n < 2, "step {n}"));
        assert_eq!((steps, fault.as_deref()), (2, Some("step 2")));
        let (_, fault) = run(|_, _| panic!("plain"));
        assert_eq!(fault.as_deref(), Some("plain"));
        let (_, fault) = run(|_, _| std::panic::panic_any(7));
        assert_eq!(fault.as_deref(), Some("a panic without words"));
    }
}
