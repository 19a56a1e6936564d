//! `talkpath plan`: what the compiler makes of a leg, printed without starting anything.

use std::time::Duration;

use clap::{Args, ValueEnum};
use talkpath_graph::{CompileError, FrameTime, Limits, SampleRate, compile};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::jitter::JitterDelays;
use talkpath_nodes::leg_graphs;

use crate::codec_name;

/// The leg to describe.
#[derive(Args, Clone, Debug)]
pub struct PlanArgs {
    /// Codec of the leg: pcmu, pcma, l16/8000, l16/16000 or l16/48000
    #[arg(long, value_name = "NAME", default_value = "pcmu", value_parser = codec_name::parse)]
    codec: Codec,
    /// Packet time in milliseconds, a multiple of 10 [default: 20, or what fits a packet]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=160))]
    ptime: Option<u64>,
    /// Frame of the room in milliseconds
    #[arg(long, value_name = "MS", value_enum, default_value = "20")]
    room_frame: RoomFrame,
    /// Rate of the room bus in hertz: 8000, 16000 or 48000 [default: the codec's]
    #[arg(long, value_name = "HZ")]
    bus_rate: Option<u32>,
    /// Let the leg hear itself, as `echo` does
    #[arg(long)]
    hear_self: bool,
    /// Print Graphviz instead of text, a digraph for each way: `talkpath plan --dot > plan.dot`, then
    /// `dot -Tsvg -O plan.dot` draws plan.dot.svg (ingress) and plan.dot.2.svg (egress)
    #[arg(long)]
    dot: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoomFrame {
    #[value(name = "10")]
    Ms10,
    #[value(name = "20")]
    Ms20,
}

impl From<RoomFrame> for FrameTime {
    fn from(frame: RoomFrame) -> Self {
        match frame {
            RoomFrame::Ms10 => Self::Ms10,
            RoomFrame::Ms20 => Self::Ms20,
        }
    }
}

/// Why there is no plan to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The packet does not fit a packet box, is not a multiple of 10 ms, or no frame of its codec.
    #[error("--ptime: was {actual}, allowed: {} up to {limit} for {codec}", if codec.is_framed() { "10, 20, 40" } else { "a multiple of 10" })]
    Ptime {
        /// Milliseconds asked for.
        actual: u64,
        /// Longest that fits.
        limit: u128,
        /// The codec.
        codec: Codec,
    },
    /// No room bus has this rate.
    #[error("--bus-rate: was {actual}, allowed: 8000, 16000 or 48000")]
    BusRate {
        /// Hertz asked for.
        actual: u32,
    },
    /// The compiler refused the graph.
    #[error("such a leg cannot be compiled: {0}")]
    Compile(#[from] CompileError),
}

/// The rates a room mixes at.
const BUS_RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];

fn bus_rate(actual: u32) -> Result<SampleRate, PlanError> {
    let known = BUS_RATES.into_iter().find(|rate| rate.hz() == actual);
    known.ok_or(PlanError::BusRate { actual })
}

/// The leg's two plans, as text or Graphviz.
///
/// # Errors
/// [`PlanError`] with what was asked and what is allowed.
pub fn describe(args: &PlanArgs) -> Result<String, PlanError> {
    let (codec, frame) = (args.codec, FrameTime::from(args.room_frame));
    let limit = codec.max_ptime();
    let ptime = args
        .ptime
        .map_or(limit.min(Duration::from_millis(20)), Duration::from_millis);
    let frame_there_is = !codec.is_framed() || codec.has_ptime(ptime);
    if ptime > limit || !ptime.as_millis().is_multiple_of(10) || !frame_there_is {
        let actual = ptime.as_millis() as u64;
        return Err(PlanError::Ptime {
            actual,
            limit: limit.as_millis(),
            codec,
        });
    }
    let bus = args.bus_rate.map_or(Ok(codec.rate()), bus_rate)?;
    let delays = JitterDelays::default();
    let ingress = leg_graphs::network_ingress(codec, frame, bus, delays);
    let egress = leg_graphs::network_egress(codec, ptime, frame, bus, !args.hear_self);
    let limits = Limits::default();
    let (ingress, egress) = (compile(&ingress, &limits)?, compile(&egress, &limits)?);
    Ok(if args.dot {
        format!(
            "// ingress\n{}// egress\n{}",
            ingress.to_dot(),
            egress.to_dot()
        )
    } else {
        let head = format!(
            "{codec}, {} ms packets, room frame {} ms, bus {} Hz",
            ptime.as_millis(),
            frame.as_millis(),
            bus.hz()
        );
        format!(
            "{head}\n\ningress\n{}\negress\n{}",
            ingress.to_text(),
            egress.to_text()
        )
    })
}
