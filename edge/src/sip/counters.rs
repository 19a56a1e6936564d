//! What happened at the SIP front, by name. Every refusal has one.
//!
//! Written by any task of the control side, read by the metrics page; relaxed, since no counter
//! orders anything.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $help:literal])+ $name:ident),+ $(,)?) => {
        /// Counters of the SIP front since its start.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[doc = $help])+ pub $name: Counter,)+
        }

        impl Counters {
            /// Name, help and value of each: `sip_<name>` without `_total`.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
                [$((concat!("sip_", stringify!($name)), concat!($($help),+).trim_ascii(), self.$name.get())),+]
                    .into_iter()
            }
        }
    };
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// INVITEs that asked for a new call
    invites,
    /// Calls answered with 200
    calls_answered,
    /// Calls whose ACK came
    calls_confirmed,
    /// Calls ended by the caller's BYE
    calls_ended_by_caller,
    /// Calls ended by us with BYE
    calls_ended_by_us,
    /// Calls ended because no ACK came in time
    calls_without_ack,
    /// Calls cancelled before they were answered
    calls_cancelled,
    /// Calls ended because no media came
    calls_media_timeout,
    /// Records of ended calls that could not be written
    call_records_unwritten,
    /// BYEs of ours that nobody answered
    byes_unanswered,
    /// INVITEs inside a dialog that were accepted
    reinvites,
    /// INVITEs inside a dialog that were refused, the call going on as before
    reinvites_refused,
    /// OPTIONS answered
    options,
    /// Datagrams and messages that are no SIP, answered with 400 where that was possible
    malformed,
    /// Messages longer than is read
    too_long,
    /// Requests from networks that are denied or not allowed
    refused_network,
    /// TCP connections closed at once because there are too many
    refused_connection,
    /// Calls refused: nobody of that name here
    refused_unknown_user,
    /// Calls refused: the body is not SDP or its type is not
    refused_bad_body,
    /// Calls refused: SDP that reads but describes no audio we could serve
    refused_sdp,
    /// Calls refused: no codec in common
    refused_no_codec,
    /// Calls refused: an extension is required that we do not have
    refused_extension,
    /// Calls whose claim of a class was honoured
    priority_honoured,
    /// Calls whose claim of a class was not honoured: not from a trusted network, or not known here
    priority_ignored,
    /// Calls refused: a resource priority is required that is not known here
    refused_priority_unknown,
    /// Calls refused: a resource priority is required and their network is not trusted with any
    refused_priority_untrusted,
    /// Calls refused: more than the INVITE rate of everybody
    refused_invite_rate,
    /// Calls refused: more than the INVITE rate of one source
    refused_invite_rate_source,
    /// Calls refused: as many calls as are taken
    refused_calls,
    /// Calls refused: as many calls as are taken from one source
    refused_calls_source,
    /// Calls refused: as many rooms as callers may create
    refused_rooms,
    /// Calls refused: the room is full
    refused_room_full,
    /// Calls refused: the engine or the port range has no capacity left
    refused_capacity,
    /// Calls refused: the media side failed for another reason
    refused_media,
    /// Calls refused: the server is going down
    refused_draining,
    /// Calls refused: the same request came twice on different ways
    refused_merged,
    /// Requests of a dialog that does not exist
    refused_no_dialog,
    /// Requests of a dialog that came out of order
    refused_out_of_order,
    /// Requests of a method we do not serve
    refused_method,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_a_name_and_a_help() {
        let counters = Counters::default();
        counters.malformed.add_one();
        let all: Vec<_> = counters.iter().collect();
        assert!(
            all.iter()
                .all(|(name, help, _)| name.starts_with("sip_") && help.len() > 5)
        );
        let malformed = all.iter().find(|(name, ..)| *name == "sip_malformed");
        assert_eq!(malformed.map(|(_, _, value)| *value), Some(1));
    }
}
