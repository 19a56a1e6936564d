//! A catalogue for the tests, and the checker that proves a plan right by replaying it symbolically.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use talkpath_graph::{
    Format, FrameTime, Graph, NodeSpec, Plan, PlaneRef, SampleRate, Shape, Signal,
};

/// 20 ms at 8 kHz, 16 kHz and 48 kHz.
pub const NARROW: Format = Format::mono(SampleRate::HZ_8000, FrameTime::Ms20);
pub const WIDE: Format = Format::mono(SampleRate::HZ_16000, FrameTime::Ms20);
pub const FULL: Format = Format::mono(SampleRate::HZ_48000, FrameTime::Ms20);

/// A node that is nothing but its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Fake(pub Shape);

impl NodeSpec for Fake {
    fn shape(&self) -> Shape {
        self.0.clone()
    }
}

pub fn jitter() -> Fake {
    Fake(
        Shape::new("jitter")
            .output("out", Signal::Units)
            .latency(Duration::from_millis(20)),
    )
}

pub fn decode(format: Format) -> Fake {
    Fake(
        Shape::new("decode")
            .input("in", Signal::Units)
            .output("out", Signal::Pcm(format)),
    )
}

pub fn tone(format: Format) -> Fake {
    Fake(Shape::new("tone").output("out", Signal::Pcm(format)))
}

pub fn gain(format: Format) -> Fake {
    let shape = Shape::new("gain")
        .input("in", Signal::Pcm(format))
        .output("out", Signal::Pcm(format));
    Fake(shape.in_place().cost_hint(Duration::from_nanos(50)))
}

/// PCM to PCM, never in place.
pub fn resample(from: Format, to: Format) -> Fake {
    let shape = Shape::new("resample")
        .input("in", Signal::Pcm(from))
        .output("out", Signal::Pcm(to));
    Fake(
        shape
            .latency(Duration::from_micros(500))
            .cost_hint(Duration::from_nanos(1_500)),
    )
}

pub fn mix(format: Format) -> Fake {
    let shape = Shape::new("mix")
        .input("a", Signal::Pcm(format))
        .input("b", Signal::Pcm(format));
    Fake(shape.output("out", Signal::Pcm(format)))
}

pub fn bus(format: Format) -> Fake {
    Fake(Shape::new("bus").input("in", Signal::Pcm(format)))
}

pub fn encode(format: Format) -> Fake {
    Fake(
        Shape::new("encode")
            .input("in", Signal::Pcm(format))
            .output("out", Signal::Encoded),
    )
}

pub fn packetise() -> Fake {
    Fake(Shape::new("packetise").input("in", Signal::Encoded))
}

/// A value, as node name and output index.
type Value = (String, usize);

/// Replays `plan` with names in place of samples and proves the guarantees of the crate root.
///
/// Knows nothing of how the compiler works: only the graph, the plan and what each plane holds.
pub fn check(graph: &Graph<Fake>, plan: &Plan<Fake>) -> Result<(), String> {
    let nodes: Vec<(&str, &Fake)> = graph.nodes().collect();
    let mut sources: HashMap<(&str, usize), Value> = HashMap::new();
    for edge in graph.edges() {
        let value = (nodes[edge.from].0.to_owned(), edge.from_port);
        sources.insert((nodes[edge.to].0, edge.to_port), value);
    }
    let mut arena: HashMap<PlaneRef, Value> = HashMap::new();
    let mut ran: HashSet<&str> = HashSet::new();
    for op in &plan.ops {
        let name = op.name.as_str();
        let shape = op.spec.shape();
        if !ran.insert(name)
            || !nodes
                .iter()
                .any(|(n, spec)| *n == name && **spec == op.spec)
        {
            return Err(format!("{name} ran twice, or is not in the graph"));
        }
        if (op.inputs.len(), op.outputs.len()) != (shape.inputs.len(), shape.outputs.len()) {
            return Err(format!("{name} has the wrong number of planes"));
        }
        let ports = shape
            .inputs
            .iter()
            .zip(&op.inputs)
            .chain(shape.outputs.iter().zip(&op.outputs));
        for (port, plane) in ports {
            if plane.class != port.signal.class()
                || usize::from(plane.index) >= plan.planes(plane.class)
            {
                return Err(format!("{name}.{} has no business in {plane}", port.name));
            }
        }
        for (i, plane) in op.inputs.iter().enumerate() {
            let (held, expected) = (arena.get(plane), sources.get(&(name, i)));
            if held.is_none() || held != expected {
                return Err(format!(
                    "{name} input {i} reads {held:?} from {plane}, expected {expected:?}"
                ));
            }
        }
        for (i, plane) in op.outputs.iter().enumerate() {
            if op.outputs[..i].contains(plane) {
                return Err(format!("{name} writes {plane} twice"));
            }
            if op.inputs.contains(plane) && !shape.in_place {
                return Err(format!("{name} writes over its input in {plane}"));
            }
            arena.insert(*plane, (name.to_owned(), i));
        }
    }
    if ran.len() != nodes.len() {
        return Err(format!("{} of {} nodes ran", ran.len(), nodes.len()));
    }
    Ok(())
}
