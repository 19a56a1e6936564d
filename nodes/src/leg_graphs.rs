//! The graphs of the legs there are. Control side.
//!
//! ```text
//! network ingress   jitter → decode → conceal → [resample] → gain → meter → contribute
//! network egress    mix-minus → [resample] → limit → encode → packetise
//! port ingress      port-in → [resample] → gain → meter → contribute
//! port egress       mix-minus → [resample] → limit → port-out
//! player ingress    tone | clip → [resample] → gain → meter → contribute
//! ```
//!
//! `conceal` is left out behind a decoder that conceals by itself (Opus). A leg that hears itself has `mix` in the place of `mix-minus`. Resamplers appear only where the bus has another rate. The limiter comes after the resampler, whose filter may
//! overshoot.

use crate::codec::Codec;
use crate::jitter::JitterDelays;
use crate::spec::Spec;
use core::time::Duration;
use talkpath_graph::{Format, FrameTime, Graph, NodeId, NodeSpec, SampleRate, Shape, Signal};

/// Name of the own node that reads what the application wrote.
pub const PORT_IN: &str = "port-in";
/// Name of the own node that hands the room to the application.
pub const PORT_OUT: &str = "port-out";

/// A graph without branches while it is written down.
pub(crate) struct Chain {
    pub(crate) graph: Graph<Spec>,
    last: NodeId,
}

impl Chain {
    pub(crate) fn from(first: Spec) -> Self {
        let mut graph = Graph::new();
        let last = graph.add(first.shape().kind, first);
        Self { graph, last }
    }

    /// Every kind used here after the first has an input and a predecessor with an output.
    pub(crate) fn then(mut self, spec: Spec) -> Self {
        let kind = spec.shape().kind;
        self.last = self
            .graph
            .then(self.last, kind, spec)
            .expect("a chain of matching ports");
        self
    }

    pub(crate) fn resample(self, from: Format, to: Format) -> Self {
        if from == to {
            self
        } else {
            self.then(Spec::Resample { from, to })
        }
    }

    /// What every source does before its audio is in the room.
    fn into_room(self, from: Format, bus: Format) -> Graph<Spec> {
        self.resample(from, bus)
            .then(Spec::Gain { format: bus })
            .then(Spec::Meter { format: bus })
            .then(Spec::Contribute { format: bus })
            .graph
    }

    /// What every listener does before the audio is its own.
    fn out_of_room(bus: Format, to: Format, minus_own: bool) -> Self {
        Self::from(Spec::MixMinus {
            format: bus,
            minus_own,
        })
        .resample(bus, to)
        .then(Spec::Limit { format: to })
    }
}

/// From packets of `codec` (any packet time) to the bus of `bus_rate`, in frames of `frame`.
#[must_use]
pub fn network_ingress(
    codec: Codec,
    frame: FrameTime,
    bus_rate: SampleRate,
    delays: JitterDelays,
) -> Graph<Spec> {
    let format = Format::mono(codec.rate(), frame);
    let decoded = Chain::from(Spec::Jitter {
        codec,
        delays,
        frame: format.frame,
    })
    .then(Spec::Decode { codec, format });
    let whole = if codec.conceals() {
        decoded
    } else {
        decoded.then(Spec::Conceal { format })
    };
    whole.into_room(format, Format::mono(bus_rate, frame))
}

/// From the bus of `bus_rate` to packets of `codec` with `ptime` of media each. `minus_own` takes the leg's own voice
/// out.
#[must_use]
pub fn network_egress(
    codec: Codec,
    ptime: Duration,
    frame: FrameTime,
    bus_rate: SampleRate,
    minus_own: bool,
) -> Graph<Spec> {
    let format = Format::mono(codec.rate(), frame);
    Chain::out_of_room(Format::mono(bus_rate, frame), format, minus_own)
        .then(Spec::encode(codec, ptime, format))
        .then(Spec::Packetise {
            codec,
            ptime,
            format,
        })
        .graph
}

/// Where an application's port gives frames of `format`.
#[must_use]
pub fn port_in(format: Format) -> Spec {
    Spec::Ext {
        name: PORT_IN,
        shape: Box::new(Shape::new(PORT_IN).output("out", Signal::Pcm(format))),
    }
}

/// Where an application's port takes frames of `format`.
#[must_use]
pub fn port_out(format: Format) -> Spec {
    Spec::Ext {
        name: PORT_OUT,
        shape: Box::new(Shape::new(PORT_OUT).input("in", Signal::Pcm(format))),
    }
}

/// From an application's port at `rate` to the bus of `bus_rate`. The leg brings a node named [`PORT_IN`].
#[must_use]
pub fn port_ingress(rate: SampleRate, frame: FrameTime, bus_rate: SampleRate) -> Graph<Spec> {
    let format = Format::mono(rate, frame);
    Chain::from(port_in(format)).into_room(format, Format::mono(bus_rate, frame))
}

/// From the bus of `bus_rate` to an application's port at `rate`. The leg brings a node named [`PORT_OUT`].
#[must_use]
pub fn port_egress(
    rate: SampleRate,
    frame: FrameTime,
    bus_rate: SampleRate,
    minus_own: bool,
) -> Graph<Spec> {
    let format = Format::mono(rate, frame);
    Chain::out_of_room(Format::mono(bus_rate, frame), format, minus_own)
        .then(port_out(format))
        .graph
}

/// From a tone to the bus of `bus_rate`.
#[must_use]
pub fn tone_ingress(frame: FrameTime, bus_rate: SampleRate) -> Graph<Spec> {
    let format = Format::mono(bus_rate, frame);
    Chain::from(Spec::Tone { format }).into_room(format, format)
}

/// From a clip of samples at `rate` to the bus of `bus_rate`.
#[must_use]
pub fn clip_ingress(rate: SampleRate, frame: FrameTime, bus_rate: SampleRate) -> Graph<Spec> {
    let format = Format::mono(rate, frame);
    Chain::from(Spec::Clip { format }).into_room(format, Format::mono(bus_rate, frame))
}
