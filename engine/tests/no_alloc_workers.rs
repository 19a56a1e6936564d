//! The no-allocation table for several workers: what crosses the mesh, and what is done to rooms that are on all of them.
//!
//! As every test of the engine it runs under RealtimeSanitizer as well (`scripts/sanitizers realtime`), which sees what
//! does not touch the heap: a contended lock, a call that blocks. A new feature of several workers is a new row.

mod common;

use common::{Caller, Codec, FRAME, SampleRate, Studio, heap, ms, network, sine, small};
use talkpath_engine::{
    Direction, EngineConfig, EngineError, Leg, LegConfig, NetworkConfig, PortConfig, Room, Segment,
};
use talkpath_nodes::codec::OpusRate;
use talkpath_nodes::packet::Header;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const WORKERS: usize = 3;
const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::G722,
    Codec::Opus(OpusRate::Wide),
    Codec::L16(SampleRate::HZ_48000),
    Codec::Pcma,
];

/// A room in which twelve talk in all rates, four on each worker.
struct Scene {
    studio: Studio,
    room: Room,
    callers: Vec<Caller>,
    heap: heap::Count,
}

impl Scene {
    fn new() -> Self {
        let studio = Studio::new(EngineConfig {
            workers: WORKERS,
            part_kept: ms(100),
            watchdog: ms(3_000),
            queue: 64,
            ..small()
        });
        let room = studio.room("scene");
        let caller = |n: u32| {
            let codec = CODECS[n as usize % CODECS.len()];
            let ptime = ms(if n % 5 == 4 { 10 } else { 20 }).min(codec.max_ptime());
            let config = NetworkConfig {
                ptime,
                ..network(codec, n)
            };
            let voice = sine(300.0 + 50.0 * f64::from(n), codec.rate(), 0.05);
            Caller::with(&room, config, n).saying(voice)
        };
        let callers = (0..12).map(caller).collect();
        let mut scene = Self {
            studio,
            room,
            callers,
            heap: heap::Count::default(),
        };
        scene.pass(60);
        for n in 0..scene.callers.len() {
            scene.go(n, n % WORKERS);
            scene.pass(60);
        }
        assert_eq!(scene.parts(), WORKERS);
        scene
    }

    fn pass(&mut self, millis: u64) {
        let mut all: Vec<&mut Caller> = self.callers.iter_mut().collect();
        self.heap += self.studio.run_counting(ms(millis), &mut all);
    }

    fn go(&mut self, n: usize, to: usize) {
        self.callers[n].leg.move_to(to).expect("a free worker");
    }

    fn parts(&self) -> usize {
        self.studio.status().rooms[0].workers.len()
    }

    fn join(&self, config: LegConfig) -> Leg {
        self.room.join(config).expect("capacity")
    }

    /// A figure of all workers; they tell theirs once a second.
    fn sum(&mut self, of: fn(&talkpath_engine::worker::stats::WorkerCounters) -> u64) -> u64 {
        self.pass(1_100);
        let workers = self.studio.status().workers;
        workers.iter().map(|worker| of(&worker.counters)).sum()
    }
}

/// What is done to a scene.
type Row = fn(&mut Scene);

const ROWS: &[(&str, Row)] = &[
    ("all rates on three workers", |scene| scene.pass(1_500)),
    ("legs go round while all talk", |scene| {
        for round in 0..24 {
            scene.go(round % 12, (round + round / 12 + 1) % WORKERS);
            scene.pass(35);
        }
        assert!(scene.sum(|c| c.legs_arrived) >= 24);
    }),
    ("as many move at once as there are berths", |scene| {
        let outcomes: Vec<_> = (0..12).map(|n| scene.callers[n].leg.move_to(0)).collect();
        scene.pass(200);
        let moved = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(moved >= 8, "{outcomes:?}");
    }),
    ("packets follow a leg over the mesh", |scene| {
        // One in every slot, of a type that is good for nothing else.
        let header = Header {
            payload_type: 77,
            ..Header::default()
        };
        for round in 0..6 {
            scene.go(0, (round + 1) % WORKERS);
            for _ in 0..60 {
                let (id, now) = (scene.callers[0].id(), scene.studio.engine.now());
                assert!(scene.studio.inject(id, now, header, &[0; 160]));
                scene.pass(1);
            }
        }
        assert!(scene.sum(|c| c.packets_passed) > 0);
    }),
    ("join, move, leave", |scene| {
        for n in 0..15 {
            let leg = scene.join(LegConfig::network(network(CODECS[n % 4], 50 + n as u32)));
            scene.pass(30);
            leg.move_to(n % WORKERS).expect("a free worker");
            scene.pass(if n % 2 == 0 { 3 } else { 60 });
            leg.leave().expect("it leaves");
            scene.pass(20);
        }
        scene.pass(200);
    }),
    (
        "codec, hold, gain, mute and SSRC of legs on their way",
        |scene| {
            for n in 0..12 {
                scene.go(n, (n + 1) % WORKERS);
                scene.pass(5);
                let leg = &scene.callers[n].leg;
                leg.set_gain_db(-6.0).expect("it stays");
                leg.mute(n % 2 == 0).expect("it stays");
                leg.set_ssrc(n as u32).expect("it stays");
                let hold = Direction {
                    receive: n % 3 == 0,
                    send: n % 3 == 1,
                };
                leg.set_direction(hold).expect("it stays");
                scene.pass(70);
                let codec = CODECS[(n + 1) % 4];
                let change = scene.callers[n].leg.change(network(codec, 90 + n as u32));
                change.expect("it is there");
                scene.callers[n].switch(codec, FRAME.min(codec.max_ptime()));
                scene.pass(40);
                let resume = scene.callers[n].leg.set_direction(Direction::BOTH);
                resume.expect("it stays");
            }
            scene.pass(200);
        },
    ),
    (
        "the room shrinks to one worker and spreads again",
        |scene| {
            for _ in 0..2 {
                for n in 0..12 {
                    scene.go(n, 0);
                    scene.pass(60);
                }
                scene.pass(400);
                assert_eq!(scene.parts(), 1);
                scene.go(5, 1);
                scene.pass(60);
                scene.go(6, 2);
                scene.pass(60);
                assert_eq!(scene.parts(), WORKERS);
            }
        },
    ),
    ("one worker stands still and catches up", |scene| {
        for (worker, stall) in [(1, 5), (2, 40), (0, 60), (1, 300)] {
            scene.studio.engine.stall_worker(worker, ms(stall));
            scene.pass(500);
        }
        assert!(scene.sum(|c| c.partials_late) > 0);
        assert!(scene.sum(|c| c.skipped_slots) > 200);
    }),
    ("no box for a sum, no room in the mesh", |scene| {
        scene.studio.engine.stall_worker(2, ms(2_000));
        scene.go(0, 1);
        scene.pass(100);
        scene.go(0, 0);
        scene.pass(2_500);
        assert!(scene.sum(|c| c.partials_unsent) > 0);
    }),
    (
        "one worker hangs, another ends, both are replaced",
        |scene| {
            scene.studio.engine.stall_worker(1, ms(3_500));
            scene.pass(4_000);
            scene.studio.engine.end_worker(2, "a fault of ours");
            scene.pass(500);
            let supervisor = scene.studio.status().supervisor;
            assert_eq!(
                (supervisor.workers_lost, supervisor.workers_replaced),
                (2, 2)
            );
            assert_eq!((supervisor.workers_out, supervisor.edits_failed), (0, 0));
        },
    ),
    ("more edits than the ring to a worker holds", |scene| {
        let busy = loop {
            let done = scene.callers[1].leg.set_gain_db(-3.0);
            if let Err(busy) = done {
                break busy;
            }
        };
        assert!(matches!(busy, EngineError::Busy { .. }), "{busy:?}");
        scene.pass(400);
    }),
    (
        "a leg with a tap moves, and is swapped on each worker",
        |scene| {
            let leg = scene.callers[0].leg.clone();
            for round in 0..6 {
                let mut graph = leg.graph().expect("it stays");
                let port = graph.tap(Segment::Ingress, "conceal", "tap", 4);
                let mut port = port.expect("sound");
                graph
                    .gain(Segment::Egress, "mix-minus", "boost", 3.0)
                    .expect("sound");
                leg.swap(graph).expect("a swap");
                scene.pass(60);
                scene.go(0, (round + 1) % WORKERS);
                scene.pass(60);
                let mut frame = vec![0; port.frame().as_usize()];
                assert!(port.read(&mut frame).is_ok(), "it hears the leg");
                let mut graph = leg.graph().expect("it stays");
                graph.remove(Segment::Ingress, "tap").expect("there");
                graph.remove(Segment::Egress, "boost").expect("there");
                leg.swap(graph).expect("a swap");
                scene.pass(60);
            }
            assert!(scene.sum(|c| c.swaps) >= 12);
        },
    ),
    ("tone, clip and port on a worker each", |scene| {
        let clip = LegConfig::clip(vec![0.3; 900].into(), SampleRate::HZ_8000, true);
        let legs = [scene.join(LegConfig::tone(440.0, -20.0)), scene.join(clip)];
        let port = PortConfig::new(SampleRate::HZ_16000);
        let (leg, mut port) = scene.room.join_port(port).expect("capacity");
        scene.pass(60);
        for (n, leg) in legs.iter().chain([&leg]).enumerate() {
            leg.move_to(n).expect("a free worker");
            scene.pass(60);
        }
        let mut frame = vec![7; port.frame().as_usize()];
        for _ in 0..10 {
            port.write(&frame).expect("room");
            scene.pass(20);
            while port.read(&mut frame).is_ok() {}
        }
        drop(port);
        scene.pass(60);
        for leg in legs.iter().chain([&leg]) {
            leg.leave().expect("it leaves");
        }
        scene.pass(100);
    }),
    ("the room is closed", |scene| {
        scene.room.close().expect("open");
        scene.callers.clear();
        scene.pass(200);
        assert!(scene.studio.status().rooms.is_empty());
    }),
];

#[test]
fn nothing_that_crosses_the_mesh_touches_the_heap() {
    let mut failed = Vec::new();
    for (name, row) in ROWS {
        let mut scene = Scene::new();
        row(&mut scene);
        scene.pass(1_100);
        let status = scene.studio.status();
        for worker in &status.workers {
            let counters = worker.counters;
            let faults = (counters.overflows, counters.refused_commands);
            assert_eq!(faults, (0, 0), "{name}");
        }
        assert_eq!(status.supervisor.edits_failed, 0, "{name}");
        if scene.heap != heap::Count::default() {
            failed.push((name, scene.heap));
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn the_count_counts() {
    let count = heap::of(&mut || drop(std::hint::black_box(vec![1, 2, 3])));
    let one = heap::Count {
        allocations: 1,
        frees: 1,
    };
    assert_eq!(count, one);
}
