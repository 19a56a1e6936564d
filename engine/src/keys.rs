//! Keys of telephones (DTMF) as named events in RTP, RFC 4733: what a leg agrees on, what is told of them, and rows to be sent.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use talkpath_nodes::telephone_event::{event_of, key_of};

use crate::error::EngineError;

pub use talkpath_nodes::telephone_event::Ending as KeyEnding;

/// Most keys of a row, and most that wait to be sent to one leg.
pub const KEYS_AT_ONCE: usize = 32;
/// The shortest key that is sent: what receivers of tones need (ITU-T Q.24).
const SHORTEST: Duration = Duration::from_millis(40);
/// The longest.
const LONGEST: Duration = Duration::from_secs(60);

/// The payload types of telephone-event that a network leg agreed on, at the RTP clock of its codec. [`Default`]: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyTypes {
    /// What its keys come as, 0 to 127; `None`: they are dropped as packets of a wrong payload type.
    pub receive: Option<u8>,
    /// What it is sent keys as, 0 to 127; `None`: it is sent none.
    pub send: Option<u8>,
}

impl KeyTypes {
    /// The same number both ways.
    pub const fn both(payload_type: u8) -> Self {
        Self {
            receive: Some(payload_type),
            send: Some(payload_type),
        }
    }

    /// Whether there is any.
    pub(crate) fn any(self) -> bool {
        self.receive.is_some() || self.send.is_some()
    }
}

/// A key, or another event of the registry of RFC 4733, by its code there.
///
/// It is displayed as the character on the key (`0` to `9`, `*`, `#`, `A` to `D`), and what is no key as its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u8);

impl Key {
    /// The event of that code; 0 to 15 are keys.
    pub const fn of_code(code: u8) -> Self {
        Self(code)
    }

    /// The key with that character on it, in either case.
    pub fn of_char(key: char) -> Option<Self> {
        event_of(key).map(Self)
    }

    /// Its code.
    pub fn code(self) -> u8 {
        self.0
    }

    /// The character on it; `None` for what is no key.
    pub fn char(self) -> Option<char> {
        key_of(self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.char() {
            Some(key) => write!(f, "{key}"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Keys to be sent one after the other, each as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRow {
    codes: [u8; KEYS_AT_ONCE],
    count: u8,
    millis: u16,
}

impl KeyRow {
    /// The keys in `keys`, each `length` long, in whole milliseconds.
    pub(crate) fn new(keys: &str, length: Duration) -> Result<Self, EngineError> {
        let count = keys.chars().count();
        if !(1..=KEYS_AT_ONCE).contains(&count) {
            return Err(EngineError::OutOfRange {
                what: "number of keys",
                allowed: "1 to 32",
                actual: count.to_string(),
            });
        }
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(EngineError::OutOfRange {
                what: "length of a key",
                allowed: "40 ms to 60 s",
                actual: format!("{length:?}"),
            });
        }
        let mut codes = [0; KEYS_AT_ONCE];
        for (code, actual) in codes.iter_mut().zip(keys.chars()) {
            *code = event_of(actual).ok_or(EngineError::NotAKey { actual })?;
        }
        Ok(Self {
            codes,
            // At most 32, and at most 60,000.
            count: count as u8,
            millis: length.as_millis() as u16,
        })
    }

    /// Their codes, in order.
    pub fn codes(&self) -> &[u8] {
        &self.codes[..usize::from(self.count)]
    }

    /// How long each is.
    pub fn length(&self) -> Duration {
        Duration::from_millis(u64::from(self.millis))
    }
}

impl fmt::Display for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = self.codes().iter().map(|code| Key::of_code(*code));
        keys.try_for_each(|key| write!(f, "{key}"))
    }
}

/// The name of an ending, as JSON has it.
pub(crate) fn ending_name(ending: KeyEnding) -> &'static str {
    match ending {
        KeyEnding::Reported => "reported",
        KeyEnding::Superseded => "superseded",
        KeyEnding::TimedOut => "timed_out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_by_what_is_on_them() {
        for key in "0123456789*#ABCD".chars() {
            let known = Key::of_char(key).unwrap();
            assert_eq!(
                (known.to_string(), known.char()),
                (key.to_string(), Some(key))
            );
        }
        assert_eq!(
            (Key::of_char('d'), Key::of_char('x')),
            (Some(Key(15)), None)
        );
        assert_eq!(Key::of_code(16).to_string(), "16", "a flash is no key");
    }

    #[test]
    fn rows_are_of_keys_only() {
        let ms = Duration::from_millis;
        let row = KeyRow::new("123#*ad", ms(100)).unwrap();
        assert_eq!(
            (row.to_string(), row.length()),
            ("123#*AD".to_owned(), ms(100))
        );
        assert_eq!(row.codes(), [1, 2, 3, 11, 10, 12, 15]);
        let refused = KeyRow::new("12 3", ms(100)).unwrap_err();
        assert!(matches!(refused, EngineError::NotAKey { actual: ' ' }));
        assert!(KeyRow::new(&"1".repeat(32), ms(40)).is_ok());
        for (keys, length) in [("", 100), (&*"1".repeat(33), 100), ("1", 39), ("1", 60_001)] {
            let refused = KeyRow::new(keys, ms(length)).unwrap_err();
            assert!(
                matches!(refused, EngineError::OutOfRange { .. }),
                "{refused}"
            );
        }
    }
}
