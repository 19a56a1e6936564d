//! From a leg's configuration to its graphs and the states of its ops.
//!
//! What decides the shape of a leg goes into the graphs, so that legs share plans; what differs
//! from leg to leg (payload type, SSRC, tone, rings of a port) goes into the states. A leg is
//! on the bus of its own rate: legs never resample, rooms do (D4).

use talkpath_graph::{Format, FrameTime, SampleRate};
use talkpath_nodes::gain::GainNode;
use talkpath_nodes::leg_graphs::{self, PORT_IN, PORT_OUT};
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::{Build, State};

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::leg::{ClipConfig, NetworkConfig, ToneConfig};
use crate::port::{AudioPort, PortConfig, port};
use crate::proto::Direction;

use super::legs::Face;
use super::plans::{Compiled, LegGraphs};
use super::request::Source;
use super::validate;

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
    build: Build,
}

/// How the gain of a new leg starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// A leg that joins fades in over its first frame.
    FadeIn,
    /// A leg that is built anew fades in to the level it had.
    Again(f32),
    /// A leg that changes goes on as it was.
    At(f32),
}

impl Blueprint {
    pub(super) fn new(
        source: &Source,
        frame: FrameTime,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        match source {
            Source::Network(network) => Self::network(network, frame, config),
            Source::Port(port) => Self::port(*port, frame),
            Source::Tone(tone) => Self::tone(*tone, frame),
            Source::Clip(clip) => Self::clip(clip, frame),
        }
    }

    fn network(
        network: &NetworkConfig,
        frame: FrameTime,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        let delays = validate::network(network, config)?;
        let NetworkConfig {
            codec,
            payload_type,
            ptime,
            sender,
            hear_self,
            ..
        } = *network;
        let rate = codec.rate();
        let ingress = leg_graphs::network_ingress(codec, frame, rate, delays);
        let egress = leg_graphs::network_egress(codec, ptime, frame, rate, !hear_self);
        Ok(Self {
            graphs: LegGraphs {
                ingress: Some(ingress),
                egress: Some(egress),
            },
            rate,
            direction: Direction::BOTH,
            face: Face {
                kind: "network",
                codec: Some(codec.to_string()),
            },
            port: None,
            build: Build {
                receive_payload_type: payload_type,
                send_payload_type: payload_type,
                ssrc: sender.ssrc,
                sequence: sender.sequence,
                timestamp: sender.timestamp,
                ..Build::default()
            },
        })
    }

    fn port(config: PortConfig, frame: FrameTime) -> Result<Self, EngineError> {
        let PortConfig {
            rate,
            depth,
            hear_self,
            ..
        } = config;
        validate::port(config)?;
        let (port, input, output) = port(Format::mono(rate, frame), depth);
        let ingress = leg_graphs::port_ingress(rate, frame, rate);
        let egress = leg_graphs::port_egress(rate, frame, rate, !hear_self);
        Ok(Self {
            graphs: LegGraphs {
                ingress: Some(ingress),
                egress: Some(egress),
            },
            rate,
            direction: Direction::BOTH,
            face: Face {
                kind: "port",
                codec: None,
            },
            port: Some(port),
            build: Build {
                ext: vec![(PORT_IN, Box::new(input)), (PORT_OUT, Box::new(output))],
                ..Build::default()
            },
        })
    }

    fn tone(config: ToneConfig, frame: FrameTime) -> Result<Self, EngineError> {
        let ToneConfig { hz, dbov, rate } = config;
        validate::tone(config)?;
        let build = Build {
            tone: Some(Tone::new(rate, hz, dbov)),
            ..Build::default()
        };
        Ok(Self::player(
            "tone",
            leg_graphs::tone_ingress(frame, rate),
            rate,
            build,
        ))
    }

    fn clip(config: &ClipConfig, frame: FrameTime) -> Result<Self, EngineError> {
        let ClipConfig {
            samples,
            rate,
            looping,
        } = config;
        validate::clip(config)?;
        let clip = Clip::new(samples.clone(), *looping);
        let build = Build {
            clip: Some(clip),
            ..Build::default()
        };
        Ok(Self::player(
            "clip",
            leg_graphs::clip_ingress(*rate, frame, *rate),
            *rate,
            build,
        ))
    }

    /// A leg that is only heard.
    fn player(
        kind: &'static str,
        ingress: talkpath_graph::Graph<Spec>,
        rate: SampleRate,
        build: Build,
    ) -> Self {
        Self {
            graphs: LegGraphs {
                ingress: Some(ingress),
                egress: None,
            },
            rate,
            direction: Direction {
                receive: true,
                send: false,
            },
            face: Face { kind, codec: None },
            port: None,
            build,
        }
    }

    /// Builds the states of all ops, ingress and egress. What the blueprint supplies once (rings,
    /// tone, clip) is used up by it.
    pub(super) fn states(
        &mut self,
        compiled: &Compiled,
        start: Start,
    ) -> Result<[OpStates; 2], EngineError> {
        let build = &mut self.build;
        let mut state = |spec: &Spec| match (spec, start) {
            (Spec::Gain { .. }, Start::FadeIn) => Ok(State::Gain(GainNode::fading_in(1.0))),
            (Spec::Gain { .. }, Start::Again(gain)) => Ok(State::Gain(GainNode::fading_in(gain))),
            (Spec::Gain { .. }, Start::At(gain)) => Ok(State::Gain(GainNode::new(gain))),
            _ => State::new(spec, build),
        };
        let mut half = |plan: &Option<talkpath_graph::Plan<Spec>>| {
            let ops = plan.iter().flat_map(|plan| &plan.ops);
            ops.map(|op| state(&op.spec)).collect::<Result<Vec<_>, _>>()
        };
        let broken = |error| {
            tracing::error!(%error, "a leg's states do not fit its plan");
            EngineError::Internal {
                what: "the states of a leg do not fit its plan",
            }
        };
        let ingress = half(&compiled.ingress).map_err(broken)?;
        let egress = half(&compiled.egress).map_err(broken)?;
        Ok([ingress, egress])
    }
}
