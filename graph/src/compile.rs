//! The plan compiler: check, order, colour, sum.
//!
//! Control side only. Deterministic: equal graphs give equal plans, which is what lets strands share them. Each
//! step is its own file and assumes what the earlier ones have shown.

mod check;
mod colour;
mod order;

use core::time::Duration;

use arrayvec::ArrayVec;

use crate::error::CompileError;
use crate::graph::Graph;
use crate::plan::{Limits, MAX_OPS, Op, Plan};
use crate::shape::NodeSpec;
use crate::signal::Class;

/// Compiles `graph` into a plan that fits `limits`.
///
/// Ops run in topological order; among nodes that are ready, the one added first goes first. An empty graph gives an
/// empty plan.
///
/// An output that nothing reads is accepted only if it is PCM and its node has an input: a meter or a bus tap at the
/// end of a chain does its work by the way, and the unread output gets a plane for the length of the op. A source
/// that nothing reads is a mistake, and unread units or payload would be packets that never reach anyone.
///
/// # Errors
/// [`CompileError`]; of several faults, the first in the order of its variants.
pub fn compile<S: NodeSpec>(graph: &Graph<S>, limits: &Limits) -> Result<Plan<S>, CompileError> {
    let limit = limits.max_ops.min(MAX_OPS);
    if graph.nodes.len() > limit {
        return Err(CompileError::TooManyOps {
            limit,
            actual: graph.nodes.len(),
        });
    }
    check::shapes(graph)?;
    let feeds = check::connections(graph)?;
    let order = order::order(graph)?;
    let colours = colour::colour(graph, &feeds, &order);
    for class in Class::ALL {
        let (limit, actual) = (limits.planes(class), colours.used(class));
        if actual > limit {
            return Err(CompileError::TooManyPlanes {
                class,
                limit,
                actual,
            });
        }
    }
    let ops: ArrayVec<_, MAX_OPS> = order
        .iter()
        .map(|&n| Op {
            name: graph.nodes[n].name.clone(),
            spec: graph.nodes[n].spec.clone(),
            inputs: feeds[n]
                .iter()
                .map(|&source| colours.plane(source))
                .collect(),
            outputs: (0..graph.nodes[n].shape.outputs.len())
                .map(|port| colours.plane((n, port)))
                .collect(),
        })
        .collect();
    Ok(Plan {
        ops,
        pcm_planes: colours.used(Class::Pcm),
        unit_planes: colours.used(Class::Units),
        encoded_planes: colours.used(Class::Encoded),
        latency: latency(graph, &feeds, &order),
        cost_hint: graph.nodes.iter().map(|n| n.shape.cost_hint).sum(),
    })
}

/// A value: node index and output index of whatever writes it.
type Value = (usize, usize);

/// Per node, the value each of its inputs reads.
type Feeds = Vec<ArrayVec<Value, { crate::shape::MAX_PORTS }>>;

/// The longest path's sum of op latencies.
fn latency<S>(graph: &Graph<S>, feeds: &Feeds, order: &[usize]) -> Duration {
    let mut done = vec![Duration::ZERO; graph.nodes.len()];
    for &n in order {
        let ready = feeds[n]
            .iter()
            .map(|&(from, _)| done[from])
            .max()
            .unwrap_or_default();
        done[n] = ready + graph.nodes[n].shape.latency;
    }
    done.into_iter().max().unwrap_or_default()
}
