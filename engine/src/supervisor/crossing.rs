//! Two plans of one half of a leg compared: what stays, and how the sound gets from one to the other (D13).
//!
//! A state stays where kind and format stay, also when other ops come before it. Among the ops on the way of the
//! sound the longest common sequence is kept (two that changed places cannot both be: each would have to run before the
//! other); meters and listeners at an end are kept wherever they are. Where an op that is kept gets another sound than
//! before, a fade is put in front of it, and what the old sound needs is run beside the new plan.
//!
//! Pure functions on the supervisor's thread: what stays is found in `crossing/kept`, the plan between is put together
//! here.

use std::collections::BTreeMap;

use talkpath_graph::{Format, Graph, NodeId, Op, Signal};
use talkpath_nodes::fade::Fading;
use talkpath_nodes::spec::Spec;

pub(crate) use kept::Half;
pub(super) use kept::kept;
use kept::{Feed, Part, Sound, part, sound_of_new, sound_of_old};

mod kept;

/// Where an op of a crossing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The old plan alone.
    Old(usize),
    /// The new plan, whether its state is kept or not.
    New(usize),
    /// The crossing itself.
    Fade,
}

/// The graph of a crossing, and where each of its nodes comes from, by name.
#[derive(Debug)]
pub(super) struct Crossed {
    pub graph: Graph<Spec>,
    pub origins: BTreeMap<String, Origin>,
}

/// A crossing while it is put together.
struct Building<'a> {
    old: &'a Half<'a>,
    kept: &'a [Option<usize>],
    graph: Graph<Spec>,
    origins: BTreeMap<String, Origin>,
    new_ids: Vec<NodeId>,
    old_ids: BTreeMap<usize, NodeId>,
}

impl Building<'_> {
    fn add(&mut self, name: String, spec: Spec, origin: Origin) -> NodeId {
        let id = self.graph.add(&name, spec);
        self.origins.insert(name, origin);
        id
    }

    /// Both ends exist: they are ports of ops of a compiled plan, or of a fade.
    fn connect(&mut self, (from, output): (NodeId, usize), (to, input): (NodeId, usize)) {
        let output = self.graph.ports(from).1[output].name;
        let input = self.graph.ports(to).0[input].name;
        let connected = self.graph.connect(from, output, to, input);
        debug_assert!(connected.is_ok(), "{connected:?}");
    }

    /// The node a sound comes from; what only the old plan had is added with all before it.
    fn source(&mut self, sound: Sound) -> (NodeId, usize) {
        match sound {
            Sound::New((op, port)) => (self.new_ids[op], port),
            Sound::Old((op, port)) => (self.old_node(op), port),
        }
    }

    fn old_node(&mut self, op: usize) -> NodeId {
        if let Some(id) = self.old_ids.get(&op) {
            return *id;
        }
        let Op { name, spec, .. } = &self.old.ops[op];
        let id = self.add(format!("old:{name}"), spec.clone(), Origin::Old(op));
        self.old_ids.insert(op, id);
        for (port, feed) in self.old.feeds[op].iter().enumerate() {
            let source = self.source(sound_of_old(self.old, self.kept, *feed));
            self.connect(source, (id, port));
        }
        id
    }
}

/// The plan in which the sound crosses from the old plan to the new one, after so many frames of the old; `None` when
/// nothing is heard of the swap.
pub(super) fn crossing(
    old: &Half<'_>,
    new: &Half<'_>,
    kept: &[Option<usize>],
    after: u8,
) -> Option<Crossed> {
    let mut build = Building {
        old,
        kept,
        graph: Graph::new(),
        origins: BTreeMap::new(),
        new_ids: Vec::new(),
        old_ids: BTreeMap::new(),
    };
    for (n, op) in new.ops.iter().enumerate() {
        let id = build.add(op.name.clone(), op.spec.clone(), Origin::New(n));
        build.new_ids.push(id);
    }
    let mut fades: BTreeMap<(Sound, Feed), NodeId> = BTreeMap::new();
    for (n, op) in new.ops.iter().enumerate() {
        for (port, &feed) in new.feeds[n].iter().enumerate() {
            let to = (build.new_ids[n], port);
            let was = kept[n].filter(|_| part(op) != Part::Meters);
            let was = was.map(|o| sound_of_old(old, kept, old.feeds[o][port]));
            let changed = was.filter(|was| *was != sound_of_new(new, feed));
            let (Some(was), Signal::Pcm(format)) =
                (changed, build.graph.ports(to.0).0[port].signal)
            else {
                build.connect((build.new_ids[feed.0], feed.1), to);
                continue;
            };
            let fade = match fades.get(&(was, feed)) {
                Some(fade) => *fade,
                None => {
                    let name = format!("fade:{}", fades.len());
                    let into = Fading::Other { after };
                    let fade = build.add(name, Spec::Fade { format, into }, Origin::Fade);
                    let from = build.source(was);
                    build.connect(from, (fade, 0));
                    build.connect((build.new_ids[feed.0], feed.1), (fade, 1));
                    fades.insert((was, feed), fade);
                    fade
                }
            };
            build.connect((fade, 0), to);
        }
    }
    let Building { graph, origins, .. } = build;
    (!fades.is_empty()).then_some(Crossed { graph, origins })
}

/// The old plan as it is, its voice in the room faded out when `silenced`.
pub(super) fn as_before(old: &Half<'_>, silenced: bool) -> Crossed {
    let mut build = Building {
        old,
        kept: &[],
        graph: Graph::new(),
        origins: BTreeMap::new(),
        new_ids: Vec::new(),
        old_ids: BTreeMap::new(),
    };
    for (o, op) in old.ops.iter().enumerate() {
        let id = build.add(op.name.clone(), op.spec.clone(), Origin::Old(o));
        build.new_ids.push(id);
    }
    for (o, op) in old.ops.iter().enumerate() {
        for (port, &feed) in old.feeds[o].iter().enumerate() {
            let from = (build.new_ids[feed.0], feed.1);
            let to = (build.new_ids[o], port);
            let Some(format) = voice(op).filter(|_| silenced) else {
                build.connect(from, to);
                continue;
            };
            let into = Fading::Silence;
            let spec = Spec::Fade { format, into };
            let fade = build.add("fade:out".to_owned(), spec, Origin::Fade);
            build.connect(from, (fade, 0));
            build.connect((fade, 0), to);
        }
    }
    let Building { graph, origins, .. } = build;
    Crossed { graph, origins }
}

/// The format of what an op says into the room.
fn voice(op: &Op<Spec>) -> Option<Format> {
    match op.spec {
        Spec::Contribute { format } => Some(format),
        _ => None,
    }
}

#[cfg(test)]
#[path = "crossing_tests.rs"]
mod tests;
