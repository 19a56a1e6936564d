//! How the leg of a call fares: what worker and shard told of it, put together.
//!
//! While it lasts their figures are up to a second old. At its end each has a last word, which is exact; it is waited for,
//! but not for long: a worker or shard that hangs keeps no call from ending.

use std::time::Duration;

use crossbeam::channel::Receiver;
use talkpath_engine::status::LegStatus;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::super::MediaFigures;
use crate::net::NetLegStats;

/// The longest wait for the last words. A leg ramps out over a frame, and the clerk of the network side naps for as long.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is known of a leg.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub engine: Option<LegStatus>,
    pub net: Option<NetLegStats>,
}

/// Where the last words of a leg that leaves will come.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    pub engine: Option<Receiver<Box<LegStatus>>>,
    pub net: Option<Receiver<NetLegStats>>,
}

impl Known {
    /// As it is told.
    pub fn figures(&self) -> MediaFigures {
        let Self { engine, net } = self;
        let stats = engine.as_ref().map(|engine| engine.stats);
        // To the microsecond: in a record it stands as it is.
        let round = |ms: f64| (ms * 1e3).round() / 1e3;
        let of_net = |number: fn(&NetLegStats) -> u64| net.as_ref().map(number);
        let has_taken = |engine: &&LegStatus| engine.stats.received > 0;
        MediaFigures {
            packets_in: of_net(|net| net.packets_in).or(stats.map(|stats| stats.received)),
            packets_out: of_net(|net| net.packets_out).or(stats.map(|stats| stats.sent)),
            lost: net.map(|net| net.lost),
            late: stats.map(|stats| stats.late),
            refused: of_net(|net| net.refused),
            refused_for: net.map(|net| net.refused_for),
            malformed: stats.map(|stats| stats.malformed),
            concealed_ms: stats.map(|stats| stats.concealed_us as f64 / 1e3),
            shed_frames: stats.map(|stats| stats.shed_frames),
            shed_periods: stats.map(|stats| stats.shed_periods),
            jitter_ms: net.map(|net| round(net.jitter_ms)),
            remote_lost: net.and_then(|net| net.remote_lost),
            round_trip_ms: net.and_then(|net| net.round_trip_ms).map(round),
            worker: engine.as_ref().map(|engine| engine.worker),
            plan: engine.as_ref().map(|engine| engine.plan),
            plan_name: engine.as_ref().map(|engine| engine.plan_name.clone()),
            ledger: engine
                .as_ref()
                .filter(has_taken)
                .map(|engine| engine.ledger),
        }
    }

    /// The last words in the place of what was known, as far as they come in time.
    pub fn at_the_end(self, farewells: &Farewells) -> Self {
        let until = MonotonicClock.now() + PATIENCE;
        Self {
            engine: word(&farewells.engine, until)
                .map(|status| *status)
                .or(self.engine),
            net: word(&farewells.net, until).or(self.net),
        }
    }
}

fn word<T>(from: &Option<Receiver<T>>, until: Duration) -> Option<T> {
    let left = until.saturating_sub(MonotonicClock.now());
    from.as_ref()?.recv_timeout(left).ok()
}

#[cfg(test)]
mod tests;
