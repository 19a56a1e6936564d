//! The same through the engine: calls in virtual time, from packet box to packet box.

use std::time::Duration;

use talkpath_engine::{
    Call, CallConfig, EngineConfig, NetworkConfig, ShardLink, Side, StartError, VirtualEngine,
};
use talkpath_nodes::codec::Codec;
use talkpath_nodes::packet::Header;

use super::super::error::BenchError;
use super::super::speech::Voices;
use super::{PERIOD, WARM_UP, median, packets_of, ptime, timed};
use crate::codec_name::payload_type;

/// Calls of one pair, the first side talking.
pub(super) struct Calls {
    engine: VirtualEngine,
    link: ShardLink,
    calls: Vec<Call>,
    from: Codec,
}

impl Calls {
    pub(super) fn new((from, to): (Codec, Codec), count: usize) -> Result<Self, BenchError> {
        let engine = VirtualEngine::new(EngineConfig {
            capacity_legs: 2 * count,
            // What it costs is measured here, not foretold.
            admit_budget: 1.0,
            ..EngineConfig::default()
        })
        .map_err(StartError::from)?;
        let link = engine.take_shard_link();
        let link = link.ok_or_else(|| BenchError::Phones("the packet rings are taken".into()))?;
        let [a, b] = [from, to].map(|codec| NetworkConfig {
            ptime: ptime(codec),
            ..NetworkConfig::new(codec, payload_type(codec))
        });
        let mut calls = Vec::with_capacity(count);
        for _ in 0..count {
            calls.push(engine.create_call(CallConfig::new(a, b))?);
            // Commands travel while calls are made.
            engine.advance(Duration::from_millis(1));
        }
        Ok(Self {
            engine,
            link,
            calls,
            from,
        })
    }

    /// Microseconds of the worker for a packet.
    ///
    /// # Errors
    /// Fewer packets came out than went in.
    pub(super) fn measure(&mut self, voices: &Voices, periods: usize) -> Result<f64, BenchError> {
        let spent: Vec<_> = (0..WARM_UP + periods)
            .map(|period| self.period(voices, period))
            .collect();
        let status = self.engine.status()?;
        let counters = status.workers.first().map(|worker| worker.counters);
        let unsent = counters.map_or(0, |it| it.packets_unsent + it.packets_crowded);
        if unsent > 0 {
            return Err(BenchError::Phones(format!(
                "{unsent} packets had no place: fewer --calls"
            )));
        }
        let packets = self.calls.len() * packets_of(self.from);
        Ok(median(spent[WARM_UP..].to_vec(), packets))
    }

    /// The packets of each call, each in its own slots; the time of the steps.
    fn period(&mut self, voices: &Voices, period: usize) -> Duration {
        let (slots, packets) = (PERIOD.as_millis() as usize, packets_of(self.from));
        let each = slots / packets;
        let share = self.calls.len().div_ceil(each);
        let mut spent = Duration::ZERO;
        for slot in 0..slots {
            let packet = period * packets + slot / each;
            for n in (slot % each * share..self.calls.len()).take(share) {
                self.put(n, voices.payload(n, packet), packet);
            }
            self.engine
                .advance_around(Duration::from_millis(1), |step| spent += timed(step));
            while let Some(sent) = self.link.from_worker.recv() {
                // The ring holds the inventory.
                self.link.from_worker.give_back(sent).ok();
            }
        }
        spent
    }

    fn put(&mut self, n: usize, payload: &[u8], packet: usize) {
        let Some(mut given) = self.link.to_worker.take() else {
            return;
        };
        given.reset();
        given.leg = self.calls[n].side(Side::A).to_bits();
        given.received = self.engine.now();
        let ticks = self.from.clock().samples_in(ptime(self.from)).0;
        given.header = Header {
            payload_type: payload_type(self.from),
            sequence: packet as u16,
            timestamp: (packet as u32).wrapping_mul(ticks),
            ssrc: 7,
            marker: packet == 0,
        };
        // Payloads of ours fit.
        if given.set_payload(payload).is_err() || self.link.to_worker.send(given).is_err() {
            tracing::warn!("a packet had no place");
        }
    }
}
