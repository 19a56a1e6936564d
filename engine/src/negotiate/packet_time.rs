//! How long packets are.

use std::time::Duration;

use talkpath_nodes::codec::Codec;

use super::{AudioOffer, LONGEST_PTIME, Refusal, SHORTEST_PTIME};

/// Whose wish the packet time follows. Whatever it is, `maxptime` and the room of a packet bound it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PacketTime {
    /// Ours: the room's frame. A packet that is as long as the frame never waits for another one, and legs of equal codec
    /// share their plans whatever their phones ask for.
    #[default]
    Frame,
    /// The offer's `ptime`, as RFC 3264, section 5.1, has it; the room's frame where there is none.
    Offered,
}

/// The packet time of `codec` towards who made `offer`: `wished`, in whole tens of milliseconds that the codec has, as long as the offer's
/// `maxptime`, the payload of a packet and the engine allow. `offer` is one that [`check`] has passed.
pub(super) fn fitted(wished: Duration, offer: &AudioOffer, codec: Codec) -> Duration {
    let most = offer
        .maxptime
        .unwrap_or(LONGEST_PTIME)
        .min(codec.max_ptime())
        .min(LONGEST_PTIME);
    let tens = wished.min(most).as_nanos() / SHORTEST_PTIME.as_nanos();
    // At most the six of the longest.
    let mut tens = u32::try_from(tens).unwrap_or(1);
    while tens > 1 && !codec.has_ptime(SHORTEST_PTIME * tens) {
        tens -= 1;
    }
    SHORTEST_PTIME * tens.max(1)
}

/// The packet time wished for.
pub(super) fn wished(by: PacketTime, offer: &AudioOffer, frame: Duration) -> Duration {
    match by {
        PacketTime::Frame => frame,
        PacketTime::Offered => offer.ptime.unwrap_or(frame),
    }
}

/// # Errors
/// [`Refusal::PtimeTooShort`] if the offer takes no packet as long as our shortest.
pub(super) fn check(offer: &AudioOffer) -> Result<(), Refusal> {
    match offer.maxptime {
        Some(actual) if actual < SHORTEST_PTIME => Err(Refusal::PtimeTooShort {
            actual,
            shortest: SHORTEST_PTIME,
        }),
        _ => Ok(()),
    }
}
