//! What a caller may ask about a leg's plan: another codec, a graph of its own, the graph as it is.
//!
//! On the supervisor's thread.

use crate::error::EngineError;
use crate::leg::NetworkConfig;
use crate::leg_graph::LegGraph;
use crate::proto::LegId;

use super::super::Supervisor;
use super::super::blueprint::Blueprint;
use super::super::request::Source;

impl Supervisor {
    /// Another codec, packet time or jitter delay for a network leg.
    pub(in crate::supervisor) fn change(
        &mut self,
        leg: LegId,
        config: NetworkConfig,
    ) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.still(leg)?;
        let (kind, own) = (state.face.kind, state.own.is_some());
        let what = match (kind, own) {
            ("network", false) => None,
            ("network", true) => Some("change its codec: swap its graph"),
            _ => Some("change its codec"),
        };
        if let Some(what) = what {
            let kind = if own { "graph" } else { kind };
            return Err(EngineError::WrongKind { kind, what });
        }
        let room = state.room;
        let frame = self.room(room)?.frame;
        let source = Source::Network(config);
        let blueprint = Blueprint::new(&source, frame, &self.config)?;
        self.swap(leg, blueprint, false)
    }

    /// A graph of the user's own for any leg.
    pub(in crate::supervisor) fn swap_graph(
        &mut self,
        leg: LegId,
        graph: LegGraph,
    ) -> Result<(), EngineError> {
        self.admit()?;
        let state = self.still(leg)?;
        let (room, face) = (state.room, state.face.clone());
        let sources = graph.sources.clone().or(state.sources.clone());
        let frame = self.room(room)?.frame;
        let blueprint = Blueprint::of_graph(graph, sources, Some(face), frame, &self.config)?;
        let usual = match blueprint.sources.usual() {
            Some(source) => Some(Blueprint::new(&source, frame, &self.config)?.graphs),
            None => None,
        };
        let own = usual.is_none_or(|usual| usual != blueprint.graphs);
        self.swap(leg, blueprint, own)
    }

    /// The graph of a leg, to be changed.
    pub(in crate::supervisor) fn graph_of(&mut self, leg: LegId) -> Result<LegGraph, EngineError> {
        let state = self.leg(leg)?;
        let (plan, worker, sources) = (state.plan, state.worker, state.sources.clone());
        let plans = &self.sites[usize::from(worker)].plans;
        let missing = EngineError::Internal {
            what: "a leg has no plan",
        };
        let graphs = plans.compiled(plan).ok_or(missing)?.graphs.clone();
        Ok(LegGraph::of(sources, graphs))
    }
}
