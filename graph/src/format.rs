//! Units of audio: sample rate, sample counts, channels, frame length, and the format made of them.
//!
//! Plain values, used on every thread. No bare `u32` rate or length crosses a public signature.

use core::fmt;
use core::time::Duration;

use crate::error::FormatError;

/// Samples per second of one channel; one of the rates used in voice.
///
/// 11,025 Hz is not among them: 10 ms of it is not a whole number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleRate(u32);

impl SampleRate {
    /// Narrowband: G.711, L16/8000.
    pub const HZ_8000: Self = Self(8_000);
    /// Wideband: G.722, L16/16000.
    pub const HZ_16000: Self = Self(16_000);
    /// Fullband: Opus, L16/48000.
    pub const HZ_48000: Self = Self(48_000);
    /// All accepted rates in hertz, ascending. Each has a whole number of samples in 10 ms.
    pub const ALLOWED_HZ: [u32; 7] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000];

    /// The rate of `hz` samples per second.
    ///
    /// # Errors
    /// [`FormatError::Rate`] if `hz` is not in [`Self::ALLOWED_HZ`].
    pub const fn new(hz: u32) -> Result<Self, FormatError> {
        let mut i = 0;
        while i < Self::ALLOWED_HZ.len() {
            if Self::ALLOWED_HZ[i] == hz {
                return Ok(Self(hz));
            }
            i += 1;
        }
        Err(FormatError::Rate { actual: hz })
    }

    /// Hertz.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// Whole samples per channel in `span`, rounded down; saturates at `u32::MAX`.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub const fn samples_in(self, span: Duration) -> Samples {
        let count = span.as_nanos().saturating_mul(self.0 as u128) / 1_000_000_000;
        Samples(if count > u32::MAX as u128 {
            u32::MAX
        } else {
            count as u32
        })
    }

    /// How long `samples` (per channel) last at this rate, rounded down to the nanosecond.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub const fn duration_of(self, samples: Samples) -> Duration {
        Duration::from_nanos(samples.0 as u64 * 1_000_000_000 / self.0 as u64)
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000 / 100) {
            (khz, 0) => write!(f, "{khz} kHz"),
            (khz, tenth) => write!(f, "{khz}.{tenth} kHz"),
        }
    }
}

/// A count of samples per channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Samples(pub u32);

impl Samples {
    /// The count as a slice length.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Length of a room frame (D4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrameTime {
    /// 10 ms: for rooms of 10 ms legs.
    Ms10,
    /// 20 ms: the default; with 20 ms packets on both sides it is the faster one.
    #[default]
    Ms20,
}

impl FrameTime {
    /// Milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u32 {
        match self {
            Self::Ms10 => 10,
            Self::Ms20 => 20,
        }
    }

    /// The span of one frame.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.as_millis() as u64)
    }

    /// Samples per channel of one frame; exact for every [`SampleRate`].
    #[must_use]
    pub const fn samples(self, rate: SampleRate) -> Samples {
        Samples(rate.hz() / 1_000 * self.as_millis() + rate.hz() % 1_000 * self.as_millis() / 1_000)
    }
}

/// A count of interleaved channels, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channels(u8);

impl Channels {
    /// One channel: all of telephony.
    pub const MONO: Self = Self(1);
    /// Two interleaved channels.
    pub const STEREO: Self = Self(2);

    /// `count` channels.
    ///
    /// # Errors
    /// [`FormatError::Channels`] unless `count` is 1 or 2.
    pub const fn new(count: u8) -> Result<Self, FormatError> {
        match count {
            1 | 2 => Ok(Self(count)),
            actual => Err(FormatError::Channels { actual }),
        }
    }

    /// The count.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 == 1 { "mono" } else { "stereo" })
    }
}

/// What a PCM connection carries every period. Displays as `16 kHz mono 320`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Sample rate.
    pub rate: SampleRate,
    /// Interleaved channels.
    pub channels: Channels,
    /// Samples per channel in one frame.
    pub frame: Samples,
}

impl Format {
    /// One channel at `rate`, in frames of `frame`.
    #[must_use]
    pub const fn mono(rate: SampleRate, frame: FrameTime) -> Self {
        Self {
            rate,
            channels: Channels::MONO,
            frame: frame.samples(rate),
        }
    }

    /// Samples of all channels in one frame: the length of the plane's slice.
    #[must_use]
    pub const fn plane_len(self) -> usize {
        self.frame.as_usize() * self.channels.0 as usize
    }

    /// The span of one frame.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.rate.duration_of(self.frame)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rate, self.channels, self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_has_whole_frames() {
        for hz in SampleRate::ALLOWED_HZ {
            let rate = SampleRate::new(hz).unwrap();
            for frame in [FrameTime::Ms10, FrameTime::Ms20] {
                assert_eq!(
                    u64::from(frame.samples(rate).0) * 1_000,
                    u64::from(hz) * u64::from(frame.as_millis())
                );
                assert_eq!(rate.samples_in(frame.as_duration()), frame.samples(rate));
                assert_eq!(rate.duration_of(frame.samples(rate)), frame.as_duration());
                assert!(Format::mono(rate, frame).plane_len() <= crate::MAX_FRAME);
            }
        }
    }

    #[test]
    fn other_rates_and_channels_are_refused() {
        for hz in [0, 1, 7_999, 11_025, 22_050, 96_000, u32::MAX] {
            assert_eq!(SampleRate::new(hz), Err(FormatError::Rate { actual: hz }));
        }
        for count in [0, 3, 255] {
            assert_eq!(
                Channels::new(count),
                Err(FormatError::Channels { actual: count })
            );
        }
        assert_eq!(Channels::new(2), Ok(Channels::STEREO));
    }

    #[test]
    fn spans_round_down_and_saturate() {
        assert_eq!(
            SampleRate::HZ_8000.samples_in(Duration::from_nanos(124_999)),
            Samples(0)
        );
        assert_eq!(
            SampleRate::HZ_8000.samples_in(Duration::from_nanos(125_000)),
            Samples(1)
        );
        assert_eq!(
            SampleRate::HZ_48000.samples_in(Duration::MAX),
            Samples(u32::MAX)
        );
        assert_eq!(
            SampleRate::HZ_8000.duration_of(Samples(u32::MAX)).as_secs(),
            536_870
        );
    }

    #[test]
    fn formats_read_well() {
        let wide = Format::mono(SampleRate::HZ_16000, FrameTime::Ms20);
        assert_eq!(wide.to_string(), "16 kHz mono 320");
        assert_eq!(wide.duration(), Duration::from_millis(20));
        let cd = Format {
            rate: SampleRate::new(44_100).unwrap(),
            channels: Channels::STEREO,
            frame: Samples(441),
        };
        assert_eq!(cd.to_string(), "44.1 kHz stereo 441");
        assert_eq!(cd.plane_len(), 882);
    }
}
