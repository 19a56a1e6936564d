//! What a leg's configuration may hold, checked before anything is built from it.

use std::time::Duration;

use talkpath_graph::{Channels, SampleRate};
use talkpath_nodes::jitter::JitterDelays;

use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::leg::{ClipConfig, JitterDelay, NetworkConfig, ToneConfig};
use crate::port::PortConfig;
use crate::worker::bus::BUS_RATES;

/// Checks a network leg; gives the delays of its jitter buffer.
pub(super) fn network(
    leg: &NetworkConfig,
    config: &EngineConfig,
) -> Result<JitterDelays, EngineError> {
    rate(leg.codec.rate())?;
    let payload_type = leg.payload_type;
    check(payload_type < 128, "payload type", "0 to 127", payload_type)?;
    for number in [leg.keys.receive, leg.keys.send].into_iter().flatten() {
        let free = number < 128 && number != payload_type;
        let allowed = "0 to 127, not the codec's";
        check(free, "payload type of keys", allowed, number)?;
    }
    let (codec, ptime) = (leg.codec, leg.ptime);
    let allowed = if codec.is_framed() {
        "10, 20, 40 or 60 ms"
    } else {
        "whole tens of milliseconds, to 60 ms and 1280 bytes"
    };
    check(codec.has_ptime(ptime), "ptime", allowed, ptime)?;
    let usual = JitterDelay {
        target: config.jitter_target,
        max: config.jitter_max,
    };
    let JitterDelay { target, max } = leg.jitter.unwrap_or(usual);
    let fits = target <= max && max <= Duration::from_secs(1);
    check(
        fits,
        "jitter delay",
        "target up to max, max up to 1 s",
        (target, max),
    )?;
    Ok(JitterDelays { target, max })
}

/// Checks one side of a call.
pub(super) fn call_side(side: &NetworkConfig, config: &EngineConfig) -> Result<(), EngineError> {
    network(side, config)?;
    let echo = side.hear_self;
    check(!echo, "hear_self of a call's side", "false", echo)
}

pub(super) fn port(config: PortConfig) -> Result<(), EngineError> {
    rate(config.rate)?;
    let (channels, depth) = (config.channels, config.depth);
    let count = channels.count();
    check(channels == Channels::MONO, "port channels", "1", count)?;
    check(
        (1..=256).contains(&depth),
        "port depth in frames",
        "1 to 256",
        depth,
    )
}

pub(super) fn tone(config: ToneConfig) -> Result<(), EngineError> {
    rate(config.rate)?;
    let (hz, half) = (config.hz, config.rate.hz() as f32 / 2.0);
    check(
        hz > 0.0 && hz < half,
        "tone in Hz",
        "above 0, below half the rate",
        hz,
    )?;
    let dbov = config.dbov;
    check(
        (-127.0..=0.0).contains(&dbov),
        "tone in dBov",
        "-127 to 0",
        dbov,
    )
}

pub(super) fn clip(config: &ClipConfig) -> Result<(), EngineError> {
    rate(config.rate)?;
    let samples = config.samples.len();
    check(samples > 0, "samples of a clip", "1 or more", samples)
}

fn rate(rate: SampleRate) -> Result<(), EngineError> {
    let fits = BUS_RATES.contains(&rate);
    check(fits, "rate in Hz", "8000, 16000 or 48000", rate.hz())
}

fn check(
    fits: bool,
    what: &'static str,
    allowed: &'static str,
    actual: impl std::fmt::Debug,
) -> Result<(), EngineError> {
    let actual = || format!("{actual:?}");
    fits.then_some(()).ok_or_else(|| EngineError::OutOfRange {
        what,
        allowed,
        actual: actual(),
    })
}
