//! What one half of a leg may hold, how often, and in which formats.
//!
//! Pure functions on the supervisor's thread.

use std::time::Duration;

use talkpath_graph::{Channels, Format, Op, Plan};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::spec::Spec;

use crate::graph_fault::GraphFault;
use crate::leg_graph::kind_of;

use super::LEVEL;

pub(super) fn ingress(plan: &Plan<Spec>) -> Result<(&str, Format), GraphFault> {
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

pub(super) fn egress(plan: &Plan<Spec>) -> Result<(&str, Format), GraphFault> {
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
        Spec::Packetise {
            codec,
            ptime,
            format,
        } => Some((codec, format, ptime)),
        _ => None,
    });
    once(half, "packetise", packets.len())?;
    let encoders = found(plan, |op| match op.spec {
        Spec::Encode {
            codec,
            ptime,
            format,
        } => Some((codec, format, ptime)),
        _ => None,
    });
    once(half, "encode", encoders.len())?;
    for ((node, (codec, format, sent)), (encoder, (stream, encoded, ptime))) in
        packets.iter().zip(&encoders)
    {
        right_ptime(encoder, *stream, *ptime, *sent)?;
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

fn right_ptime(
    node: &str,
    codec: Codec,
    actual: Option<Duration>,
    sent: Duration,
) -> Result<(), GraphFault> {
    let expected = codec.is_framed().then_some(sent);
    if actual == expected && (!codec.is_framed() || codec.has_ptime(sent)) {
        return Ok(());
    }
    let frames = "10, 20, 40 or 60 ms, as the packets";
    Err(GraphFault::WrongPtime {
        node: node.to_owned(),
        actual,
        expected: expected.map_or("none", |_| frames).to_owned(),
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
