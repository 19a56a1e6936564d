//! The threads of a replay, and how they end.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use talkpath_rt::flag::Flag;

use super::super::report::ReplayError;

/// A thread of the replay; at its end it says the time of its last step.
struct Thread {
    name: String,
    over: Flag,
    handle: JoinHandle<Duration>,
}

/// All of them.
pub(in crate::replay) struct Threads {
    all: Vec<Thread>,
    /// Steps and polls so far, of all.
    pub progress: Arc<AtomicU64>,
}

impl Threads {
    /// None yet, whose steps and polls will be counted in `progress`.
    pub fn new(progress: Arc<AtomicU64>) -> Self {
        let all = Vec::new();
        Self { all, progress }
    }

    /// One more, that `over` ends.
    ///
    /// # Errors
    /// What the system said.
    pub fn spawn(
        &mut self,
        name: &str,
        over: Flag,
        body: impl FnOnce() -> Duration + Send + 'static,
    ) -> Result<(), ReplayError> {
        let handle = std::thread::Builder::new()
            .name(format!("replay {name}"))
            .spawn(body)
            .map_err(ReplayError::Thread)?;
        let name = name.to_owned();
        self.all.push(Thread { name, over, handle });
        Ok(())
    }

    pub fn have_ended(&self) -> bool {
        self.all.iter().all(|thread| thread.handle.is_finished())
    }

    /// Has all of them end soon.
    pub fn stop(&self) {
        self.all.iter().for_each(|thread| thread.over.raise());
    }

    /// Waits for them. The time of the last step of any.
    pub fn join(self) -> Result<Duration, ReplayError> {
        let mut last = Duration::ZERO;
        let mut panicked = None;
        for Thread { name, over, handle } in self.all {
            match handle.join() {
                Ok(time) => last = last.max(time),
                // Half way through a step there is nothing that makes sense.
                Err(_) if over.is_raised() => {}
                Err(payload) => {
                    let words = words(&*payload).to_owned();
                    let thread = name;
                    panicked = panicked.or(Some(ReplayError::Panicked { thread, words }));
                }
            }
        }
        panicked.map_or(Ok(last), Err)
    }
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let words = payload.downcast_ref::<&str>().copied();
    words
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}
