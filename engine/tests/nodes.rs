//! Placement on machines with several NUMA nodes: a room, its workers and the shard stay on one while that has room.

mod common;

use common::{Codec, Studio, ms, network, small};
use talkpath_engine::{EngineConfig, LegConfig, Room};

/// Workers on these nodes; each takes 24 legs when there are four of them.
fn on(nodes: &[u32]) -> EngineConfig {
    EngineConfig {
        workers: nodes.len(),
        nodes: nodes.to_vec(),
        ..small()
    }
}

fn join(room: &Room, count: u32) {
    for n in 0..count {
        room.join(LegConfig::network(network(Codec::Pcmu, n)))
            .expect("capacity");
    }
}

/// The workers that legs of a room are on, ascending.
fn workers_of(studio: &Studio, name: &str) -> Vec<u8> {
    let status = studio.status();
    let room = status.rooms.iter().find(|room| room.name == name);
    let legs = room.expect("there").legs.iter();
    let mut workers: Vec<u8> = legs.map(|leg| leg.worker).collect();
    workers.sort_unstable();
    workers.dedup();
    workers
}

fn counter(studio: &Studio, name: &str) -> f64 {
    let status = studio.status();
    let found = status.counters().find(|counter| counter.name == name);
    found.expect("there").value
}

#[test]
fn a_room_takes_the_other_workers_of_its_node_first() {
    let spread = |config: EngineConfig, legs: u32| {
        let mut studio = Studio::new(config);
        join(&studio.room("large"), legs);
        studio.advance(ms(50));
        let across = counter(&studio, "rooms_across_nodes");
        (workers_of(&studio, "large"), across)
    };
    assert_eq!(spread(on(&[0, 1, 0, 1]), 40), (vec![0, 2], 0.0));
    assert_eq!(spread(on(&[0, 1, 1, 0]), 40), (vec![0, 3], 0.0));
    let full = spread(on(&[0, 1, 0, 1]), 60);
    assert_eq!((full.0.len(), full.1), (3, 1.0), "then it crosses");
    let one = EngineConfig {
        workers: 4,
        ..small()
    };
    assert_eq!(spread(one, 40), (vec![0, 1], 0.0));
}

#[test]
fn rooms_begin_on_the_node_of_the_shard_until_it_is_crowded() {
    let mut studio = Studio::new(EngineConfig {
        shard_node: Some(1),
        slot_budget: 0.05,
        capacity_legs: 1_200,
        capacity_rooms: 64,
        ..on(&[0, 0, 1, 1])
    });
    let status = studio.status();
    let nodes: Vec<_> = status.workers.iter().map(|worker| worker.node).collect();
    assert_eq!(nodes, [Some(0), Some(0), Some(1), Some(1)]);
    assert_eq!(counter(&studio, "numa_nodes"), 2.0);
    let mut near = 0;
    let far = loop {
        let name = format!("room {near}");
        join(&studio.room(&name), 12);
        studio.advance(ms(50));
        match workers_of(&studio, &name)[..] {
            [2 | 3] => near += 1,
            ref far => break far.to_vec(),
        }
    };
    assert!(far.iter().all(|worker| *worker < 2), "{far:?}");
    let status = studio.status();
    for worker in &status.workers[2..] {
        let mean = worker.planned_us.iter().sum::<f64>() / worker.planned_us.len() as f64;
        assert!(mean > 25.0, "of 50 µs: {mean}, after {near} rooms");
    }
}

#[test]
fn loads_are_levelled_within_a_node_before_anything_crosses() {
    let mut studio = Studio::new(on(&[0, 0, 1, 1]));
    for r in 0..8 {
        let room = studio.room(&format!("room {r}"));
        for n in 0..2 {
            let leg = room.join(LegConfig::network(network(Codec::Pcmu, 2 * r + n)));
            let leg = leg.expect("capacity");
            studio.advance(ms(5));
            leg.move_to(0).expect("a place");
            studio.advance(ms(60));
        }
    }
    let mut went = Vec::new();
    while let Some((_, to)) = studio.engine.rebalance().expect("running") {
        went.push(to);
        studio.advance(ms(60));
        assert!(went.len() < 100, "it ends: {went:?}");
    }
    let near = went.iter().take_while(|to| **to == 1).count();
    assert_eq!(near, 8, "four rooms of two: {went:?}");
    assert!(
        went[near..].iter().any(|to| *to > 1),
        "then it crosses: {went:?}"
    );
    for r in 0..8 {
        assert_eq!(workers_of(&studio, &format!("room {r}")).len(), 1, "whole");
    }
}
