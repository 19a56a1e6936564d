//! One node of a graph as plain data, and back.
//!
//! On the supervisor's thread, and where a recording is read. A node that only the application has is none of these.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use talkpath_graph::{Channels, Format, SampleRate, Samples, Signal};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::fade::Fading;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs::{PORT_IN, PORT_OUT, port_in, port_out};
use talkpath_nodes::spec::Spec;

use super::codec::{name, named};
use super::graph::GraphReadError;

/// Longest delay or packet time that is read.
const LONGEST: Duration = Duration::from_secs(60);

/// A [`Format`]: hertz, channels, samples per channel.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Pcm(u32, u8, u32);

/// A [`Spec`]. Codecs are their names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Jitter {
        codec: String,
        target: Duration,
        max: Duration,
        frame: u32,
    },
    Decode {
        codec: String,
        format: Pcm,
    },
    Conceal(Pcm),
    Resample {
        from: Pcm,
        to: Pcm,
    },
    Gain(Pcm),
    Meter(Pcm),
    Contribute(Pcm),
    MixMinus {
        format: Pcm,
        minus_own: bool,
    },
    Limit(Pcm),
    Encode {
        codec: String,
        ptime: Option<Duration>,
        format: Pcm,
    },
    Packetise {
        codec: String,
        ptime: Duration,
        format: Pcm,
    },
    Arrival {
        codec: String,
        ptime: Duration,
        to: u32,
    },
    Payload {
        codec: String,
        format: Pcm,
    },
    Relay {
        codec: String,
        ptime: Duration,
    },
    Tone(Pcm),
    Clip(Pcm),
    Fade {
        format: Pcm,
        /// Frames of the old sound; none: into silence.
        after: Option<u8>,
    },
    /// The two ends of an audio port that the leg has already.
    PortIn(Pcm),
    PortOut(Pcm),
}

impl Kind {
    /// `spec` as data; `None` for a node of the application's own.
    pub fn of(spec: &Spec) -> Option<Self> {
        Some(match spec {
            Spec::Jitter {
                codec,
                delays: JitterDelays { target, max },
                frame,
            } => Self::Jitter {
                codec: name(*codec),
                target: *target,
                max: *max,
                frame: frame.0,
            },
            Spec::Decode { codec, format } => Self::Decode {
                codec: name(*codec),
                format: Pcm::of(*format),
            },
            Spec::Conceal { format } => Self::Conceal(Pcm::of(*format)),
            Spec::Resample { from, to } => Self::Resample {
                from: Pcm::of(*from),
                to: Pcm::of(*to),
            },
            Spec::Gain { format } => Self::Gain(Pcm::of(*format)),
            Spec::Meter { format } => Self::Meter(Pcm::of(*format)),
            Spec::Contribute { format } => Self::Contribute(Pcm::of(*format)),
            Spec::MixMinus { format, minus_own } => Self::MixMinus {
                format: Pcm::of(*format),
                minus_own: *minus_own,
            },
            Spec::Limit { format } => Self::Limit(Pcm::of(*format)),
            Spec::Encode {
                codec,
                ptime,
                format,
            } => Self::Encode {
                codec: name(*codec),
                ptime: *ptime,
                format: Pcm::of(*format),
            },
            Spec::Packetise {
                codec,
                ptime,
                format,
            } => Self::Packetise {
                codec: name(*codec),
                ptime: *ptime,
                format: Pcm::of(*format),
            },
            Spec::Arrival { codec, ptime, to } => Self::Arrival {
                codec: name(*codec),
                ptime: *ptime,
                to: to.hz(),
            },
            Spec::Payload { codec, format } => Self::Payload {
                codec: name(*codec),
                format: Pcm::of(*format),
            },
            Spec::Relay { codec, ptime } => Self::Relay {
                codec: name(*codec),
                ptime: *ptime,
            },
            Spec::Tone { format } => Self::Tone(Pcm::of(*format)),
            Spec::Clip { format } => Self::Clip(Pcm::of(*format)),
            Spec::Fade { format, into } => Self::Fade {
                format: Pcm::of(*format),
                after: match into {
                    Fading::Other { after } => Some(*after),
                    Fading::Silence => None,
                },
            },
            Spec::Ext { name, shape } => {
                let port = shape.outputs.first().or(shape.inputs.first())?;
                let Signal::Pcm(format) = port.signal else {
                    return None;
                };
                match *name {
                    PORT_IN if *spec == port_in(format) => Self::PortIn(Pcm::of(format)),
                    PORT_OUT if *spec == port_out(format) => Self::PortOut(Pcm::of(format)),
                    _ => return None,
                }
            }
        })
    }

    /// The node again.
    ///
    /// # Errors
    /// A rate, a count of channels, a codec or a span that there is not.
    pub fn spec(self) -> Result<Spec, GraphReadError> {
        Ok(match self {
            Self::Jitter {
                codec,
                target,
                max,
                frame,
            } => Spec::Jitter {
                codec: known(codec)?,
                delays: JitterDelays {
                    target: span(target)?,
                    max: span(max)?,
                },
                frame: Samples(frame),
            },
            Self::Decode { codec, format } => Spec::Decode {
                codec: known(codec)?,
                format: format.format()?,
            },
            Self::Conceal(pcm) => Spec::Conceal {
                format: pcm.format()?,
            },
            Self::Resample { from, to } => Spec::Resample {
                from: from.format()?,
                to: to.format()?,
            },
            Self::Gain(pcm) => Spec::Gain {
                format: pcm.format()?,
            },
            Self::Meter(pcm) => Spec::Meter {
                format: pcm.format()?,
            },
            Self::Contribute(pcm) => Spec::Contribute {
                format: pcm.format()?,
            },
            Self::MixMinus { format, minus_own } => Spec::MixMinus {
                format: format.format()?,
                minus_own,
            },
            Self::Limit(pcm) => Spec::Limit {
                format: pcm.format()?,
            },
            Self::Encode {
                codec,
                ptime,
                format,
            } => Spec::Encode {
                ptime,
                codec: known(codec)?,
                format: format.format()?,
            },
            Self::Packetise {
                codec,
                ptime,
                format,
            } => Spec::Packetise {
                codec: known(codec)?,
                ptime: span(ptime)?,
                format: format.format()?,
            },
            Self::Arrival { codec, ptime, to } => Spec::Arrival {
                codec: known(codec)?,
                ptime: span(ptime)?,
                to: SampleRate::new(to)?,
            },
            Self::Payload { codec, format } => Spec::Payload {
                codec: known(codec)?,
                format: format.format()?,
            },
            Self::Relay { codec, ptime } => Spec::Relay {
                codec: known(codec)?,
                ptime: span(ptime)?,
            },
            Self::Tone(pcm) => Spec::Tone {
                format: pcm.format()?,
            },
            Self::Clip(pcm) => Spec::Clip {
                format: pcm.format()?,
            },
            Self::Fade { format, after } => Spec::Fade {
                format: format.format()?,
                into: after.map_or(Fading::Silence, |after| Fading::Other { after }),
            },
            Self::PortIn(pcm) => port_in(pcm.format()?),
            Self::PortOut(pcm) => port_out(pcm.format()?),
        })
    }
}

impl Pcm {
    fn of(format: Format) -> Self {
        let Format {
            rate,
            channels,
            frame,
        } = format;
        Self(rate.hz(), channels.count(), frame.0)
    }

    fn format(self) -> Result<Format, GraphReadError> {
        let Self(hz, channels, frame) = self;
        Ok(Format {
            rate: SampleRate::new(hz)?,
            channels: Channels::new(channels)?,
            frame: Samples(frame),
        })
    }
}

fn known(text: String) -> Result<Codec, GraphReadError> {
    named(&text).ok_or(GraphReadError::Codec { actual: text })
}

fn span(actual: Duration) -> Result<Duration, GraphReadError> {
    let fits = actual <= LONGEST;
    fits.then_some(actual).ok_or(GraphReadError::Span {
        expected: LONGEST,
        actual,
    })
}
