//! A compiled plan: ops in order, each with the planes it reads and writes.
//!
//! Built on the control side by [`crate::compile()`], read by workers, never changed. Its guarantees are listed at the
//! crate root.

use core::fmt;
use core::time::Duration;

use arrayvec::ArrayVec;

use crate::shape::MAX_PORTS;
use crate::signal::Class;

/// Most ops in one segment (D1).
pub const MAX_OPS: usize = 32;

/// What a worker's arena has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most ops in a plan; values above [`MAX_OPS`] count as that.
    pub max_ops: usize,
    /// Planes of class [`Class::Pcm`].
    pub max_pcm_planes: usize,
    /// Planes of class [`Class::Units`].
    pub max_units: usize,
    /// Planes of class [`Class::Encoded`].
    pub max_encoded: usize,
}

impl Limits {
    /// Planes of `class`.
    #[must_use]
    pub const fn planes(&self, class: Class) -> usize {
        match class {
            Class::Units => self.max_units,
            Class::Pcm => self.max_pcm_planes,
            Class::Encoded => self.max_encoded,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_ops: MAX_OPS,
            max_pcm_planes: 8,
            max_units: 2,
            max_encoded: 2,
        }
    }
}

/// One plane of the arena. Displays as `pcm0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaneRef {
    /// Which kind of plane.
    pub class: Class,
    /// Which one of its class, from 0.
    pub index: u8,
}

impl fmt::Display for PlaneRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.class, self.index)
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Op<S> {
    /// Name of the node it came from, unique in the plan.
    pub name: String,
    /// What to run.
    pub spec: S,
    /// Plane of each input, in the order of the shape.
    pub inputs: ArrayVec<PlaneRef, MAX_PORTS>,
    /// Plane of each output, in the order of the shape.
    pub outputs: ArrayVec<PlaneRef, MAX_PORTS>,
}

impl<S> Op<S> {
    /// Whether the output is written over the input.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn runs_in_place(&self) -> bool {
        matches!((self.inputs.first(), self.outputs.first()), (Some(i), Some(o)) if i == o)
    }
}

/// A segment ready to run. Equal plans may be shared by any number of strands.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<S> {
    /// The steps, in order.
    pub ops: ArrayVec<Op<S>, MAX_OPS>,
    /// Planes of class [`Class::Pcm`] it uses: indices 0 up to this.
    pub pcm_planes: usize,
    /// Planes of class [`Class::Units`] it uses.
    pub unit_planes: usize,
    /// Planes of class [`Class::Encoded`] it uses.
    pub encoded_planes: usize,
    /// The longest path's sum of op latencies.
    pub latency: Duration,
    /// Sum of the cost hints of all ops.
    pub cost_hint: Duration,
}

impl<S> Plan<S> {
    /// Planes of `class` it uses.
    #[must_use]
    pub const fn planes(&self, class: Class) -> usize {
        match class {
            Class::Units => self.unit_planes,
            Class::Pcm => self.pcm_planes,
            Class::Encoded => self.encoded_planes,
        }
    }

    /// Whether no op touches samples: packets pass without being decoded (D10).
    #[must_use]
    pub const fn is_relay(&self) -> bool {
        !self.ops.is_empty() && self.pcm_planes == 0
    }
}
