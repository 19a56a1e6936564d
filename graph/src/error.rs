//! The crate's typed errors. Control side only; every message names the nodes and ports concerned.

use thiserror::Error;

use crate::signal::Class;

/// A rate or channel count that voice does not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Not one of [`crate::SampleRate::ALLOWED_HZ`].
    #[error(
        "sample rate {actual} Hz is not one of {:?}",
        crate::SampleRate::ALLOWED_HZ
    )]
    Rate {
        /// What was asked for, in hertz.
        actual: u32,
    },
    /// Not 1 or 2.
    #[error("{actual} channels, expected 1 or 2")]
    Channels {
        /// What was asked for.
        actual: u8,
    },
}

/// A connection that cannot be described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The id belongs to another graph.
    #[error("node number {index} is not in this graph of {nodes} nodes")]
    UnknownNode {
        /// Index inside the id.
        index: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// There is no node of that name.
    #[error("there is no node named {name:?}")]
    NoSuchNode {
        /// The name asked for.
        name: String,
    },
    /// The node has no such output.
    #[error("{node} has no output {actual:?}, its outputs are {expected:?}")]
    UnknownOutput {
        /// Name of the node.
        node: String,
        /// The outputs it has.
        expected: Vec<&'static str>,
        /// The output asked for.
        actual: String,
    },
    /// The node has no such input.
    #[error("{node} has no input {actual:?}, its inputs are {expected:?}")]
    UnknownInput {
        /// Name of the node.
        node: String,
        /// The inputs it has.
        expected: Vec<&'static str>,
        /// The input asked for.
        actual: String,
    },
    /// A chain goes on from a node without outputs.
    #[error("{node} has no output to go on from")]
    NoOutput {
        /// Name of the node.
        node: String,
    },
    /// A chain goes into a node without inputs.
    #[error("{node} has no input to go into")]
    NoInput {
        /// Name of the node.
        node: String,
    },
}

/// A graph that has no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// More nodes than a segment may have.
    #[error("{actual} ops, at most {limit} fit a segment")]
    TooManyOps {
        /// Most ops allowed.
        limit: usize,
        /// Nodes in the graph.
        actual: usize,
    },
    /// Two nodes of one name: errors and dumps could not tell them apart.
    #[error("two nodes are named {name:?}")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A node's shape contradicts itself.
    #[error("{node}: {reason}")]
    BadShape {
        /// Name of the node.
        node: String,
        /// What is wrong, in plain words.
        reason: &'static str,
    },
    /// A frame longer than a plane.
    #[error("{port} does not fit a plane of {limit} samples")]
    FrameTooLong {
        /// The port and its format: `gain.in (48 kHz mono 1920)`.
        port: String,
        /// Samples in a plane.
        limit: usize,
    },
    /// The two ends of a connection carry different things.
    #[error("formats differ: {from} → {to}")]
    Mismatch {
        /// The output: `resample.out (16 kHz mono 320)`.
        from: String,
        /// The input: `contribute.in (8 kHz mono 160)`.
        to: String,
    },
    /// An input nothing feeds.
    #[error("{node}.{port} is not connected")]
    Unconnected {
        /// Name of the node.
        node: String,
        /// Name of the input.
        port: &'static str,
    },
    /// An input that two outputs feed.
    #[error("{node}.{port} is fed by both {first} and {second}")]
    DoublyConnected {
        /// Name of the node.
        node: String,
        /// Name of the input.
        port: &'static str,
        /// The output connected first: `a.out`.
        first: String,
        /// The output connected after it: `b.out`.
        second: String,
    },
    /// An output that has to be read and is not.
    #[error("{node}.{port} is read by nothing")]
    Unread {
        /// Name of the node.
        node: String,
        /// Name of the output.
        port: &'static str,
    },
    /// The connections go round in a circle.
    #[error("cycle: {}", through.join(" → "))]
    Cycle {
        /// Names of the nodes along it; the first one is repeated at the end.
        through: Vec<String>,
    },
    /// More values are alive at once than the arena has planes for.
    #[error("{actual} {class} planes needed, the arena has {limit}")]
    TooManyPlanes {
        /// Which planes.
        class: Class,
        /// Planes in the arena.
        limit: usize,
        /// Planes the plan needs.
        actual: usize,
    },
}
