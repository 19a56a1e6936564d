//! `talkpath replay`: a session that `serve --record` wrote down, run again as fast as the machine goes.

mod json;
mod sound;
mod text;
mod track;
mod wanted;

use std::io;
use std::path::PathBuf;

use clap::Args;
use talkpath_engine::replay::{Recording, RecordingError, ReplayError, Replayed, replay_with};

use crate::output;
use sound::{Sound, SoundError};
use wanted::Wanted;

/// What to replay.
#[derive(Args, Clone, Debug)]
#[command(override_usage = "talkpath replay [OPTIONS] <FILE>")]
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
    /// The recording ends before its session; as far as it goes it is identical.
    #[error(
        "the recording ends at {at_s:.3} s, before its session: {compared} packets until there are identical"
    )]
    EndsEarly {
        /// Where it ends, in seconds since slot 0.
        at_s: f64,
        /// Packets that were compared.
        compared: u64,
    },
    /// Standard output did not take what was to be printed.
    #[error("standard output: {0}")]
    Unprinted(#[source] io::Error),
}

impl ReplayCommandError {
    /// Whether the recording is identical, but shorter than its session.
    pub fn is_short(&self) -> bool {
        matches!(self, Self::EndsEarly { .. })
    }

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
#[derive(Debug)]
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
    wanted::check(&args.wav, &recording)?;
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
    let written = sound.write(&replayed);
    let known = written.as_deref().unwrap_or_default();
    let text = if args.json {
        json::of(&report, known)
    } else {
        text::of(&report, known, args.list)
    };
    output::print(&text).map_err(ReplayCommandError::Unprinted)?;
    written?;
    let Replayed {
        different,
        missing,
        compared,
        session,
        ..
    } = replayed;
    match (report.identical, &report.ends_early) {
        (false, _) => Err(ReplayCommandError::Different { different, missing }),
        (true, Some(_)) => Err(ReplayCommandError::EndsEarly {
            at_s: session.as_secs_f64(),
            compared,
        }),
        (true, None) => Ok(()),
    }
}
