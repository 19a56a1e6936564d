//! The worker's scratch: the planes a cohort's segment runs on (D9).
//!
//! One plane per (plane of the plan, lane of the cohort). Nothing in it outlives a segment;
//! audio that must persist is node state. Plans name their planes so that a live one is never
//! overwritten (the compiler's guarantee), and two planes of an op are borrowed together by
//! `get_disjoint_mut`, in safe Rust.

use arrayvec::ArrayVec;
use talkpath_graph::node::PcmPlane;
use talkpath_graph::{Limits, PlaneRef};
use talkpath_nodes::encoded::{Encoded, MAX_ENCODED};
use talkpath_nodes::units::Units;
use talkpath_rt::pages;

/// Strands of equal plan that run side by side.
pub const LANES: usize = 8;

/// All planes of a worker.
#[derive(Debug)]
pub struct Arena {
    /// Audio.
    pub pcm: Vec<PcmPlane>,
    /// What jitter buffers hand out.
    pub units: Vec<Units>,
    /// What encoders make.
    pub encoded: Vec<Encoded>,
}

impl Arena {
    /// Planes for any plan within `limits`. Control side: allocates.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let encoded = || Encoded::new(pages::boxed([0; MAX_ENCODED]));
        Self {
            pcm: planes(limits.max_pcm_planes, PcmPlane::default),
            units: planes(limits.max_units, ArrayVec::new),
            encoded: planes(limits.max_encoded, encoded),
        }
    }
}

/// So many planes for every lane.
fn planes<T>(count: usize, make: impl FnMut() -> T) -> Vec<T> {
    let mut planes = pages::reserved(count * LANES);
    planes.resize_with(count * LANES, make);
    planes
}

/// Where plane `plane` of lane `lane` is.
#[must_use]
pub fn at(plane: PlaneRef, lane: usize) -> usize {
    plane.index as usize * LANES + lane
}
