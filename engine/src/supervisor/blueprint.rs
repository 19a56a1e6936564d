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
use crate::leg_graph::{LegGraph, level_of};
use crate::port::{AudioPort, PortTape};
use crate::proto::{Direction, Segment};

use super::graph_check::{self, halves};
use super::legs::Face;
use super::plans::{Compiled, LegGraphs, Plans};
use super::request::Source;
use super::sources::Sources;

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
    /// What its graphs send and play, and how it would send packets.
    pub sources: Sources,
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
            sources: source.clone().into(),
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

    /// A graph of the user's own. `sources` says what a network leg sends and expects, and what its players play; without
    /// one everything of that kind has to stay as it is.
    pub(super) fn of_graph(
        graph: LegGraph,
        sources: Sources,
        face: Option<Face>,
        frame: FrameTime,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        graph_check::sources(&graph.graphs)?;
        let compiled = Plans::new(1).compile(graph.graphs.clone())?;
        let rate = graph_check::leg(&compiled, Some(frame))?;
        let mut specs = halves().into_iter().flat_map(|half| compiled.specs(half));
        let streams = |spec| matches!(spec, &Spec::Jitter { .. } | &Spec::Packetise { .. });
        if sources.network.is_none() && specs.any(streams) {
            return Err(EngineError::WrongKind {
                kind: face.map_or("graph", |face| face.kind),
                what: "send or receive packets: start from a network leg's graph",
            });
        }
        let made = sources
            .each()
            .map(|source| Self::new(&source, frame, config));
        let made = made.collect::<Result<Vec<_>, _>>()?;
        let first = made.first().map(|made| made.face.clone());
        let face = face.or(first).unwrap_or_else(|| Face::plain("graph"));
        let mut build = Self::joint(made);
        build.ext.extend(graph.nodes);
        let sources = sources.played_by(&graph.graphs);
        Ok(Self {
            sources,
            gains: graph.gains,
            ..Self::plain(face, graph.graphs, rate, build)
        })
    }

    /// What the blueprints of the sources of one leg bring, at most one of a kind.
    fn joint(made: Vec<Self>) -> Build {
        let all = made.into_iter().map(|made| made.build);
        let both = |known: Build, other: Build| Build {
            tone: known.tone.or(other.tone),
            clip: known.clip.or(other.clip),
            ..known
        };
        all.reduce(both).unwrap_or_default()
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
