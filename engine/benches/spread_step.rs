//! What a leg costs when its room is on two workers, as a ratio to one worker: the steps of both in virtual time, in
//! turns in one run, everybody talking in PCMU.
//!
//! Without threads there is no waking up and no second core: it is the work that is compared, copying of sums, completing
//! them, cohorts of half the size. `valgrind --tool=callgrind --toggle-collect='spread_step::measured*'` counts its
//! instructions: one number as argument, the workers, runs these only.

use std::time::{Duration, Instant};

use talkpath_engine::{
    EngineConfig, Leg, LegConfig, NetworkConfig, RoomConfig, ShardLink, VirtualEngine,
};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;

const FRAME: Duration = Duration::from_millis(20);
const LEGS: usize = 600;

struct Rig {
    engine: VirtualEngine,
    link: ShardLink,
    legs: Vec<Leg>,
    period: u16,
}

impl Rig {
    /// Every `workers`-th leg on each.
    fn new(workers: usize) -> Self {
        let config = EngineConfig {
            workers,
            capacity_legs: 2 * LEGS,
            ..EngineConfig::default()
        };
        let engine = VirtualEngine::new(config).expect("a valid configuration");
        let link = engine.take_shard_link().expect("the first time");
        let room = engine.create_room(RoomConfig::new("bench"));
        let room = room.expect("a room");
        let config = LegConfig::network(NetworkConfig::new(Codec::Pcmu, 0));
        let legs: Vec<Leg> = (0..LEGS)
            .map(|_| {
                engine.advance(Duration::from_millis(1));
                room.join(config.clone()).expect("a leg")
            })
            .collect();
        for (n, leg) in legs.iter().enumerate() {
            leg.move_to(n % workers).expect("a worker");
            engine.advance(3 * FRAME);
        }
        let status = engine.status().expect("running");
        assert_eq!(status.rooms[0].workers.len(), workers);
        Self {
            engine,
            link,
            legs,
            period: 0,
        }
    }

    /// One period; the time spent in the workers' steps.
    fn period(&mut self) -> Duration {
        self.period = self.period.wrapping_add(1);
        let now = self.engine.now();
        for (n, leg) in self.legs.iter().enumerate() {
            let mut packet = self.link.to_worker.take().expect("boxes for every leg");
            packet.leg = leg.id().to_bits();
            packet.received = now;
            packet.header = Header {
                sequence: self.period,
                timestamp: u32::from(self.period) * 160,
                ssrc: n as u32,
                ..Header::default()
            };
            let payload: Vec<u8> = (0..160).map(|i| (i * 7 + n * 31) as u8).collect();
            packet.set_payload(&payload).expect("it fits");
            assert!(self.link.to_worker.send(packet).is_ok());
        }
        let mut spent = Duration::ZERO;
        self.engine.advance_around(FRAME, |step| {
            #[allow(clippy::disallowed_methods, reason = "a benchmark measures")]
            let begin = Instant::now();
            measured(step);
            spent += begin.elapsed();
        });
        while let Some(packet) = self.link.from_worker.recv() {
            assert!(self.link.from_worker.give_back(packet).is_ok());
        }
        spent
    }
}

/// What callgrind is told to count.
#[inline(never)]
fn measured(step: &mut dyn FnMut()) {
    step();
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|n| n.parse().ok()).collect();
    if let [workers] = numbers[..] {
        let mut rig = Rig::new(workers);
        for _ in 0..50 {
            rig.period();
        }
        return;
    }
    let mut rigs = [1, 2].map(Rig::new);
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..300 {
        for (rig, times) in rigs.iter_mut().zip(&mut times) {
            let spent = rig.period();
            if turn >= 20 {
                times.push(spent.as_nanos() as f64 / LEGS as f64);
            }
        }
    }
    let [one, two] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "one worker: {one:.0} ns per leg and period, two: {two:.0} ns, ratio {:.3}",
        two / one
    );
}
