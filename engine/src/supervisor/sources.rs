//! What a leg sends and plays: one of each kind, since its graph may have a phone's packets, a tone and a clip together.
//!
//! On the supervisor's thread. A port is none of them: only its caller could make that anew.

use talkpath_graph::Graph;
use talkpath_nodes::spec::Spec;

use crate::leg::{ClipConfig, NetworkConfig, ToneConfig};
use crate::proto::Segment;

use super::plans::{Compiled, LegGraphs};
use super::request::Source;

/// At most one source of each kind. How packets are sent is kept though the graph has none of them just now: another may
/// have them again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sources {
    pub network: Option<NetworkConfig>,
    pub tone: Option<ToneConfig>,
    pub clip: Option<ClipConfig>,
}

impl Sources {
    /// These, and of the kinds that are not among them those of `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            network: self.network.or(others.network),
            tone: self.tone.or(others.tone),
            clip: self.clip.or(others.clip),
        }
    }

    /// Without what players play that `graphs` do not have.
    #[must_use]
    pub fn played_by(self, graphs: &LegGraphs) -> Self {
        let has = |player: fn(&Spec) -> bool| {
            let mut nodes = graphs.ingress.iter().flat_map(Graph::nodes);
            nodes.any(|(_, spec)| player(spec))
        };
        let tone = has(|spec| matches!(spec, Spec::Tone { .. }));
        let clip = has(|spec| matches!(spec, Spec::Clip { .. }));
        Self {
            tone: self.tone.filter(|_| tone),
            clip: self.clip.filter(|_| clip),
            ..self
        }
    }

    /// One after the other, what a leg is named after first.
    pub fn each(&self) -> impl Iterator<Item = Source> {
        let network = self.network.map(Source::Network);
        let tone = self.tone.map(Source::Tone);
        let clip = self.clip.clone().map(Source::Clip);
        network.into_iter().chain(tone).chain(clip)
    }

    /// What a leg with a usual graph is made of: its player, where it has one.
    pub fn usual(&self) -> Option<Source> {
        self.each().last()
    }
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Self::from_iter([source])
    }
}

impl FromIterator<Source> for Sources {
    fn from_iter<I: IntoIterator<Item = Source>>(all: I) -> Self {
        let mut sources = Self::default();
        for source in all {
            match source {
                Source::Network(network) => sources.network = Some(network),
                Source::Tone(tone) => sources.tone = Some(tone),
                Source::Clip(clip) => sources.clip = Some(clip),
                Source::Port(_) => {}
            }
        }
        sources
    }
}

/// The players of a leg that go on where another plan takes its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub tone: bool,
    pub clip: bool,
}

impl Kept {
    /// Under the plan `new`, of whose ops `kept` says whether they go on with a state they had.
    pub fn of(new: &Compiled, kept: impl Fn(Segment, usize) -> bool) -> Self {
        let goes_on = |player: fn(&Spec) -> bool| {
            let ops = new.ops(Segment::Ingress).iter().enumerate();
            let mut players = ops.filter(|(_, op)| player(&op.spec)).peekable();
            players.peek().is_some() && players.all(|(at, _)| kept(Segment::Ingress, at))
        };
        Self {
            tone: goes_on(|spec| matches!(spec, Spec::Tone { .. })),
            clip: goes_on(|spec| matches!(spec, Spec::Clip { .. })),
        }
    }
}
