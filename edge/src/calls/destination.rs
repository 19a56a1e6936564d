//! Names one can call.

use std::fmt;
use std::ops::RangeInclusive;

/// Tones that fit every codec's band, in hertz.
pub const TONES: RangeInclusive<u16> = 50..=3_400;
/// Longest name of a room or file, in bytes.
const LONGEST: usize = 64;

/// Where a call goes, from the user part of its URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// `room-NAME`: the room of that name, with everybody else in it.
    Room(String),
    /// `echo`: alone with one's own voice.
    Echo,
    /// `tone-HZ`: alone with a tone of that many hertz.
    Tone(u16),
    /// `play-FILE`: alone with a recording from the folder of recordings.
    Play(String),
}

impl Destination {
    /// Reads a user part; `None` if nobody of that name is here.
    ///
    /// Names of rooms and files are 1 to 64 of letters, digits, `.`, `_` and `-`, and do not
    /// begin with a dot: so no name can ever leave the folder of recordings.
    pub fn parse(user: &str) -> Option<Self> {
        if user == "echo" {
            return Some(Self::Echo);
        }
        let (kind, name) = user.split_once('-')?;
        match kind {
            "room" => is_name(name).then(|| Self::Room(name.to_owned())),
            "play" => is_name(name).then(|| Self::Play(name.to_owned())),
            "tone" if name.bytes().all(|byte| byte.is_ascii_digit()) => name
                .parse()
                .ok()
                .filter(|hz| TONES.contains(hz))
                .map(Self::Tone),
            _ => None,
        }
    }

    /// What might have been meant by a user part that nobody has, to go on after its name; empty where there is no guess.
    pub fn hint(user: &str) -> String {
        match user.split_once('-') {
            Some(("tone", _)) => {
                format!(": tones go from {} to {} Hz", TONES.start(), TONES.end())
            }
            Some(("room" | "play", _)) => format!(
                ": a name has 1 to {LONGEST} letters, digits, '.', '_' and '-', and does not begin with a dot"
            ),
            _ => String::new(),
        }
    }

    /// The name of the room, if it is one that callers share.
    pub fn shared_room(&self) -> Option<&str> {
        match self {
            Self::Room(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(name) => write!(f, "room-{name}"),
            Self::Echo => f.write_str("echo"),
            Self::Tone(hz) => write!(f, "tone-{hz}"),
            Self::Play(name) => write!(f, "play-{name}"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_here() {
        assert_eq!(
            Destination::parse("room-a.b_c-D9"),
            Some(Destination::Room("a.b_c-D9".to_owned()))
        );
        assert_eq!(Destination::parse("echo"), Some(Destination::Echo));
        assert_eq!(Destination::parse("tone-440"), Some(Destination::Tone(440)));
        assert_eq!(
            Destination::parse("play-hello.wav"),
            Some(Destination::Play("hello.wav".to_owned()))
        );
        for user in ["room-x", "echo", "tone-3400", "play-x"] {
            let destination = Destination::parse(user).map(|to| to.to_string());
            assert_eq!(destination.as_deref(), Some(user));
        }
    }

    #[test]
    fn a_name_that_is_nearly_one_says_what_is_allowed() {
        for user in ["tone-49", "tone-3401", "tone-high"] {
            assert_eq!(Destination::hint(user), ": tones go from 50 to 3400 Hz");
        }
        assert!(Destination::hint("room-").contains("1 to 64 letters"));
        assert_eq!(Destination::hint("bob"), "");
    }

    #[test]
    fn names_that_are_not() {
        let long = format!("room-{}", "x".repeat(65));
        for user in [
            "",
            "room",
            "room-",
            "Room-a",
            "echo-1",
            "tone-",
            "tone-49",
            "tone-3401",
            "tone-+440",
            "tone-99999",
            "play-",
            "play-../etc/passwd",
            "play-..",
            "play-.hidden",
            "play-a/b",
            "play-a\\b",
            "play-a\0b",
            "room-a b",
            "room-é",
            &long,
            "bob",
        ] {
            assert_eq!(Destination::parse(user), None, "{user:?}");
        }
    }
}
