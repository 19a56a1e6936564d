//! First steps of the compiler: are the shapes sound, is every port connected as it must be.

use std::collections::HashSet;

use arrayvec::ArrayVec;

use super::{Feeds, Value};
use crate::error::CompileError;
use crate::graph::{Edge, Entry, Graph};
use crate::node::MAX_FRAME;
use crate::shape::Shape;
use crate::signal::{Class, Port, Signal};

/// Names unique, shapes sound, frames within a plane.
pub(super) fn shapes<S>(graph: &Graph<S>) -> Result<(), CompileError> {
    let mut seen = HashSet::new();
    for node in &graph.nodes {
        if !seen.insert(node.name.as_str()) {
            return Err(CompileError::DuplicateName {
                name: node.name.clone(),
            });
        }
        if let Some(reason) = unsound(&node.shape) {
            return Err(CompileError::BadShape {
                node: node.name.clone(),
                reason,
            });
        }
        for port in node.shape.inputs.iter().chain(&node.shape.outputs) {
            if matches!(port.signal, Signal::Pcm(format) if format.plane_len() > MAX_FRAME) {
                return Err(CompileError::FrameTooLong {
                    port: end(&node.name, port),
                    limit: MAX_FRAME,
                });
            }
        }
    }
    Ok(())
}

fn unsound(shape: &Shape) -> Option<&'static str> {
    if repeated(&shape.inputs) {
        return Some("two inputs have one name");
    }
    if repeated(&shape.outputs) {
        return Some("two outputs have one name");
    }
    let pcm = |port: &Port| matches!(port.signal, Signal::Pcm(format) if format.frame.0 > 0);
    if shape
        .inputs
        .iter()
        .chain(&shape.outputs)
        .any(|p| p.signal.class() == Class::Pcm && !pcm(p))
    {
        return Some("a frame has no samples");
    }
    match (shape.inputs.as_slice(), shape.outputs.as_slice()) {
        _ if !shape.in_place => None,
        ([input], [output]) if pcm(input) && input.signal == output.signal => None,
        _ => Some("in place needs one PCM input and one PCM output of equal format"),
    }
}

fn repeated(ports: &[Port]) -> bool {
    ports
        .iter()
        .enumerate()
        .any(|(i, port)| ports[..i].iter().any(|earlier| earlier.name == port.name))
}

/// Every edge joins equal signals, every input has exactly one edge, every output that must be read is read.
pub(super) fn connections<S>(graph: &Graph<S>) -> Result<Feeds, CompileError> {
    for edge in &graph.edges {
        matching(graph, edge)?;
    }
    let feeds = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(n, node)| inputs(graph, n, node));
    let feeds = feeds.collect::<Result<Feeds, _>>()?;
    let read: HashSet<Value> = feeds.iter().flatten().copied().collect();
    for (n, node) in graph.nodes.iter().enumerate() {
        for (port, output) in node.shape.outputs.iter().enumerate() {
            let by_the_way = output.signal.class() == Class::Pcm && !node.shape.inputs.is_empty();
            if !by_the_way && !read.contains(&(n, port)) {
                return Err(CompileError::Unread {
                    node: node.name.clone(),
                    port: output.name,
                });
            }
        }
    }
    Ok(feeds)
}

fn matching<S>(graph: &Graph<S>, edge: &Edge) -> Result<(), CompileError> {
    let (source, sink) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
    let (output, input) = (
        &source.shape.outputs[edge.from_port],
        &sink.shape.inputs[edge.to_port],
    );
    if output.signal == input.signal {
        return Ok(());
    }
    Err(CompileError::Mismatch {
        from: end(&source.name, output),
        to: end(&sink.name, input),
    })
}

/// The value each input of `node` reads.
fn inputs<S>(
    graph: &Graph<S>,
    n: usize,
    node: &Entry<S>,
) -> Result<ArrayVec<Value, { crate::shape::MAX_PORTS }>, CompileError> {
    let ports = node.shape.inputs.iter().enumerate();
    ports
        .map(|(i, port)| {
            let mut edges = graph.edges.iter().filter(|e| (e.to, e.to_port) == (n, i));
            let Some(first) = edges.next() else {
                return Err(CompileError::Unconnected {
                    node: node.name.clone(),
                    port: port.name,
                });
            };
            if let Some(second) = edges.next() {
                return Err(CompileError::DoublyConnected {
                    node: node.name.clone(),
                    port: port.name,
                    first: graph.nodes[first.from].output(first.from_port),
                    second: graph.nodes[second.from].output(second.from_port),
                });
            }
            Ok((first.from, first.from_port))
        })
        .collect()
}

/// `resample.out (16 kHz mono 320)`
fn end(node: &str, port: &Port) -> String {
    format!("{node}.{} ({})", port.name, port.signal)
}
