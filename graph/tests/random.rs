//! Random graphs against the symbolic checker and naive twins of order and colouring; and the checker against broken
//! plans, to show that it sees what it is there to see.

mod support;

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use support::*;
use talkpath_graph::{
    Class, CompileError, Edge, Graph, Limits, MAX_OPS, NodeId, Plan, PlaneRef, Shape, Signal,
    compile,
};

const ROOMY: Limits = Limits {
    max_ops: MAX_OPS,
    max_pcm_planes: 128,
    max_units: 128,
    max_encoded: 128,
};
const OUTPUTS: [&str; 4] = ["o0", "o1", "o2", "o3"];
const INPUTS: [&str; 4] = ["i0", "i1", "i2", "i3"];
const SIGNALS: [Signal; 5] = [
    Signal::Pcm(NARROW),
    Signal::Pcm(WIDE),
    Signal::Pcm(FULL),
    Signal::Units,
    Signal::Encoded,
];

/// Dice for one node: which values it reads, what it writes, whether it would work in place, its turn at insertion.
#[derive(Clone, Debug)]
struct Dice {
    reads: Vec<prop::sample::Index>,
    writes: Vec<usize>,
    in_place: bool,
    turn: u32,
}

fn dice() -> impl Strategy<Value = Vec<Dice>> {
    let node = (
        prop::collection::vec(any::<prop::sample::Index>(), 0..=4),
        prop::collection::vec(0..SIGNALS.len(), 0..=4),
        any::<bool>(),
        any::<u32>(),
    );
    let node = node.prop_map(|(reads, writes, in_place, turn)| Dice {
        reads,
        writes,
        in_place,
        turn,
    });
    prop::collection::vec(node, 1..=MAX_OPS)
}

/// A graph without cycles: node k reads only values of nodes before it. Nodes are inserted in the order of their turns,
/// so that the compiler has an order to find. Outputs that would have to be read and are not are left out.
fn dag(dice: &[Dice]) -> Graph<Fake> {
    let mut values: Vec<(usize, usize, Signal)> = Vec::new();
    let mut reads: Vec<Vec<(usize, usize, Signal)>> = Vec::new();
    let mut writes: Vec<Vec<(usize, Signal)>> = Vec::new();
    for (n, d) in dice.iter().enumerate() {
        let chosen: Vec<_> = match values.as_slice() {
            [] => Vec::new(),
            some => d.reads.iter().map(|pick| *pick.get(some)).collect(),
        };
        let mut own: Vec<_> = d.writes.iter().map(|&s| SIGNALS[s]).collect();
        if let (true, [(_, _, signal @ Signal::Pcm(_))]) = (d.in_place, chosen.as_slice()) {
            own = vec![*signal];
        }
        values.extend(
            own.iter()
                .enumerate()
                .map(|(port, &signal)| (n, port, signal)),
        );
        reads.push(chosen);
        writes.push(own.into_iter().enumerate().collect());
    }
    let read: HashSet<(usize, usize)> = reads
        .iter()
        .flatten()
        .map(|&(n, port, _)| (n, port))
        .collect();
    for (n, own) in writes.iter_mut().enumerate() {
        let by_the_way = |signal: Signal| signal.class() == Class::Pcm && !reads[n].is_empty();
        own.retain(|&(port, signal)| by_the_way(signal) || read.contains(&(n, port)));
    }
    let mut turns: Vec<usize> = (0..dice.len()).collect();
    turns.sort_by_key(|&n| dice[n].turn);
    let mut graph = Graph::new();
    let mut ids: Vec<Option<NodeId>> = vec![None; dice.len()];
    for n in turns {
        let mut shape = Shape::new("fake");
        for (i, &(_, _, signal)) in reads[n].iter().enumerate() {
            shape = shape.input(INPUTS[i], signal);
        }
        for &(port, signal) in &writes[n] {
            shape = shape.output(OUTPUTS[port], signal);
        }
        let one_each = matches!((reads[n].as_slice(), writes[n].as_slice()),
            ([(_, _, a @ Signal::Pcm(_))], [(_, b)]) if a == b);
        shape.in_place = dice[n].in_place && one_each;
        ids[n] = Some(graph.add(&format!("n{n}"), Fake(shape)));
    }
    for (to, chosen) in reads.iter().enumerate() {
        for (i, &(from, port, _)) in chosen.iter().enumerate() {
            graph
                .connect(
                    ids[from].unwrap(),
                    OUTPUTS[port],
                    ids[to].unwrap(),
                    INPUTS[i],
                )
                .unwrap();
        }
    }
    graph
}

/// Naive twin of the colouring's count: the most values of `class` alive at one op, an in-place pair being one.
fn most_alive(plan: &Plan<Fake>, class: Class) -> usize {
    let edges = plan.edges();
    let death = |n: usize, port: usize| {
        edges
            .iter()
            .filter(|e| (e.from, e.from_port) == (n, port))
            .map(|e| e.to)
            .max()
            .unwrap_or(n)
    };
    let at = |now: usize| {
        let alive = plan.ops[..=now].iter().enumerate().map(|(n, op)| {
            let ports = 0..op.outputs.len();
            ports
                .filter(|&p| op.outputs[p].class == class && death(n, p) >= now)
                .count()
        });
        let pair = class == Class::Pcm
            && plan.ops[now].spec.0.in_place
            && edges
                .iter()
                .any(|e| e.to == now && death(e.from, e.from_port) == now);
        alive.sum::<usize>() - usize::from(pair)
    };
    (0..plan.ops.len()).map(at).max().unwrap_or(0)
}

/// The connections by name, sorted.
fn named<'a>(edges: &[Edge], names: &[&'a str]) -> Vec<(&'a str, usize, &'a str, usize)> {
    let mut named: Vec<_> = edges
        .iter()
        .map(|e| (names[e.from], e.from_port, names[e.to], e.to_port))
        .collect();
    named.sort_unstable();
    named
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_op_reads_what_its_edge_says(dice in dice()) {
        let graph = dag(&dice);
        let plan = compile(&graph, &ROOMY).unwrap();
        check(&graph, &plan).map_err(TestCaseError::fail)?;
        let in_graph: Vec<&str> = graph.nodes().map(|(name, _)| name).collect();
        let in_plan: Vec<&str> = plan.ops.iter().map(|op| op.name.as_str()).collect();
        prop_assert_eq!(named(graph.edges(), &in_graph), named(&plan.edges(), &in_plan));
        prop_assert_eq!(&compile(&graph, &ROOMY).unwrap(), &plan);
        prop_assert_eq!(plan.to_text().lines().count(), plan.ops.len() + 2);
        prop_assert_eq!(plan.to_dot().matches(" -> ").count(), graph.edges().len());
    }

    #[test]
    fn no_plan_uses_more_planes_than_are_alive(dice in dice()) {
        let graph = dag(&dice);
        let plan = compile(&graph, &ROOMY).unwrap();
        for class in Class::ALL {
            let needed = most_alive(&plan, class);
            prop_assert_eq!(plan.planes(class), needed);
            let Some(limit) = needed.checked_sub(1) else { continue };
            let mut tight = ROOMY;
            match class {
                Class::Units => tight.max_units = limit,
                Class::Pcm => tight.max_pcm_planes = limit,
                Class::Encoded => tight.max_encoded = limit,
            }
            prop_assert_eq!(compile(&graph, &tight), Err(CompileError::TooManyPlanes { class, limit, actual: needed }));
        }
    }

    /// Among ready nodes the one added first: so no op could have been swapped with an earlier-added later one.
    #[test]
    fn the_order_is_the_first_in_order_of_insertion(dice in dice()) {
        let graph = dag(&dice);
        let plan = compile(&graph, &ROOMY).unwrap();
        let names: Vec<&str> = graph.nodes().map(|(name, _)| name).collect();
        let index = |name: &str| names.iter().position(|n| *n == name).unwrap();
        let mut done = HashSet::new();
        for op in &plan.ops {
            let ready = |n: &usize| !done.contains(n)
                && graph.edges().iter().all(|e| e.to != *n || done.contains(&e.from));
            prop_assert_eq!((0..names.len()).find(ready), Some(index(&op.name)));
            done.insert(index(&op.name));
        }
    }

    /// Two inputs a node, each from any node at all: most of these go round in circles.
    #[test]
    fn cycles_are_found_exactly_where_there_are_some(
        from in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12),
    ) {
        let mut graph = Graph::new();
        let source = graph.add("source", tone(NARROW));
        let ids: Vec<_> = (0..from.len()).map(|n| graph.add(&format!("n{n}"), mix(NARROW))).collect();
        let choices: Vec<NodeId> = [source; 8].into_iter().chain(ids.iter().copied()).collect();
        graph.then(source, "bus", bus(NARROW)).unwrap();
        for (&id, (a, b)) in ids.iter().zip(&from) {
            graph.connect(*a.get(&choices), "out", id, "a").unwrap();
            graph.connect(*b.get(&choices), "out", id, "b").unwrap();
        }
        let names: Vec<&str> = graph.nodes().map(|(name, _)| name).collect();
        let joined: HashSet<(&str, &str)> = graph.edges().iter().map(|e| (names[e.from], names[e.to])).collect();
        match compile(&graph, &ROOMY) {
            Ok(plan) => {
                prop_assert!(!goes_round(&graph));
                check(&graph, &plan).map_err(TestCaseError::fail)?;
            }
            Err(CompileError::Cycle { through }) => {
                prop_assert!(goes_round(&graph));
                prop_assert!(through.len() >= 2 && through.first() == through.last());
                for pair in through.windows(2) {
                    prop_assert!(joined.contains(&(pair[0].as_str(), pair[1].as_str())));
                }
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    /// Whatever single input plane of a plan is exchanged for another, the checker must object.
    #[test]
    fn the_checker_sees_a_wrong_input_plane(dice in dice(), op in any::<prop::sample::Index>(), shift in 1u8..8) {
        let graph = dag(&dice);
        let mut plan = compile(&graph, &ROOMY).unwrap();
        let readers: Vec<usize> = (0..plan.ops.len()).filter(|&n| !plan.ops[n].inputs.is_empty()).collect();
        prop_assume!(!readers.is_empty());
        plan.ops[*op.get(&readers)].inputs[0].index += shift;
        prop_assert!(check(&graph, &plan).is_err());
    }
}

/// Naive twin of cycle detection: transitive closure.
fn goes_round(graph: &Graph<Fake>) -> bool {
    let n = graph.len();
    let mut reach = vec![vec![false; n]; n];
    graph
        .edges()
        .iter()
        .for_each(|e| reach[e.from][e.to] = true);
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                reach[i][j] |= reach[i][k] && reach[k][j];
            }
        }
    }
    (0..n).any(|i| reach[i][i])
}

/// Spoils a plan; the argument is planes 0, 1 and 2.
type Breakage = fn(&mut Plan<Fake>, [PlaneRef; 3]);

//  tone ─┬─ gain ─ a┐
//        └──────── b┴ mix ── bus
#[test]
fn the_checker_sees_broken_plans() {
    let mut graph = Graph::new();
    let tone = graph.add("tone", tone(NARROW));
    let gain = graph.then(tone, "gain", gain(NARROW)).unwrap();
    let mix = graph.then(gain, "mix", mix(NARROW)).unwrap();
    graph.connect(tone, "out", mix, "b").unwrap();
    graph.then(mix, "bus", bus(NARROW)).unwrap();
    let good = compile(&graph, &ROOMY).unwrap();
    check(&graph, &good).unwrap();
    let plane = |index| PlaneRef {
        class: Class::Pcm,
        index,
    };
    let broken: [(&str, Breakage); 6] = [
        (
            "gain over the tone that mix still reads",
            |p, [zero, ..]| {
                p.ops[1].outputs[0] = zero;
                p.ops[2].inputs[0] = zero;
            },
        ),
        ("mix over its own input", |p, [zero, ..]| {
            p.ops[2].outputs[0] = zero;
            p.ops[3].inputs[0] = zero;
        }),
        ("two ops swapped", |p, _| p.ops.swap(1, 2)),
        ("an op left out", |p, _| drop(p.ops.pop())),
        ("an op twice", |p, _| p.ops.push(p.ops[0].clone())),
        ("a plane outside the arena", |p, _| p.pcm_planes = 2),
    ];
    for (what, breakage) in broken {
        let mut plan = good.clone();
        breakage(&mut plan, [plane(0), plane(1), plane(2)]);
        assert!(check(&graph, &plan).is_err(), "{what} went unseen");
    }
}
