//! Which thread runs where.
//!
//! The worker has its core to itself where there is a second one; all other threads share the rest. On a single core
//! the scheduler orders them: the worker's FIFO priority above the shard's, the shard's above all of control, which runs
//! under the ordinary scheduler (and which the kernel's real-time throttling never starves).

use talkpath_rt::thread::{Obtained, Placement, Task};

use crate::config::EngineSection;

/// Name of the worker's thread.
pub(super) const WORKER: &str = "talkpath-worker";
/// Name of the shard's thread.
const SHARD: &str = "talkpath-shard";

/// Cores and priorities of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Core of the worker.
    pub worker: Option<usize>,
    /// Priority of the worker.
    pub priority: Option<u8>,
    /// Cores of everything else; empty where the worker's is the only one.
    pub others: Vec<usize>,
}

impl Places {
    /// `allowed` is the inherited affinity mask; the section was checked against it.
    pub(super) fn new(engine: &EngineSection, allowed: &[usize]) -> Self {
        let worker = engine.cores.first().or(allowed.last()).copied();
        let others = allowed
            .iter()
            .copied()
            .filter(|core| Some(*core) != worker)
            .collect();
        Self {
            worker,
            priority: engine.priority,
            others,
        }
    }

    /// What the shard asks for.
    pub(super) fn shard(&self) -> Placement {
        let core = if self.others.is_empty() {
            self.worker
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

/// Keeps everything but the worker off its core. Returns what did not work, in plain words.
pub(super) fn confine(places: &Places) -> Option<String> {
    if places.others.is_empty() {
        return None;
    }
    let refused = Task::named(WORKER)?
        .confine_others_to(&places.others)
        .err()?;
    Some(format!(
        "other threads may run on the worker's core: {refused}"
    ))
}

/// Where the worker runs, for people.
pub(super) fn described(worker: &Obtained) -> String {
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
            (two.worker, two.others.as_slice()),
            (Some(1), [0].as_slice())
        );
        assert_eq!(two.shard().core, None);
        let chosen = places(&[0], &[0, 1, 2]);
        assert_eq!(
            (chosen.worker, chosen.others.as_slice()),
            (Some(0), [1, 2].as_slice())
        );
    }

    #[test]
    fn on_one_core_the_worker_goes_before_the_shard() {
        let one = places(&[], &[3]);
        assert_eq!((one.worker, one.others.is_empty()), (Some(3), true));
        let shard = one.shard();
        assert_eq!(shard.core, Some(3));
        assert!(shard.priority < one.priority && shard.priority.is_some());
    }
}
