//! What the packets of a leg are coded with, as the session asked for it: only that tells what a dynamic payload type is.

use std::collections::BTreeMap;
use std::time::Duration;

use crossbeam::channel::Sender;
use talkpath_graph::Graph;
use talkpath_nodes::spec::Spec;

use super::ask::{Made, ask};
use super::report::LegCodec;
use crate::leg::NetworkConfig;
use crate::leg_graph::LegGraph;
use crate::proto::{CallId, LegId};
use crate::supervisor::{CallEdit, Request, Source, Supervisor};

/// Asks again what was asked, and tells the desk of codecs.
pub(super) struct Codecs {
    tell: Sender<(u64, LegCodec)>,
    sides: BTreeMap<CallId, [LegId; 2]>,
    /// What was told last of each leg: a graph that says nothing of packets goes on with it.
    legs: BTreeMap<LegId, NetworkConfig>,
}

impl Codecs {
    pub fn new(tell: Sender<(u64, LegCodec)>) -> Self {
        Self {
            tell,
            sides: BTreeMap::new(),
            legs: BTreeMap::new(),
        }
    }

    /// Has the supervisor handle `request`; what was refused is told nobody, and made nothing.
    pub fn handle(
        &mut self,
        request: Request,
        at: Duration,
        supervisor: &mut Supervisor,
    ) -> Option<Made> {
        let told = Told::of(&request, &self.legs);
        let made = ask(request, supervisor)?;
        match (made, told) {
            (Made::Leg(leg), Told::Join(config)) => self.tell(leg, at, &config),
            (_, Told::Change(leg, config)) => self.tell(leg, at, &config),
            (Made::Call(call, sides), Told::Call(configs)) => {
                self.sides.insert(call, sides);
                for (leg, config) in sides.into_iter().zip(&*configs) {
                    self.tell(leg, at, config);
                }
            }
            (_, Told::Side(call, side, config)) => {
                if let Some(sides) = self.sides.get(&call).copied() {
                    self.tell(sides[side], at, &config);
                }
            }
            _ => {}
        }
        Some(made)
    }

    fn tell(&mut self, leg: LegId, at: Duration, config: &NetworkConfig) {
        self.legs.insert(leg, *config);
        let coded = LegCodec {
            at,
            payload_type: config.payload_type,
            codec: config.codec,
        };
        // The desk reads until all threads have ended; one that was stopped has none.
        self.tell.send((leg.to_bits(), coded)).unwrap_or_default();
    }
}

/// What a request says of codecs.
enum Told {
    Nothing,
    Join(NetworkConfig),
    Change(LegId, NetworkConfig),
    Call(Box<[NetworkConfig; 2]>),
    /// A side of a call, by its index.
    Side(CallId, usize, NetworkConfig),
}

impl Told {
    fn of(request: &Request, legs: &BTreeMap<LegId, NetworkConfig>) -> Self {
        match request {
            Request::Join {
                source: Source::Network(config),
                ..
            } => Self::Join(*config),
            Request::JoinGraph { graph, .. } => {
                coded(graph, None).map_or(Self::Nothing, Self::Join)
            }
            Request::Swap { leg, graph, .. } => {
                let coded = coded(graph, legs.get(leg));
                coded.map_or(Self::Nothing, |config| Self::Change(*leg, config))
            }
            Request::Change { leg, config, .. } => Self::Change(*leg, *config),
            Request::CreateCall { config, .. } => Self::Call(Box::new([config.a, config.b])),
            Request::EditCall {
                call,
                edit: CallEdit::Change(side, config),
                ..
            } => Self::Side(*call, side.index(), *config),
            _ => Self::Nothing,
        }
    }
}

/// How a network leg with a graph of one's own is configured: its codec is that of its graph, the rest as it was `before`
/// where the graph does not say.
fn coded(graph: &LegGraph, before: Option<&NetworkConfig>) -> Option<NetworkConfig> {
    let config = graph.sources.network.or(before.copied())?;
    let halves = [&graph.graphs.ingress, &graph.graphs.egress];
    let mut nodes = halves.into_iter().flatten().flat_map(Graph::nodes);
    let codec = nodes.find_map(|(_, spec)| match spec {
        Spec::Jitter { codec, .. } | Spec::Packetise { codec, .. } => Some(*codec),
        _ => None,
    });
    Some(NetworkConfig {
        codec: codec.unwrap_or(config.codec),
        ..config
    })
}
