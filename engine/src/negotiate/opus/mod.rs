//! The parameters of Opus in a description: RFC 7587, sections 6.1 and 7.
//!
//! Every parameter but the two `sprop` ones says what its writer likes to be sent, and none of them depends on what the
//! other side wrote (section 7.1): an answer says ours, whatever the offer said, and the offer's fit our sender
//! ([`OpusSending::fitted_to`]).
//!
//! Numbers out of their range are taken for the nearest that is in it, but for `maxaveragebitrate`, which is ignored then
//! (section 6.1). What is no number, a flag that is neither 0 nor 1, and a parameter that stands there twice are errors.
//! Unknown parameters are passed over and never written.

mod read;
mod sending;
mod write;

pub use read::OpusFault;
pub use sending::OpusSending;

use std::ops::RangeInclusive;
use std::time::Duration;

use talkpath_nodes::codec::OpusRate;

use super::{OfferedCodec, SHORTEST_PTIME};

/// Its RTP clock in hertz, whatever the sample rate (section 4.1).
pub const CLOCK_RATE: u32 = 48_000;
/// Channels of its `rtpmap`, whatever is sent (section 7).
pub const CHANNELS: u8 = 2;
/// Sample rates that a side may name, in hertz.
pub const RATES: RangeInclusive<u32> = 8_000..=48_000;
/// Bit rates that a side may name, in bits a second.
pub const BIT_RATES: RangeInclusive<u32> = 6_000..=510_000;
/// Packet times that `minptime` may name, in milliseconds.
const PACKET_MS: RangeInclusive<u32> = 3..=120;

/// What a side says of Opus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusParameters {
    /// `maxplaybackrate`: the highest sample rate it plays, in hertz, within [`RATES`].
    pub max_playback_rate: u32,
    /// `sprop-maxcapturerate`: the highest sample rate it captures, in hertz, within [`RATES`].
    pub max_capture_rate: u32,
    /// `maxaveragebitrate`: what it wants to be sent at most, in bits a second, within [`BIT_RATES`]; `None`: what its sample
    /// rate needs ([`Self::average_bitrate`]).
    pub max_average_bitrate: Option<u32>,
    /// `stereo`: it likes to be sent stereo.
    pub stereo: bool,
    /// `sprop-stereo`: it is likely to send stereo.
    pub sends_stereo: bool,
    /// `cbr`: it likes a constant bit rate.
    pub cbr: bool,
    /// `useinbandfec`: it makes use of a packet that carries the one before it.
    pub inband_fec: bool,
    /// `usedtx`: it likes next to nothing to be sent in silence.
    pub dtx: bool,
    /// `minptime`: the shortest packet it wants, 3 to 120 ms. Not of RFC 7587 (earlier drafts had it), but most browsers say it.
    pub min_ptime: Duration,
}

impl Default for OpusParameters {
    /// What is meant where nothing is said.
    fn default() -> Self {
        Self {
            max_playback_rate: *RATES.end(),
            max_capture_rate: *RATES.end(),
            max_average_bitrate: None,
            stereo: false,
            sends_stereo: false,
            cbr: false,
            inband_fec: false,
            dtx: false,
            min_ptime: Duration::from_millis(u64::from(*PACKET_MS.start())),
        }
    }
}

impl OpusParameters {
    /// What `offered` says, if it is Opus.
    ///
    /// # Errors
    /// It is Opus, and its parameters cannot be read.
    pub fn of(offered: &OfferedCodec) -> Option<Result<Self, OpusFault>> {
        let is = offered.name.eq_ignore_ascii_case("opus")
            && (offered.clock_rate, offered.channels) == (CLOCK_RATE, CHANNELS);
        is.then(|| offered.fmtp.as_deref().unwrap_or_default().parse())
    }

    /// What our descriptions say: 10 ms are enough for us, and what a packet carries of the one before it is made use of.
    pub fn ours(rate: OpusRate) -> Self {
        Self {
            max_playback_rate: rate.rate().hz(),
            max_capture_rate: rate.rate().hz(),
            inband_fec: true,
            min_ptime: SHORTEST_PTIME,
            ..Self::default()
        }
    }

    /// The narrowest of our rates that holds what it plays and what it captures.
    pub fn rate(&self) -> OpusRate {
        OpusRate::up_to(self.max_playback_rate.max(self.max_capture_rate))
    }

    /// What it wants to be sent at most on average, in bits a second: what it says, else the upper end of what RFC 7587, section
    /// 3.1.1, recommends for its sample rate and channels.
    pub fn average_bitrate(&self) -> u32 {
        self.max_average_bitrate
            .unwrap_or(match (self.max_playback_rate, self.stereo) {
                (..=8_000, _) => 12_000,
                (..=16_000, _) => 20_000,
                (_, false) => 64_000,
                (_, true) => 128_000,
            })
    }
}
