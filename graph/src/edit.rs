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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Format, FrameTime, SampleRate};
    use crate::plan::Limits;
    use crate::shape::Shape;
    use crate::signal::Signal;
    use crate::{Plan, compile};

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Source,
        Effect,
        Listener,
    }

    impl NodeSpec for Kind {
        fn shape(&self) -> Shape {
            let pcm = Signal::Pcm(Format::mono(SampleRate::HZ_8000, FrameTime::Ms20));
            match self {
                Self::Source => Shape::new("source").output("out", pcm),
                Self::Effect => Shape::new("effect")
                    .input("in", pcm)
                    .output("out", pcm)
                    .in_place(),
                Self::Listener => Shape::new("listener").input("in", pcm),
            }
        }
    }

    /// ```text
    /// source ► effect ► end
    /// ```
    fn chain() -> Graph<Kind> {
        let mut graph = Graph::new();
        let source = graph.add("source", Kind::Source);
        let effect = graph.then(source, "effect", Kind::Effect).expect("ports");
        graph.then(effect, "end", Kind::Listener).expect("ports");
        graph
    }

    fn plan(graph: &Graph<Kind>) -> Plan<Kind> {
        compile(graph, &Limits::default()).expect("a sound graph")
    }

    fn names(graph: &Graph<Kind>) -> Vec<String> {
        plan(graph).ops.iter().map(|op| op.name.clone()).collect()
    }

    #[test]
    fn what_is_put_in_and_taken_out_leaves_the_graph_as_it_was() {
        let usual = chain();
        for after in ["source", "effect"] {
            let mut graph = chain();
            graph
                .insert_after(after, "new", Kind::Effect)
                .expect("ports");
            assert_eq!(names(&graph).len(), 4);
            assert_eq!(graph.edges().len(), 3, "it stands between");
            graph.remove("new").expect("it is there");
            assert_eq!(graph, usual);
        }
        let mut graph = chain();
        graph.remove("effect").expect("it is there");
        assert_eq!(names(&graph), ["source", "end"]);
    }

    /// ```text
    /// source ─► loud (in place) ► effect ► end
    ///        └► tap
    /// ```
    #[test]
    fn a_value_that_a_listener_reads_later_is_not_written_over() {
        let mut graph = chain();
        graph
            .insert_after("source", "loud", Kind::Effect)
            .expect("ports");
        graph
            .insert_after("source", "tap", Kind::Listener)
            .expect("ports");
        assert_eq!(graph.edges().len(), 4, "nothing else has moved");
        let plan = plan(&graph);
        let op = |name: &str| plan.ops.iter().find(|op| op.name == name).expect("an op");
        assert!(!op("loud").runs_in_place() && op("effect").runs_in_place());
        assert_eq!(op("tap").inputs, op("source").outputs);
        assert_ne!(op("loud").outputs, op("source").outputs);
    }

    #[test]
    fn what_is_not_there_is_named_and_changes_nothing() {
        let mut graph = chain();
        let missing = |name: &str| GraphError::NoSuchNode {
            name: name.to_owned(),
        };
        assert_eq!(
            graph.insert_after("x", "y", Kind::Effect),
            Err(missing("x"))
        );
        assert_eq!(graph.remove("x"), Err(missing("x")));
        assert!(matches!(
            graph.insert_after("end", "y", Kind::Effect),
            Err(GraphError::NoOutput { .. })
        ));
        assert!(matches!(
            graph.insert_after("source", "y", Kind::Source),
            Err(GraphError::NoInput { .. })
        ));
        assert!(matches!(
            graph.remove("source"),
            Err(GraphError::NoInput { .. })
        ));
        assert_eq!(graph, chain());
    }
}
