//! Codecs by name in a recording: as in SDP, with the rate inside where that does not tell it.
//!
//! On the supervisor's thread, and where a recording is played again.

use serde::{Deserialize, Serialize};
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::{Application, Codec, OpusRate, OpusSettings};

/// `codec` by a name that [`named`] knows: `PCMU/8000`, `opus/48000/2@16000`.
pub(super) fn name(codec: Codec) -> String {
    match codec {
        Codec::Opus(rate) => format!("{codec}@{}", rate.rate().hz()),
        _ => codec.to_string(),
    }
}

/// The codec of that name.
pub(super) fn named(text: &str) -> Option<Codec> {
    let rates = SampleRate::ALLOWED_HZ.into_iter();
    let rates = rates.filter_map(|hz| SampleRate::new(hz).ok());
    let linear = rates.clone().map(Codec::L16);
    let opus = rates.filter_map(OpusRate::of).map(Codec::Opus);
    let fixed = [Codec::Pcmu, Codec::Pcma, Codec::G722];
    let mut known = fixed.into_iter().chain(linear).chain(opus);
    known.find(|codec| name(*codec) == text)
}

/// [`OpusSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opus {
    application: u8,
    bitrate: Option<u32>,
    cbr: bool,
    complexity: u8,
    inband_fec: bool,
    expected_loss: u8,
    dtx: bool,
    max_playback_rate: u32,
}

const APPLICATIONS: [Application; 3] = [
    Application::Voice,
    Application::Audio,
    Application::LowDelay,
];

impl From<OpusSettings> for Opus {
    fn from(settings: OpusSettings) -> Self {
        let OpusSettings {
            application,
            bitrate,
            cbr,
            complexity,
            inband_fec,
            expected_loss,
            dtx,
            max_playback_rate,
        } = settings;
        Self {
            application: match application {
                Application::Voice => 0,
                Application::Audio => 1,
                Application::LowDelay => 2,
            },
            bitrate,
            cbr,
            complexity,
            inband_fec,
            expected_loss,
            dtx,
            max_playback_rate,
        }
    }
}

impl Opus {
    pub(super) fn settings(self) -> Option<OpusSettings> {
        let Self {
            application,
            bitrate,
            cbr,
            complexity,
            inband_fec,
            expected_loss,
            dtx,
            max_playback_rate,
        } = self;
        Some(OpusSettings {
            application: *APPLICATIONS.get(usize::from(application))?,
            bitrate,
            cbr,
            complexity,
            inband_fec,
            expected_loss,
            dtx,
            max_playback_rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::negotiate::Capabilities;

    #[test]
    fn every_codec_there_is_comes_back_from_its_name() {
        let rates = [OpusRate::Narrow, OpusRate::Wide, OpusRate::Full];
        let all = Capabilities::default().codecs.into_iter();
        for codec in all.chain(rates.map(Codec::Opus)) {
            assert_eq!(named(&name(codec)), Some(codec));
        }
        assert_eq!(named("opus/48000/2"), None);
        assert_eq!(named("G729/8000"), None);
    }

    #[test]
    fn settings_come_back() {
        for application in APPLICATIONS {
            let settings = OpusSettings {
                application,
                bitrate: Some(24_000),
                cbr: true,
                dtx: true,
                ..OpusSettings::default()
            };
            assert_eq!(Opus::from(settings).settings(), Some(settings));
        }
        let mut unknown = Opus::from(OpusSettings::default());
        unknown.application = 3;
        assert_eq!(unknown.settings(), None);
    }
}
