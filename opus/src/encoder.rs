//! Samples to packets.

use crate::raw::RawEncoder;
use crate::{Channels, OpusFault, RATES};
use core::ffi::c_int;
use opusic_sys as sys;

/// What an encoder is tuned for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Application {
    /// Speech that is to be understood.
    #[default]
    Voice,
    /// Anything, true to the input.
    Audio,
    /// As `Audio`, with 2.5 ms of look-ahead instead of 6.5.
    LowDelay,
}

/// Settings of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncoderConfig {
    /// Sample rate in hertz, one of [`RATES`].
    pub rate: u32,
    /// Channels of the input.
    pub channels: Channels,
    /// What it is tuned for.
    pub application: Application,
    /// Bits a second, 500 to 512,000; `None`: libopus chooses by rate and channels.
    pub bitrate: Option<u32>,
    /// Whether the size of packets follows the sound.
    pub vbr: bool,
    /// Effort, 0 to 10.
    pub complexity: u8,
    /// Whether a packet carries the one before it once more, when loss is expected.
    pub inband_fec: bool,
    /// Packets that are expected to be lost, in percent.
    pub expected_loss: u8,
    /// Whether next to nothing is sent in silence.
    pub dtx: bool,
    /// The highest sample rate that the far end can play (`maxplaybackrate` of RFC 7587), in hertz: what is above half
    /// of it is not coded.
    pub max_playback_rate: u32,
}

impl EncoderConfig {
    /// Mono voice at `rate`: variable rate chosen by libopus, effort 5, no redundancy, no silence suppression.
    #[must_use]
    pub fn voice(rate: u32) -> Self {
        Self {
            rate,
            channels: Channels::Mono,
            application: Application::Voice,
            bitrate: None,
            vbr: true,
            complexity: 5,
            inband_fec: false,
            expected_loss: 0,
            dtx: false,
            max_playback_rate: 48_000,
        }
    }
}

/// An Opus encoder.
#[derive(Clone, Debug)]
pub struct Encoder {
    raw: RawEncoder,
    rate: u32,
    channels: Channels,
}

impl Encoder {
    /// An encoder in its start state. Control side: allocates, once and for all.
    ///
    /// # Errors
    /// [`OpusFault`] when a setting is out of its range.
    pub fn new(config: EncoderConfig) -> Result<Self, OpusFault> {
        if !RATES.contains(&config.rate) {
            let actual = config.rate;
            return Err(OpusFault::Rate { actual });
        }
        let application = match config.application {
            Application::Voice => sys::OPUS_APPLICATION_VOIP,
            Application::Audio => sys::OPUS_APPLICATION_AUDIO,
            Application::LowDelay => sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
        };
        let raw = RawEncoder::new(config.rate, config.channels.count(), application)
            .map_err(|code| OpusFault::Internal { code })?;
        let mut encoder = Self {
            raw,
            rate: config.rate,
            channels: config.channels,
        };
        encoder.set_bitrate(config.bitrate)?;
        encoder.set(sys::OPUS_SET_VBR_REQUEST, config.vbr.into())?;
        encoder.set_complexity(config.complexity)?;
        encoder.set_inband_fec(config.inband_fec)?;
        encoder.set_expected_loss(config.expected_loss)?;
        encoder.set_dtx(config.dtx)?;
        let widest = bandwidth(config.max_playback_rate);
        encoder.set(sys::OPUS_SET_MAX_BANDWIDTH_REQUEST, widest)?;
        Ok(encoder)
    }

    /// Encodes one frame of 2.5, 5, 10, 20, 40 or 60 ms, samples in ±1.0, interleaved; returns the octets written to the
    /// front of `out`. One or two octets mean that nothing need be sent (DTX).
    ///
    /// Real-time: allocates no; blocks no; cost O(samples), by far the dearest thing a leg does.
    ///
    /// # Errors
    /// [`OpusFault::FrameSize`] when the samples are no frame; [`OpusFault::OutputTooSmall`].
    pub fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, OpusFault> {
        let channels = self.channels.count();
        let room = out.len();
        let whole = pcm.len().is_multiple_of(channels);
        let coded = if whole {
            self.raw.encode(pcm, channels, out)
        } else {
            Err(sys::OPUS_BAD_ARG)
        };
        coded.map_err(|code| match code {
            sys::OPUS_BUFFER_TOO_SMALL => OpusFault::OutputTooSmall { actual: room },
            sys::OPUS_BAD_ARG if room == 0 => OpusFault::OutputTooSmall { actual: room },
            sys::OPUS_BAD_ARG => OpusFault::FrameSize {
                actual: pcm.len(),
                rate: self.rate,
                channels,
            },
            code => OpusFault::Internal { code },
        })
    }

    /// Bits a second from the next frame on; `None`: libopus chooses.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// [`OpusFault::Setting`] outside 500 to 512,000.
    pub fn set_bitrate(&mut self, bitrate: Option<u32>) -> Result<(), OpusFault> {
        const ALLOWED: core::ops::RangeInclusive<u32> = 500..=512_000;
        let value = match bitrate {
            None => sys::OPUS_AUTO,
            Some(bits) if ALLOWED.contains(&bits) => bits.cast_signed(),
            Some(bits) => return Err(setting("bit rate", "500 to 512000", bits.into())),
        };
        self.set(sys::OPUS_SET_BITRATE_REQUEST, value)
    }

    /// Effort from the next frame on, 0 to 10.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// [`OpusFault::Setting`] above 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), OpusFault> {
        if complexity > 10 {
            return Err(setting("complexity", "0 to 10", complexity.into()));
        }
        self.set(sys::OPUS_SET_COMPLEXITY_REQUEST, complexity.into())
    }

    /// Whether packets carry the one before them once more, from the next frame on.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// [`OpusFault::Internal`] is not expected.
    pub fn set_inband_fec(&mut self, on: bool) -> Result<(), OpusFault> {
        self.set(sys::OPUS_SET_INBAND_FEC_REQUEST, on.into())
    }

    /// Packets that are expected to be lost, in percent, from the next frame on.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// [`OpusFault::Setting`] above 100.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), OpusFault> {
        if percent > 100 {
            return Err(setting("expected loss", "0 to 100 percent", percent.into()));
        }
        self.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent.into())
    }

    /// Whether next to nothing is sent in silence, from the next frame on.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    ///
    /// # Errors
    /// [`OpusFault::Internal`] is not expected.
    pub fn set_dtx(&mut self, on: bool) -> Result<(), OpusFault> {
        self.set(sys::OPUS_SET_DTX_REQUEST, on.into())
    }

    /// Whether the last frame was one of a silence that is not sent.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn in_dtx(&mut self) -> bool {
        self.raw.get(sys::OPUS_GET_IN_DTX_REQUEST) == Ok(1)
    }

    /// Samples of each channel by which the decoded sound is later.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn look_ahead(&mut self) -> u32 {
        let samples = self.raw.get(sys::OPUS_GET_LOOKAHEAD_REQUEST);
        samples.map_or(0, i32::unsigned_abs)
    }

    /// The state of the range coder after the last frame: equal to the decoder's when nothing was lost or altered.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn final_range(&mut self) -> u32 {
        self.raw.final_range()
    }

    /// Back to the start state, settings kept.
    ///
    /// Real-time: allocates no; blocks no; cost O(state).
    pub fn reset(&mut self) {
        self.raw.reset();
    }

    /// Goes on as `other` would, settings included: from here on both make the same of the same.
    ///
    /// Real-time: allocates no; blocks no; cost O(state), some 20 to 40 KiB.
    ///
    /// # Errors
    /// [`OpusFault::OtherShape`] when the two have not as many channels; nothing is changed then.
    pub fn copy_from(&mut self, other: &Self) -> Result<(), OpusFault> {
        self.raw.copy_from(&other.raw)?;
        self.rate = other.rate;
        self.channels = other.channels;
        Ok(())
    }

    fn set(&mut self, request: c_int, value: i32) -> Result<(), OpusFault> {
        let code = |code| OpusFault::Internal { code };
        self.raw.set(request, value).map_err(code)
    }
}

fn setting(what: &'static str, allowed: &'static str, actual: i64) -> OpusFault {
    OpusFault::Setting {
        what,
        allowed,
        actual,
    }
}

/// The widest band that a far end of that rate can play (RFC 6716, table 1).
fn bandwidth(rate: u32) -> i32 {
    let bands = [
        (8_000, sys::OPUS_BANDWIDTH_NARROWBAND),
        (12_000, sys::OPUS_BANDWIDTH_MEDIUMBAND),
        (16_000, sys::OPUS_BANDWIDTH_WIDEBAND),
        (24_000, sys::OPUS_BANDWIDTH_SUPERWIDEBAND),
    ];
    let fits = bands.iter().find(|(most, _)| rate <= *most);
    fits.map_or(sys::OPUS_BANDWIDTH_FULLBAND, |(_, band)| *band)
}
