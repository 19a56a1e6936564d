//! Whether a compiled graph can be a leg: what the compiler cannot know.

use talkpath_graph::{Channels, Format, FrameTime, Graph, NodeSpec, Op, Plan, SampleRate};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::spec::Spec;

use crate::error::EngineError;
use crate::graph_fault::GraphFault;
use crate::leg_graph::kind_of;
use crate::proto::Segment;
use crate::worker::bus::BUS_RATES;

use super::plans::{Compiled, LegGraphs};

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

fn ingress(plan: &Plan<Spec>) -> Result<(&str, Format), GraphFault> {
    let half = "ingress";
    allowed(plan, half, |spec| {
        matches!(
            spec,
            Spec::Jitter { .. }
                | Spec::Decode { .. }
                | Spec::Conceal { .. }
                | Spec::Resample { .. }
                | Spec::Gain { .. }
                | Spec::Meter { .. }
                | Spec::Contribute { .. }
                | Spec::Tone { .. }
                | Spec::Clip { .. }
                | Spec::Ext { .. }
        )
    })?;
    let format = |op: &Op<Spec>| match op.spec {
        Spec::Contribute { format } => Some(format),
        _ => None,
    };
    let ends: Vec<_> = found(plan, format);
    once(half, "contribute", ends.len())?;
    let jitter = found(plan, |op| match op.spec {
        Spec::Jitter { codec, frame, .. } => Some((codec, frame)),
        _ => None,
    });
    once(half, "jitter", jitter.len())?;
    let decoders = found(plan, |op| match op.spec {
        Spec::Decode { codec, format } => Some((codec, format)),
        _ => None,
    });
    for (node, (codec, format)) in decoders {
        let (_, (stream, frame)) = jitter[0];
        one_codec(node, codec, stream)?;
        right_format(node, format, stream, frame)?;
    }
    let Some(end) = ends.first() else {
        return Err(GraphFault::NoContribution);
    };
    let level = |op: &Op<Spec>| op.name == LEVEL && matches!(op.spec, Spec::Gain { .. });
    if !plan.ops.iter().any(level) {
        return Err(GraphFault::NoLevel);
    }
    Ok(*end)
}

fn egress(plan: &Plan<Spec>) -> Result<(&str, Format), GraphFault> {
    let half = "egress";
    allowed(plan, half, |spec| {
        matches!(
            spec,
            Spec::MixMinus { .. }
                | Spec::Resample { .. }
                | Spec::Gain { .. }
                | Spec::Meter { .. }
                | Spec::Limit { .. }
                | Spec::Encode { .. }
                | Spec::Packetise { .. }
                | Spec::Ext { .. }
        )
    })?;
    let mixes = found(plan, |op| match op.spec {
        Spec::MixMinus { format, .. } => Some(format),
        _ => None,
    });
    once(half, "mix-minus", mixes.len())?;
    let packets = found(plan, |op| match op.spec {
        Spec::Packetise { codec, format, .. } => Some((codec, format)),
        _ => None,
    });
    once(half, "packetise", packets.len())?;
    let encoders = found(plan, |op| match op.spec {
        Spec::Encode { codec, format } => Some((codec, format)),
        _ => None,
    });
    once(half, "encode", encoders.len())?;
    for ((node, (codec, format)), (_, (stream, encoded))) in packets.iter().zip(&encoders) {
        one_codec(node, *codec, *stream)?;
        right_format(node, *format, *stream, encoded.frame)?;
        right_format(node, *encoded, *stream, encoded.frame)?;
    }
    let listens = |op: &Op<Spec>| matches!(op.spec, Spec::Ext { .. }) && op.outputs.is_empty();
    if packets.is_empty() && !plan.ops.iter().any(listens) {
        return Err(GraphFault::NoEnd);
    }
    let expected = "a mix-minus node";
    let end = mixes.first();
    end.copied().ok_or(GraphFault::NoSource { half, expected })
}

/// The ops that `pick` knows, by name.
fn found<T>(plan: &Plan<Spec>, pick: impl Fn(&Op<Spec>) -> Option<T>) -> Vec<(&str, T)> {
    let ops = plan.ops.iter();
    ops.filter_map(|op| Some((op.name.as_str(), pick(op)?)))
        .collect()
}

fn allowed(
    plan: &Plan<Spec>,
    half: &'static str,
    may: impl Fn(&Spec) -> bool,
) -> Result<(), GraphFault> {
    match plan.ops.iter().map(|op| &op.spec).find(|spec| !may(spec)) {
        Some(spec) => Err(GraphFault::WrongHalf {
            half,
            kind: kind_of(spec),
        }),
        None => Ok(()),
    }
}

fn once(half: &'static str, kind: &'static str, count: usize) -> Result<(), GraphFault> {
    if count <= 1 {
        return Ok(());
    }
    Err(GraphFault::TooMany { half, kind, count })
}

fn one_codec(node: &str, actual: Codec, expected: Codec) -> Result<(), GraphFault> {
    if actual == expected {
        return Ok(());
    }
    Err(GraphFault::WrongCodec {
        node: node.to_owned(),
        actual: actual.to_string(),
        expected: expected.to_string(),
    })
}

fn right_format(
    node: &str,
    actual: Format,
    codec: Codec,
    frame: talkpath_graph::Samples,
) -> Result<(), GraphFault> {
    let expected = Format {
        rate: codec.rate(),
        channels: Channels::MONO,
        frame,
    };
    if actual == expected {
        return Ok(());
    }
    Err(GraphFault::WrongFormat {
        node: node.to_owned(),
        actual: actual.to_string(),
        expected: expected.to_string(),
    })
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
