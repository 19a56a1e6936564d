//! What the step benches share: an engine in virtual time whose packet rings are in hand, and whose workers' steps alone are
//! timed.

use std::time::{Duration, Instant};

use talkpath_engine::{EngineConfig, LegId, ShardLink, VirtualEngine};
use talkpath_nodes::packet::Header;

/// The cycle, and every leg's packet time.
pub const FRAME: Duration = Duration::from_millis(20);

/// The engine and its rings.
pub struct Rig {
    pub engine: VirtualEngine,
    link: ShardLink,
    period: u16,
}

impl Rig {
    pub fn new(config: EngineConfig) -> Self {
        let engine = VirtualEngine::new(config).expect("a valid configuration");
        let link = engine.take_shard_link().expect("the first time");
        Self {
            engine,
            link,
            period: 0,
        }
    }

    /// The packets that are put from now on are each leg's next.
    pub fn next_period(&mut self) {
        self.period = self.period.wrapping_add(1);
    }

    /// A packet of `samples` for `leg`, received now.
    pub fn put(&mut self, leg: LegId, samples: u32, payload: &[u8]) {
        let mut packet = self.link.to_worker.take().expect("boxes for every leg");
        packet.leg = leg.to_bits();
        packet.received = self.engine.now();
        packet.header = Header {
            sequence: self.period,
            timestamp: u32::from(self.period).wrapping_mul(samples),
            ssrc: 7,
            ..Header::default()
        };
        packet.set_payload(payload).expect("it fits");
        assert!(self.link.to_worker.send(packet).is_ok());
    }

    /// Lets `span` go by and takes off what was sent; the time spent in the workers' steps.
    pub fn run(&mut self, span: Duration) -> Duration {
        let mut spent = Duration::ZERO;
        self.engine.advance_around(span, |step| {
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

/// What callgrind is told to count: `--toggle-collect='*rig::measured*'`.
#[inline(never)]
fn measured(step: &mut dyn FnMut()) {
    step();
}
