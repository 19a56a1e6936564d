//! talkpath's media graph: formats, node shapes, the plan compiler and plan dumps.
//!
//! A [`Graph`] says which nodes a strand's segment has and how their ports are connected. [`compile()`]
//! turns it into a [`Plan`]: the ops in an order that satisfies every edge, and for every port the plane
//! of the worker's scratch arena it reads or writes. Thousands of strands share one plan (D1); the
//! plan holds no state and no audio.
//!
//! Everything here except [`node`] runs on the control side: it allocates, it returns typed errors, it
//! spawns nothing. The crate is generic over the catalogue of kinds ([`NodeSpec`]) that
//! `talkpath-nodes` supplies, and knows no DSP.
//!
//! What a plan guarantees to the executor:
//!
//! * each op comes after everything it reads from, and reads exactly the value its edge names;
//! * a live plane is never overwritten;
//! * the outputs of an op are disjoint from its inputs and from each other, except that an op whose
//!   shape is `in_place` writes over its input where that input has no later reader
//!   ([`Op::runs_in_place`]).
//!
//! ```
//! use std::time::Duration;
//! use talkpath_graph::{compile, Format, FrameTime, Graph, Limits, NodeSpec, SampleRate, Shape, Signal};
//!
//! #[derive(Clone, Debug, PartialEq)]
//! enum Spec { Tone(Format), Gain(Format), Bus(Format) }
//!
//! impl NodeSpec for Spec {
//!     fn shape(&self) -> Shape {
//!         match *self {
//!             Spec::Tone(format) => Shape::new("tone").output("out", Signal::Pcm(format)),
//!             Spec::Gain(format) => Shape::new("gain")
//!                 .input("in", Signal::Pcm(format))
//!                 .output("out", Signal::Pcm(format))
//!                 .in_place()
//!                 .cost_hint(Duration::from_nanos(40)),
//!             Spec::Bus(format) => Shape::new("bus").input("in", Signal::Pcm(format)),
//!         }
//!     }
//! }
//!
//! let format = Format::mono(SampleRate::HZ_16000, FrameTime::Ms20);
//! let mut graph = Graph::new();
//! let tone = graph.add("tone", Spec::Tone(format));
//! let gain = graph.then(tone, "gain", Spec::Gain(format))?;
//! graph.then(gain, "bus", Spec::Bus(format))?;
//!
//! let plan = compile(&graph, &Limits::default())?;
//! assert_eq!(plan.pcm_planes, 1, "the gain works in place");
//! println!("{}", plan.to_text());
//!
//! // Both ends of a mistake are named.
//! let narrow = Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);
//! graph.then(tone, "narrow", Spec::Bus(narrow))?;
//! assert_eq!(
//!     compile(&graph, &Limits::default()).unwrap_err().to_string(),
//!     "formats differ: tone.out (16 kHz mono 320) → narrow.in (8 kHz mono 160)",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod compile;
pub mod dump;
mod edit;
pub mod error;
pub mod format;
pub mod graph;
pub mod node;
pub mod plan;
pub mod shape;
pub mod shed;
pub mod signal;

pub use compile::compile;
pub use error::{CompileError, FormatError, GraphError};
pub use format::{Channels, Format, FrameTime, SampleRate, Samples};
pub use graph::{Edge, Graph, NodeId};
pub use node::{Gap, MAX_FRAME, Node, Outcome, PcmPlane, Tag};
pub use plan::{Limits, MAX_OPS, Op, Plan, PlaneRef};
pub use shape::{MAX_PORTS, NodeSpec, Shape};
pub use shed::Shed;
pub use signal::{Class, Port, Signal};
