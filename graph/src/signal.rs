//! What flows through a connection, and the ports it flows between.
//!
//! Plain values of the control side; the executor sees only [`Class`].

use core::fmt;

use crate::format::Format;

/// What a port carries in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// What the jitter buffer hands out: packets in boxes, lost spans, silent spans.
    Units,
    /// One frame of samples, `f32` within ±1.0.
    Pcm(Format),
    /// The payload bytes of one room frame.
    Encoded,
}

impl Signal {
    /// The class of planes that can hold this signal.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Units => Class::Units,
            Self::Pcm(_) => Class::Pcm,
            Self::Encoded => Class::Encoded,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Units => f.write_str("units"),
            Self::Pcm(format) => format.fmt(f),
            Self::Encoded => f.write_str("encoded"),
        }
    }
}

/// A kind of plane in the worker's scratch arena. Planes of one class are interchangeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Holds [`Signal::Units`].
    Units,
    /// Holds [`Signal::Pcm`] of any format up to [`crate::MAX_FRAME`] samples.
    Pcm,
    /// Holds [`Signal::Encoded`].
    Encoded,
}

impl Class {
    /// All classes, in the order plans list them.
    pub const ALL: [Self; 3] = [Self::Units, Self::Pcm, Self::Encoded];

    /// The name used in dumps and errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::Pcm => "pcm",
            Self::Encoded => "encoded",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One named input or output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// Unique among the node's ports of the same side.
    pub name: &'static str,
    /// What it carries.
    pub signal: Signal,
}
