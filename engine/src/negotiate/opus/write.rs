//! Parameters of Opus as text.

use std::fmt;

use super::OpusParameters;

impl OpusParameters {
    /// What follows the number in `a=fmtp`; `None` where all is as if nothing were said.
    pub fn fmtp(&self) -> Option<String> {
        (*self != Self::default()).then(|| self.to_string())
    }
}

/// What differs from the defaults, in a fixed order: `maxplaybackrate=16000;useinbandfec=1`.
impl fmt::Display for OpusParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let ms =
            |parameters: &Self| u32::try_from(parameters.min_ptime.as_millis()).unwrap_or(u32::MAX);
        let number = |name, value: u32, default| (value != default).then_some((name, value));
        let flag = |name, is: bool| is.then_some((name, 1));
        let said = [
            number("minptime", ms(self), ms(&default)),
            number(
                "maxplaybackrate",
                self.max_playback_rate,
                default.max_playback_rate,
            ),
            number(
                "sprop-maxcapturerate",
                self.max_capture_rate,
                default.max_capture_rate,
            ),
            self.max_average_bitrate
                .map(|rate| ("maxaveragebitrate", rate)),
            flag("stereo", self.stereo),
            flag("sprop-stereo", self.sends_stereo),
            flag("cbr", self.cbr),
            flag("useinbandfec", self.inband_fec),
            flag("usedtx", self.dtx),
        ];
        let mut between = "";
        for (name, value) in said.into_iter().flatten() {
            write!(f, "{between}{name}={value}")?;
            between = ";";
        }
        Ok(())
    }
}
