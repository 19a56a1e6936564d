//! Faults that tests inject into the nodes of a leg (D18): a panic, and samples that are no numbers.

use std::cell::Cell;

use talkpath_graph::node::PcmPlane;
use talkpath_graph::{NodeSpec, Op, Signal};
use talkpath_nodes::spec::Spec;

use crate::LegId;
use crate::proto::Segment;

use super::arena::at;

/// Nodes of one kind in a half of a leg.
pub(crate) type Place = (&'static str, Segment, LegId);

thread_local! {
    /// Whose node panics next, once.
    pub(crate) static TRIP: Cell<Option<Place>> = const { Cell::new(None) };
    /// Whose node reads such a sample next, once.
    pub(crate) static SPOIL: Cell<Option<(Place, f32)>> = const { Cell::new(None) };
}

/// Panics as the node would, when a test wants it.
pub(super) fn trip(place: Place) {
    if TRIP.get() == Some(place) {
        TRIP.set(None);
        panic!("injected into {}", place.0);
    }
}

/// Puts a sample into what the node is about to read, when a test wants it and the node reads samples.
pub(super) fn spoil(place: Place, op: &Op<Spec>, lane: usize, planes: &mut [PcmPlane]) {
    let Some((_, sample)) = SPOIL.get().filter(|(wanted, _)| *wanted == place) else {
        return;
    };
    for (port, plane) in op.spec.shape().inputs.iter().zip(&op.inputs) {
        if let Signal::Pcm(_) = port.signal {
            let frame = planes[at(*plane, lane)].as_mut_slice();
            let middle = frame.len() / 2;
            frame[middle] = sample;
            SPOIL.set(None);
        }
    }
}
