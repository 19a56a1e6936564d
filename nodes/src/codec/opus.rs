//! What is our own choice of Opus: the rate inside, and how an encoder is set (RFC 7587).

use core::time::Duration;
use talkpath_graph::SampleRate;
use talkpath_opus::{Application, EncoderConfig};

/// The longest frame that is coded at once.
pub(super) const MAX_PTIME: Duration = Duration::from_millis(60);

/// Look-ahead of the encoder for voice.
pub(super) const LOOK_AHEAD: Duration = Duration::from_micros(6_500);

/// The rates that Opus is decoded to and coded from: those a room has buses for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpusRate {
    /// 8 kHz.
    Narrow,
    /// 16 kHz.
    Wide,
    /// 48 kHz.
    Full,
}

impl OpusRate {
    /// As a sample rate.
    #[must_use]
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Narrow => SampleRate::HZ_8000,
            Self::Wide => SampleRate::HZ_16000,
            Self::Full => SampleRate::HZ_48000,
        }
    }

    /// The one that is `rate`.
    #[must_use]
    pub fn of(rate: SampleRate) -> Option<Self> {
        let all = [Self::Narrow, Self::Wide, Self::Full];
        all.into_iter().find(|it| it.rate() == rate)
    }

    /// The widest that a far end which plays `hz` at most hears the whole of (`maxplaybackrate`, RFC 7587 section 6.1).
    #[must_use]
    pub fn up_to(hz: u32) -> Self {
        match hz {
            0..=8_000 => Self::Narrow,
            8_001..=16_000 => Self::Wide,
            _ => Self::Full,
        }
    }

    /// Ticks of the RTP clock in a sample.
    pub(super) const fn ticks(self) -> u32 {
        48_000 / self.rate().hz()
    }
}

/// How a leg's Opus encoder is set. What is out of range is brought to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpusSettings {
    /// What it is tuned for.
    pub application: Application,
    /// Bits a second, 500 to 512,000; `None`: libopus chooses by the rate.
    pub bitrate: Option<u32>,
    /// Whether every packet has the same size (`cbr`).
    pub cbr: bool,
    /// Effort, 0 to 10.
    pub complexity: u8,
    /// Whether a packet carries the one before it once more where loss is expected (`useinbandfec`).
    pub inband_fec: bool,
    /// Packets that are expected to be lost, 0 to 100 percent.
    pub expected_loss: u8,
    /// Whether next to nothing is sent in silence (`usedtx`).
    pub dtx: bool,
    /// The highest rate that the far end plays, in hertz (`maxplaybackrate`).
    pub max_playback_rate: u32,
}

/// Voice at variable rate, effort 5; redundancy and silence suppression only when they are asked for.
impl Default for OpusSettings {
    fn default() -> Self {
        Self {
            application: Application::Voice,
            bitrate: None,
            cbr: false,
            complexity: 5,
            inband_fec: false,
            expected_loss: 0,
            dtx: false,
            max_playback_rate: 48_000,
        }
    }
}

impl OpusSettings {
    /// For libopus, at `rate`, within its ranges.
    pub(super) fn at(self, rate: OpusRate) -> EncoderConfig {
        EncoderConfig {
            application: self.application,
            bitrate: self.bitrate.map(|bits| bits.clamp(500, 512_000)),
            vbr: !self.cbr,
            complexity: self.complexity.min(10),
            inband_fec: self.inband_fec,
            expected_loss: self.expected_loss.min(100),
            dtx: self.dtx,
            max_playback_rate: self.max_playback_rate,
            ..EncoderConfig::voice(rate.rate().hz())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_opus::Encoder;

    #[test]
    fn whatever_is_set_libopus_takes() {
        let worst = OpusSettings {
            application: Application::LowDelay,
            bitrate: Some(u32::MAX),
            cbr: true,
            complexity: u8::MAX,
            inband_fec: true,
            expected_loss: u8::MAX,
            dtx: true,
            max_playback_rate: 0,
        };
        let least = OpusSettings {
            bitrate: Some(0),
            ..worst
        };
        for rate in [OpusRate::Narrow, OpusRate::Wide, OpusRate::Full] {
            for settings in [worst, least, OpusSettings::default()] {
                let mut encoder =
                    Encoder::new(settings.at(rate)).expect("every setting is in range");
                let ahead = rate.rate().samples_in(LOOK_AHEAD).0;
                let voice = settings.application == Application::Voice;
                assert!(!voice || encoder.look_ahead() == ahead);
            }
            assert_eq!(OpusRate::of(rate.rate()), Some(rate));
            assert_eq!(OpusRate::up_to(rate.rate().hz()), rate);
        }
        assert_eq!(OpusRate::of(SampleRate::new(44_100).unwrap()), None);
    }
}
