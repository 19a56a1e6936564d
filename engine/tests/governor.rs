//! The governor (D15): what it leaves out, in which order, without a click, and how it recovers. Costs are scripted.

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::bare::{Bare, Sizes};
use common::{Caller, Codec, EngineConfig, SampleRate, Studio, heap, ms, network, sine};
use talkpath_engine::event::Left;
use talkpath_engine::proto::{Command, LegId, RoomId, WorkerEventKind};
use talkpath_engine::worker::governor::{Level, STEPS, Taken, step};
use talkpath_engine::worker::script::{CostScript, Work};
use talkpath_engine::{EventKind, LegConfig, Priority, RoomConfig};
use talkpath_graph::node::{Node, Outcome, PcmPlane};
use talkpath_graph::{Format, FrameTime, Graph, Samples, Shape, Shed, Signal};
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::Build;
use talkpath_rt::clock::ManualClock;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const RATE: SampleRate = SampleRate::HZ_8000;
/// Slots of a window of the governor.
const WINDOW: u64 = 100;
/// Peak of the source.
const PEAK: f32 = 0.8;

/// A low tone.
struct Source(u64);

impl Node for Source {
    fn process(&mut self, _: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        for sample in outputs[0].as_mut_slice() {
            *sample = PEAK * (self.0 as f32 * 0.05).sin();
            self.0 += 1;
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// Halves, and counts what it was given and what it was told it missed.
struct Half(Arc<[AtomicU64; 2]>);

impl Node for Half {
    fn process(&mut self, _: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        outputs[0].as_mut_slice().iter_mut().for_each(|x| *x *= 0.5);
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn skipped(&mut self, span: Samples) {
        self.0[1].fetch_add(u64::from(span.0) / 160, Ordering::Relaxed);
    }
}

/// Keeps what passes, in room made beforehand.
struct Tap(Arc<Mutex<Vec<f32>>>);

impl Node for Tap {
    fn process(&mut self, _: &[&PcmPlane], outputs: &mut [&mut PcmPlane]) -> Outcome {
        let mut kept = self.0.lock().expect("one thread");
        if kept.len() + outputs[0].len() <= kept.capacity() {
            kept.extend_from_slice(outputs[0].as_slice());
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}
}

/// What can be looked at of a leg.
struct Probe {
    id: LegId,
    /// Noise suppression, gain control, echo cancellation: frames given, frames missed.
    effects: [Arc<[AtomicU64; 2]>; 3],
    heard: Arc<Mutex<Vec<f32>>>,
}

impl Probe {
    fn ran(&self, effect: usize) -> u64 {
        self.effects[effect][0].load(Ordering::Relaxed)
    }

    fn missed(&self, effect: usize) -> u64 {
        self.effects[effect][1].load(Ordering::Relaxed)
    }
}

/// A leg with one of each effect, the last of them not in place, and a tap behind them.
fn leg(bare: &mut Bare, room: RoomId, class: Priority) -> Probe {
    leg_with(bare, room, class, true)
}

/// The same, with or without the effects.
fn leg_with(bare: &mut Bare, room: RoomId, class: Priority, effective: bool) -> Probe {
    let format = Format::mono(RATE, FrameTime::Ms20);
    let pcm = Signal::Pcm(format);
    let ext = |name, shape| Spec::Ext {
        name,
        shape: Box::new(shape),
    };
    let effect = |name: &'static str, shed: Shed, in_place: bool| {
        let shape = Shape::new(name)
            .input("in", pcm)
            .output("out", pcm)
            .sheds(shed);
        ext(name, if in_place { shape.in_place() } else { shape })
    };
    let through = |name: &'static str| {
        ext(
            name,
            Shape::new(name)
                .input("in", pcm)
                .output("out", pcm)
                .in_place(),
        )
    };
    let mut graph = Graph::new();
    let mut last = graph.add(
        "source",
        ext("source", Shape::new("source").output("out", pcm)),
    );
    for (name, spec) in [
        ("ns", effect("ns", Shed::NoiseSuppression, true)),
        ("agc", effect("agc", Shed::GainControl, true)),
        ("aec", effect("aec", Shed::EchoCancellation, true)),
        ("tap", through("tap")),
        ("gain", Spec::Gain { format }),
        ("contribute", Spec::Contribute { format }),
    ] {
        if effective || !["ns", "agc", "aec"].contains(&name) {
            last = graph.then(last, name, spec).expect("a chain");
        }
    }
    let effects: [Arc<[AtomicU64; 2]>; 3] = Default::default();
    let heard = Arc::new(Mutex::new(Vec::with_capacity(160 * 50 * 60)));
    let build = Build {
        ext: vec![
            ("source", Box::new(Source(0)) as Box<dyn Node>),
            ("ns", Box::new(Half(effects[0].clone()))),
            ("agc", Box::new(Half(effects[1].clone()))),
            ("aec", Box::new(Half(effects[2].clone()))),
            ("tap", Box::new(Tap(heard.clone()))),
        ],
        ..Build::default()
    };
    let id = bare.leg(room, RATE, Some(graph), None, build);
    bare.edit(vec![Command::SetPriority {
        leg: id,
        priority: class,
    }]);
    Probe { id, effects, heard }
}

/// Costs by kind in microseconds, to be changed; what is shed costs nothing.
#[derive(Clone, Default)]
struct Costs(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Costs {
    fn set(&self, kind: &'static str, micros: u64) {
        self.0.lock().expect("one thread").insert(kind, micros);
    }
}

struct Script(Costs, ManualClock);

impl CostScript for Script {
    fn ran(&mut self, work: Work) {
        let costs = self.0.0.lock().expect("one thread");
        let micros = costs.get(work.kind).filter(|_| !work.shed);
        self.1.advance(Duration::from_micros(*micros.unwrap_or(&0)));
    }
}

fn scripted() -> (Bare, Costs) {
    let mut bare = Bare::new(Sizes::default());
    let costs = Costs::default();
    bare.io.script = Some(Box::new(Script(costs.clone(), bare.clock.clone())));
    (bare, costs)
}

/// Runs so many windows; the steps told.
fn run(bare: &mut Bare, windows: u64) -> Vec<Taken> {
    let mut told = Vec::new();
    for _ in 0..windows {
        bare.slots(WINDOW);
        while let Some(event) = bare.events.pop() {
            if let WorkerEventKind::Governor(taken) = event.kind {
                told.push(taken);
            }
        }
    }
    told
}

fn steps(told: &[Taken], up: bool) -> Vec<(Level, Priority)> {
    assert!(told.iter().all(|taken| taken.up == up), "{told:?}");
    told.iter()
        .map(|taken| (taken.step.level, taken.step.class))
        .collect()
}

/// The largest step from a sample to the next.
fn largest_step(heard: &[f32]) -> f32 {
    let steps = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    steps.fold(0.0, f32::max)
}

#[test]
fn the_ladder_goes_by_effect_then_class_and_has_no_emergency_step() {
    let all: Vec<_> = (0..STEPS).map(step).collect();
    assert_eq!(all.len(), 40);
    assert!(all.iter().all(|step| step.class != Priority::Emergency));
    for (n, shed) in Shed::ALL.into_iter().enumerate() {
        let classes: Vec<_> = all[n * 5..n * 5 + 5]
            .iter()
            .map(|step| step.class)
            .collect();
        let worst_first: Vec<_> = Priority::ALL[1..].iter().rev().copied().collect();
        assert_eq!(classes, worst_first);
        assert!(
            all[n * 5..n * 5 + 5]
                .iter()
                .all(|step| step.level == Level::Effect(shed))
        );
    }
    let last: Vec<_> = all[25..28]
        .iter()
        .map(|step| (step.level, step.class))
        .collect();
    let background = |n| (Level::Periods(n), Priority::Background);
    assert_eq!(last, [background(1), background(2), background(3)]);
}

#[test]
fn effects_are_shed_in_order_one_step_a_window_without_a_click_and_come_back() {
    let (mut bare, costs) = scripted();
    let room = bare.room(&[RATE]);
    let probe = leg(&mut bare, room, Priority::Normal);
    costs.set("source", 900);
    assert_eq!(run(&mut bare, 20), [], "within the slot");
    costs.set("source", 1_200);
    let told = run(&mut bare, 4);
    let effect = |shed| (Level::Effect(shed), Priority::Normal);
    let order = [
        effect(Shed::NoiseSuppression),
        effect(Shed::GainControl),
        effect(Shed::EchoCancellation),
    ];
    assert_eq!(steps(&told[..3], true), order);
    assert!(
        told.iter()
            .all(|taken| taken.legs == 1 && taken.load == 1_200)
    );
    // Neither resampler nor concealment are here: whole periods are next.
    assert_eq!(told[3].step.level, Level::Periods(1));
    // Between the marks nothing happens, however long.
    costs.set("source", 800);
    assert_eq!(run(&mut bare, 60), []);
    costs.set("source", 300);
    let back = run(&mut bare, 300);
    let mut reversed = order.to_vec();
    reversed.reverse();
    assert_eq!(steps(&back, false)[1..], reversed[..]);
    let counters = bare.worker.counters();
    assert_eq!(
        (counters.sheds, counters.recoveries, counters.shed_steps),
        (4, 4, 0)
    );
    for effect in 0..3 {
        let (ran, missed) = (probe.ran(effect), probe.missed(effect));
        let shed = counters.shed_frames[effect];
        assert!(shed > 100 && missed > 100, "{effect}: {shed} {missed}");
        // The frame in which it fades out it still runs in.
        assert_eq!(missed + 1, shed + counters.shed_frames[5], "{effect}");
        assert!(ran > 100);
    }
    let heard = probe.heard.lock().expect("one thread");
    // The tone's own steps, and a fade of an eighth to the whole in a frame at most.
    let own = largest_step(&heard[..1_600]) * 8.0;
    assert!(
        largest_step(&heard) < own + PEAK / 160.0,
        "{} {own}",
        largest_step(&heard)
    );
    let peak =
        |range: std::ops::Range<usize>| heard[range].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    assert!((peak(0..1_600) - PEAK / 8.0).abs() < 0.01);
    let whole = heard
        .chunks(1_600)
        .filter(|part| part.iter().any(|x| x.abs() > PEAK * 0.97));
    assert!(whole.count() > 3, "everything was bypassed for a while");
    let end = heard.len();
    assert!(
        (peak(end - 1_600..end) - PEAK / 8.0).abs() < 0.01,
        "all is back"
    );
    assert_eq!(bare.heap, heap::Count::default());
}

#[test]
fn lower_classes_go_first_and_emergency_never() {
    let (mut bare, costs) = scripted();
    let room = bare.room(&[RATE]);
    let classes = [
        Priority::Emergency,
        Priority::High,
        Priority::Low,
        Priority::Background,
    ];
    let probes = classes.map(|class| leg(&mut bare, room, class));
    run(&mut bare, 2);
    let before: Vec<_> = probes.iter().map(|probe| probe.ran(0)).collect();
    costs.set("source", 400);
    let told = run(&mut bare, 40);
    let seen = steps(&told, true);
    let expected_effects = Shed::ALL[..3].iter().flat_map(|shed| {
        [Priority::Background, Priority::Low, Priority::High]
            .map(|class| (Level::Effect(*shed), class))
    });
    let periods = [Priority::Background, Priority::Low, Priority::High]
        .into_iter()
        .flat_map(|class| [1, 2, 3].map(|n| (Level::Periods(n), class)));
    let expected: Vec<_> = expected_effects.chain(periods).collect();
    // Whole periods bring it under the mark before the last of them.
    assert!(
        seen.len() > 10 && seen[..] == expected[..seen.len()],
        "{seen:?}"
    );
    assert_eq!(probes[0].missed(0), 0, "emergency goes on as ever");
    assert_eq!(probes[0].ran(0) - before[0], 40 * 5);
    assert!(probes[3].missed(0) > probes[1].missed(0));
    assert_eq!(bare.heap, heap::Count::default());
}

#[test]
fn whole_periods_go_round_and_nobody_starves() {
    let (mut bare, costs) = scripted();
    let room = bare.room(&[RATE]);
    let background: Vec<_> = (0..7)
        .map(|_| leg_with(&mut bare, room, Priority::Background, false))
        .collect();
    let emergency = leg_with(&mut bare, room, Priority::Emergency, false);
    costs.set("tap", 450);
    run(&mut bare, 10);
    let counted = |probe: &Probe| probe.heard.lock().expect("one thread").len() / 160;
    let before: Vec<_> = background.iter().map(counted).collect();
    let all = counted(&emergency);
    run(&mut bare, 40);
    let periods = 40 * 5;
    assert_eq!(counted(&emergency) - all, periods);
    let got: Vec<_> = background
        .iter()
        .zip(before)
        .map(|(probe, n)| counted(probe) - n)
        .collect();
    let (least, most) = (
        *got.iter().min().expect("seven"),
        *got.iter().max().expect("seven"),
    );
    assert!(most - least <= 1 && least == periods / 4, "{got:?}");
    let ids: std::collections::BTreeSet<_> = background.iter().map(|probe| probe.id).collect();
    assert_eq!(ids.len(), 7);
    assert_eq!(bare.heap, heap::Count::default());
}

#[test]
fn what_does_not_fit_is_not_tried_every_second() {
    let (mut bare, costs) = scripted();
    let room = bare.room(&[RATE]);
    leg(&mut bare, room, Priority::Normal);
    costs.set("source", 300);
    costs.set("ns", 800);
    // Two minutes; without longer holds it would be tried a hundred times.
    let told = run(&mut bare, 1_200);
    let ups = told.iter().filter(|taken| taken.up).count();
    assert!((2..=8).contains(&ups), "{ups} sheds");
    assert!(
        told.iter()
            .all(|taken| taken.step.level == Level::Effect(Shed::NoiseSuppression))
    );
    // One slow cycle now and then is no load.
    let (mut bare, costs) = scripted();
    let room = bare.room(&[RATE]);
    leg(&mut bare, room, Priority::Normal);
    for _ in 0..50 {
        costs.set("source", 3_000);
        bare.slots(20);
        costs.set("source", 100);
        bare.slots(80);
    }
    assert_eq!(run(&mut bare, 1), []);
}

#[test]
fn calls_under_overload_keep_their_time_and_emergency_every_packet() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 64,
        ..EngineConfig::default()
    });
    let load = Arc::new(AtomicU64::new(10));
    let micros = load.clone();
    studio.engine.script_costs(move |work: Work| {
        let dear = work.kind == "conceal" && !work.shed;
        Duration::from_micros(if dear {
            micros.load(Ordering::Relaxed)
        } else {
            3
        })
    });
    let room = studio.room("lobby");
    let voice = |n: u32| sine(300.0 + 40.0 * f64::from(n), RATE, 0.2);
    let mut classes = BTreeMap::new();
    let mut callers = Vec::new();
    for n in 0..12_u32 {
        let class = [Priority::Emergency, Priority::Normal, Priority::Background][n as usize % 3];
        let leg = room
            .join_as(LegConfig::network(network(Codec::Pcmu, n)), class)
            .expect("capacity");
        classes.insert(leg.id(), class);
        callers.push(Caller::of(leg, network(Codec::Pcmu, n), n).saying(voice(n)));
    }
    let pass = |studio: &mut Studio, callers: &mut Vec<Caller>, millis| {
        let mut all: Vec<_> = callers.iter_mut().collect();
        studio.run_counting(ms(millis), &mut all)
    };
    pass(&mut studio, &mut callers, 3_000);
    studio.told();
    // Half as much again as a slot holds, out of the blue.
    let counted = |studio: &Studio| {
        let counters = studio.status().workers[0].counters;
        (counters.late_segments, counters.segments)
    };
    let late = |studio: &Studio| counted(studio).0;
    let before = counted(&studio);
    load.store(125, Ordering::Relaxed);
    let mut count = pass(&mut studio, &mut callers, 2_000);
    let settled = late(&studio);
    count += pass(&mut studio, &mut callers, 20_000);
    assert_eq!(late(&studio), settled, "in time again, and it stays so");
    // What was late, was so before the governor had done its part, which takes a third of a second at most.
    let after = counted(&studio);
    let (missed, run) = (after.0 - before.0, after.1 - before.1);
    let third = run / 22 / 3;
    assert!(missed <= third, "{missed} of {run} were late");
    let told = studio.told();
    let sheds: Vec<_> = told
        .iter()
        .filter_map(|kind| match kind {
            EventKind::Shed {
                what,
                priority,
                legs,
                ..
            } => Some((*what, *priority, *legs)),
            _ => None,
        })
        .collect();
    let concealment = Left::Effect(Shed::Concealment);
    assert_eq!(sheds[0], (concealment, Priority::Background, 4));
    assert!(
        sheds.iter().all(|(what, ..)| *what == concealment),
        "{sheds:?}"
    );
    // Costs fall, and everything comes back.
    load.store(10, Ordering::Relaxed);
    count += pass(&mut studio, &mut callers, 60_000);
    let counters = studio.status().workers[0].counters;
    assert_eq!(
        (counters.shed_steps, counters.sheds),
        (0, counters.recoveries)
    );
    let back = studio.told();
    assert!(
        back.iter()
            .any(|kind| matches!(kind, EventKind::Recovered { .. }))
    );
    assert!(
        !back
            .iter()
            .any(|kind| matches!(kind, EventKind::Shed { .. }))
    );
    for (leg, class) in classes {
        let sent = studio.packets(leg);
        let gaps = sent.windows(2).filter(|pair| {
            pair[1]
                .header
                .timestamp
                .wrapping_sub(pair[0].header.timestamp)
                != 160
        });
        assert_eq!(gaps.count(), 0, "{class}: no packet is missing");
        assert!(sent.len() > 4_000);
    }
    assert_eq!(count, heap::Count::default());
}

#[test]
fn a_room_of_two_rates_takes_its_short_filters_unless_an_emergency_call_is_in_it() {
    let run = |class: Priority| {
        let mut studio = Studio::new(EngineConfig {
            admit_budget: 1.0,
            ..common::small()
        });
        let room = studio.room("two rates");
        let wide = Codec::L16(SampleRate::HZ_16000);
        let mut talker = Caller::join(&room, Codec::L16(RATE), 1).saying(sine(400.0, RATE, 0.4));
        let listener = room
            .join_as(LegConfig::network(network(wide, 2)), class)
            .expect("capacity");
        let listener = Caller::of(listener, network(wide, 2), 2);
        let load = Arc::new(AtomicU64::new(0));
        let micros = load.clone();
        studio.engine.script_costs(move |work: Work| {
            Duration::from_micros(if work.kind == "jitter" {
                micros.load(Ordering::Relaxed)
            } else {
                0
            })
        });
        studio.run(ms(1_000), &mut [&mut talker]);
        studio.told();
        let from = studio.packets(listener.id()).len();
        load.store(600, Ordering::Relaxed);
        let count = studio.run_counting(ms(250), &mut [&mut talker]);
        load.store(400, Ordering::Relaxed);
        studio.run(ms(400), &mut [&mut talker]);
        let heard = studio.heard(listener.id(), wide, from);
        let sheds = studio.told().into_iter().filter_map(|kind| match kind {
            EventKind::Shed {
                what,
                priority,
                legs,
                ..
            } => Some((what, priority, legs)),
            _ => None,
        });
        assert_eq!(count, heap::Count::default());
        (sheds.collect::<Vec<_>>(), heard)
    };
    let (sheds, short) = run(Priority::Normal);
    assert_eq!(
        sheds[0],
        (Left::Effect(Shed::Resampling), Priority::Normal, 2),
        "{sheds:?}"
    );
    let (_, long) = run(Priority::Emergency);
    assert_eq!(short.len(), long.len());
    let differs = short.iter().zip(&long).any(|(a, b)| (a - b).abs() > 1e-4);
    assert!(differs, "another filter ran");
    let own = 0.4 * 400.0 / 16_000.0 * std::f32::consts::TAU;
    assert!(largest_step(&short) < own * 1.2, "{}", largest_step(&short));
    let peak = |heard: &[f32]| heard.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((peak(&short) / peak(&long) - 1.0).abs() < 0.1);
}

#[test]
fn whole_periods_of_calls_leave_the_sequence_whole_and_no_step_in_the_room() {
    let mut studio = Studio::new(EngineConfig {
        capacity_legs: 64,
        admit_budget: 1.0,
        ..EngineConfig::default()
    });
    let room = studio.room("lobby");
    let join = |n: u32, class| {
        let leg = room
            .join_as(LegConfig::network(network(Codec::L16(RATE), n)), class)
            .expect("capacity");
        Caller::of(leg, network(Codec::L16(RATE), n), n)
    };
    let mut listener = join(0, Priority::Emergency);
    let mut talker = join(1, Priority::Background).saying(sine(200.0, RATE, 0.5));
    let other = join(2, Priority::Background);
    studio.run(ms(1_000), &mut [&mut listener, &mut talker]);
    studio.engine.script_costs(|work: Work| {
        Duration::from_micros(if work.kind == "jitter" && !work.shed {
            700
        } else {
            0
        })
    });
    let before = studio.packets(listener.id()).len();
    let mut count = studio.run_counting(ms(10_000), &mut [&mut listener, &mut talker]);
    let counters = studio.status().workers[0].counters;
    assert!(counters.shed_frames[5] > 200, "{counters:?}");
    let whole = |leg| {
        let sent = studio.packets(leg);
        let steps = sent.windows(2).map(|pair| {
            let sequence = pair[1]
                .header
                .sequence
                .wrapping_sub(pair[0].header.sequence);
            (
                sequence,
                pair[1]
                    .header
                    .timestamp
                    .wrapping_sub(pair[0].header.timestamp)
                    / 160,
            )
        });
        steps.collect::<Vec<_>>()
    };
    assert!(
        whole(listener.id()).iter().all(|step| *step == (1, 1)),
        "every packet"
    );
    let shed = whole(other.id());
    assert!(
        shed.iter().all(|(sequence, _)| *sequence == 1),
        "no loss is feigned"
    );
    assert!(
        shed.iter().all(|(_, periods)| (1..=4).contains(periods)),
        "time goes on"
    );
    assert!(shed.iter().any(|(_, periods)| *periods > 1));
    let heard = studio.heard(listener.id(), listener.codec, before + 5);
    let own = 0.5 * 200.0 / 8_000.0 * std::f32::consts::TAU;
    let step = largest_step(&heard);
    assert!(step < own * 2.0, "{step} {own}");
    studio.engine.script_costs(|_| Duration::ZERO);
    count += studio.run_counting(ms(60_000), &mut [&mut listener, &mut talker]);
    let counters = studio.status().workers[0].counters;
    assert_eq!(counters.shed_steps, 0);
    let shed_of = |caller: &Caller| caller.leg.stats().expect("in").shed_periods;
    let (emergency, others) = (shed_of(&listener), shed_of(&talker) + shed_of(&other));
    assert_eq!((emergency, others), (0, counters.shed_frames[5]));
    assert_eq!(count, heap::Count::default());
}

/// A leg in frames of 10 ms is due twice as often and is one leg all the same, also of an effect it has both ways.
#[test]
fn a_leg_is_counted_once_whatever_its_frame() {
    for frame in [FrameTime::Ms10, FrameTime::Ms20] {
        let mut studio = Studio::new(EngineConfig {
            admit_budget: 1.0,
            ..common::small()
        });
        let mut config = RoomConfig::new("lobby");
        config.frame = frame;
        let room = studio.engine.create_room(config).expect("a room");
        // Resampled both ways, in a room of one other rate.
        let wide = Codec::L16(SampleRate::HZ_48000);
        let legs: Vec<_> = (0..3)
            .map(|n| {
                room.join(LegConfig::network(network(wide, n)))
                    .expect("capacity")
            })
            .collect();
        studio.advance(ms(1_000));
        studio.told();
        studio.engine.script_costs(|work: Work| {
            Duration::from_micros(if work.kind == "jitter" { 800 } else { 0 })
        });
        studio.advance(ms(1_000));
        let sheds: Vec<_> = studio
            .told()
            .into_iter()
            .filter_map(|kind| match kind {
                EventKind::Shed { what, legs, .. } => Some((what, legs)),
                _ => None,
            })
            .collect();
        assert!(!sheds.is_empty());
        assert!(
            sheds.iter().all(|(_, count)| *count == 3),
            "{frame:?} {sheds:?}"
        );
        // As it is told, so it stands in the status, since it began.
        let status = studio.status();
        let governor = &status.workers[0].governor;
        assert_eq!(governor.shed.len(), sheds.len());
        for (shed, (what, legs)) in governor.shed.iter().zip(&sheds) {
            assert_eq!((shed.what, shed.legs), (what.name(), *legs));
            assert!((1.0..status.at).contains(&shed.since), "{shed:?}");
        }
        assert!(governor.step as usize >= sheds.len() && governor.steps as usize == STEPS);
        drop(legs);
    }
}
