//! A leg's graph as plain data, and back: what a caller joins with or swaps in.
//!
//! On the supervisor's thread, and where a recording is read. It is read back before it is noted, so that what cannot be
//! read is not written.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use talkpath_graph::{FormatError, Graph, GraphError};
use talkpath_nodes::spec::Spec;
use thiserror::Error;

use crate::leg_graph::LegGraph;
use crate::proto::Segment;
use crate::supervisor::{LegGraphs, Sources};

use super::kind::Kind;
use super::sound::Sound;

const OUT: Segment = Segment::Egress;
/// The version of the form that is written, and the only one that is read.
const VERSION: u8 = 2;
/// Most nodes of a half, connections of one, and gains of both: some more than a plan has ops.
const MOST: usize = 64;
/// Longest name of a node, in bytes.
const LONGEST_NAME: usize = 256;

/// Why a graph in a recording cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphReadError {
    /// It is written in another form.
    #[error("its form has version {actual}, this talkpath reads version {expected}")]
    Version {
        /// The version that is read.
        expected: u8,
        /// The one it has.
        actual: u8,
    },
    /// It is not of that form.
    #[error("it is not of its form: {why}")]
    Form {
        /// What the reader said.
        why: String,
    },
    /// It has more of something than is read.
    #[error("it has {actual} {what}, at most {most} are read")]
    TooMany {
        /// Nodes, connections, gains, or bytes of a name.
        what: &'static str,
        /// Most of them.
        most: usize,
        /// How many there are.
        actual: usize,
    },
    /// A sample rate or a count of channels that there is not.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A codec that there is not.
    #[error("there is no codec {actual:?}")]
    Codec {
        /// Its name.
        actual: String,
    },
    /// A delay or a packet time that nobody has.
    #[error("a delay or packet time is {actual:?}, at most {expected:?} is read")]
    Span {
        /// The longest.
        expected: Duration,
        /// What is written.
        actual: Duration,
    },
    /// A connection from or to a port that is not there.
    #[error("connection {edge:?} (node, output, node, input) is none of its {nodes} nodes' ports")]
    Edge {
        /// What is written.
        edge: [usize; 4],
        /// How many nodes the half has.
        nodes: usize,
    },
    /// A connection that cannot be described.
    #[error(transparent)]
    Description(#[from] GraphError),
    /// What its leg plays or sends is no such thing.
    #[error("its leg's source cannot be read")]
    Source,
}

/// A [`LegGraph`] without nodes of the application's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    version: u8,
    /// A [`Form`]; as it is, so that the version is looked at first.
    form: Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct Form {
    /// At most one of a kind.
    sources: Vec<Sound>,
    ingress: Option<Half>,
    egress: Option<Half>,
    /// Levels of added gains: whether on the way out, name, linear, as bits.
    gains: Vec<(bool, String, u32)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Half {
    nodes: Vec<(String, Kind)>,
    /// Node read from, its output, node that reads, its input.
    edges: Vec<[usize; 4]>,
}

impl Written {
    /// `graph` as data; `clip` gives the number of a clip.
    ///
    /// # Errors
    /// What of it cannot be written, in words.
    pub(super) fn of(
        graph: &LegGraph,
        mut clip: impl FnMut(&Arc<[f32]>) -> usize,
    ) -> Result<Self, String> {
        if let Some((name, _)) = graph.nodes.first() {
            return Err(own_node(name));
        }
        let LegGraphs { ingress, egress } = &graph.graphs;
        let half = |half: &Option<Graph<Spec>>| half.as_ref().map(Half::of).transpose();
        let sources = graph.sources.each();
        let sounds = sources.filter_map(|source| Sound::of(&source, &mut clip));
        let gains = graph.gains.iter();
        let gain =
            |(half, name, to): &(Segment, String, f32)| (*half == OUT, name.clone(), to.to_bits());
        let form = Form {
            sources: sounds.collect(),
            ingress: half(ingress)?,
            egress: half(egress)?,
            gains: gains.map(gain).collect(),
        };
        let cannot = |why: &dyn std::fmt::Display| format!("a graph ({why})");
        form.graphs().map_err(|why| cannot(&why))?;
        let form = serde_json::to_value(form).map_err(|why| cannot(&why))?;
        Ok(Self {
            version: VERSION,
            form,
        })
    }

    /// The graph again; clips are in `clips`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(&self, clips: &[Arc<[f32]>]) -> Result<LegGraph, GraphReadError> {
        if self.version != VERSION {
            let (expected, actual) = (VERSION, self.version);
            return Err(GraphReadError::Version { expected, actual });
        }
        let form = Form::deserialize(&self.form);
        let form = form.map_err(|why| GraphReadError::Form {
            why: why.to_string(),
        })?;
        let graphs = form.graphs()?;
        let sources = form.sources.into_iter();
        let source = |sound: Sound| sound.source(clips).ok_or(GraphReadError::Source);
        let sources = sources.map(source).collect::<Result<Sources, _>>()?;
        let mut graph = LegGraph::of(sources, graphs);
        let gains = form.gains.into_iter();
        let gain = |(out, name, to)| {
            let half = if out { OUT } else { Segment::Ingress };
            (half, name, f32::from_bits(to))
        };
        graph.gains = gains.map(gain).collect();
        Ok(graph)
    }
}

impl Form {
    fn graphs(&self) -> Result<LegGraphs, GraphReadError> {
        at_most(MOST, "gains", self.gains.len())?;
        let half = |half: &Option<Half>| half.as_ref().map(Half::graph).transpose();
        Ok(LegGraphs {
            ingress: half(&self.ingress)?,
            egress: half(&self.egress)?,
        })
    }
}

impl Half {
    fn of(graph: &Graph<Spec>) -> Result<Self, String> {
        let node = |(name, spec): (&str, &Spec)| {
            let kind = Kind::of(spec).ok_or_else(|| own_node(name))?;
            Ok::<_, String>((name.to_owned(), kind))
        };
        let edges = graph.edges().iter();
        Ok(Self {
            nodes: graph.nodes().map(node).collect::<Result<_, _>>()?,
            edges: edges
                .map(|edge| [edge.from, edge.from_port, edge.to, edge.to_port])
                .collect(),
        })
    }

    fn graph(&self) -> Result<Graph<Spec>, GraphReadError> {
        at_most(MOST, "nodes in a half", self.nodes.len())?;
        at_most(MOST, "connections in a half", self.edges.len())?;
        let mut graph = Graph::new();
        let mut ids = Vec::new();
        for (name, kind) in &self.nodes {
            at_most(LONGEST_NAME, "bytes in a name", name.len())?;
            ids.push(graph.add(name, kind.clone().spec()?));
        }
        for edge in &self.edges {
            let [from, output, to, input] = *edge;
            let missing = || GraphReadError::Edge {
                edge: *edge,
                nodes: ids.len(),
            };
            let (from, to) = ids.get(from).zip(ids.get(to)).ok_or_else(missing)?;
            let output = graph.ports(*from).1.get(output).ok_or_else(missing)?.name;
            let input = graph.ports(*to).0.get(input).ok_or_else(missing)?.name;
            graph.connect(*from, output, *to, input)?;
        }
        Ok(graph)
    }
}

fn own_node(name: &str) -> String {
    format!("a graph with a node of one's own ({name:?})")
}

fn at_most(most: usize, what: &'static str, actual: usize) -> Result<(), GraphReadError> {
    let fits = actual <= most;
    fits.then_some(())
        .ok_or(GraphReadError::TooMany { what, most, actual })
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
