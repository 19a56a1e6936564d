//! The description of a segment: named nodes and the connections between their ports.
//!
//! Control side only. Describing is permissive (an input may stay open for a while, formats are not compared);
//! [`crate::compile()`] judges the whole.

use crate::error::GraphError;
use crate::shape::{NodeSpec, Shape};
use crate::signal::Port;

/// A node of the graph that made the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

/// A connection, as indices: node in order of insertion, port in order of the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// Index of the node read from.
    pub from: usize,
    /// Which of its outputs.
    pub from_port: usize,
    /// Index of the node that reads.
    pub to: usize,
    /// Which of its inputs.
    pub to_port: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry<S> {
    pub name: String,
    pub spec: S,
    pub shape: Shape,
}

impl<S> Entry<S> {
    /// `gain.out`
    pub fn output(&self, port: usize) -> String {
        format!("{}.{}", self.name, self.shape.outputs[port].name)
    }
}

/// Nodes and connections, in the order they were added.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph<S> {
    pub(crate) nodes: Vec<Entry<S>>,
    pub(crate) edges: Vec<Edge>,
}

impl<S> Default for Graph<S> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }
}

impl<S: NodeSpec> Graph<S> {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node. Names must be unique by the time the graph is compiled.
    pub fn add(&mut self, name: &str, spec: S) -> NodeId {
        let shape = spec.shape();
        self.nodes.push(Entry {
            name: name.to_owned(),
            spec,
            shape,
        });
        NodeId(self.nodes.len() - 1)
    }

    /// Connects an output to an input. One output may feed many inputs.
    ///
    /// # Errors
    /// [`GraphError`] if a node or a port does not exist. An input fed twice and differing formats are found by
    /// [`crate::compile()`].
    pub fn connect(
        &mut self,
        from: NodeId,
        from_port: &str,
        to: NodeId,
        to_port: &str,
    ) -> Result<(), GraphError> {
        let source = self.entry(from)?;
        let outputs = &source.shape.outputs;
        let from_port = position(outputs, from_port).ok_or_else(|| GraphError::UnknownOutput {
            node: source.name.clone(),
            expected: names(outputs),
            actual: from_port.to_owned(),
        })?;
        let sink = self.entry(to)?;
        let inputs = &sink.shape.inputs;
        let to_port = position(inputs, to_port).ok_or_else(|| GraphError::UnknownInput {
            node: sink.name.clone(),
            expected: names(inputs),
            actual: to_port.to_owned(),
        })?;
        self.edges.push(Edge {
            from: from.0,
            from_port,
            to: to.0,
            to_port,
        });
        Ok(())
    }

    /// Adds a node and feeds its first input from the first output of `from`.
    ///
    /// # Errors
    /// [`GraphError`] if `from` is not of this graph or either side has no such port; the graph is unchanged then.
    pub fn then(&mut self, from: NodeId, name: &str, spec: S) -> Result<NodeId, GraphError> {
        let source = self.entry(from)?;
        if source.shape.outputs.is_empty() {
            return Err(GraphError::NoOutput {
                node: source.name.clone(),
            });
        }
        if spec.shape().inputs.is_empty() {
            return Err(GraphError::NoInput {
                node: name.to_owned(),
            });
        }
        let to = self.add(name, spec);
        self.edges.push(Edge {
            from: from.0,
            from_port: 0,
            to: to.0,
            to_port: 0,
        });
        Ok(to)
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Name and spec of every node, in order of insertion.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &S)> {
        self.nodes.iter().map(|n| (n.name.as_str(), &n.spec))
    }

    /// The connections, in order of insertion.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    fn entry(&self, id: NodeId) -> Result<&Entry<S>, GraphError> {
        self.nodes.get(id.0).ok_or(GraphError::UnknownNode {
            index: id.0,
            nodes: self.nodes.len(),
        })
    }
}

fn position(ports: &[Port], name: &str) -> Option<usize> {
    ports.iter().position(|p| p.name == name)
}

fn names(ports: &[Port]) -> Vec<&'static str> {
    ports.iter().map(|p| p.name).collect()
}
