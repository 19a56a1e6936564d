//! A tremolo put into a leg that talks, and taken out again, while an application listens in: in virtual time.
//!
//! `cargo run --example live_edit`
//!
//! Two people talk in a room. One leg's graph is looked at, changed and swapped in while the talk goes on: a node of our
//! own, and a tap that hands us what passes it. The largest step from one sample to the next shows that nobody hears a
//! click.

use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;
use std::time::Duration;

use talkpath_engine::{
    AudioPort, EngineConfig, EngineError, Leg, LegConfig, LegGraph, PortConfig, RoomConfig,
    SampleRate, Segment, VirtualEngine,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};

const RATE: SampleRate = SampleRate::HZ_8000;
const FRAME: Duration = Duration::from_millis(20);

/// A tremolo: the level goes up and down five times a second.
struct Tremolo {
    phase: f32,
}

impl Node for Tremolo {
    fn process(&mut self, _inputs: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        let step = 5.0 * TAU / RATE.hz() as f32;
        for sample in outputs[0].as_mut_slice() {
            *sample *= 0.6 + 0.4 * self.phase.cos();
            self.phase = (self.phase + step) % TAU;
        }
        Outcome::Ok
    }

    fn reset(&mut self) {
        self.phase = 0.0;
    }
}

/// Lets the talk go on for so long; what the port has heard.
fn listen(engine: &VirtualEngine, port: &mut AudioPort, span: Duration) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut frame = vec![0; port.frame().as_usize()];
    for _ in 0..span.as_millis() / FRAME.as_millis() {
        engine.advance(FRAME);
        while port.read(&mut frame).is_ok() {
            heard.extend_from_slice(&frame);
        }
    }
    heard
}

/// The largest step from one sample to the next.
fn largest_step(pcm: &[i16]) -> i32 {
    let steps = pcm.windows(2).map(|w| i32::from(w[1]) - i32::from(w[0]));
    steps.map(i32::abs).max().unwrap_or(0)
}

/// A second of each person's speech, from the repository's test data.
fn speech(name: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech");
    let mut wav = hound::WavReader::open(folder.join(name))?;
    let samples = wav.samples::<i16>();
    let samples: Result<Vec<f32>, _> = samples
        .map(|sample| sample.map(|s| f32::from(s) / 32_768.0))
        .collect();
    Ok(samples?)
}

/// Swaps a graph in and goes on; the largest step from the frame before the swap on, 100 ms long.
fn swap(
    engine: &VirtualEngine,
    leg: &Leg,
    graph: LegGraph,
    ear: &mut AudioPort,
    heard: &mut Vec<i16>,
) -> Result<i32, EngineError> {
    leg.swap(graph)?;
    let from = heard.len().saturating_sub(ear.frame().as_usize());
    heard.extend(listen(engine, ear, 5 * FRAME));
    Ok(largest_step(&heard[from..]))
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = VirtualEngine::new(EngineConfig::default())?;
    let room = engine.create_room(RoomConfig::new("kitchen"))?;
    let clip = |name| Ok::<_, Box<dyn Error>>(LegConfig::clip(speech(name)?.into(), RATE, true));
    let talker = room.join(clip("8k_en_f_00.wav")?)?;
    room.join(clip("8k_fr_f_01.wav")?)?;
    let (_listener, mut ear) = room.join_port(PortConfig::new(RATE))?;
    let second = Duration::from_secs(1);
    let mut heard = listen(&engine, &mut ear, 3 * second);
    let usual = largest_step(&heard);

    println!("before:\n{}", talker.graph()?.preview()?.ingress);
    let (mut tapped, mut at_the_swaps) = (0, 0);
    for round in 0..3 {
        let mut graph = talker.graph()?;
        graph.node(Segment::Ingress, "gain", "tremolo", Tremolo { phase: 0.0 })?;
        let mut tap = graph.tap(Segment::Ingress, "tremolo", "tap", 8)?;
        if round == 0 {
            let seen = engine.preview(&graph)?;
            let cost = seen.cost_ns;
            println!("after, {cost} ns a period by the hints:\n{}", seen.ingress);
        }
        let put_in = swap(&engine, &talker, graph, &mut ear, &mut heard)?;
        let mut frame = vec![0; tap.frame().as_usize()];
        while tap.read(&mut frame).is_ok() {
            tapped += 1;
        }
        heard.extend(listen(&engine, &mut ear, second));
        let mut graph = talker.graph()?;
        graph.remove(Segment::Ingress, "tap")?;
        graph.remove(Segment::Ingress, "tremolo")?;
        let taken_out = swap(&engine, &talker, graph, &mut ear, &mut heard)?;
        heard.extend(listen(&engine, &mut ear, second));
        at_the_swaps = at_the_swaps.max(put_in).max(taken_out);
    }

    println!("the application heard {tapped} frames through the tap");
    println!("largest step of a sample: {usual} before, {at_the_swaps} around the six swaps");
    let seconds = heard.len() as f64 / f64::from(RATE.hz());
    println!("{seconds:.1} s of talk, {} frames missed", ear.overruns());
    let status = engine.status()?;
    if tapped == 0 || at_the_swaps > 2 * usual || status.supervisor.edits_failed > 0 {
        return Err("a swap was heard".into());
    }
    Ok(())
}
