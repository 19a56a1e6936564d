//! The state behind an op: built by the control side, moved into the worker's slabs, returned the same way (D8).
//!
//! [`State`] is the carrier. What is large inside is behind a box that the constructor allocates, so moving one is
//! a short copy and dropping one is the control side's.

use crate::arrival::{Arrival, ArrivalConfig};
use crate::codec::OpusSettings;
use crate::conceal::Concealer;
use crate::decode_node::DecodeNode;
use crate::encode_node::EncodeNode;
use crate::fade::Fade;
use crate::gain::GainNode;
use crate::jitter::{JitterBuffer, JitterConfig};
use crate::limit::Limiter;
use crate::meter::Meter;
use crate::packetise::{PacketiseConfig, Packetiser, Position};
use crate::player::{Clip, Tone};
use crate::relay::Relay;
use crate::resample::{Resampler, UnsupportedRates};
use crate::spec::Spec;
use core::fmt;
use talkpath_graph::node::Node;

/// What differs between legs that share a plan.
#[derive(Default)]
pub struct Build {
    /// Payload type that is accepted, 0..=127.
    pub receive_payload_type: u8,
    /// Payload type that is sent, 0..=127.
    pub send_payload_type: u8,
    /// SSRC that is sent.
    pub ssrc: u32,
    /// Sequence number of the first packet.
    pub sequence: u16,
    /// Timestamp of the first packet.
    pub timestamp: u32,
    /// How an Opus encoder is set.
    pub opus: OpusSettings,
    /// Linear gain; 0.0 (the default) is mute.
    pub gain: f32,
    /// The tone of a tone player.
    pub tone: Option<Tone>,
    /// The clip of a clip player.
    pub clip: Option<Clip>,
    /// The leg's own nodes by name; each is taken by the first op of that name.
    pub ext: Vec<(&'static str, Box<dyn Node>)>,
}

/// Why a state could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The two rates have no resampler between them.
    #[error(transparent)]
    Resample(#[from] UnsupportedRates),
    /// The plan has an op whose content was not supplied.
    #[error("the plan has a {expected} op and none was supplied")]
    Missing {
        /// Kind or name of the op.
        expected: &'static str,
    },
}

/// State of one op.
pub enum State {
    /// Of [`Spec::Contribute`] and [`Spec::MixMinus`], whose buffers are the leg's and the room's, and of
    /// [`Spec::Payload`].
    Stateless,
    /// Of [`Spec::Jitter`].
    Jitter(JitterBuffer),
    /// Of [`Spec::Decode`].
    Decode(DecodeNode),
    /// Of [`Spec::Conceal`].
    Conceal(Concealer),
    /// Of [`Spec::Resample`].
    Resample(Resampler),
    /// Of [`Spec::Gain`].
    Gain(GainNode),
    /// Of [`Spec::Meter`].
    Meter(Meter),
    /// Of [`Spec::Limit`].
    Limit(Limiter),
    /// Of [`Spec::Encode`].
    Encode(EncodeNode),
    /// Of [`Spec::Packetise`].
    Packetise(Packetiser),
    /// Of [`Spec::Arrival`].
    Arrival(Arrival),
    /// Of [`Spec::Relay`].
    Relay(Relay),
    /// Of [`Spec::Tone`].
    Tone(Tone),
    /// Of [`Spec::Clip`].
    Clip(Clip),
    /// Of [`Spec::Fade`].
    Fade(Fade),
    /// Of [`Spec::Ext`].
    Ext(Box<dyn Node>),
}

impl State {
    /// Builds the state of `spec` for one leg. Control side: allocates.
    ///
    /// # Errors
    /// [`BuildError`] when rates do not fit or `build` lacks the tone, clip or own node the spec asks for.
    pub fn new(spec: &Spec, build: &mut Build) -> Result<Self, BuildError> {
        let missing = |expected| BuildError::Missing { expected };
        Ok(match spec {
            Spec::Jitter { codec, delays, .. } => Self::Jitter(JitterBuffer::new(JitterConfig {
                codec: *codec,
                payload_type: build.receive_payload_type,
                delays: *delays,
            })),
            Spec::Decode { codec, format } => Self::Decode(DecodeNode::new(*codec, *format)),
            Spec::Conceal { format } => Self::Conceal(Concealer::new(format.rate)),
            Spec::Resample { from, to } => Self::Resample(Resampler::new(from.rate, to.rate)?),
            Spec::Gain { .. } => Self::Gain(GainNode::new(build.gain)),
            Spec::Meter { format } => Self::Meter(Meter::new(format.rate)),
            Spec::Contribute { .. } | Spec::MixMinus { .. } | Spec::Payload { .. } => {
                Self::Stateless
            }
            Spec::Limit { format } => Self::Limit(Limiter::new(format.rate)),
            Spec::Encode { codec, ptime, .. } => {
                let ptime = ptime.unwrap_or_default();
                Self::Encode(EncodeNode::new(*codec, ptime, &build.opus))
            }
            Spec::Packetise { codec, ptime, .. } => {
                Self::Packetise(Packetiser::new(PacketiseConfig {
                    codec: *codec,
                    payload_type: build.send_payload_type,
                    ptime: *ptime,
                    ssrc: build.ssrc,
                    sequence: build.sequence,
                    timestamp: build.timestamp,
                }))
            }
            Spec::Arrival { codec, to, .. } => Self::Arrival(Arrival::new(ArrivalConfig {
                codec: *codec,
                payload_type: build.receive_payload_type,
                to: *to,
                in_order: true,
            })),
            Spec::Relay { codec, .. } => {
                let arrival = Arrival::new(ArrivalConfig {
                    codec: *codec,
                    payload_type: build.receive_payload_type,
                    to: codec.clock(),
                    in_order: false,
                });
                let start = Position {
                    ssrc: build.ssrc,
                    sequence: build.sequence,
                    timestamp: build.timestamp,
                };
                Self::Relay(Relay::new(arrival, build.send_payload_type, start))
            }
            Spec::Tone { .. } => Self::Tone(build.tone.take().ok_or(missing("tone"))?),
            Spec::Clip { .. } => Self::Clip(build.clip.take().ok_or(missing("clip"))?),
            Spec::Fade { into, .. } => Self::Fade(Fade::new(*into)),
            Spec::Ext { name, .. } => {
                let at = build.ext.iter().position(|(own, _)| own == name);
                Self::Ext(build.ext.swap_remove(at.ok_or(missing(name))?).1)
            }
        })
    }

    /// The kind, as in [`talkpath_graph::Shape::kind`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stateless => "stateless",
            Self::Jitter(_) => "jitter",
            Self::Decode(_) => "decode",
            Self::Conceal(_) => "conceal",
            Self::Resample(_) => "resample",
            Self::Gain(_) => "gain",
            Self::Meter(_) => "meter",
            Self::Limit(_) => "limit",
            Self::Encode(_) => "encode",
            Self::Packetise(_) => "packetise",
            Self::Arrival(_) => "arrival",
            Self::Relay(_) => "relay",
            Self::Tone(_) => "tone",
            Self::Clip(_) => "clip",
            Self::Fade(_) => "fade",
            Self::Ext(_) => "ext",
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State::{}", self.kind())
    }
}

impl fmt::Debug for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Build")
            .field("ssrc", &self.ssrc)
            .field("gain", &self.gain)
            .field(
                "ext",
                &self.ext.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
