//! The shard's counters: one plain struct with its help texts, for `/metrics`, `/status` and `docs/counters.md`.
//!
//! Only the shard writes them; readers get copies in the snapshot. Every datagram is counted exactly once on the way
//! in: `datagrams_in` is the sum of `rtp_in`, `rtcp_in` and all of `drop_in_*`; every box on the way
//! out once: `rtp_out` or one of `drop_out_*`.

macro_rules! counters {
    ($($(#[doc = $help:literal])+ $name:ident,)+) => {
        /// Counts since start, of all legs together.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
        pub struct NetCounters {
            $($(#[doc = $help])+ pub $name: u64,)+
        }

        impl NetCounters {
            /// Name, help text and value of every counter, in order of declaration.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($name), concat!($($help),+).trim_ascii(), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// Datagrams read from the sockets.
    datagrams_in,
    /// RTP packets accepted and given to the worker.
    rtp_in,
    /// RTCP compounds accepted.
    rtcp_in,
    /// RTP packets sent.
    rtp_out,
    /// RTCP compounds sent.
    rtcp_out,
    /// Dropped: neither RTP, RTCP, STUN nor DTLS by its first octet.
    drop_in_not_media,
    /// Dropped: STUN, which no leg has negotiated.
    drop_in_stun,
    /// Dropped: DTLS, which no leg has negotiated.
    drop_in_dtls,
    /// Dropped: RTP header, extension or padding wrong.
    drop_in_malformed,
    /// Dropped: RTP payload larger than a packet box (1,280 octets).
    drop_in_oversized,
    /// Dropped: payload type not negotiated.
    drop_in_payload_type,
    /// Dropped: from an address the latch does not trust.
    drop_in_foreign,
    /// Dropped: RTP while the session says that the far end does not send.
    drop_in_not_receiving,
    /// Dropped: our own SSRC, either our packets looped back or a collision (RFC 3550 8.2).
    drop_in_own_ssrc,
    /// Dropped: another SSRC than the current one, still on probation.
    drop_in_probation,
    /// Dropped: sequence number far off, one more in order restarts the source (RFC 3550 A.1).
    drop_in_sequence,
    /// Dropped: no empty packet box left.
    drop_in_no_box,
    /// Dropped: the ring to the worker was full.
    drop_in_ring_full,
    /// Dropped: RTCP that is not a valid compound, or of too many packets.
    drop_in_bad_rtcp,
    /// Dropped: RTCP on the RTP port without rtcp-mux, or RTP on the RTCP port.
    drop_in_wrong_port,
    /// Dropped on the way out: the leg is gone or has no port.
    drop_out_no_leg,
    /// Dropped on the way out: the session says that we do not send.
    drop_out_not_sending,
    /// Dropped on the way out: the far end's address is not known.
    drop_out_no_address,
    /// Dropped on the way out: the kernel refused (buffer full, no route).
    drop_out_kernel,
    /// Packets sent before their time because too many waited for theirs.
    sent_early,
    /// SSRC collisions answered with BYE and a new SSRC.
    ssrc_collisions,
    /// New sources that passed probation and replaced the old one on a port.
    source_changes,
    /// Legs reported silent for the media time-out.
    media_timeouts,
    /// Legs whose far end said BYE in RTCP.
    byes_in,
    /// Attaches refused by the shard (handle out of range or in use); a fault of ours.
    attach_refused,
    /// Updates or detaches that named a leg without a port.
    stale_commands,
    /// Events held back one sweep or more because their ring was full.
    events_delayed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_a_name_and_a_help_text() {
        let counters = NetCounters {
            rtp_in: 3,
            events_delayed: 9,
            ..NetCounters::default()
        };
        let all: Vec<_> = counters.iter().collect();
        assert_eq!(all.len(), size_of::<NetCounters>() / 8);
        assert_eq!(
            all[1],
            ("rtp_in", "RTP packets accepted and given to the worker.", 3)
        );
        assert_eq!(all.last().map(|last| last.2), Some(9));
        assert!(all.iter().all(|(_, help, _)| help.ends_with('.')));
    }
}
