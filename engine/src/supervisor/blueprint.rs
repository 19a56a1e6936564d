//! From a leg's configuration to its graphs and the states of its ops.
//!
//! What decides the shape of a leg goes into the graphs, so that legs share plans; what differs
//! from leg to leg (payload type, SSRC, tone, rings of a port) goes into the states. A leg is
//! on the bus of its own rate: legs never resample, rooms do (D4).
//!
//! On the supervisor's thread; the usual kinds of leg are in `blueprint/kinds`.

use talkpath_graph::{FrameTime, Op, SampleRate};
use talkpath_nodes::gain::GainNode;
use talkpath_nodes::leg_graphs::PORT_IN;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, BuildError, State};

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::graph_fault::GraphFault;
use crate::leg::NetworkConfig;
use crate::leg_graph::{LegGraph, level_of};
use crate::port::{AudioPort, PortTape};
use crate::proto::{Direction, Segment};

use super::graph_check::{self, halves};
use super::legs::Face;
use super::plans::{Compiled, LegGraphs, Plans};
use super::request::Source;

mod kinds;

/// The states of one half, op by op.
pub(super) type OpStates = Vec<State>;

/// A leg before it is compiled.
#[derive(Debug)]
pub(super) struct Blueprint {
    pub graphs: LegGraphs,
    /// Rate of its bus.
    pub rate: SampleRate,
    pub direction: Direction,
    pub face: Face,
    /// The caller's half of a port leg.
    pub port: Option<AudioPort>,
    /// How a network leg is configured.
    pub network: Option<NetworkConfig>,
    /// What it was made from.
    pub source: Option<Source>,
    build: Build,
    /// Levels of gains beside the leg's own, linear, by half and name.
    gains: Vec<(Segment, String, f32)>,
}

/// How the gain of a new leg starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// A leg that joins fades in over its first frame, to this level.
    FadeIn(f32),
    /// A leg that changes goes on as it was.
    At(f32),
}

impl Blueprint {
    pub(super) fn new(
        source: &Source,
        frame: FrameTime,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        let made = match source {
            Source::Network(network) => Self::network(network, frame, config),
            Source::Port(port) => Self::port(*port, frame),
            Source::Tone(tone) => Self::tone(*tone, frame),
            Source::Clip(clip) => Self::clip(clip, frame),
        };
        made.map(|made| Self {
            source: Some(source.clone()),
            ..made
        })
    }

    /// Has a tape of what comes in through the port.
    pub(super) fn tape_port(&mut self, tape: PortTape) {
        let ext = &mut self.build.ext;
        if let Some(at) = ext.iter().position(|(name, _)| *name == PORT_IN) {
            let (name, node) = ext.swap_remove(at);
            ext.push((name, tape.on(node)));
        }
    }

    /// A graph of the user's own. `source` says what a network leg sends and expects, and what a player plays; without
    /// it everything of that kind has to stay as it is.
    pub(super) fn of_graph(
        graph: LegGraph,
        source: Option<Source>,
        face: Option<Face>,
        frame: FrameTime,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        graph_check::sources(&graph.graphs)?;
        let compiled = Plans::new(1).compile(graph.graphs.clone())?;
        let rate = graph_check::leg(&compiled, Some(frame))?;
        let network = match &source {
            Some(Source::Network(network)) => Some(*network),
            _ => None,
        };
        let mut specs = halves().into_iter().flat_map(|half| compiled.specs(half));
        let streams = |spec| matches!(spec, &Spec::Jitter { .. } | &Spec::Packetise { .. });
        if network.is_none() && specs.any(streams) {
            return Err(EngineError::WrongKind {
                kind: face.map_or("graph", |face| face.kind),
                what: "send or receive packets: start from a network leg's graph",
            });
        }
        let known = source.clone();
        let made = source.map(|source| Self::new(&source, frame, config));
        let made = made.transpose()?;
        let (mut build, made_face) = match made {
            Some(made) => (made.build, Some(made.face)),
            None => (Build::default(), None),
        };
        build.ext.extend(graph.nodes);
        let face = face.or(made_face).unwrap_or_else(|| Face::plain("graph"));
        Ok(Self {
            network,
            source: known,
            gains: graph.gains,
            ..Self::plain(face, graph.graphs, rate, build)
        })
    }

    /// Whether an op of a leg that stays gets a new state although its kind is the same.
    pub(super) fn renews(&self, half: Segment, op: &Op<Spec>, payload_type: Option<u8>) -> bool {
        match &op.spec {
            Spec::Gain { .. } => self.gain(half, &op.name).is_some(),
            Spec::Jitter { .. } => payload_type != Some(self.build.receive_payload_type),
            Spec::Packetise { .. } => payload_type != Some(self.build.send_payload_type),
            Spec::Ext { name, .. } => self.build.ext.iter().any(|(own, _)| own == name),
            _ => false,
        }
    }

    /// The level that was given to a gain beside the leg's own.
    pub(super) fn gain(&self, half: Segment, name: &str) -> Option<f32> {
        level_of(&self.gains, half, name)
    }

    /// Builds the state of one op. What the blueprint supplies once (rings, tone, clip, nodes) is used up by it.
    pub(super) fn state(
        &mut self,
        op: &Op<Spec>,
        half: Segment,
        start: Start,
    ) -> Result<State, EngineError> {
        let level = op.name == graph_check::LEVEL && half == Segment::Ingress;
        match (&op.spec, start) {
            (Spec::Gain { .. }, Start::FadeIn(to)) if level => {
                return Ok(State::Gain(GainNode::fading_in(to)));
            }
            (Spec::Gain { .. }, Start::At(gain)) if level => {
                return Ok(State::Gain(GainNode::new(gain)));
            }
            (Spec::Gain { .. }, _) => {
                let gain = self.gain(half, &op.name).unwrap_or(1.0);
                return Ok(State::Gain(GainNode::new(gain)));
            }
            _ => {}
        }
        State::new(&op.spec, &mut self.build).map_err(|error| match error {
            BuildError::Missing { expected } => GraphFault::NodeMissing { name: expected }.into(),
            error => {
                tracing::error!(%error, "a leg's states do not fit its plan");
                EngineError::Internal {
                    what: "the states of a leg do not fit its plan",
                }
            }
        })
    }

    /// Builds the states of all ops, ingress and egress.
    pub(super) fn states(
        &mut self,
        compiled: &Compiled,
        start: Start,
    ) -> Result<[OpStates; 2], EngineError> {
        let [ingress, egress]: [Result<OpStates, EngineError>; 2] = halves().map(|half| {
            let ops = compiled.ops(half).iter();
            ops.map(|op| self.state(op, half, start)).collect()
        });
        Ok([ingress?, egress?])
    }
}
