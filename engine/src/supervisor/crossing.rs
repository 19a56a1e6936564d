//! Two plans of one half of a leg compared: what stays, and how the sound gets from one to the other (D13).
//!
//! A state stays where kind and format stay, also when other ops come before it. Among the ops on the way of the
//! sound the longest common sequence is kept (two that changed places cannot both be: each would have to run before the
//! other); meters and listeners at an end are kept wherever they are. Where an op that is kept gets another sound than
//! before, a fade is put in front of it, and what the old sound needs is run beside the new plan.
//!
//! Pure functions on the supervisor's thread.

use std::collections::BTreeMap;

use talkpath_graph::{Format, Graph, NodeId, NodeSpec, Op, Plan, Signal};
use talkpath_nodes::fade::Fading;
use talkpath_nodes::spec::Spec;

/// A value: an op by its place in the plan, and which output.
type Feed = (usize, usize);

/// One half of a leg: its plan, and what each op reads.
#[derive(Debug)]
pub(crate) struct Half<'a> {
    ops: &'a [Op<Spec>],
    feeds: Vec<Vec<Feed>>,
}

impl<'a> Half<'a> {
    pub fn new(graph: &Graph<Spec>, plan: &'a Plan<Spec>) -> Self {
        let ops = &plan.ops[..];
        let nodes: Vec<usize> = graph
            .nodes()
            .map(|(name, _)| ops.iter().position(|op| op.name == name).unwrap_or(0))
            .collect();
        let mut feeds: Vec<Vec<Feed>> =
            ops.iter().map(|op| vec![(0, 0); op.inputs.len()]).collect();
        for edge in graph.edges() {
            feeds[nodes[edge.to]][edge.to_port] = (nodes[edge.from], edge.from_port);
        }
        Self { ops, feeds }
    }
}

impl Half<'_> {
    /// How many ops it has.
    pub fn len(&self) -> usize {
        self.ops.len()
    }
}

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

/// A sound in the crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sound {
    Old(Feed),
    New(Feed),
}

/// How an op stands to the sound that passes it.
#[derive(PartialEq, Eq)]
enum Part {
    /// It makes, shapes or takes it.
    Shapes,
    /// It lets it pass untouched.
    Meters,
    /// It ends a branch and keeps nothing that others hear.
    Listens,
}

fn part(op: &Op<Spec>) -> Part {
    match &op.spec {
        Spec::Meter { .. } => Part::Meters,
        Spec::Ext { .. } | Spec::Contribute { .. } if op.outputs.is_empty() => Part::Listens,
        _ => Part::Shapes,
    }
}

/// How well the state of `old` would do for `new`: 0 not at all.
fn likeness(old: &Op<Spec>, new: &Op<Spec>) -> u32 {
    let same_name = old.name == new.name;
    let other_level = matches!(new.spec, Spec::Gain { .. }) && !same_name;
    if old.spec != new.spec || other_level {
        0
    } else {
        2 + u32::from(same_name)
    }
}

/// For every op of the new plan the op of the old one whose state it keeps. `fresh` names ops that get a new one.
pub(super) fn kept(
    old: &Half<'_>,
    new: &Half<'_>,
    fresh: &dyn Fn(&Op<Spec>) -> bool,
) -> Vec<Option<usize>> {
    let like = |o: usize, n: usize| {
        if fresh(&new.ops[n]) {
            0
        } else {
            likeness(&old.ops[o], &new.ops[n])
        }
    };
    let mut kept = vec![None; new.ops.len()];
    for (o, n) in common(&shaping(old), &shaping(new), &like) {
        kept[n] = Some(o);
    }
    for n in 0..new.ops.len() {
        if part(&new.ops[n]) != Part::Shapes {
            let free = |o: &usize| like(*o, n) > 0 && !kept.contains(&Some(*o));
            kept[n] = (0..old.ops.len()).filter(free).max_by_key(|o| like(*o, n));
        }
    }
    // What is not sound cannot be faded, and a concealer remembers the sound it was given.
    for n in 0..new.ops.len() {
        let op = &new.ops[n];
        let ports = op.spec.shape().inputs;
        let other = |(port, feed): (usize, &Feed)| {
            let faded = matches!(ports[port].signal, Signal::Pcm(_));
            let must_equal = !faded || matches!(op.spec, Spec::Conceal { .. });
            let o = kept[n]?;
            let was = sound_of_old(old, &kept, old.feeds[o][port]);
            (must_equal && was != sound_of_new(new, *feed)).then_some(())
        };
        if new.feeds[n]
            .iter()
            .enumerate()
            .any(|at| other(at).is_some())
        {
            kept[n] = None;
        }
    }
    kept
}

fn shaping(half: &Half<'_>) -> Vec<usize> {
    let shapes = |at: &usize| part(&half.ops[*at]) == Part::Shapes;
    (0..half.ops.len()).filter(shapes).collect()
}

/// The pairs of the common sequence that are most alike in all.
fn common(old: &[usize], new: &[usize], like: &dyn Fn(usize, usize) -> u32) -> Vec<(usize, usize)> {
    let mut best = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let pair = match like(old[i], new[j]) {
                0 => 0,
                alike => alike + best[i + 1][j + 1],
            };
            best[i][j] = pair.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        let alike = like(old[i], new[j]);
        if alike > 0 && best[i][j] == alike + best[i + 1][j + 1] {
            pairs.push((old[i], new[j]));
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// What a value is, looked at through the meters it has passed.
fn sound_of_new(new: &Half<'_>, feed: Feed) -> Sound {
    if part(&new.ops[feed.0]) == Part::Meters {
        return sound_of_new(new, new.feeds[feed.0][0]);
    }
    Sound::New(feed)
}

fn sound_of_old(old: &Half<'_>, kept: &[Option<usize>], feed: Feed) -> Sound {
    let (op, port) = feed;
    if part(&old.ops[op]) == Part::Meters {
        return sound_of_old(old, kept, old.feeds[op][0]);
    }
    match kept.iter().position(|keeps| *keeps == Some(op)) {
        Some(new) => Sound::New((new, port)),
        None => Sound::Old(feed),
    }
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
