//! Whether a compiled graph can be a leg: what the compiler cannot know.
//!
//! Pure functions on the supervisor's thread: of the two halves together here, of each half by itself in
//! `graph_check/half`.

use talkpath_graph::{Channels, Format, FrameTime, Graph, NodeSpec, Op, SampleRate};
use talkpath_nodes::spec::Spec;

use crate::error::EngineError;
use crate::graph_fault::GraphFault;
use crate::proto::Segment;
use crate::worker::bus::BUS_RATES;

use super::plans::{Compiled, LegGraphs};
use half::{egress, ingress};

mod half;

/// Name of the gain that sets a leg's level.
pub(crate) const LEVEL: &str = "gain";

/// Before it is compiled: a half without a source would only be told as an open input.
pub(super) fn sources(graphs: &LegGraphs) -> Result<(), GraphFault> {
    let halves = [
        (
            &graphs.ingress,
            "ingress",
            "a jitter buffer, a player, or an Ext node without inputs",
        ),
        (&graphs.egress, "egress", "a mix-minus node"),
    ];
    if halves.iter().all(|(graph, ..)| graph.is_none()) {
        return Err(GraphFault::Empty);
    }
    for (graph, half, expected) in halves {
        let source = |graph: &Graph<Spec>| {
            graph.nodes().any(|(_, spec)| {
                let shape = spec.shape();
                shape.inputs.is_empty() && !shape.outputs.is_empty()
            })
        };
        if graph.as_ref().is_some_and(|graph| !source(graph)) {
            return Err(GraphFault::NoSource { half, expected });
        }
    }
    Ok(())
}

/// The rate of the bus the leg is on, once everything is as it must be; `frame` is the room's, where there is one yet.
pub(super) fn leg(
    compiled: &Compiled,
    frame: Option<FrameTime>,
) -> Result<SampleRate, EngineError> {
    let mut ends: Vec<(&str, Format)> = Vec::new();
    if let Some(plan) = &compiled.ingress {
        ends.push(ingress(plan)?);
    }
    if let Some(plan) = &compiled.egress {
        ends.push(egress(plan)?);
    }
    let (_, first) = *ends.first().ok_or(GraphFault::Empty)?;
    for (node, format) in ends {
        let wanted = match frame {
            Some(frame) => Format::mono(first.rate, frame),
            None => first,
        };
        let fits = format == wanted && format.channels == Channels::MONO;
        if !fits || !BUS_RATES.contains(&format.rate) {
            return Err(GraphFault::WrongFormat {
                node: node.to_owned(),
                actual: format.to_string(),
                expected: wanted.to_string(),
            }
            .into());
        }
    }
    Ok(first.rate)
}

/// The place of the op that sets the leg's level.
pub(crate) fn level(ops: &[Op<Spec>]) -> Option<u8> {
    let level = |op: &Op<Spec>| op.name == LEVEL && matches!(op.spec, Spec::Gain { .. });
    ops.iter().position(level).map(|at| at as u8)
}

/// Half by half, in the order of [`Segment`].
pub(super) fn halves() -> [Segment; 2] {
    [Segment::Ingress, Segment::Egress]
}
