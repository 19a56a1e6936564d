//! What the leg of a graph sends or plays, as plain data, and back.
//!
//! On the supervisor's thread, and where a recording is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use talkpath_graph::SampleRate;

use crate::leg::{ClipConfig, ToneConfig};
use crate::supervisor::Source;

use super::Network;

/// A [`Source`] that is no port: nobody gets the graph of one before there is one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sound {
    Network(Network),
    Tone {
        hz: u32,
        dbov: u32,
        rate: u32,
    },
    Clip {
        /// Which of the clips that were written down so far.
        clip: usize,
        rate: u32,
        looping: bool,
    },
}

impl Sound {
    /// `source` as data; `clip` gives the number of a clip.
    pub fn of(source: &Source, clip: impl FnOnce(&Arc<[f32]>) -> usize) -> Option<Self> {
        Some(match source {
            Source::Network(config) => Self::Network(Network::from(config)),
            Source::Tone(ToneConfig { hz, dbov, rate }) => Self::Tone {
                hz: hz.to_bits(),
                dbov: dbov.to_bits(),
                rate: rate.hz(),
            },
            Source::Clip(ClipConfig {
                samples,
                rate,
                looping,
            }) => Self::Clip {
                clip: clip(samples),
                rate: rate.hz(),
                looping: *looping,
            },
            Source::Port(_) => return None,
        })
    }

    /// The source again; `None` when it names what there cannot be.
    pub fn source(self, clips: &[Arc<[f32]>]) -> Option<Source> {
        Some(match self {
            Self::Network(network) => Source::Network(network.config()?),
            Self::Tone { hz, dbov, rate } => Source::Tone(ToneConfig {
                hz: f32::from_bits(hz),
                dbov: f32::from_bits(dbov),
                rate: SampleRate::new(rate).ok()?,
            }),
            Self::Clip {
                clip,
                rate,
                looping,
            } => Source::Clip(ClipConfig {
                samples: Arc::clone(clips.get(clip)?),
                rate: SampleRate::new(rate).ok()?,
                looping,
            }),
        })
    }
}
