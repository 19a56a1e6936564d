//! Third step of the compiler: which plane holds which value.
//!
//! A value lives from the op that writes it to the last op that reads it. Walking the ops in order, an output takes the
//! lowest plane of its class that no live value holds; with in-place reuse first. Lives are intervals on one
//! line, so this needs no more planes than are alive at once, and a general graph colouring would find no better.

use std::collections::HashMap;

use super::{Feeds, Value};
use crate::graph::Graph;
use crate::plan::PlaneRef;
use crate::signal::Class;

/// The result: a plane for every value.
pub(super) struct Colours {
    planes: HashMap<Value, PlaneRef>,
    taken: Vec<PlaneRef>,
    used: HashMap<Class, usize>,
}

impl Colours {
    pub fn plane(&self, value: Value) -> PlaneRef {
        self.planes[&value]
    }

    /// How many planes of `class` the plan needs.
    pub fn used(&self, class: Class) -> usize {
        self.used.get(&class).copied().unwrap_or(0)
    }

    /// Gives `value` the lowest plane of `class` that nothing live holds.
    fn take(&mut self, value: Value, class: Class) {
        let plane = (0..=u8::MAX)
            .map(|index| PlaneRef { class, index })
            .find(|p| !self.taken.contains(p))
            .expect("32 ops of 4 outputs are 128 values at most");
        self.taken.push(plane);
        self.planes.insert(value, plane);
        let used = self.used.entry(class).or_default();
        *used = (*used).max(usize::from(plane.index) + 1);
    }

    /// Hands the plane of `old` to `new`.
    fn reuse(&mut self, old: Value, new: Value) {
        self.planes.insert(new, self.planes[&old]);
    }

    fn release(&mut self, value: Value) {
        let plane = self.planes[&value];
        self.taken.retain(|&p| p != plane);
    }
}

/// Assigns planes to all values of the checked graph.
pub(super) fn colour<S>(graph: &Graph<S>, feeds: &Feeds, order: &[usize]) -> Colours {
    let last = last_readers(feeds, order);
    let mut colours = Colours {
        planes: HashMap::new(),
        taken: Vec::new(),
        used: HashMap::new(),
    };
    for &n in order {
        let shape = &graph.nodes[n].shape;
        let dies_here = |value: &Value| last.get(value) == Some(&n);
        match feeds[n].first() {
            Some(input) if shape.in_place && dies_here(input) => {
                colours.reuse(*input, (n, 0));
                release_unread(&mut colours, &last, n, 1);
                continue;
            }
            _ => {}
        }
        for (port, output) in shape.outputs.iter().enumerate() {
            colours.take((n, port), output.signal.class());
        }
        feeds[n]
            .iter()
            .filter(|v| dies_here(v))
            .for_each(|&v| colours.release(v));
        release_unread(&mut colours, &last, n, shape.outputs.len());
    }
    colours
}

/// Frees the outputs of `n` that nothing reads: they were needed only while it ran.
fn release_unread(colours: &mut Colours, last: &HashMap<Value, usize>, n: usize, outputs: usize) {
    (0..outputs)
        .map(|port| (n, port))
        .filter(|v| !last.contains_key(v))
        .for_each(|v| colours.release(v));
}

/// For every value that is read, the node that reads it last.
fn last_readers(feeds: &Feeds, order: &[usize]) -> HashMap<Value, usize> {
    let mut last = HashMap::new();
    for &n in order {
        for &value in &feeds[n] {
            last.insert(value, n);
        }
    }
    last
}
