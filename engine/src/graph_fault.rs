//! What is wrong with a graph that a user of the library has described.
//!
//! Control side only. Formats that do not meet and segments that are too long are the compiler's to tell
//! ([`EngineError::Plan`](crate::EngineError::Plan)); here is what makes a sound graph no leg.

use talkpath_graph::GraphError;
use thiserror::Error;

/// A graph that cannot be a leg.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphFault {
    /// A node or connection that is not there.
    #[error(transparent)]
    Description(#[from] GraphError),
    /// Neither half is there.
    #[error("the graph has neither a way in nor a way out")]
    Empty,
    /// A half whose sound comes from nowhere.
    #[error("the {half} has no source: {expected}")]
    NoSource {
        /// `ingress` or `egress`.
        half: &'static str,
        /// What would be one.
        expected: &'static str,
    },
    /// The way in does not end in the room.
    #[error("the ingress has no contribute node: nothing of it would be heard in the room")]
    NoContribution,
    /// The way in has no node that sets the leg's level.
    #[error("the ingress has no gain node named \"gain\", which sets the leg's level")]
    NoLevel,
    /// The way out ends nowhere.
    #[error("the egress has no end: a packetise node, or an Ext node without outputs")]
    NoEnd,
    /// A kind that one half may have once.
    #[error("the {half} has {count} nodes of kind {kind}, it may have one")]
    TooMany {
        /// `ingress` or `egress`.
        half: &'static str,
        /// The kind.
        kind: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A kind that belongs into the other half, or that no user may place.
    #[error("a {kind} node cannot stand in the {half}")]
    WrongHalf {
        /// `ingress` or `egress`.
        half: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// The two ends at the room differ, or are not those of the room.
    #[error("{node} has {actual}, the room wants {expected}")]
    WrongFormat {
        /// Name of the node.
        node: String,
        /// Its format.
        actual: String,
        /// What it has to be.
        expected: String,
    },
    /// Two nodes of one stream are of different codecs.
    #[error("{node} is of codec {actual}, what it is fed by of {expected}")]
    WrongCodec {
        /// Name of the node.
        node: String,
        /// Its codec.
        actual: String,
        /// The codec of its half.
        expected: String,
    },
    /// An encoder that codes packets as a whole, of another packet time than they have, or of one the codec has not.
    #[error("node {node:?} codes packets of {actual:?}, expected {expected}")]
    WrongPtime {
        /// Name of the node.
        node: String,
        /// Its packet time.
        actual: Option<std::time::Duration>,
        /// What would do.
        expected: String,
    },
    /// An `Ext` node whose own node was not brought along, and that the leg does not have yet.
    #[error("the graph has a node {name:?} and none was given")]
    NodeMissing {
        /// Its name.
        name: &'static str,
    },
    /// Two taps, or two nodes of one's own, under one name.
    #[error("there is a tap or node of one's own named {name:?} already")]
    NameTaken {
        /// The name.
        name: &'static str,
    },
    /// A tap at a place that has no audio, or a depth out of range.
    #[error("{after} has no audio to listen to")]
    NoAudio {
        /// Name of the node.
        after: String,
    },
}
