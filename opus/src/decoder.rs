//! Packets to samples.

use crate::raw::RawDecoder;
use crate::{Channels, OpusFault, RATES};
use opusic_sys as sys;

/// An Opus decoder. It decodes to its own rate and channels whatever a packet holds.
#[derive(Clone, Debug)]
pub struct Decoder {
    raw: RawDecoder,
    rate: u32,
    channels: Channels,
}

impl Decoder {
    /// A decoder in its start state, to `rate` (one of [`RATES`], in hertz). Control side: allocates, once and for all.
    ///
    /// # Errors
    /// [`OpusFault::Rate`].
    pub fn new(rate: u32, channels: Channels) -> Result<Self, OpusFault> {
        if !RATES.contains(&rate) {
            return Err(OpusFault::Rate { actual: rate });
        }
        let raw =
            RawDecoder::new(rate, channels.count()).map_err(|code| OpusFault::Internal { code })?;
        Ok(Self {
            raw,
            rate,
            channels,
        })
    }

    /// Decodes a packet to samples in about ±1.0, interleaved, at the front of `out`; returns the samples of each channel.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`OpusFault::InvalidPacket`]; [`OpusFault::OutputTooSmall`].
    pub fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, OpusFault> {
        if packet.is_empty() {
            return Err(OpusFault::InvalidPacket { actual: 0 });
        }
        self.run(Some(packet), out, false)
    }

    /// Fills `out`, a multiple of 2.5 ms, for a packet that is lost: from what the packet behind it carries of it
    /// (in-band FEC) as far as that goes, else by concealment. The packet behind it is decoded as usual after that.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`OpusFault::InvalidPacket`] when the packet is none; [`OpusFault::FrameSize`] unless `out` is a multiple of 2.5 ms.
    pub fn recover(&mut self, next: &[u8], out: &mut [f32]) -> Result<usize, OpusFault> {
        if next.is_empty() {
            return Err(OpusFault::InvalidPacket { actual: 0 });
        }
        self.whole(out.len())?;
        self.run(Some(next), out, true)
    }

    /// Fills `out`, a multiple of 2.5 ms, for a packet of which nothing is known.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    ///
    /// # Errors
    /// [`OpusFault::FrameSize`] unless `out` is a multiple of 2.5 ms.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<usize, OpusFault> {
        self.whole(out.len())?;
        self.run(None, out, false)
    }

    /// Samples a second of each channel.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The state of the range coder after the last packet: equal to the encoder's when nothing was lost or altered.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn final_range(&mut self) -> u32 {
        self.raw.final_range()
    }

    /// Back to the start state.
    ///
    /// Real-time: allocates no; blocks no; cost O(state).
    pub fn reset(&mut self) {
        self.raw.reset();
    }

    /// Goes on as `other` would: from here on both make the same of the same.
    ///
    /// Real-time: allocates no; blocks no; cost O(state), some 20 to 30 KiB.
    ///
    /// # Errors
    /// [`OpusFault::OtherShape`] when the two have not as many channels; nothing is changed then.
    pub fn copy_from(&mut self, other: &Self) -> Result<(), OpusFault> {
        self.raw.copy_from(&other.raw)?;
        self.rate = other.rate;
        self.channels = other.channels;
        Ok(())
    }

    fn whole(&self, samples: usize) -> Result<(), OpusFault> {
        let channels = self.channels.count();
        let step = self.rate as usize / 400 * channels;
        if samples > 0 && samples.is_multiple_of(step) {
            return Ok(());
        }
        Err(OpusFault::FrameSize {
            actual: samples,
            rate: self.rate,
            channels,
        })
    }

    fn run(
        &mut self,
        packet: Option<&[u8]>,
        out: &mut [f32],
        fec: bool,
    ) -> Result<usize, OpusFault> {
        let decoded = self.raw.decode(packet, self.channels.count(), out, fec);
        decoded.map_err(|code| match code {
            sys::OPUS_BUFFER_TOO_SMALL => OpusFault::OutputTooSmall { actual: out.len() },
            sys::OPUS_BAD_ARG => OpusFault::OutputTooSmall { actual: out.len() },
            sys::OPUS_INVALID_PACKET => OpusFault::InvalidPacket {
                actual: packet.map_or(0, <[u8]>::len),
            },
            code => OpusFault::Internal { code },
        })
    }
}
