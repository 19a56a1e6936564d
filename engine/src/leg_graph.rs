//! A leg's graph in the hands of a user of the library: looked at, changed, joined with, swapped in.
//!
//! [`Room::graph`](crate::Room::graph) gives the graph that a leg of some kind would have,
//! [`Leg::graph`](crate::Leg::graph) the one it has. Both halves are [`talkpath_graph`] graphs over the catalogue of
//! [`Spec`]; nodes of one's own and taps are put between. Nothing here touches a worker.

use std::fmt;

use talkpath_graph::node::Node;
use talkpath_graph::{Format, Graph, NodeSpec, Shape, Signal};
use talkpath_nodes::spec::Spec;

use crate::error::EngineError;
use crate::graph_fault::GraphFault;
use crate::port::{AudioPort, tap};
use crate::proto::Segment;
use crate::status::PlanInfo;
use crate::supervisor::{LegGraphs, Sources, compiled_info};

/// The graph of a leg, and what its own nodes are.
///
/// Every half has names that are unique; those of a network leg are `jitter`, `decode`, `conceal`, `gain` (its level),
/// `meter`, `contribute` on the way in and `mix-minus`, `limit`, `encode`, `packetise` on the way out.
pub struct LegGraph {
    /// What it sends and plays, where it is known; of the other kinds a swap takes what the leg has.
    pub(crate) sources: Sources,
    pub(crate) graphs: LegGraphs,
    /// Nodes of one's own, for the `Ext` ops of their names.
    pub(crate) nodes: Vec<(&'static str, Box<dyn Node>)>,
    /// Levels of the gains added, linear, by half and name.
    pub(crate) gains: Vec<(Segment, String, f32)>,
}

impl fmt::Debug for LegGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own: Vec<_> = self.nodes.iter().map(|(name, _)| name).collect();
        f.debug_struct("LegGraph")
            .field("graphs", &self.graphs)
            .field("own", &own)
            .finish_non_exhaustive()
    }
}

impl LegGraph {
    pub(crate) fn of(sources: Sources, graphs: LegGraphs) -> Self {
        Self {
            sources,
            graphs,
            nodes: Vec::new(),
            gains: Vec::new(),
        }
    }

    /// One half as it is; `None` where the leg has none.
    pub fn half(&self, half: Segment) -> Option<&Graph<Spec>> {
        match half {
            Segment::Ingress => self.graphs.ingress.as_ref(),
            Segment::Egress => self.graphs.egress.as_ref(),
        }
    }

    /// Replaces one half by a graph of one's own. Its `Ext` nodes are given by [`give`](Self::give).
    pub fn set_half(&mut self, half: Segment, graph: Option<Graph<Spec>>) -> &mut Self {
        *self.place(half) = graph;
        self
    }

    /// Gives the node that an `Ext` op named `name` runs. One that the leg has already and that stays as it is need not
    /// be given again: it goes on with what it remembers.
    ///
    /// # Errors
    /// [`GraphFault::NameTaken`]: one was given already.
    pub fn give(
        &mut self,
        name: &'static str,
        node: impl Node + 'static,
    ) -> Result<&mut Self, EngineError> {
        if self.nodes.iter().any(|(own, _)| *own == name) {
            return Err(GraphFault::NameTaken { name }.into());
        }
        self.nodes.push((name, Box::new(node)));
        Ok(self)
    }

    /// Format of what the node named `after` gives.
    ///
    /// # Errors
    /// There is no such node, or what it gives is no audio.
    pub fn format(&self, half: Segment, after: &str) -> Result<Format, EngineError> {
        let graph = self.half(half).ok_or(GraphFault::Empty)?;
        let node = graph.find(after).ok_or_else(|| no_such(after))?;
        match graph.ports(node).1.first().map(|port| port.signal) {
            Some(Signal::Pcm(format)) => Ok(format),
            _ => Err(GraphFault::NoAudio {
                after: after.to_owned(),
            }
            .into()),
        }
    }

    /// Puts a node of a built-in kind behind `after`: whatever read that reads the new one.
    ///
    /// # Errors
    /// There is no such node, or one of the two has no port for it.
    pub fn insert_after(
        &mut self,
        half: Segment,
        after: &str,
        name: &str,
        spec: Spec,
    ) -> Result<&mut Self, EngineError> {
        let graph = self.place(half).as_mut().ok_or(GraphFault::Empty)?;
        graph
            .insert_after(after, name, spec)
            .map_err(GraphFault::from)?;
        Ok(self)
    }

    /// Puts a gain of `db` (−60 to +20) behind `after`.
    ///
    /// # Errors
    /// As for [`insert_after`](Self::insert_after), or the gain is out of range.
    pub fn gain(
        &mut self,
        half: Segment,
        after: &str,
        name: &str,
        db: f32,
    ) -> Result<&mut Self, EngineError> {
        if !(-60.0..=20.0).contains(&db) {
            let (what, allowed) = ("gain in dB", "-60 to 20");
            return Err(EngineError::OutOfRange {
                what,
                allowed,
                actual: db.to_string(),
            });
        }
        let format = self.format(half, after)?;
        self.insert_after(half, after, name, Spec::Gain { format })?;
        let linear = 10_f32.powf(db / 20.0);
        self.gains.push((half, name.to_owned(), linear));
        Ok(self)
    }

    /// Puts a meter behind `after`. On the way out it measures
    /// [`LegStats::level_out`](crate::worker::stats::LegStats::level_out).
    ///
    /// # Errors
    /// As for [`insert_after`](Self::insert_after).
    pub fn meter(
        &mut self,
        half: Segment,
        after: &str,
        name: &str,
    ) -> Result<&mut Self, EngineError> {
        let format = self.format(half, after)?;
        self.insert_after(half, after, name, Spec::Meter { format })
    }

    /// Puts a node of one's own behind `after`; it works in place on one frame of audio at a time.
    ///
    /// # Errors
    /// As for [`insert_after`](Self::insert_after), or the name is taken.
    pub fn node(
        &mut self,
        half: Segment,
        after: &str,
        name: &'static str,
        node: impl Node + 'static,
    ) -> Result<&mut Self, EngineError> {
        let signal = Signal::Pcm(self.format(half, after)?);
        let shape = Shape::new(name)
            .input("in", signal)
            .output("out", signal)
            .in_place();
        let shape = Box::new(shape);
        self.give(name, node)?;
        let inserted = self.insert_after(half, after, name, Spec::Ext { name, shape });
        inserted.map(|_| ())?;
        Ok(self)
    }

    /// Listens behind `after` without changing anything: the port hears every frame, `depth` of them wait (1 to 256).
    /// What is written to it goes nowhere ([`PortFull::Left`](crate::PortFull::Left)).
    ///
    /// # Errors
    /// There is no such node, it gives no audio, the name is taken, or the depth is out of range.
    pub fn tap(
        &mut self,
        half: Segment,
        after: &str,
        name: &'static str,
        depth: usize,
    ) -> Result<AudioPort, EngineError> {
        let format = self.format(half, after)?;
        if !(1..=256).contains(&depth) {
            return Err(EngineError::OutOfRange {
                what: "port depth in frames",
                allowed: "1 to 256",
                actual: depth.to_string(),
            });
        }
        let (port, end) = tap(format, depth);
        self.give(name, end)?;
        let shape = Box::new(Shape::new(name).input("in", Signal::Pcm(format)));
        self.insert_after(half, after, name, Spec::Ext { name, shape })?;
        Ok(port)
    }

    /// Takes a node out; what read it reads what it read.
    ///
    /// # Errors
    /// There is no such node, or it is a source that something reads.
    pub fn remove(&mut self, half: Segment, name: &str) -> Result<&mut Self, EngineError> {
        let graph = self.place(half).as_mut().ok_or(GraphFault::Empty)?;
        graph.remove(name).map_err(GraphFault::from)?;
        self.nodes.retain(|(own, _)| *own != name);
        self.gains
            .retain(|(of, gain, _)| (*of, gain.as_str()) != (half, name));
        Ok(self)
    }

    /// What it compiles to: dumps, drawings, cost and latency of both halves. Nothing runs yet.
    ///
    /// # Errors
    /// It cannot be compiled, or cannot be a leg.
    pub fn preview(&self) -> Result<PlanInfo, EngineError> {
        compiled_info(&self.graphs)
    }

    fn place(&mut self, half: Segment) -> &mut Option<Graph<Spec>> {
        match half {
            Segment::Ingress => &mut self.graphs.ingress,
            Segment::Egress => &mut self.graphs.egress,
        }
    }
}

fn no_such(name: &str) -> GraphFault {
    GraphFault::Description(talkpath_graph::GraphError::NoSuchNode {
        name: name.to_owned(),
    })
}

/// The level of the gain of that name, of those by half and name.
pub(crate) fn level_of(gains: &[(Segment, String, f32)], half: Segment, name: &str) -> Option<f32> {
    let known = |(of, gain, _): &&(Segment, String, f32)| (*of, gain.as_str()) == (half, name);
    gains.iter().find(known).map(|(.., level)| *level)
}

/// The name of a spec's kind, for errors.
pub(crate) fn kind_of(spec: &Spec) -> &'static str {
    spec.shape().kind
}
