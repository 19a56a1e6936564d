//! The loops of the engine's two threads, and what is left of a thread that ended.
//!
//! Nothing is freed on the worker's thread, not even after a panic: [`run_worker`] returns the worker and its ring
//! ends in either case, and whoever joins frees them. While they are not yet freed, the shard's ends of the rings stay
//! connected, so that a dead worker looks like a full ring to it and it goes on to serve RTCP and BYE.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use std::time::Duration;
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::flag::Flag;

use crate::supervisor::{Hiring, Request, Supervisor};
use crate::worker::{Worker, io::Io};

use super::crew::Crew;

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
pub(super) fn run_worker(worker: Worker, io: Io, stop: &Flag) -> Ended<(Worker, Io)> {
    let clock = MonotonicClock;
    IS_WORKER.set(true);
    run_steps((worker, io), stop, |(worker, io)| {
        clock.sleep_until(worker.due());
        #[cfg(test)]
        faults::suffer();
        worker.step(clock.now(), io);
    })
}

/// Steps until told to stop, or until a step panics.
///
/// After a panic `ends` may be in any state that safe code can leave it in: it is handed out to be dropped, never to
/// be stepped again.
fn run_steps<E>(mut ends: E, stop: &Flag, mut step: impl FnMut(&mut E)) -> Ended<E> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        while !stop.is_raised() {
            step(&mut ends);
        }
    }));
    let panic = outcome.err();
    Ended { ends, panic }
}

/// The supervisor's thread: requests as they come, the worker's answers every few milliseconds.
pub(super) fn run_supervisor(
    mut supervisor: Supervisor,
    inbox: &Receiver<Request>,
    crew: &Mutex<Crew>,
) {
    let clock = MonotonicClock;
    let mut waiting = Vec::new();
    while !supervisor.is_stopped() {
        let patience = match (supervisor.in_flight(), supervisor.has_legs()) {
            (true, _) => SOON,
            (false, true) => RUNNING,
            (false, false) => IDLE,
        };
        let request = inbox.recv_timeout(patience);
        supervisor.poll(clock.now());
        look_after(&mut supervisor, &mut waiting, crew, clock.now());
        match request {
            Ok(request) => supervisor.handle(request),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What became of the workers' threads: one that ended by itself is lost, one that was given up is stopped, and who takes
/// their place gets a thread when it is time.
fn look_after(
    supervisor: &mut Supervisor,
    waiting: &mut Vec<Hiring>,
    crew: &Mutex<Crew>,
    now: Duration,
) {
    // Not held meanwhile: a worker that is lost is replaced from within.
    let home = super::lock(crew).home();
    for home in home {
        let fault = home.ended.fault().unwrap_or("it stopped").to_owned();
        if !home.dismissed {
            supervisor.exited(home.index, home.epoch, fault);
        }
        let (worker, io) = home.ended.ends;
        supervisor.bury(home.index, home.epoch, worker, io);
    }
    waiting.append(&mut supervisor.take_hirings());
    for hiring in waiting.extract_if(.., |hiring| hiring.not_before <= now) {
        let Hiring {
            index,
            epoch,
            mut worker,
            io,
            ..
        } = hiring;
        worker.begin_after(now);
        let begun = super::lock(crew).begin((index, epoch), (worker, io));
        match begun {
            Ok(obtained) => supervisor.hired(index, obtained),
            Err(back) => {
                let (why, (worker, io)) = *back;
                supervisor.exited(index, epoch, why.to_string());
                supervisor.bury(index, epoch, worker, io);
            }
        }
    }
}

/// What the tests do to workers on threads: what no input can.
#[cfg(test)]
pub(super) mod faults {
    use super::*;

    /// What befalls a worker between two slots.
    pub enum Fault {
        /// It panics with these words.
        Panic(&'static str),
        /// It goes on when the flag is set.
        Hang(Flag),
    }

    static PLANNED: Mutex<Vec<(String, Fault)>> = Mutex::new(Vec::new());

    /// Befalls the worker of this name once.
    pub fn strike(name: &str, fault: Fault) {
        PLANNED.lock().unwrap().push((name.to_owned(), fault));
    }

    pub fn suffer() {
        let thread = std::thread::current();
        let fault = {
            let mut planned = PLANNED.lock().unwrap();
            let at = planned
                .iter()
                .position(|(name, _)| Some(&**name) == thread.name());
            at.map(|at| planned.swap_remove(at).1)
        };
        match fault {
            None => {}
            Some(Fault::Panic(words)) => std::panic::panic_any(words),
            Some(Fault::Hang(awake)) => {
                while !awake.is_raised() {
                    std::thread::yield_now();
                }
            }
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
    fn run(step: impl Fn(usize, &Flag) + Send + 'static) -> (usize, Option<String>) {
        let (freed_by, freed) = channel();
        let owned = Owned { steps: 0, freed_by };
        let worker = thread::spawn(move || {
            let stop = Flag::new();
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
        let (steps, fault) = run(|n, stop| {
            if n == 3 {
                stop.raise();
            }
        });
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
