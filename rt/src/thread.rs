//! The pinned real-time thread, and what the process may ask of the system for it.
//!
//! Real time is asked for, not demanded: a laptop or a container without permission runs all the
//! same, and [`Obtained`] says in plain words what is missing, for the log and the status page. The
//! affinity mask that the process inherited (`taskset`, cgroups) is honoured: a core outside it is
//! never pinned to.

mod place;
mod process;
mod task;

pub use process::{
    NofileOutcome, lock_memory, process_cpu_time, raise_nofile, set_timer_slack, thread_cpu_time,
};
pub use task::Task;

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;
use thiserror::Error;

/// What a real-time thread asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The thread's name; the kernel shows the first 15 bytes.
    pub name: String,
    /// The core to pin to; `None` leaves the thread the inherited mask.
    pub core: Option<usize>,
    /// The SCHED_FIFO priority, 1 to 99; `None` leaves the thread under the ordinary scheduler.
    pub priority: Option<u8>,
}

/// What a real-time thread got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obtained {
    /// The core it is pinned to, if any.
    pub core: Option<usize>,
    /// Its SCHED_FIFO priority, if any.
    pub priority: Option<u8>,
    /// What it asked for and did not get, in plain words.
    pub warnings: Vec<String>,
}

/// The thread could not be started.
#[derive(Debug, Error)]
#[error("real-time thread {name:?} could not be started: {reason}")]
pub struct SpawnError {
    /// The name asked for.
    pub name: String,
    /// What the system said.
    #[source]
    pub reason: io::Error,
}

/// A running real-time thread.
#[derive(Debug)]
#[must_use = "join the thread to see how it ended"]
pub struct RtThread<R> {
    obtained: Obtained,
    task: Task,
    handle: JoinHandle<R>,
}

impl<R> RtThread<R> {
    /// What the thread got of what it asked for.
    #[must_use]
    pub fn obtained(&self) -> &Obtained {
        &self.obtained
    }

    /// The thread as the kernel knows it; see [`Task`] for what becomes of that when it ends.
    #[must_use]
    pub fn task(&self) -> Task {
        self.task
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Waits for the thread to end and returns what it made.
    ///
    /// # Errors
    ///
    /// The panic's payload when the thread panicked.
    pub fn join(self) -> std::thread::Result<R> {
        self.handle.join()
    }
}

/// Starts a thread, places it as `placement` asks and the system permits, and runs `body` on it.
///
/// Returns when the placement is known and `body` is about to run.
///
/// # Errors
///
/// [`SpawnError`] when there is no thread to be had. What was asked and not granted is no error: see
/// [`Obtained::warnings`].
pub fn spawn<R: Send + 'static>(
    placement: Placement,
    body: impl FnOnce(&Obtained) -> R + Send + 'static,
) -> Result<RtThread<R>, SpawnError> {
    spawn_prepared(placement, || (), move |(), obtained| body(obtained))
}

/// As [`spawn`], for a thread that has to prepare itself: `prepare` runs on it when it is pinned and has no real-time
/// priority yet, and `body` gets what it made. What is allocated there lies on the thread's own NUMA node, if its
/// [pages](crate::pages) are written there as well.
///
/// Returns when the thread is prepared and `body` is about to run.
///
/// # Errors
///
/// As for [`spawn`], and a panic of `prepare`.
pub fn spawn_prepared<P, R: Send + 'static>(
    placement: Placement,
    prepare: impl FnOnce() -> P + Send + 'static,
    body: impl FnOnce(P, &Obtained) -> R + Send + 'static,
) -> Result<RtThread<R>, SpawnError> {
    let (placed, when_placed) = mpsc::sync_channel(1);
    let name = placement.name.clone();
    let fail = |reason| SpawnError {
        name: name.clone(),
        reason,
    };
    if name.contains('\0') {
        return Err(fail(io::Error::other("the name contains a zero byte")));
    }
    let handle = std::thread::Builder::new()
        .name(name.clone())
        .spawn(move || {
            let mut obtained = place::pin(&placement);
            let prepared = prepare();
            place::prioritise(&placement, &mut obtained);
            crate::pages::stack();
            // The starter waits for exactly this message, so it cannot be gone.
            placed.send((obtained.clone(), Task::current())).ok();
            drop(placed);
            body(prepared, &obtained)
        })
        .map_err(fail)?;
    let (obtained, task) = when_placed
        .recv()
        .map_err(|gone| fail(io::Error::other(gone)))?;
    Ok(RtThread {
        obtained,
        task,
        handle,
    })
}

/// The cores that the affinity mask of the calling thread allows, ascending.
#[must_use]
pub fn allowed_cores() -> Vec<usize> {
    let mut cores: Vec<usize> = core_affinity::get_core_ids()
        .unwrap_or_default()
        .into_iter()
        .map(|core| core.id)
        .collect();
    cores.sort_unstable();
    cores
}

#[cfg(all(test, not(loom)))]
mod tests;
