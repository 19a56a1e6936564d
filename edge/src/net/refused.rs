//! Why a datagram is refused on the way in, and how many were: of one leg, and of all together.
//!
//! One table: a reason has a count in [`Refused`] (one leg) and one in [`NetCounters`] (all legs). Shard thread.

use serde::Serialize;

use super::counters::NetCounters;

macro_rules! refusals {
    ($($(#[doc = $help:literal])+ $name:ident: $($refusal:ident)|+ => $counter:ident,)+) => {
        /// Why a datagram is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[doc = $help])+ $($refusal,)+)+
        }

        /// Datagrams refused at a leg's port since it was attached, by reason. In JSON those reasons there were.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        pub struct Refused {
            $($(#[doc = $help])+ #[serde(skip_serializing_if = "is_none")] pub $name: u64,)+
        }

        impl Refused {
            /// For any reason.
            #[must_use]
            pub fn total(&self) -> u64 {
                0 $(+ self.$name)+
            }

            /// Counts a refusal, here and in the counters of all legs.
            pub(crate) fn count(&mut self, refusal: Refusal, all: &mut NetCounters) {
                match refusal {
                    $($(Refusal::$refusal)|+ => (self.$name, all.$counter) = (self.$name + 1, all.$counter + 1),)+
                }
            }
        }
    };
}

refusals! {
    /// Neither RTP, RTCP, STUN nor DTLS by its first octet.
    not_media: NotMedia => drop_in_not_media,
    /// STUN, which the leg has not negotiated.
    stun: Stun => drop_in_stun,
    /// DTLS, which the leg has not negotiated.
    dtls: Dtls => drop_in_dtls,
    /// RTP header, extension or padding wrong, or cut short.
    malformed: Malformed => drop_in_malformed,
    /// RTP payload larger than a packet box (1,280 octets).
    oversized: Oversized => drop_in_oversized,
    /// Payload type not negotiated.
    payload_type: PayloadType => drop_in_payload_type,
    /// From an address the latch does not trust.
    foreign: Foreign => drop_in_foreign,
    /// RTP while the session says that the far end does not send.
    not_receiving: NotReceiving => drop_in_not_receiving,
    /// Our own SSRC: our packets come back, or somebody else has it and ours must change (RFC 3550 8.2).
    own_ssrc: OwnSsrc | Collision => drop_in_own_ssrc,
    /// Another SSRC than the current one, still on probation.
    probation: Probation => drop_in_probation,
    /// Sequence number far off (RFC 3550 A.1).
    sequence: Sequence => drop_in_sequence,
    /// No empty packet box left.
    no_box: NoBox => drop_in_no_box,
    /// The ring to the worker was full.
    ring_full: RingFull => drop_in_ring_full,
    /// Not a valid RTCP compound, or of too many packets.
    bad_rtcp: BadRtcp => drop_in_bad_rtcp,
    /// RTCP on the RTP port without rtcp-mux, or RTP on the RTCP port.
    wrong_port: WrongPort => drop_in_wrong_port,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_once_here_and_once_in_all() {
        let (mut one, mut all) = (Refused::default(), NetCounters::default());
        for refusal in [Refusal::OwnSsrc, Refusal::Collision, Refusal::Foreign] {
            one.count(refusal, &mut all);
        }
        assert_eq!((one.own_ssrc, one.foreign, one.total()), (2, 1, 3));
        assert_eq!((all.drop_in_own_ssrc, all.drop_in_foreign), (2, 1));
        let shown = serde_json::to_value(one).expect("plain");
        assert_eq!(shown, serde_json::json!({ "own_ssrc": 2, "foreign": 1 }));
    }

    #[test]
    fn every_way_to_drop_a_datagram_is_a_refusal() {
        let ways = NetCounters::default();
        let ways = ways.iter().filter(|way| way.0.starts_with("drop_in_"));
        assert_eq!(ways.count(), size_of::<Refused>() / size_of::<u64>());
    }
}
