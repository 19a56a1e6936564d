//! What of a half of a leg stays when its plan is swapped: which op of the new plan keeps the state of which op of the old.
//!
//! Pure functions on the supervisor's thread.

use talkpath_graph::{Graph, NodeSpec, Op, Plan, Signal};
use talkpath_nodes::spec::Spec;

/// A value: an op by its place in the plan, and which output.
pub(super) type Feed = (usize, usize);

/// One half of a leg: its plan, and what each op reads.
#[derive(Debug)]
pub(crate) struct Half<'a> {
    pub(super) ops: &'a [Op<Spec>],
    pub(super) feeds: Vec<Vec<Feed>>,
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

/// A sound in the crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sound {
    Old(Feed),
    New(Feed),
}

/// How an op stands to the sound that passes it.
#[derive(PartialEq, Eq)]
pub(super) enum Part {
    /// It makes, shapes or takes it.
    Shapes,
    /// It lets it pass untouched.
    Meters,
    /// It ends a branch and keeps nothing that others hear.
    Listens,
}

pub(super) fn part(op: &Op<Spec>) -> Part {
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
pub(in crate::supervisor) fn kept(
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
pub(super) fn sound_of_new(new: &Half<'_>, feed: Feed) -> Sound {
    if part(&new.ops[feed.0]) == Part::Meters {
        return sound_of_new(new, new.feeds[feed.0][0]);
    }
    Sound::New(feed)
}

pub(super) fn sound_of_old(old: &Half<'_>, kept: &[Option<usize>], feed: Feed) -> Sound {
    let (op, port) = feed;
    if part(&old.ops[op]) == Part::Meters {
        return sound_of_old(old, kept, old.feeds[op][0]);
    }
    match kept.iter().position(|keeps| *keeps == Some(op)) {
        Some(new) => Sound::New((new, port)),
        None => Sound::Old(feed),
    }
}
