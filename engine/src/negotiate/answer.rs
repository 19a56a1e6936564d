//! The answer to an offer.

use std::time::Duration;

use talkpath_graph::FrameTime;
use talkpath_nodes::codec::Codec;
use thiserror::Error;

use super::{AudioOffer, Capabilities, OfferedCodec, Order, SHORTEST_PTIME};
use crate::proto::Direction;

/// Payload types that look like RTCP when both share a port (RFC 5761, section 4).
const LIKE_RTCP: std::ops::RangeInclusive<u8> = 64..=95;

/// What a leg will speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioAnswer {
    /// The codec, both ways.
    pub codec: Codec,
    /// Its RTP payload type, both ways: the offer's.
    pub payload_type: u8,
    /// Packet time we send and like to receive.
    pub ptime: Duration,
    /// Seen from us: `receive` what the offerer sends, `send` what it wants to hear.
    pub direction: Direction,
    /// RTP and RTCP share a port.
    pub rtcp_mux: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No codec of the offer is one of ours.
    #[error("no codec in common; offered: {offered}")]
    NoCodec {
        /// What was offered, in words.
        offered: String,
    },
    /// Packets would have to be shorter than we send.
    #[error("maxptime {actual:?} is below the shortest packet time, {shortest:?}")]
    PtimeTooShort {
        /// The offer's maxptime.
        actual: Duration,
        /// What we can do.
        shortest: Duration,
    },
    /// Two codecs of the offer share one payload type, or it is above 127.
    #[error("payload type {payload_type} is named twice, or above 127")]
    BadPayloadType {
        /// Which.
        payload_type: u8,
    },
}

/// Answers `offer` from what `ours` can, for a room whose frame is `room`.
///
/// The packet time is the room's frame, as long as the offer's `maxptime` and a payload of
/// 1,280 bytes (L16/48000: 10 ms) allow it; else the most whole tens of milliseconds they allow.
///
/// # Errors
/// A [`Refusal`] with the reason, fit for a 488.
pub fn answer(
    offer: &AudioOffer,
    ours: &Capabilities,
    room: FrameTime,
) -> Result<AudioAnswer, Refusal> {
    check_payload_types(offer)?;
    let (codec, payload_type) = pick(offer, ours).ok_or_else(|| Refusal::NoCodec {
        offered: in_words(&offer.codecs),
    })?;
    let longest = offer
        .maxptime
        .map_or(codec.max_ptime(), |max| max.min(codec.max_ptime()));
    if longest < SHORTEST_PTIME {
        return Err(Refusal::PtimeTooShort {
            actual: longest,
            shortest: SHORTEST_PTIME,
        });
    }
    Ok(AudioAnswer {
        codec,
        payload_type,
        ptime: tens_of_ms(longest.min(room.as_duration())),
        direction: mirrored(offer.direction),
        rtcp_mux: offer.rtcp_mux && ours.rtcp_mux && !LIKE_RTCP.contains(&payload_type),
    })
}

impl AudioAnswer {
    /// True if an offerer who made `offer` must accept this (RFC 3264, section 6.1): codec and
    /// payload type are from the offer, packets no longer than it takes, nothing sent that it
    /// does not want to hear, nothing expected that it does not send, no port shared unasked.
    pub fn acceptable_to(&self, offer: &AudioOffer) -> bool {
        let offered = offer.codecs.iter().any(|offered| {
            offered.payload_type == self.payload_type && offered.codec() == Some(self.codec)
        });
        let short_enough = offer.maxptime.is_none_or(|max| self.ptime <= max);
        let theirs = mirrored(offer.direction);
        let wanted =
            (theirs.send || !self.direction.send) && (theirs.receive || !self.direction.receive);
        offered && short_enough && wanted && (offer.rtcp_mux || !self.rtcp_mux)
    }
}

/// The first codec both have, in the order that counts, with the offer's payload type.
fn pick(offer: &AudioOffer, ours: &Capabilities) -> Option<(Codec, u8)> {
    let offered = || {
        let known = |offered: &OfferedCodec| Some((offered.codec()?, offered.payload_type));
        offer.codecs.iter().filter_map(known)
    };
    match ours.order {
        Order::Offer => offered().find(|(codec, _)| ours.codecs.contains(codec)),
        Order::Ours => ours
            .codecs
            .iter()
            .find_map(|&want| offered().find(|&(codec, _)| codec == want)),
    }
}

fn check_payload_types(offer: &AudioOffer) -> Result<(), Refusal> {
    let mut seen = [false; 128];
    for &OfferedCodec { payload_type, .. } in &offer.codecs {
        match seen.get_mut(usize::from(payload_type)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(Refusal::BadPayloadType { payload_type }),
        }
    }
    Ok(())
}

fn tens_of_ms(span: Duration) -> Duration {
    let tens = span.as_nanos() / SHORTEST_PTIME.as_nanos();
    SHORTEST_PTIME * u32::try_from(tens).unwrap_or(u32::MAX)
}

fn in_words(codecs: &[OfferedCodec]) -> String {
    let words: Vec<_> = codecs.iter().take(8).map(OfferedCodec::in_words).collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

/// The same flow seen from the other end.
fn mirrored(direction: Direction) -> Direction {
    Direction {
        receive: direction.send,
        send: direction.receive,
    }
}
