//! Changes of a graph that is there: a node put behind another, a node taken out.
//!
//! Control side only. What comes out is judged by [`crate::compile()`], as any other graph is.

use crate::error::GraphError;
use crate::graph::{Edge, Graph, NodeId};
use crate::shape::NodeSpec;
use crate::signal::Port;

impl<S: NodeSpec> Graph<S> {
    /// The node of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let at = self.nodes.iter().position(|node| node.name == name);
        at.map(NodeId)
    }

    /// The inputs and outputs of a node of this graph; none for an id of another one.
    #[must_use]
    pub fn ports(&self, node: NodeId) -> (&[Port], &[Port]) {
        self.nodes.get(node.0).map_or((&[], &[]), |entry| {
            (&entry.shape.inputs, &entry.shape.outputs)
        })
    }

    /// Puts a node behind `after`: it reads `after`'s first output, and whatever read that reads the new node's
    /// first output. A node without outputs is a listener: everything else stays as it was (fan-out).
    ///
    /// # Errors
    /// [`GraphError`] if there is no node `after`, it has no output, or the new one has no input; the graph is
    /// unchanged then.
    pub fn insert_after(&mut self, after: &str, name: &str, spec: S) -> Result<NodeId, GraphError> {
        let from = self.find(after).ok_or_else(|| GraphError::NoSuchNode {
            name: after.to_owned(),
        })?;
        let readers = self.edges.len();
        let new = self.then(from, name, spec)?;
        if self.nodes[new.0].shape.outputs.is_empty() {
            return Ok(new);
        }
        for edge in &mut self.edges[..readers] {
            if (edge.from, edge.from_port) == (from.0, 0) {
                (edge.from, edge.from_port) = (new.0, 0);
            }
        }
        Ok(new)
    }

    /// Takes a node out; what read its outputs reads what its first input read. Ids of nodes added after it are void.
    ///
    /// # Errors
    /// [`GraphError::NoSuchNode`], or [`GraphError::NoInput`] for a source that something reads; the graph is unchanged
    /// then.
    pub fn remove(&mut self, name: &str) -> Result<(), GraphError> {
        let NodeId(gone) = self.find(name).ok_or_else(|| GraphError::NoSuchNode {
            name: name.to_owned(),
        })?;
        let fed_by = self.edges.iter().find(|e| (e.to, e.to_port) == (gone, 0));
        let fed_by = fed_by.map(|edge| (edge.from, edge.from_port));
        let is_read = self.edges.iter().any(|edge| edge.from == gone);
        let source = match fed_by {
            Some(source) => source,
            None if is_read => {
                return Err(GraphError::NoInput {
                    node: name.to_owned(),
                });
            }
            None => (gone, 0),
        };
        let below = |index: usize| index - usize::from(index > gone);
        self.edges.retain(|edge| edge.to != gone);
        for edge in &mut self.edges {
            if edge.from == gone {
                (edge.from, edge.from_port) = source;
            }
            *edge = Edge {
                from: below(edge.from),
                to: below(edge.to),
                ..*edge
            };
        }
        self.nodes.remove(gone);
        Ok(())
    }
}
