//! What the compiler needs to know of a node: its ports and three facts, and nothing of its DSP.
//!
//! Control side only.

use core::fmt::Debug;
use core::time::Duration;

use arrayvec::ArrayVec;

use crate::shed::Shed;
use crate::signal::{Port, Signal};

/// Most inputs, and most outputs, of one node.
pub const MAX_PORTS: usize = 4;

/// The outside of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Name of the kind, as shown in dumps: `resample`.
    pub kind: &'static str,
    /// Inputs, in the order the op receives them. Each must be connected exactly once.
    pub inputs: ArrayVec<Port, MAX_PORTS>,
    /// Outputs, in the order the op receives them. Each may feed any number of inputs.
    pub outputs: ArrayVec<Port, MAX_PORTS>,
    /// The one PCM input and the one PCM output, of equal format, may share a plane.
    pub in_place: bool,
    /// How much later the output is than the input, beyond the frame itself.
    pub latency: Duration,
    /// Rough processor time of one period; for dumps and first placement, not for admission.
    pub cost_hint: Duration,
    /// What it is of the effects that can be left out under overload. A node of one output of the format of its first
    /// input can be: it is bypassed.
    pub shed: Option<Shed>,
}

impl Shape {
    /// A shape without ports, latency or cost; the other methods add them.
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            inputs: ArrayVec::new_const(),
            outputs: ArrayVec::new_const(),
            in_place: false,
            latency: Duration::ZERO,
            cost_hint: Duration::ZERO,
            shed: None,
        }
    }

    /// Adds an input after those there are.
    ///
    /// # Panics
    /// On input [`MAX_PORTS`] + 1: shapes are written by a node's author, not by a caller.
    #[must_use]
    pub fn input(mut self, name: &'static str, signal: Signal) -> Self {
        self.inputs.push(Port { name, signal });
        self
    }

    /// Adds an output after those there are.
    ///
    /// # Panics
    /// On output [`MAX_PORTS`] + 1: shapes are written by a node's author, not by a caller.
    #[must_use]
    pub fn output(mut self, name: &'static str, signal: Signal) -> Self {
        self.outputs.push(Port { name, signal });
        self
    }

    /// Allows the output to share the input's plane.
    #[must_use]
    pub const fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// Sets the latency.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Declares it an effect that can be left out under overload: it is bypassed by a cross-fade over a frame, and told
    /// the span it misses ([`Node::skipped`](crate::Node::skipped)).
    #[must_use]
    pub const fn sheds(mut self, shed: Shed) -> Self {
        self.shed = Some(shed);
        self
    }

    /// Sets the cost hint.
    #[must_use]
    pub const fn cost_hint(mut self, cost: Duration) -> Self {
        self.cost_hint = cost;
        self
    }
}

/// One kind of the catalogue together with its parameters: what a graph's nodes and a plan's ops are.
///
/// Equal specs must have equal shapes: plans are shared by equality.
pub trait NodeSpec: Clone + PartialEq + Debug {
    /// The node's outside.
    fn shape(&self) -> Shape;
}
