//! Which codec, packet time and direction a leg speaks: answers to offers, offers of ours, and what a later offer changes.
//!
//! Plain data and pure functions, used by every front (SIP today); no SDP text is known here but the parameters of
//! formats. Runs on control threads, without time or I/O. RFC 3264 (offer and answer), RFC 3551 (static payload types),
//! RFC 5761 (RTP and RTCP on one port), and for what goes beside the codec RFC 4733 (telephone events), RFC 3389 (comfort
//! noise) and RFC 2198 (redundancy).
//!
//! | there is | call | gives |
//! |---|---|---|
//! | an offer | [`answer`] | [`AudioAnswer`] |
//! | our offer ([`Capabilities::offer`]) and its answer | [`settle`] | the same |
//! | offers of both ends of a call | [`pair`] | one answer for each: [`Pair`] |
//! | another offer in the session | [`answer_again`] | an answer and its [`Difference`] |
//!
//! Rules that property tests hold: an answer is always acceptable to the offer it answers
//! ([`AudioAnswer::acceptable_to`]), and nothing is offered or answered that the engine would not build.

mod accept;
mod alongside;
mod answer;
mod capability;
mod difference;
mod encoding;
mod events;
mod make;
mod numbers;
mod offer;
pub mod opus;
mod packet_time;
mod pair;
mod refusal;
mod settle;

pub use alongside::{Alongside, Events, Redundancy};
pub use answer::{AudioAnswer, answer, answer_again};
pub use capability::{Capabilities, Order};
pub use difference::{Difference, Hold, Step};
pub use encoding::Encoding;
pub use events::{EventSet, EventsFault};
pub use numbers::Numbers;
pub use offer::{AudioOffer, OfferedCodec};
pub use packet_time::PacketTime;
pub use pair::{End, Pair, PairRefusal, Transcode, pair};
pub use refusal::Refusal;
pub use settle::settle;

pub use crate::proto::Direction;

use std::time::Duration;

/// Shortest packet time the engine sends, and the unit of the others.
pub const SHORTEST_PTIME: Duration = Duration::from_millis(10);
/// Longest packet time the engine sends; a codec may allow less ([`Codec::max_ptime`](crate::Codec::max_ptime)).
pub const LONGEST_PTIME: Duration = Duration::from_millis(60);

/// The same flow seen from the other end.
fn mirrored(direction: Direction) -> Direction {
    Direction {
        receive: direction.send,
        send: direction.receive,
    }
}

/// What flows by both.
fn narrowed(one: Direction, other: Direction) -> Direction {
    Direction {
        receive: one.receive && other.receive,
        send: one.send && other.send,
    }
}
