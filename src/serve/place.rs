//! Which thread runs where.
//!
//! Each worker has its core to itself where there is one more for all other threads, which share the rest. On a single core
//! the scheduler orders them: the worker's FIFO priority above the shard's, the shard's above all of control, which runs
//! under the ordinary scheduler (and which the kernel's real-time throttling never starves).

use talkpath_rt::thread::{Obtained, Placement, Task};

use crate::config::EngineSection;

/// Name of the thread of a lone worker; fifteen bytes are shown.
const WORKER: &str = "talkpath-worker";
/// Of one of several, before its index.
const WORKERS: &str = "talkpath-w";
/// Name of the shard's thread.
const SHARD: &str = "talkpath-shard";

/// Cores and priorities of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Cores of the workers, one each.
    pub workers: Vec<usize>,
    /// Priority of the workers.
    pub priority: Option<u8>,
    /// Cores of everything else; empty where the workers have them all.
    pub others: Vec<usize>,
}

impl Places {
    /// `allowed` is the inherited affinity mask; the section was checked against it.
    pub(super) fn new(engine: &EngineSection, allowed: &[usize]) -> Self {
        let last = || allowed.iter().rev().cycle().take(engine.workers).copied();
        let workers = match engine.cores.as_slice() {
            [] => last().collect(),
            chosen => chosen.to_vec(),
        };
        let free = |core: &usize| !workers.contains(core);
        let others = allowed.iter().copied().filter(free).collect();
        Self {
            workers,
            priority: engine.priority,
            others,
        }
    }

    /// What the shard asks for.
    pub(super) fn shard(&self) -> Placement {
        let core = if self.others.is_empty() {
            self.workers.first().copied()
        } else {
            None
        };
        Placement {
            name: SHARD.into(),
            core,
            priority: self.priority.map(|priority| priority - 1),
        }
    }
}

/// What the engine is to call its `count` workers' threads; it adds the index when there are several.
pub(super) fn name(count: usize) -> &'static str {
    if count == 1 { WORKER } else { WORKERS }
}

fn thread_name(count: usize, index: usize) -> String {
    match count {
        1 => WORKER.to_owned(),
        _ => format!("{WORKERS}-{index}"),
    }
}

/// Keeps everything but the workers off their cores. Returns what did not work, in plain words.
pub(super) fn confine(places: &Places) -> Option<String> {
    if places.others.is_empty() {
        return None;
    }
    let count = places.workers.len();
    let workers: Vec<Task> = (0..count)
        .filter_map(|index| Task::named(&thread_name(count, index)))
        .collect();
    let refused = Task::confine_all_but(&workers, &places.others).err()?;
    Some(format!(
        "other threads may run on the worker's core: {refused}"
    ))
}

/// Where the workers run, for people.
pub(super) fn described(workers: &[Obtained]) -> String {
    let all: Vec<_> = workers.iter().map(described_one).collect();
    all.join("; ")
}

fn described_one(worker: &Obtained) -> String {
    let core = worker
        .core
        .map_or("on any core".into(), |core| format!("on core {core}"));
    match worker.priority {
        Some(priority) => format!("{core}, real-time priority {priority}"),
        None => format!("{core}, without real-time priority"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(cores: &[usize], allowed: &[usize]) -> Places {
        let section = EngineSection {
            cores: cores.to_vec(),
            ..EngineSection::default()
        };
        Places::new(&section, allowed)
    }

    #[test]
    fn with_two_cores_the_worker_has_one_to_itself() {
        let two = places(&[], &[0, 1]);
        assert_eq!(
            (two.workers.as_slice(), two.others.as_slice()),
            ([1].as_slice(), [0].as_slice())
        );
        assert_eq!(two.shard().core, None);
        let chosen = places(&[0], &[0, 1, 2]);
        assert_eq!(
            (chosen.workers.as_slice(), chosen.others.as_slice()),
            ([0].as_slice(), [1, 2].as_slice())
        );
    }

    #[test]
    fn on_one_core_the_worker_goes_before_the_shard() {
        let one = places(&[], &[3]);
        assert_eq!(
            (one.workers.as_slice(), one.others.is_empty()),
            ([3].as_slice(), true)
        );
        let shard = one.shard();
        assert_eq!(shard.core, Some(3));
        assert!(shard.priority < one.priority && shard.priority.is_some());
    }
}
