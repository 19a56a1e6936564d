//! Which cores share a memory: the NUMA nodes as the kernel lists them, and which of them to use.
//!
//! `ROOT/node*/cpulist` names the cores of a node (`0-3,8-11`); a node without cores has memory only and is left out. Where
//! the kernel lists none there is one node. Control side; reads files.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Where the kernel lists the nodes of this machine.
pub const ROOT: &str = "/sys/devices/system/node";

/// Cores that a kernel may number, at most.
const MAX_CORE: usize = 1 << 16;

/// The nodes that have cores.
///
/// ```
/// use std::path::Path;
/// use talkpath_rt::numa::Topology;
///
/// let none = Topology::read(Path::new("/nowhere"))?;
/// assert!(!none.is_several());
/// assert_eq!(none.choose(&[0, 1, 2, 3], 2), [3, 2]);
/// # Ok::<(), talkpath_rt::numa::TopologyError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// By core: its node.
    nodes: BTreeMap<usize, u32>,
}

/// What the kernel lists makes no sense; [`Topology::default`], one node, is what is left to assume.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A list could not be read.
    #[error("{path:?} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// A list is none.
    #[error(
        "{path:?} is expected to list cores as \"0-3,8\", up to core {MAX_CORE}, and reads {actual:?}"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it holds.
        actual: String,
    },
    /// A core is listed twice.
    #[error("core {core} is expected on one node and listed on {nodes:?}")]
    OnTwo {
        /// The core.
        core: usize,
        /// Two of its nodes.
        nodes: [u32; 2],
    },
}

impl Topology {
    /// The nodes listed under `root`, which is [`ROOT`] but in a test. What is not there is one node.
    ///
    /// # Errors
    /// A list that cannot be read or makes no sense.
    pub fn read(root: &Path) -> Result<Self, TopologyError> {
        let mut nodes = BTreeMap::new();
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("node"));
            let Some(node) = number.and_then(|number| number.parse().ok()) else {
                continue;
            };
            let path = entry.path().join("cpulist");
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(reason) => return Err(TopologyError::Unreadable { path, reason }),
            };
            let Some(cores) = cores(&text) else {
                let actual = text;
                return Err(TopologyError::Malformed { path, actual });
            };
            for core in cores {
                if let Some(other) = nodes.insert(core, node) {
                    let nodes = [other, node];
                    return Err(TopologyError::OnTwo { core, nodes });
                }
            }
        }
        Ok(Self { nodes })
    }

    /// The node of a core; `None` for one that is not listed.
    #[must_use]
    pub fn node_of(&self, core: usize) -> Option<u32> {
        self.nodes.get(&core).copied()
    }

    /// Whether there is more than one node with cores.
    #[must_use]
    pub fn is_several(&self) -> bool {
        let mut nodes = self.nodes.values();
        nodes
            .next()
            .is_some_and(|first| nodes.any(|node| node != first))
    }

    /// Cores for `count` threads, of those `allowed`: the last ones, of one node where one has as many and one more for
    /// who serves them, else of the fullest nodes first. With fewer cores than threads they share.
    #[must_use]
    pub fn choose(&self, allowed: &[usize], count: usize) -> Vec<usize> {
        let mut by_node: Vec<Vec<usize>> = Vec::new();
        for &core in allowed.iter().rev() {
            let same = |cores: &&mut Vec<usize>| self.node_of(cores[0]) == self.node_of(core);
            match by_node.iter_mut().find(same) {
                Some(cores) => cores.push(core),
                None => by_node.push(vec![core]),
            }
        }
        match by_node.iter().position(|cores| cores.len() > count) {
            Some(fits) => by_node[..=fits].rotate_right(1),
            None => by_node.sort_by_key(|cores| Reverse(cores.len())),
        }
        let all = by_node.into_iter().flatten();
        all.collect::<Vec<_>>()
            .into_iter()
            .cycle()
            .take(count)
            .collect()
    }
}

/// Cores and their nodes, for a machine that is described otherwise.
impl FromIterator<(usize, u32)> for Topology {
    fn from_iter<I: IntoIterator<Item = (usize, u32)>>(nodes: I) -> Self {
        Self {
            nodes: nodes.into_iter().collect(),
        }
    }
}

/// The cores of a list; `None` when it is none.
fn cores(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    let mut cores = Vec::new();
    if text.is_empty() {
        return Some(cores);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last > MAX_CORE {
            return None;
        }
        cores.extend(first..=last);
    }
    Some(cores)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A machine with these lists, read.
    fn machine(name: &str, lists: &[(&str, &str)]) -> Result<Topology, TopologyError> {
        let root =
            std::env::temp_dir().join(format!("talkpath-numa-{}-{name}", std::process::id()));
        for (node, list) in lists {
            std::fs::create_dir_all(root.join(node)).unwrap();
            std::fs::write(root.join(node).join("cpulist"), list).unwrap();
        }
        let read = Topology::read(&root);
        std::fs::remove_dir_all(&root).unwrap();
        read
    }

    fn two() -> Topology {
        let lists = [
            ("node0", "0-3,8-11\n"),
            ("node1", "4-7,12-15\n"),
            ("possible", ""),
        ];
        machine("two", &lists).unwrap()
    }

    #[test]
    fn the_nodes_of_a_machine_are_read() {
        let two = two();
        assert!(two.is_several());
        let of = [0, 3, 4, 7, 8, 12, 16].map(|core| two.node_of(core));
        let expected = [Some(0), Some(0), Some(1), Some(1), Some(0), Some(1), None];
        assert_eq!(of, expected);
        let one = machine("one", &[("node0", "0-1\n")]).unwrap();
        assert!(!one.is_several());
        // Memory alone is no place to run on.
        let with_memory = machine("memory", &[("node0", "0,1"), ("node2", "\n")]).unwrap();
        assert_eq!(with_memory, machine("same", &[("node0", "0-1")]).unwrap());
        let nowhere = Topology::read(Path::new("/nowhere")).unwrap();
        assert_eq!(nowhere, Topology::default());
    }

    #[test]
    fn lists_that_make_no_sense_are_refused_by_name() {
        for (n, list) in ["0-", "3-1", "a", "0,,1", "0-99999999999", "-1", "0:2"]
            .iter()
            .enumerate()
        {
            let why = machine(&format!("bad{n}"), &[("node0", list)]).unwrap_err();
            let named = matches!(&why, TopologyError::Malformed { actual, .. } if actual == list);
            assert!(named, "{list:?}: {why}");
            assert!(why.to_string().contains("node0/cpulist"), "{why}");
        }
        let twice = machine("twice", &[("node0", "0-2"), ("node1", "2-3")]).unwrap_err();
        assert!(
            matches!(twice, TopologyError::OnTwo { core: 2, .. }),
            "{twice}"
        );
        let root = std::env::temp_dir().join(format!("talkpath-numa-{}-none", std::process::id()));
        std::fs::create_dir_all(root.join("node0")).unwrap();
        let none = Topology::read(&root).unwrap_err();
        std::fs::remove_dir_all(&root).unwrap();
        assert!(matches!(none, TopologyError::Unreadable { .. }), "{none}");
    }

    #[test]
    fn workers_stay_on_one_node_where_they_fit_with_a_shard() {
        let two = two();
        let all: Vec<usize> = (0..16).collect();
        assert_eq!(two.choose(&all, 3), [15, 14, 13]);
        assert_eq!(two.choose(&all, 7), [15, 14, 13, 12, 7, 6, 5]);
        // Eight and the shard are too many for one node.
        let eight = two.choose(&all, 9);
        assert_eq!(eight[..8], [15, 14, 13, 12, 7, 6, 5, 4]);
        assert_eq!(two.node_of(eight[8]), Some(0));
        // Of what is allowed the other node has more.
        assert_eq!(two.choose(&[0, 1, 2, 8, 15], 3), [8, 2, 1]);
        assert_eq!(two.choose(&[0, 1, 15], 1), [1]);
        assert_eq!(two.choose(&[5], 3), [5, 5, 5]);
        assert_eq!(two.choose(&[], 2), []);
    }

    #[test]
    fn on_one_node_they_are_the_last_cores() {
        for topology in [
            Topology::default(),
            machine("flat", &[("node0", "0-7")]).unwrap(),
        ] {
            assert_eq!(topology.choose(&[0, 1, 2, 3], 2), [3, 2]);
            assert_eq!(topology.choose(&[0, 1], 3), [1, 0, 1]);
        }
    }
}
