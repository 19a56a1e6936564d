//! Keys of telephones (DTMF) as named events in RTP, RFC 4733: what a leg agrees on, and what is told of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use talkpath_nodes::telephone_event::{event_of, key_of};

pub use talkpath_nodes::telephone_event::Ending as KeyEnding;

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
}
