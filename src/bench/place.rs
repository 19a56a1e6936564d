//! Which thread of a bench runs where.

use super::scenario::Scenario;

/// SCHED_FIFO priority of the workers, if it may be had.
const WORKER: u8 = 60;

/// Cores and priorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Cores of the workers, one each.
    pub workers: Vec<usize>,
    /// Core of the phones.
    pub phones: Option<usize>,
    /// Core of the network shard.
    pub shard: Option<usize>,
    /// Cores of all threads of the server, over sockets; none: wherever they are.
    pub server: Vec<usize>,
    pub worker_priority: u8,
    /// Of the phones, and of the shard: below the workers.
    pub second_priority: u8,
    /// Of the bare loop beside the first worker.
    pub bare_priority: u8,
}

impl Places {
    /// The workers where they were asked to, or on the last cores allowed; the phones on the first core without a worker,
    /// if there is one; the shard on another without either, or else with the first worker.
    pub(super) fn new(scenario: &Scenario, allowed: &[usize]) -> Self {
        let last = || allowed.iter().rev().cycle().take(scenario.workers).copied();
        let workers: Vec<usize> = match scenario.common.cores.as_slice() {
            [] => last().collect(),
            chosen => chosen.to_vec(),
        };
        let free = |core: &&usize| !workers.contains(core);
        let phones = allowed.iter().find(free).or(allowed.first()).copied();
        let free = |core: &&usize| !workers.contains(core) && Some(**core) != phones;
        let shard = allowed.iter().find(free).or(workers.first()).copied();
        let apart = phones.is_some_and(|core| !workers.contains(&core));
        let server = allowed
            .iter()
            .filter(|core| apart && Some(**core) != phones);
        Self {
            phones,
            shard,
            server: server.copied().collect(),
            workers,
            worker_priority: WORKER,
            second_priority: WORKER - 1,
            bare_priority: WORKER + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::ScenarioCommand;
    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: ScenarioCommand,
    }

    fn places(arguments: &[&str], allowed: &[usize]) -> (Vec<usize>, Option<usize>, Vec<usize>) {
        let line = Line::try_parse_from([&["bench"], arguments].concat()).unwrap();
        let places = Places::new(&Scenario::new(&line.command).unwrap(), allowed);
        (places.workers, places.phones, places.server)
    }

    #[test]
    fn the_phones_have_a_core_of_their_own_where_there_is_one() {
        assert_eq!(places(&["room"], &[0, 1]), (vec![1], Some(0), vec![1]));
        assert_eq!(places(&["room"], &[0]), (vec![0], Some(0), vec![]));
        let two = places(&["room", "--workers", "2"], &[0, 1]);
        assert_eq!(two, (vec![1, 0], Some(0), vec![]));
        let four = places(&["rooms", "--workers", "2"], &[0, 1, 2, 3]);
        assert_eq!(four, (vec![3, 2], Some(0), vec![1, 2, 3]));
    }
}
