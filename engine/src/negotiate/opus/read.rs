//! Parameters of Opus from text: `name=value` pairs with semicolons between them.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::{BIT_RATES, OpusParameters, PACKET_MS, RATES};

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpusFault {
    /// A number that is none.
    #[error("{name} is {actual:?}, expected is a number")]
    Number {
        /// The parameter.
        name: &'static str,
        /// What stands there, its first 40 characters.
        actual: String,
    },
    /// A flag that is neither set nor not.
    #[error("{name} is {actual:?}, expected is 0 or 1")]
    Flag {
        /// The parameter.
        name: &'static str,
        /// What stands there, its first 40 characters.
        actual: String,
    },
    /// A parameter that stands there twice.
    #[error("{name} is there twice")]
    Twice {
        /// The parameter.
        name: &'static str,
    },
}

/// Parameters that mean something, and how each is taken.
const KNOWN: [(&str, Take); 9] = [
    ("maxplaybackrate", |of, it| {
        it.number(&RATES).map(|v| of.max_playback_rate = v)
    }),
    ("sprop-maxcapturerate", |of, it| {
        it.number(&RATES).map(|v| of.max_capture_rate = v)
    }),
    ("maxaveragebitrate", |of, it| {
        it.bit_rate().map(|v| of.max_average_bitrate = v)
    }),
    ("stereo", |of, it| it.flag().map(|v| of.stereo = v)),
    ("sprop-stereo", |of, it| {
        it.flag().map(|v| of.sends_stereo = v)
    }),
    ("cbr", |of, it| it.flag().map(|v| of.cbr = v)),
    ("useinbandfec", |of, it| {
        it.flag().map(|v| of.inband_fec = v)
    }),
    ("usedtx", |of, it| it.flag().map(|v| of.dtx = v)),
    ("minptime", |of, it| {
        it.packet_time().map(|v| of.min_ptime = v)
    }),
];

type Take = fn(&mut OpusParameters, Pair<'_>) -> Result<(), OpusFault>;

/// A parameter and its value.
struct Pair<'a> {
    name: &'static str,
    value: &'a str,
}

impl FromStr for OpusParameters {
    type Err = OpusFault;

    fn from_str(text: &str) -> Result<Self, OpusFault> {
        let mut parameters = Self::default();
        let mut seen = [false; KNOWN.len()];
        for pair in text.split(';') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let is = |(known, _): &(&str, Take)| name.trim().eq_ignore_ascii_case(known);
            let Some(index) = KNOWN.iter().position(is) else {
                continue;
            };
            let (name, take) = KNOWN[index];
            if std::mem::replace(&mut seen[index], true) {
                return Err(OpusFault::Twice { name });
            }
            let value = value.trim();
            take(&mut parameters, Pair { name, value })?;
        }
        Ok(parameters)
    }
}

impl Pair<'_> {
    /// A number, however many digits it has.
    fn any_number(&self) -> Result<u32, OpusFault> {
        let digits = !self.value.is_empty() && self.value.bytes().all(|byte| byte.is_ascii_digit());
        let fault = || OpusFault::Number {
            name: self.name,
            actual: self.start(),
        };
        // Digits only: what does not fit is too large.
        digits
            .then(|| self.value.parse().unwrap_or(u32::MAX))
            .ok_or_else(fault)
    }

    fn number(&self, range: &RangeInclusive<u32>) -> Result<u32, OpusFault> {
        let clamped = |value: u32| value.clamp(*range.start(), *range.end());
        self.any_number().map(clamped)
    }

    fn bit_rate(&self) -> Result<Option<u32>, OpusFault> {
        let value = self.any_number()?;
        Ok(BIT_RATES.contains(&value).then_some(value))
    }

    fn packet_time(&self) -> Result<Duration, OpusFault> {
        let ms = self.number(&PACKET_MS)?;
        Ok(Duration::from_millis(u64::from(ms)))
    }

    fn flag(&self) -> Result<bool, OpusFault> {
        match self.value {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(OpusFault::Flag {
                name: self.name,
                actual: self.start(),
            }),
        }
    }

    fn start(&self) -> String {
        self.value.chars().take(40).collect()
    }
}
