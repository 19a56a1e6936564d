//! The graphs of a point-to-point call's directions. Control side.
//!
//! ```text
//! equal codec and packet time   relay
//! equal codec                   arrival → payload → packetise, where payloads can be cut
//! else                          arrival → decode → [resample] → encode → packetise
//! ```
//!
//! A packet goes through in pieces of 10 ms at most, in the slot it came in: nothing waits but what does not fill a
//! packet on the way out. What is coded sample by sample, or octet by octet, is regrouped without a decoder. Opus is
//! decoded to the other side's rate and coded from it, without a resampler.

use crate::codec::Codec;
use crate::leg_graphs::Chain;
use crate::spec::Spec;
use core::time::Duration;
use talkpath_graph::{Format, FrameTime, Graph};

/// The frame in which a packet is taken apart.
pub const PIECE: FrameTime = FrameTime::Ms10;

/// What one end of a call sends and wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its codec.
    pub codec: Codec,
    /// Its packet time.
    pub ptime: Duration,
}

/// From the packets of one end to those of the other.
#[must_use]
pub fn direction(from: End, to: End) -> Graph<Spec> {
    let End { codec, ptime } = End {
        codec: from.codec.decoded_at(to.codec.rate()),
        ..from
    };
    let to = End {
        codec: to.codec.decoded_at(codec.rate()),
        ..to
    };
    if codec.is_same_encoding(to.codec) && ptime == to.ptime {
        return Chain::from(Spec::Relay { codec, ptime }).graph;
    }
    let (rate, into) = (codec.rate(), Format::mono(to.codec.rate(), PIECE));
    let arrival = Chain::from(Spec::Arrival {
        codec,
        ptime,
        to: to.codec.clock(),
    });
    let encoded = if codec == to.codec && !codec.is_framed() {
        arrival.then(Spec::Payload {
            codec,
            format: into,
        })
    } else {
        let format = Format::mono(rate, PIECE);
        let decoded = arrival.then(Spec::Decode { codec, format });
        let resampled = decoded.resample(format, into);
        resampled.then(Spec::encode(to.codec, to.ptime, into))
    };
    // What waits is decided by the packets that come, not by the pieces they are taken apart in.
    let packetise = Spec::Packetise {
        codec: to.codec,
        ptime: to.ptime,
        format: Format {
            frame: into.rate.samples_in(ptime),
            ..into
        },
    };
    encoded.then(packetise).graph
}
