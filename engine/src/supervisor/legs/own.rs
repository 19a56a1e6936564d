//! A graph of the user's own, remembered for the case that its worker is lost (D18).
//!
//! On the supervisor's thread.

use talkpath_nodes::spec::Spec;

use crate::leg_graph::{LegGraph, level_of};
use crate::proto::Segment;

use super::super::blueprint::Blueprint;
use super::super::graph_check::{self, halves};
use super::super::plans::{Compiled, LegGraphs};
use super::super::sources::Sources;

/// What it takes to build the graph again.
#[derive(Debug, Clone)]
pub(in crate::supervisor) struct OwnGraph {
    graphs: LegGraphs,
    /// Levels of gains beside the leg's own, linear, by half and name.
    gains: Vec<(Segment, String, f32)>,
}

impl OwnGraph {
    /// Of a leg that gets the graph of `wanted`. `kept` says of an op, by its place in a half, whether it goes on with the
    /// state it had under `before`: its level is then the one it had.
    pub fn new(
        new: &Compiled,
        wanted: &Blueprint,
        before: Option<&Self>,
        kept: impl Fn(Segment, usize) -> bool,
    ) -> Self {
        let mut gains = Vec::new();
        for half in halves() {
            let leg_level = graph_check::level(new.ops(half)).filter(|_| half == Segment::Ingress);
            for (at, op) in new.ops(half).iter().enumerate() {
                if !matches!(op.spec, Spec::Gain { .. }) || leg_level.map(usize::from) == Some(at) {
                    continue;
                }
                let level = match kept(half, at) {
                    true => before.and_then(|before| level_of(&before.gains, half, &op.name)),
                    false => wanted.gain(half, &op.name),
                };
                gains.extend(level.map(|level| (half, op.name.clone(), level)));
            }
        }
        Self {
            graphs: new.graphs.clone(),
            gains,
        }
    }

    /// A node in it that only the application could make anew.
    pub fn node(&self) -> Option<&'static str> {
        let graphs = [&self.graphs.ingress, &self.graphs.egress];
        let mut nodes = graphs.into_iter().flatten().flat_map(|graph| graph.nodes());
        nodes.find_map(|(_, spec)| match spec {
            Spec::Ext { name, .. } => Some(*name),
            _ => None,
        })
    }

    /// As its user would give it.
    pub fn anew(&self) -> LegGraph {
        LegGraph {
            gains: self.gains.clone(),
            ..LegGraph::of(Sources::default(), self.graphs.clone())
        }
    }
}
