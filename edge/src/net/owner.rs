//! What the handles share, and how it ends: the last one gone stops the threads. Control side.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam::channel::Sender;
use talkpath_rt::flag::Flag;
use talkpath_rt::thread::{Obtained, RtThread};

use super::office::{Office, lock};
use super::shard::Shard;

/// What all clones of [`Net`](super::handle::Net) share; the last one shuts down.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) office: Arc<Office>,
    pub(crate) obtained: Obtained,
    pub(crate) warnings: Vec<String>,
    threads: Mutex<Option<Threads>>,
}

/// What runs.
pub(crate) struct Threads {
    pub(crate) shard: RtThread<Shard>,
    pub(crate) stop_shard: Flag,
    pub(crate) clerk: JoinHandle<()>,
    pub(crate) stop_clerk: Sender<()>,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Threads")
    }
}

impl Owner {
    /// The owner of threads that run.
    pub(crate) fn new(
        office: Arc<Office>,
        obtained: Obtained,
        warnings: Vec<String>,
        threads: Threads,
    ) -> Self {
        Self {
            office,
            obtained,
            warnings,
            threads: Mutex::new(Some(threads)),
        }
    }

    /// For tests that play the shard themselves.
    #[cfg(test)]
    pub(crate) fn without_threads(office: Arc<Office>) -> Self {
        Self {
            office,
            obtained: Obtained {
                core: None,
                priority: None,
                warnings: Vec::new(),
            },
            warnings: Vec::new(),
            threads: Mutex::new(None),
        }
    }

    /// See [`Net::is_alive`].
    pub(crate) fn is_alive(&self) -> bool {
        let threads = lock(&self.threads);
        threads
            .as_ref()
            .is_some_and(|threads| !threads.shard.is_finished() && !threads.clerk.is_finished())
    }

    /// See [`Net::shutdown`].
    pub(crate) fn shutdown(&self) {
        lock(&self.office.desk).closed = true;
        let Some(threads) = lock(&self.threads).take() else {
            return;
        };
        threads.stop_shard.raise();
        // The shard comes back to be freed here, with the sockets it still had.
        if threads.shard.join().is_err() {
            tracing::error!("the media shard had panicked");
        }
        drop(threads.stop_clerk);
        if threads.clerk.join().is_err() {
            tracing::error!("the network clerk had panicked");
        }
        lock(&self.office.subscribers).clear();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shutdown();
    }
}
