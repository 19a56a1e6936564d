//! A tremolo put into a leg that talks, and taken out again, while an application listens in: on a real worker, then in
//! virtual time.
//!
//! `cargo run --example live_edit`
//!
//! Two people talk in a room. One leg's graph is looked at, changed and swapped in while the talk goes on: a node of our
//! own, and a tap that hands us what passes it. On the real worker that takes a second of the clock; in virtual time, where
//! no machine can be late, the largest step from one sample to the next shows that nobody hears a click.

use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;
use std::time::Duration;

use talkpath_engine::{
    AudioPort, Engine, EngineConfig, EngineError, EventKind, EventStream, Leg, LegConfig, LegGraph,
    PortConfig, RoomConfig, SampleRate, Segment, VirtualEngine,
};
use talkpath_graph::node::{Node, Outcome, PcmPlane};

const RATE: SampleRate = SampleRate::HZ_8000;
const FRAME: Duration = Duration::from_millis(20);
/// How long the real worker may take for anything.
const PATIENCE: Duration = Duration::from_secs(2);
/// Who talks in both, of the repository's test data.
const TALKER: &str = "8k_en_f_00.wav";

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

/// The leg's graph with the tremolo behind its gain, and a tap behind that.
fn with_tremolo(talker: &Leg) -> Result<(LegGraph, AudioPort), Box<dyn Error>> {
    let mut graph = talker.graph()?;
    graph.node(Segment::Ingress, "gain", "tremolo", Tremolo { phase: 0.0 })?;
    let tap = graph.tap(Segment::Ingress, "tremolo", "tap", 8)?;
    Ok((graph, tap))
}

/// The leg's graph without the two.
fn without_tremolo(talker: &Leg) -> Result<LegGraph, Box<dyn Error>> {
    let mut graph = talker.graph()?;
    graph.remove(Segment::Ingress, "tap")?;
    graph.remove(Segment::Ingress, "tremolo")?;
    Ok(graph)
}

/// Waits until the worker has taken the new graph up.
fn swapped(events: &EventStream) -> Result<(), Box<dyn Error>> {
    while let Some(event) = events.wait(PATIENCE)? {
        if matches!(event.kind, EventKind::Swapped { .. }) {
            return Ok(());
        }
    }
    Err("no swap was told of in time".into())
}

/// Puts it in and takes it out on a real worker while the talk goes on; fails when the tap is silent.
fn on_the_clock() -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(EngineConfig {
        capacity_legs: 16,
        ..EngineConfig::default()
    })?;
    let events = engine.subscribe()?;
    let room = engine.create_room(RoomConfig::new("kitchen"))?;
    let talker = room.join(LegConfig::clip(speech(TALKER)?.into(), RATE, true))?;
    let (graph, mut tap) = with_tremolo(&talker)?;
    talker.swap(graph)?;
    swapped(&events)?;
    let mut frame = vec![0; tap.frame().as_usize()];
    for _ in 0..25 {
        let mut looks = PATIENCE.div_duration_f64(FRAME / 4) as u32;
        while tap.read(&mut frame).is_err() {
            looks = looks.checked_sub(1).ok_or("the tap is silent")?;
            std::thread::park_timeout(FRAME / 4);
        }
    }
    talker.swap(without_tremolo(&talker)?)?;
    swapped(&events)?;
    let status = engine.status()?;
    println!("on the clock: 25 frames through the tap, and it is out again");
    engine.shutdown();
    if status.supervisor.edits_failed > 0 {
        return Err("a swap failed".into());
    }
    Ok(())
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
    on_the_clock()?;
    in_virtual_time()
}

fn in_virtual_time() -> Result<(), Box<dyn Error>> {
    let engine = VirtualEngine::new(EngineConfig::default())?;
    let room = engine.create_room(RoomConfig::new("kitchen"))?;
    let clip = |name| Ok::<_, Box<dyn Error>>(LegConfig::clip(speech(name)?.into(), RATE, true));
    let talker = room.join(clip(TALKER)?)?;
    room.join(clip("8k_fr_f_01.wav")?)?;
    let (_listener, mut ear) = room.join_port(PortConfig::new(RATE))?;
    let second = Duration::from_secs(1);
    let mut heard = listen(&engine, &mut ear, 3 * second);
    let usual = largest_step(&heard);

    println!("before:\n{}", talker.graph()?.preview()?.ingress);
    let (mut tapped, mut at_the_swaps) = (0, 0);
    for round in 0..3 {
        let (graph, mut tap) = with_tremolo(&talker)?;
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
        let graph = without_tremolo(&talker)?;
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
