//! From the configuration of a call's two sides to its graphs and the states of its ops.

use talkpath_graph::Plan;
use talkpath_nodes::call_graphs::{End, direction};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, State};

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::leg::NetworkConfig;

use super::blueprint::OpStates;
use super::plans::{Compiled, LegGraphs};
use super::validate;

/// A call before it is compiled.
#[derive(Debug)]
pub(super) struct CallBlueprint {
    pub graphs: LegGraphs,
    /// Of what A sends, and of what B sends.
    builds: [Build; 2],
}

impl CallBlueprint {
    pub fn new(sides: [NetworkConfig; 2], config: &EngineConfig) -> Result<Self, EngineError> {
        for side in &sides {
            validate::call_side(side, config)?;
        }
        let [a, b] = sides;
        let end = |side: NetworkConfig| End {
            codec: side.codec,
            ptime: side.ptime,
        };
        Ok(Self {
            graphs: LegGraphs {
                ingress: Some(direction(end(a), end(b))),
                egress: Some(direction(end(b), end(a))),
            },
            builds: [build(a, b), build(b, a)],
        })
    }

    /// Builds the states of all ops of both directions.
    pub fn states(&mut self, compiled: &Compiled) -> Result<[OpStates; 2], EngineError> {
        let [a, b] = &mut self.builds;
        Ok([half(&compiled.ingress, a)?, half(&compiled.egress, b)?])
    }
}

/// What `to` is sent of `from` begins where `to` was told that it would.
fn build(from: NetworkConfig, to: NetworkConfig) -> Build {
    Build {
        receive_payload_type: from.payload_type,
        send_payload_type: to.payload_type,
        ssrc: to.sender.ssrc,
        sequence: to.sender.sequence,
        timestamp: to.sender.timestamp,
        opus: to.opus,
        ..Build::default()
    }
}

fn half(plan: &Option<Plan<Spec>>, build: &mut Build) -> Result<OpStates, EngineError> {
    let ops = plan.iter().flat_map(|plan| &plan.ops);
    let states: Result<OpStates, _> = ops.map(|op| State::new(&op.spec, build)).collect();
    states.map_err(|error| {
        tracing::error!(%error, "a call's states do not fit its plan");
        EngineError::Internal {
            what: "the states of a call do not fit its plan",
        }
    })
}
