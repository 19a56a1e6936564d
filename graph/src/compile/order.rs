//! Second step of the compiler: an order that satisfies every edge, or the cycle that forbids one.

use crate::error::CompileError;
use crate::graph::Graph;

/// Node indices in topological order; among ready nodes the one added first goes first.
///
/// Quadratic in the nodes, of which there are at most 32.
pub(super) fn order<S>(graph: &Graph<S>) -> Result<Vec<usize>, CompileError> {
    let mut done = vec![false; graph.nodes.len()];
    let mut order = Vec::with_capacity(graph.nodes.len());
    while order.len() < graph.nodes.len() {
        let ready = |n: &usize| !done[*n] && waits_for(graph, *n, &done).is_none();
        let Some(next) = (0..graph.nodes.len()).find(ready) else {
            return Err(CompileError::Cycle {
                through: cycle(graph, &done),
            });
        };
        done[next] = true;
        order.push(next);
    }
    Ok(order)
}

/// Some node that `n` reads and that has not run.
fn waits_for<S>(graph: &Graph<S>, n: usize, done: &[bool]) -> Option<usize> {
    graph
        .edges
        .iter()
        .find(|e| e.to == n && !done[e.from])
        .map(|e| e.from)
}

/// The names along a cycle, in the direction of flow, the first one repeated at the end.
///
/// Every node left waits for another one left, so walking against the flow must come back to where it was.
fn cycle<S>(graph: &Graph<S>, done: &[bool]) -> Vec<String> {
    let mut walked: Vec<usize> = Vec::new();
    let mut at = done.iter().position(|d| !d);
    while let Some(n) = at {
        if let Some(start) = walked.iter().position(|&w| w == n) {
            let mut round: Vec<usize> = walked.split_off(start);
            round.reverse();
            // Start where the reader would: at the node added first.
            let first = round
                .iter()
                .enumerate()
                .min_by_key(|&(_, n)| n)
                .map_or(0, |(i, _)| i);
            round.rotate_left(first);
            round.push(round[0]);
            return round
                .into_iter()
                .map(|n| graph.nodes[n].name.clone())
                .collect();
        }
        walked.push(n);
        at = waits_for(graph, n, done);
    }
    Vec::new()
}
