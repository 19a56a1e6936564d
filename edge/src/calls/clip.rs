//! Recordings: WAV files of one folder, decoded beforehand.
//!
//! Control side, on a blocking thread: a file is read whole, mixed to mono and converted to the
//! rate it is played at ([`convert`]) before the worker hears of it. Calls that play the same file
//! at the same rate share one copy, which goes with the last of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hound::{SampleFormat, WavReader};
use talkpath_graph::SampleRate;

use super::convert::convert;

/// Longest recording, in samples of all channels as they stand in the file.
const LONGEST: u32 = 48_000 * 2 * 300;

/// Why a recording is not played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClipError {
    /// There is no folder of recordings.
    #[error("no folder of recordings is configured")]
    NoFolder,
    /// There is no such file in the folder.
    #[error("there is no recording {name:?}")]
    NotFound {
        /// Name asked for.
        name: String,
    },
    /// The file is longer than is read.
    #[error("recording {name:?} has {actual} samples, at most {limit} are read")]
    TooLong {
        /// Name asked for.
        name: String,
        /// Samples of all channels.
        actual: u32,
        /// The most that is read.
        limit: u32,
    },
    /// The file is no WAV file we can read.
    #[error("recording {name:?} cannot be read: {}", in_words(source))]
    Unreadable {
        /// Name asked for.
        name: String,
        /// What the reader said.
        #[source]
        source: hound::Error,
    },
}

/// What the reader said, and what it would take where it says too little.
fn in_words(error: &hound::Error) -> String {
    match error {
        hound::Error::Unsupported => {
            "neither PCM of 8, 16, 24 or 32 bits nor 32-bit float (nothing compressed is played, nor G.711 in WAV)"
                .to_owned()
        }
        hound::Error::FormatError(what) => format!("not a WAV file that makes sense ({what})"),
        // What the reader says of a header or of samples that are not all there.
        hound::Error::IoError(why)
            if matches!(why.kind(), io::ErrorKind::Other | io::ErrorKind::UnexpectedEof) =>
        {
            format!("not a whole WAV file ({why})")
        }
        other => other.to_string(),
    }
}

type Shared = HashMap<(PathBuf, u32), Weak<[f32]>>;

/// The folder of recordings.
#[derive(Debug, Default)]
pub struct Clips {
    folder: Option<PathBuf>,
    shared: Mutex<Shared>,
}

impl Clips {
    /// Recordings of `folder`; none without one.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            shared: Mutex::default(),
        }
    }

    /// The file called `name`, or `name.wav`.
    ///
    /// # Errors
    /// There is no such file *in* the folder: what a link in it points to outside is not there.
    pub fn find(&self, name: &str) -> Result<PathBuf, ClipError> {
        let folder = self.folder.as_deref().ok_or(ClipError::NoFolder)?;
        let not_found = || ClipError::NotFound {
            name: name.to_owned(),
        };
        let folder = folder.canonicalize().map_err(|_| not_found())?;
        let there = |name: &str| inside(&folder, name);
        there(name)
            .or_else(|| there(&format!("{name}.wav")))
            .ok_or_else(not_found)
    }

    /// The recording as mono samples (±1.0) at `rate`.
    ///
    /// # Errors
    /// No such file, or one that cannot be read.
    pub fn load(&self, name: &str, rate: SampleRate) -> Result<Arc<[f32]>, ClipError> {
        let path = self.find(name)?;
        let key = (path, rate.hz());
        if let Some(shared) = self.shared().get(&key).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let samples: Arc<[f32]> = read(name, &key.0, rate)?.into();
        let mut shared = self.shared();
        shared.retain(|_, clip| clip.strong_count() > 0);
        shared.insert(key, Arc::downgrade(&samples));
        Ok(samples)
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name).canonicalize().ok()?;
    (path.starts_with(folder) && path.is_file()).then_some(path)
}

fn read(name: &str, path: &Path, rate: SampleRate) -> Result<Vec<f32>, ClipError> {
    let unreadable = |source| ClipError::Unreadable {
        name: name.to_owned(),
        source,
    };
    let mut reader = WavReader::open(path).map_err(unreadable)?;
    if reader.len() > LONGEST {
        return Err(ClipError::TooLong {
            name: name.to_owned(),
            actual: reader.len(),
            limit: LONGEST,
        });
    }
    let from = reader.spec().sample_rate;
    let mono = mono(&mut reader).map_err(unreadable)?;
    convert(&mono, from, rate.hz())
        .ok_or_else(|| unreadable(hound::Error::FormatError("a sample rate that is none")))
}

/// The mean of the channels.
fn mono(reader: &mut WavReader<BufReader<File>>) -> Result<Vec<f32>, hound::Error> {
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        SampleFormat::Int => {
            let full = (1_u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|sample| sample as f32 / full))
                .collect::<Result<_, _>>()?
        }
    };
    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
    let sane = |sample: f32| {
        if sample.is_finite() {
            sample.clamp(-1.0, 1.0)
        } else {
            0.0
        }
    };
    Ok(samples
        .chunks_exact(channels)
        .map(|frame| sane(mean(frame)))
        .collect())
}

#[cfg(test)]
mod tests;
