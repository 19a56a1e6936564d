//! Which core and NUMA node each worker has, where the configuration leaves that to the machine. Control side.

use talkpath_rt::numa::Topology;

use crate::config::EngineConfig;

/// The configuration with cores and nodes as they are: `allowed` is the inherited affinity mask.
pub(super) fn settled(
    config: EngineConfig,
    topology: &Topology,
    allowed: &[usize],
) -> EngineConfig {
    let cores = match config.cores.is_empty() {
        true => topology.choose(allowed, config.workers),
        false => config.cores,
    };
    let node = |core: &usize| topology.node_of(*core).unwrap_or_default();
    let nodes = match config.nodes.is_empty() && topology.is_several() {
        true => cores.iter().map(node).collect(),
        false => config.nodes,
    };
    EngineConfig {
        cores,
        nodes,
        ..config
    }
}

/// The nodes of this machine; one, with a warning, when what the kernel lists makes no sense.
pub(super) fn of_machine() -> (Topology, Option<String>) {
    match Topology::read(talkpath_rt::numa::ROOT.as_ref()) {
        Ok(topology) => (topology, None),
        Err(why) => (
            Topology::default(),
            Some(format!("the machine is taken for one NUMA node: {why}")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cores 0 to 3 on node 0, 4 to 7 on node 1.
    fn two() -> Topology {
        let node = |core| (core, (core / 4) as u32);
        (0..8).map(node).collect()
    }

    fn settle(config: EngineConfig) -> (Vec<usize>, Vec<u32>) {
        let allowed: Vec<usize> = (0..8).collect();
        let settled = settled(config, &two(), &allowed);
        assert_eq!(settled.validate(), Ok(()));
        (settled.cores, settled.nodes)
    }

    #[test]
    fn workers_begin_on_one_node_and_it_is_known_which() {
        let of = |workers| EngineConfig {
            workers,
            ..EngineConfig::default()
        };
        assert_eq!(settle(of(2)), (vec![7, 6], vec![1, 1]));
        assert_eq!(settle(of(5)), (vec![7, 6, 5, 4, 3], vec![1, 1, 1, 1, 0]));
    }

    #[test]
    fn what_is_said_stays_and_one_node_is_not_told() {
        let said = EngineConfig {
            workers: 2,
            cores: vec![1, 5],
            ..EngineConfig::default()
        };
        assert_eq!(settle(said.clone()), (vec![1, 5], vec![0, 1]));
        let nodes = vec![3, 4];
        let told = EngineConfig {
            nodes: nodes.clone(),
            ..said.clone()
        };
        assert_eq!(settle(told), (vec![1, 5], nodes));
        let one = settled(said, &Topology::default(), &[0, 1, 5]);
        assert!(one.nodes.is_empty());
    }
}
