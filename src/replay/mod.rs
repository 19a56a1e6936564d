//! `talkpath replay`: a session that `serve --record` wrote down, run again as fast as the machine goes.

mod sound;
mod text;
mod track;
mod wanted;

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use talkpath_engine::replay::{Recording, RecordingError, ReplayError, Replayed, replay_with};

use crate::output;
use sound::{Sound, SoundError};
use wanted::Wanted;

/// What to replay.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// What `talkpath serve --record FILE` wrote
    file: PathBuf,
    /// Write a WAV file: leg=ID:FILE, what a phone sent (left) and was sent (right), or room=NAME:FILE, what is heard in a
    /// room by somebody who says nothing. May be given several times
    #[arg(long, value_name = "WHAT:FILE", value_parser = wanted::parse)]
    wav: Vec<Wanted>,
    /// Run it once more with so many workers, and compare every leg
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    workers: Option<u8>,
    /// List the rooms and legs of the session
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why a replay failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayCommandError {
    /// The recording cannot be read from its file.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no recording, or a damaged one.
    #[error("{}: {source}", file.display())]
    Recording {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: RecordingError,
    },
    /// It could not be run to its end.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A WAV file could not be written.
    #[error(transparent)]
    Sound(#[from] SoundError),
    /// At least one packet is not the one that was sent.
    #[error(
        "the replay is not identical: {different} packets are different, {missing} are missing"
    )]
    Different {
        /// Packets that are not those of the session.
        different: u64,
        /// Packets of the session that were not sent again.
        missing: u64,
    },
    /// Standard output did not take what was to be printed.
    #[error("standard output: {0}")]
    Unprinted(#[source] io::Error),
}

impl ReplayCommandError {
    /// Whether other arguments are needed: the same ones will fail again.
    pub fn is_wrong_input(&self) -> bool {
        let unknown = |error: &SoundError| matches!(error, SoundError::Unknown { .. });
        match self {
            Self::File { .. } | Self::Recording { .. } => true,
            Self::Sound(error) => unknown(error),
            _ => false,
        }
    }
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Version of talkpath that recorded.
    recorded_by: &'a str,
    /// Whether every packet is that of the session.
    identical: bool,
    /// In what program or machine differ from those of the session.
    differences: Vec<String>,
    /// Why the recording ends before its session did.
    ends_early: Option<String>,
    /// How many workers the session had.
    recorded_workers: usize,
    /// How many times faster than the session.
    speed: f64,
    #[serde(flatten)]
    replayed: &'a Replayed,
}

/// Replays, writes what is wanted and prints what came of it.
///
/// # Errors
/// The file is no recording, the replay could not be run, a file could not be written, or a packet was different.
pub fn run(args: &ReplayArgs) -> Result<(), ReplayCommandError> {
    let file = || args.file.clone();
    let bytes = std::fs::read(&args.file).map_err(|source| ReplayCommandError::File {
        file: file(),
        source,
    })?;
    let recording = Recording::parse(bytes).map_err(|source| ReplayCommandError::Recording {
        file: file(),
        source,
    })?;
    let mut sound = Sound::new(&args.wav, recording.header().base);
    let own = recording.header().config.workers;
    let workers = args.workers.map_or(own, usize::from);
    let replayed = replay_with(&recording, workers, &mut sound)?;
    let took = replayed.took.as_secs_f64().max(1e-9);
    let report = Report {
        recorded_by: &recording.header().talkpath,
        identical: replayed.is_identical(),
        differences: recording.header().differences(),
        ends_early: recording.ends_early(),
        recorded_workers: own,
        speed: replayed.session.as_secs_f64() / took,
        replayed: &replayed,
    };
    let text = if args.json {
        // Plain data: numbers, texts and lists.
        serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
    } else {
        text::of(&report, args.list)
    };
    output::print(&text).map_err(ReplayCommandError::Unprinted)?;
    sound.write(&replayed)?;
    let Replayed {
        different, missing, ..
    } = replayed;
    if report.identical {
        Ok(())
    } else {
        Err(ReplayCommandError::Different { different, missing })
    }
}
