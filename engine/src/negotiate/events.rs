//! Which named events a side takes: the parameters of `telephone-event` (RFC 4733, section 2.4.1).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A set of events by their codes, 0 to 255; 0 to 15 are the keys. Written as `0-15,66`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EventSet([u64; 4]);

/// Why a list of events cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{actual:?} is no event or range of events, allowed are 0 to 255 such as 0-15,66")]
pub struct EventsFault {
    /// What stands there.
    pub actual: String,
}

impl EventSet {
    /// The keys 0 to 9, *, #, A to D: what is meant where nothing is said.
    pub const DTMF: Self = Self([0xffff, 0, 0, 0]);

    /// True if `event` is in it.
    pub fn contains(self, event: u8) -> bool {
        self.0[usize::from(event >> 6)] >> (event & 63) & 1 == 1
    }

    /// True if nothing is in it.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// The same with `event`.
    #[must_use]
    pub fn with(mut self, event: u8) -> Self {
        self.0[usize::from(event >> 6)] |= 1 << (event & 63);
        self
    }

    /// What parameters say, or their absence.
    ///
    /// # Errors
    /// The first part that is no event or range.
    pub fn of(fmtp: Option<&str>) -> Result<Self, EventsFault> {
        fmtp.map_or(Ok(Self::DTMF), str::parse)
    }
}

impl FromStr for EventSet {
    type Err = EventsFault;

    fn from_str(text: &str) -> Result<Self, EventsFault> {
        let mut events = Self::default();
        for part in text.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = number(first).zip(number(last));
            let Some((first, last)) = range.filter(|(first, last)| first <= last) else {
                let actual = part.chars().take(40).collect();
                return Err(EventsFault { actual });
            };
            events = (first..=last).fold(events, Self::with);
        }
        Ok(events)
    }
}

/// Digits only: `u8` reads a sign as well.
fn number(text: &str) -> Option<u8> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for EventSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut events = (0..=255).filter(|&event| self.contains(event)).peekable();
        let mut comma = "";
        while let Some(first) = events.next() {
            let mut last = first;
            while events.next_if(|&next| next == last + 1).is_some() {
                last += 1;
            }
            match last == first {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, EventsFault> {
        text.parse::<EventSet>().map(|set| set.to_string())
    }

    #[test]
    fn lists_are_read_and_written_in_order() {
        assert_eq!(EventSet::of(None), Ok(EventSet::DTMF));
        assert_eq!(EventSet::DTMF.to_string(), "0-15");
        assert_eq!(read("0-16"), Ok("0-16".to_owned()));
        assert_eq!(read("66, 0-11,12 - 15"), Ok("0-15,66".to_owned()));
        assert_eq!(read("0-255"), Ok("0-255".to_owned()));
        assert_eq!(read("255,64,63"), Ok("63-64,255".to_owned()));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for text in [
            "", ",", "0-", "-5", "5-3", "256", "0-256", "+1", "x", "0-15;16",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let long = read(&"9".repeat(60_000)).expect_err("no event");
        assert_eq!(long.actual.len(), 40);
    }

    #[test]
    fn what_both_take_is_in_both() {
        let flash = EventSet::DTMF.with(16);
        assert!(flash.contains(16) && !EventSet::DTMF.contains(16));
        assert_eq!(flash.and(EventSet::DTMF), EventSet::DTMF);
        assert!(EventSet::default().with(200).and(EventSet::DTMF).is_empty());
    }
}
