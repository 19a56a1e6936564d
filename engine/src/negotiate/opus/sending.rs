//! What is sent to a side by its parameters.

use std::time::Duration;

use talkpath_nodes::codec::OpusSettings;

use super::{BIT_RATES, OpusParameters, RATES};
use crate::negotiate::{LONGEST_PTIME, SHORTEST_PTIME};

/// How a stream of Opus is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusSending {
    /// Sample rate whose audio bandwidth is coded at most, in hertz: one of 8,000, 12,000, 16,000, 24,000 and 48,000.
    pub max_rate: u32,
    /// Bits a second on average.
    pub bitrate: u32,
    /// Two channels.
    pub stereo: bool,
    /// A constant bit rate.
    pub cbr: bool,
    /// A packet carries the one before it once more, when loss is expected.
    pub inband_fec: bool,
    /// Next to nothing is sent in silence.
    pub dtx: bool,
    /// Packet time.
    pub ptime: Duration,
}

/// Bits a second of voice at full bandwidth: what a wider channel carries no better.
const VOICE: u32 = 32_000;
/// Loss that redundancy is made for, in percent, once the other side has asked for it.
const EXPECTED_LOSS: u8 = 10;

impl OpusSending {
    /// What a leg of ours sends where it may.
    pub fn ours(ptime: Duration) -> Self {
        Self {
            max_rate: *RATES.end(),
            bitrate: VOICE,
            stereo: false,
            cbr: false,
            inband_fec: true,
            dtx: true,
            ptime,
        }
    }

    /// For the encoder of a leg.
    pub fn settings(&self) -> OpusSettings {
        OpusSettings {
            bitrate: Some(self.bitrate),
            cbr: self.cbr,
            inband_fec: self.inband_fec,
            expected_loss: if self.inband_fec { EXPECTED_LOSS } else { 0 },
            dtx: self.dtx,
            max_playback_rate: self.max_rate,
            ..OpusSettings::default()
        }
    }

    /// The same as far as who said `theirs` wants it: no wider, faster or in more channels than it takes (RFC 7587, section 7.1:
    /// MUST NOT), no redundancy or silence it did not ask for, constant where it likes that, no packet shorter than it wants.
    /// `maxptime` is a matter of the description as a whole and not looked at.
    #[must_use]
    pub fn fitted_to(self, theirs: &OpusParameters) -> Self {
        let bitrate = self.bitrate.min(theirs.average_bitrate());
        Self {
            max_rate: bandwidth(self.max_rate.min(theirs.max_playback_rate)),
            bitrate: bitrate.clamp(*BIT_RATES.start(), *BIT_RATES.end()),
            stereo: self.stereo && theirs.stereo,
            cbr: self.cbr || theirs.cbr,
            inband_fec: self.inband_fec && theirs.inband_fec,
            dtx: self.dtx && theirs.dtx,
            ptime: self.ptime.max(shortest(theirs.min_ptime)),
        }
    }
}

/// Whole tens of milliseconds that are not below `wanted`, as far as we send such packets.
fn shortest(wanted: Duration) -> Duration {
    let tens = wanted.as_nanos().div_ceil(SHORTEST_PTIME.as_nanos());
    let whole = SHORTEST_PTIME * u32::try_from(tens).unwrap_or(u32::MAX);
    whole.min(LONGEST_PTIME)
}

/// The sample rate of the narrowest of the five bandwidths that makes full use of `rate` hertz (section 2, table 1).
fn bandwidth(rate: u32) -> u32 {
    let rates = [*RATES.start(), 12_000, 16_000, 24_000];
    let enough = rates.into_iter().find(|&enough| rate <= enough);
    enough.unwrap_or(*RATES.end())
}
