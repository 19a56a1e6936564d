//! What the phones are told, once and while they talk: the same between two threads and between two processes.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use talkpath_nodes::codec::{Codec, EncodeFault};

use super::super::speech::Voices;
use crate::codec_name;

/// How a phone talks and is talked to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Talk {
    /// Its codec, as on the command line.
    pub codec: String,
    pub payload_type: u8,
    pub ptime: Duration,
}

impl Talk {
    pub(in crate::bench) fn new(codec: Codec, payload_type: u8, ptime: Duration) -> Self {
        Self {
            codec: codec.to_string(),
            payload_type,
            ptime,
        }
    }

    /// # Errors
    /// A sentence: the name is none, or the codec refuses the packet time.
    pub(super) fn voices(&self) -> Result<(Codec, Voices), String> {
        let codec = codec_name::parse(&self.codec)?;
        let voices = Voices::encode(codec, self.ptime).map_err(|why: EncodeFault| why.to_string());
        Ok((codec, voices?))
    }
}

/// One talker with the marker, and who listens for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Probe {
    pub talker: usize,
    pub listeners: Vec<usize>,
}

/// All that is known before the first call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Setup {
    /// Phones there may be.
    pub seats: usize,
    pub talks: Vec<Talk>,
    /// The phones act this often, at `base` plus a multiple of it.
    pub slot: Duration,
    pub base: Duration,
    /// All phones send in the same slot, instead of spread over the packet time.
    pub burst: bool,
    /// Packets that never leave, in percent; of phones without the marker.
    pub loss_percent: f64,
    /// Most a packet is late in leaving; of phones without the marker.
    pub jitter: Duration,
    pub probes: Vec<Probe>,
    /// How much listeners keep of what they hear.
    pub tape: Duration,
}

/// Where a phone's packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bench) enum Way {
    /// The leg, by the bits of its handle, through the packet rings.
    Leg(u64),
    /// A socket of the server.
    Socket(SocketAddr),
}

/// What the phones are told while they talk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) enum Order {
    /// A call begins.
    Connect {
        seat: usize,
        way: Way,
        /// Which of the setup's talks.
        talk: usize,
        /// SSRC of what it is sent.
        hears: u32,
        /// When the call was asked for, on the monotonic clock.
        asked: Duration,
    },
    /// It goes on in another of the setup's talks, of the same packet time and clock rate.
    Speak { seat: usize, talk: usize },
    /// It is over.
    Disconnect { seat: usize },
    /// What was counted until now is closed, and counting begins anew.
    Window,
    /// The last window is closed; that is all.
    Finish,
}

/// SSRC of what the phone on `seat` is sent in its call number `call`: no two in a run are equal.
pub(in crate::bench) fn heard_ssrc(seat: usize, call: u32) -> u32 {
    0x4000_0000 | (call & 0x3fff) << 16 | (seat as u32 & 0xffff)
}

/// The seat in such an SSRC.
pub(super) fn seat_of(ssrc: u32) -> usize {
    (ssrc & 0xffff) as usize
}
