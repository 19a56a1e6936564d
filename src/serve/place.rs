//! Which thread runs where.
//!
//! Each worker has its core to itself where there is one more for all other threads, which share the rest. On a single core
//! the scheduler orders them: the worker's FIFO priority above the shard's, the shard's above all of control, which runs
//! under the ordinary scheduler (and which the kernel's real-time throttling never starves).

use talkpath_rt::numa::Topology;
use talkpath_rt::thread::{Obtained, Placement, Task};

use crate::config::EngineSection;

/// Name of the thread of a lone worker; fifteen bytes are shown.
const WORKER: &str = "talkpath-worker";
/// Of one of several, before its index.
const WORKERS: &str = "talkpath-w";
/// Name of the shard's thread.
const SHARD: &str = "talkpath-shard";

/// Name of the supervisor's thread.
const CONTROL: &str = "talkpath-control";

/// Cores and priorities of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Cores of the workers, one each.
    pub workers: Vec<usize>,
    /// Priority of the workers.
    pub priority: Option<u8>,
    /// Cores of everything else; empty where the workers have them all.
    pub others: Vec<usize>,
    /// Those of them on the first worker's NUMA node, and that node; empty where the machine has only one.
    near: Vec<usize>,
    node: Option<u32>,
}

impl Places {
    /// `allowed` is the inherited affinity mask; the section was checked against it.
    pub(super) fn new(engine: &EngineSection, allowed: &[usize], topology: &Topology) -> Self {
        let workers = match engine.cores.as_slice() {
            [] => topology.choose(allowed, engine.workers),
            chosen => chosen.to_vec(),
        };
        let free = |core: &usize| !workers.contains(core);
        let others: Vec<usize> = allowed.iter().copied().filter(free).collect();
        let first = workers.first().filter(|_| topology.is_several());
        let node = first.and_then(|core| topology.node_of(*core));
        let near = |core: &usize| node.is_some() && topology.node_of(*core) == node;
        Self {
            near: others.iter().copied().filter(near).collect(),
            workers,
            priority: engine.priority,
            others,
            node,
        }
    }

    /// The NUMA node of the shard, where there are several and it is kept on one.
    pub(super) fn shard_node(&self) -> Option<u32> {
        self.node.filter(|_| !self.near.is_empty())
    }

    /// What the shard asks for.
    pub(super) fn shard(&self) -> Placement {
        let core = if self.others.is_empty() {
            self.workers.first().copied()
        } else {
            // On one node the scheduler may choose.
            self.near.last().copied()
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
    let confined = Task::confine_all_but(&workers, &places.others);
    // It makes what legs bring along: where the workers are.
    let control = Task::named(CONTROL).filter(|_| !places.near.is_empty());
    let kept = control.map_or(Ok(()), |control| control.confine_to(&places.near));
    let refused = confined.and(kept).err()?;
    Some(format!(
        "other threads may run on the worker's core: {refused}"
    ))
}

/// Where the workers run, for people.
pub(super) fn described(workers: &[Obtained], topology: &Topology) -> String {
    let all = workers.iter().map(|worker| described_one(worker, topology));
    all.collect::<Vec<_>>().join("; ")
}

fn described_one(worker: &Obtained, topology: &Topology) -> String {
    let core = worker
        .core
        .map_or("on any core".into(), |core| format!("on core {core}"));
    let node = worker.core.filter(|_| topology.is_several());
    let node = node.and_then(|core| topology.node_of(core));
    let node = node.map_or(String::new(), |node| format!(" of node {node}"));
    match worker.priority {
        Some(priority) => format!("{core}{node}, real-time priority {priority}"),
        None => format!("{core}{node}, without real-time priority"),
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
        Places::new(&section, allowed, &Topology::default())
    }

    #[test]
    fn on_two_nodes_workers_and_shard_are_on_one() {
        let two: Topology = (0..8).map(|core| (core, (core / 4) as u32)).collect();
        let allowed: Vec<usize> = (0..8).collect();
        let section = |workers| EngineSection {
            workers,
            ..EngineSection::default()
        };
        let three = Places::new(&section(3), &allowed, &two);
        assert_eq!(three.workers, [7, 6, 5]);
        assert_eq!((three.shard().core, three.shard_node()), (Some(4), Some(1)));
        assert_eq!(three.others, [0, 1, 2, 3, 4], "the rest may run anywhere");
        // The first worker's node has no core left: the shard is where the scheduler puts it.
        let chosen = EngineSection {
            cores: vec![4, 5, 6, 7],
            ..section(4)
        };
        let full = Places::new(&chosen, &allowed, &two);
        assert_eq!((full.shard().core, full.shard_node()), (None, None));
        let worker = Obtained {
            core: Some(7),
            ..Obtained::default()
        };
        let said = described(std::slice::from_ref(&worker), &two);
        assert_eq!(said, "on core 7 of node 1, without real-time priority");
        let said = described(&[worker], &Topology::default());
        assert_eq!(said, "on core 7, without real-time priority");
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
