//! Which codec, ptime and direction a leg speaks: the answer to an offer, and an offer of ours.
//!
//! Plain data and one pure function, used by every front (SIP today); no SDP text is known
//! here. Runs on control threads. RFC 3264 (offer and answer), RFC 3551 (static payload
//! types), RFC 5761 (RTP and RTCP on one port).
//!
//! The rule that a property test holds: an answer is always acceptable to the offer it
//! answers ([`AudioAnswer::acceptable_to`]).

mod answer;
mod capability;
mod offer;

pub use answer::{AudioAnswer, Refusal, answer};
pub use capability::{Capabilities, Order};
pub use offer::{AudioOffer, OfferedCodec};

pub use crate::proto::Direction;

use std::time::Duration;

/// Shortest packet time the engine sends, and the unit of the others.
pub const SHORTEST_PTIME: Duration = Duration::from_millis(10);
