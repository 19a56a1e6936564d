//! The catalogue: every kind of node with the parameters that decide its shape.
//!
//! Control side makes specs; workers read them out of plans. A spec holds nothing that differs between legs of the
//! same kind (payload type, SSRC, gain, frequency): those are in [`crate::state::Build`], so that thousands of legs
//! share one plan (D1).

mod cost;

use crate::codec::Codec;
use crate::fade::Fading;
use crate::jitter::JitterDelays;
use crate::limit;
use crate::resample::latency_between;
use core::time::Duration;
use talkpath_graph::{Format, NodeSpec, SampleRate, Samples, Shape, Shed, Signal};

/// One node of a leg's graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// Jitter buffer: hands out one frame of units.
    Jitter {
        /// Codec of the stream.
        codec: Codec,
        /// Target and longest delay.
        delays: JitterDelays,
        /// Samples per frame at the codec's rate.
        frame: Samples,
    },
    /// Units to samples.
    Decode {
        /// Codec of the stream.
        codec: Codec,
        /// Format of the output, at the codec's rate.
        format: Format,
    },
    /// Packet-loss concealment of the gaps in the tag.
    Conceal {
        /// Format of input and output.
        format: Format,
    },
    /// Change of sample rate.
    Resample {
        /// Format of the input.
        from: Format,
        /// Format of the output, of the same duration.
        to: Format,
    },
    /// Gain with a ramp.
    Gain {
        /// Format of input and output.
        format: Format,
    },
    /// Level and talking state.
    Meter {
        /// Format of input and output.
        format: Format,
    },
    /// Adds to the room's bus of the format's rate.
    Contribute {
        /// Format of the input.
        format: Format,
    },
    /// Reads the room's bus of the format's rate.
    MixMinus {
        /// Format of the output.
        format: Format,
        /// Whether the leg's own contribution is taken out.
        minus_own: bool,
    },
    /// Limiter.
    Limit {
        /// Format of input and output.
        format: Format,
    },
    /// Samples to payload octets.
    Encode {
        /// Codec of the stream.
        codec: Codec,
        /// Media time per packet, if the codec codes packets as a whole.
        ptime: Option<Duration>,
        /// Format of the input, at the codec's rate.
        format: Format,
    },
    /// Payload octets to packets.
    Packetise {
        /// Codec of the stream.
        codec: Codec,
        /// Media time per packet.
        ptime: Duration,
        /// Format that was encoded.
        format: Format,
    },
    /// Packets of a call as they come, without a jitter buffer.
    Arrival {
        /// Codec of the stream.
        codec: Codec,
        /// Media time of a packet as it was agreed; others are taken too.
        ptime: Duration,
        /// The clock of the way out.
        to: SampleRate,
    },
    /// Payload octets of a packet as they are, to be regrouped.
    Payload {
        /// Codec of the stream.
        codec: Codec,
        /// Format of a piece.
        format: Format,
    },
    /// Packets of a call passed on without being decoded.
    Relay {
        /// Codec of the stream.
        codec: Codec,
        /// Media time of a packet as it was agreed; others are passed on too.
        ptime: Duration,
    },
    /// Tone player.
    Tone {
        /// Format of the output.
        format: Format,
    },
    /// Clip player.
    Clip {
        /// Format of the output.
        format: Format,
    },
    /// From the sound of an old plan to that of a new one (D13).
    Fade {
        /// Format of the inputs and the output.
        format: Format,
        /// Into what, and when.
        into: Fading,
    },
    /// A node brought by a user of the library, or one that needs the engine's own ends (audio ports).
    Ext {
        /// Which of the leg's own nodes; also the kind shown in dumps.
        name: &'static str,
        /// Its outside; boxed, so that the ops of a plan stay small.
        shape: Box<Shape>,
    },
}

impl Spec {
    /// Name of the kind, as in [`Shape::kind`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Jitter { .. } => "jitter",
            Self::Decode { .. } => "decode",
            Self::Conceal { .. } => "conceal",
            Self::Resample { .. } => "resample",
            Self::Gain { .. } => "gain",
            Self::Meter { .. } => "meter",
            Self::Contribute { .. } => "contribute",
            Self::MixMinus {
                minus_own: true, ..
            } => "mix-minus",
            Self::MixMinus { .. } => "mix",
            Self::Limit { .. } => "limit",
            Self::Encode { .. } => "encode",
            Self::Packetise { .. } => "packetise",
            Self::Arrival { .. } => "arrival",
            Self::Payload { .. } => "payload",
            Self::Relay { .. } => "relay",
            Self::Tone { .. } => "tone",
            Self::Clip { .. } => "clip",
            Self::Fade { .. } => "fade",
            Self::Ext { name, .. } => name,
        }
    }
}

impl Spec {
    /// What it is of the effects that can be left out under overload (D15). This is the table: whatever is not in it
    /// always runs.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn shed(&self) -> Option<Shed> {
        match self {
            Self::Resample { .. } => Some(Shed::Resampling),
            Self::Conceal { .. } => Some(Shed::Concealment),
            Self::Ext { shape, .. } => shape.shed.filter(|_| can_be_bypassed(shape)),
            _ => None,
        }
    }
}

/// Whether the first input can stand for the only output.
fn can_be_bypassed(shape: &Shape) -> bool {
    match (shape.inputs.first(), &shape.outputs[..]) {
        (Some(from), [to]) => from.signal == to.signal && matches!(to.signal, Signal::Pcm(_)),
        _ => false,
    }
}

impl Spec {
    /// The encoder of `codec` for packets of `ptime`.
    #[must_use]
    pub fn encode(codec: Codec, ptime: Duration, format: Format) -> Self {
        Self::Encode {
            codec,
            ptime: codec.is_framed().then_some(ptime),
            format,
        }
    }
}

impl NodeSpec for Spec {
    fn shape(&self) -> Shape {
        let new = || Shape::new(self.kind());
        let effect = |format| {
            new()
                .input("in", Signal::Pcm(format))
                .output("out", Signal::Pcm(format))
                .in_place()
        };
        match self {
            Self::Jitter { delays, .. } => {
                new().output("out", Signal::Units).latency(delays.target)
            }
            Self::Decode { codec, format } => new()
                .input("in", Signal::Units)
                .output("out", Signal::Pcm(*format))
                .latency(codec.decoder_delay()),
            Self::Conceal { format } => effect(*format),
            Self::Resample { from, to } => new()
                .input("in", Signal::Pcm(*from))
                .output("out", Signal::Pcm(*to))
                .latency(resample_latency(*from, *to)),
            Self::Gain { format } => effect(*format),
            Self::Meter { format } => effect(*format),
            Self::Contribute { format } => new().input("in", Signal::Pcm(*format)),
            Self::MixMinus { format, .. } => new().output("out", Signal::Pcm(*format)),
            Self::Limit { format } => effect(*format).latency(limit::delay_at(format.rate)),
            Self::Encode { codec, format, .. } => new()
                .input("in", Signal::Pcm(*format))
                .output("out", Signal::Encoded)
                .latency(codec.encoder_delay()),
            Self::Packetise { ptime, format, .. } => new()
                .input("in", Signal::Encoded)
                .latency(longest_collected(*ptime, format.duration())),
            Self::Arrival { .. } => new().output("out", Signal::Units),
            Self::Payload { .. } => new()
                .input("in", Signal::Units)
                .output("out", Signal::Encoded),
            Self::Relay { .. } => new(),
            Self::Tone { format } => new().output("out", Signal::Pcm(*format)),
            Self::Clip { format } => new().output("out", Signal::Pcm(*format)),
            Self::Fade {
                format,
                into: Fading::Silence,
            } => effect(*format),
            Self::Fade { format, .. } => new()
                .input("old", Signal::Pcm(*format))
                .input("new", Signal::Pcm(*format))
                .output("out", Signal::Pcm(*format)),
            Self::Ext { shape, .. } => return shape.as_ref().clone(),
        }
        .cost_hint(self.cost_hint())
    }
}

/// Zero where there is no such resampler: building the state reports that.
fn resample_latency(from: Format, to: Format) -> Duration {
    latency_between(from.rate, to.rate)
}

/// How long the beginning of a packet waits for its end at most. Packets of 30 ms made of frames of 20 ms wait 20 ms and
/// 10 ms by turns.
fn longest_collected(ptime: Duration, frame: Duration) -> Duration {
    let (mut step, mut rest) = (ptime.as_nanos(), frame.as_nanos());
    while rest > 0 {
        (step, rest) = (rest, step % rest);
    }
    // A divisor of the packet time: it fits.
    ptime.saturating_sub(Duration::from_nanos(step as u64))
}
