//! The blueprints of the usual kinds of leg: network, port, tone, clip.
//!
//! On the supervisor's thread.

use talkpath_graph::{Format, FrameTime, SampleRate};
use talkpath_nodes::leg_graphs::{self, PORT_IN, PORT_OUT};
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::Build;

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::leg::{ClipConfig, NetworkConfig, ToneConfig};
use crate::port::{PortConfig, port};
use crate::proto::Direction;

use super::super::legs::Face;
use super::super::plans::LegGraphs;
use super::super::sources::Sources;
use super::super::validate;
use super::Blueprint;

impl Blueprint {
    pub(super) fn network(
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
            opus,
            ..
        } = *network;
        let rate = codec.rate();
        let ingress = leg_graphs::network_ingress(codec, frame, rate, delays);
        let egress = leg_graphs::network_egress(codec, ptime, frame, rate, !hear_self);
        let graphs = LegGraphs {
            ingress: Some(ingress),
            egress: Some(egress),
        };
        let build = Build {
            receive_payload_type: payload_type,
            send_payload_type: payload_type,
            ssrc: sender.ssrc,
            sequence: sender.sequence,
            timestamp: sender.timestamp,
            opus,
            ..Build::default()
        };
        let face = Face {
            kind: "network",
            codec: Some(codec.to_string()),
        };
        Ok(Self::plain(face, graphs, rate, build))
    }

    pub(super) fn port(config: PortConfig, frame: FrameTime) -> Result<Self, EngineError> {
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
        let graphs = LegGraphs {
            ingress: Some(ingress),
            egress: Some(egress),
        };
        let build = Build {
            ext: vec![(PORT_IN, Box::new(input)), (PORT_OUT, Box::new(output))],
            ..Build::default()
        };
        Ok(Self {
            port: Some(port),
            ..Self::plain(Face::plain("port"), graphs, rate, build)
        })
    }

    pub(super) fn tone(config: ToneConfig, frame: FrameTime) -> Result<Self, EngineError> {
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

    pub(super) fn clip(config: &ClipConfig, frame: FrameTime) -> Result<Self, EngineError> {
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
        let graphs = LegGraphs {
            ingress: Some(ingress),
            egress: None,
        };
        Self::plain(Face::plain(kind), graphs, rate, build)
    }

    /// A leg with nothing beside its graphs and their states, which goes the ways that it has a graph for.
    pub(super) fn plain(face: Face, graphs: LegGraphs, rate: SampleRate, build: Build) -> Self {
        Self {
            direction: Direction {
                receive: graphs.ingress.is_some(),
                send: graphs.egress.is_some(),
            },
            graphs,
            rate,
            face,
            port: None,
            sources: Sources::default(),
            build,
            gains: Vec::new(),
        }
    }
}
