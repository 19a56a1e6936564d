//! What `--wav` takes: `leg=ID:FILE` or `room=NAME:FILE`.

use std::path::PathBuf;

use talkpath_engine::replay::Recording;

use super::sound::SoundError;

/// A WAV file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub what: What,
    pub file: PathBuf,
}

/// What is to be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Both ways of the leg of this handle, as `--list` and the status show it.
    Leg(String),
    /// The mix of the room of this name.
    Room(String),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Leg(id) => write!(f, "leg {id}"),
            Self::Room(name) => write!(f, "room {name}"),
        }
    }
}

/// Whether the session has what is wanted, as far as its recording says before it is run.
///
/// # Errors
/// The first that it has not, with what there is.
pub(super) fn check(wanted: &[Wanted], recording: &Recording) -> Result<(), SoundError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (rooms, legs) = (recording.room_names(), recording.legs_with_packets());
    for Wanted { what, .. } in wanted {
        let (kind, known) = match what {
            What::Leg(id) if !legs.contains(id) => ("legs", &legs),
            What::Room(name) if !rooms.contains(name) => ("rooms", &rooms),
            _ => continue,
        };
        let known = known.iter().map(String::as_str).collect::<Vec<_>>();
        return Err(SoundError::Unknown {
            what: what.to_string(),
            known: match &known[..] {
                [] => format!("no {kind} with sound"),
                known => format!("the {kind} {}", known.join(", ")),
            },
        });
    }
    Ok(())
}

/// Reads one.
///
/// # Errors
/// What is allowed, in words.
pub(super) fn parse(text: &str) -> Result<Wanted, String> {
    let read = || {
        let (kind, rest) = text.split_once('=')?;
        let (name, file) = rest.split_once(':')?;
        let name = name.to_owned();
        let what = match kind {
            "leg" => What::Leg(name),
            "room" => What::Room(name),
            _ => return None,
        };
        let file = PathBuf::from(file);
        (rest.len() > 2 && !file.as_os_str().is_empty()).then_some(Wanted { what, file })
    };
    read().ok_or_else(|| "allowed: leg=ID:FILE or room=NAME:FILE".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_or_a_room_and_a_file() {
        let leg = parse("leg=3.1:/tmp/a:b.wav").unwrap();
        assert_eq!(leg.what, What::Leg("3.1".into()));
        assert_eq!(leg.file, PathBuf::from("/tmp/a:b.wav"));
        assert_eq!(
            parse("room=lobby:x.wav").unwrap().what.to_string(),
            "room lobby"
        );
        for wrong in ["", "leg", "leg=1", "leg=1:", "bus=1:x.wav", "=:"] {
            assert!(
                parse(wrong).unwrap_err().contains("room=NAME:FILE"),
                "{wrong}"
            );
        }
    }
}
