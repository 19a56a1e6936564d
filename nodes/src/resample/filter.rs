//! The three prototype filters, split into polyphase branches; designed once, then shared.

use super::design::{LowPass, low_pass};
use core::time::Duration;
use std::sync::OnceLock;
use talkpath_graph::SampleRate;

/// Low-rate samples on each side of a filter's centre.
const HALF: usize = 16;
/// Low-rate samples a branch looks back.
pub(super) const HISTORY: usize = 2 * HALF;
/// Taps of one branch, newest sample first.
pub(super) type Branch = [f32; HISTORY + 1];

/// Taps of a branch that the short filter has: a third of them.
pub(super) const SHORT: core::ops::RangeInclusive<usize> = 11..=21;
/// Low-rate samples from the short filter's centre to where it ends.
const REACH: f64 = 4.5;

/// Pass band edge, in parts of the lower rate.
const PASS: f64 = 0.43;
/// Stop band edge, in parts of the lower rate: as near as 92 dB at this length allow.
const STOP: f64 = 0.545;
/// Ripple of the pass band over that of the stop band: ±0.07 dB against −92 dB.
const STOP_WEIGHT: f64 = 320.0;

/// One pair of rates.
#[derive(Debug)]
pub(super) struct Filter {
    /// Higher rate over lower rate.
    pub ratio: usize,
    /// Delay of the audio, in either direction.
    pub latency: Duration,
    /// Going up, branch p makes the output samples ratio·i + p.
    pub up: Vec<Branch>,
    /// Going down, branch r takes the input samples ratio·i + r.
    pub down: Vec<Branch>,
    /// As `up`, of the short filter.
    pub short_up: Vec<Branch>,
    /// As `down`, of the short filter.
    pub short_down: Vec<Branch>,
}

impl Filter {
    fn design(low: SampleRate, high: SampleRate) -> Self {
        let ratio = (high.hz() / low.hz()) as usize;
        let scale = 1.0 / ratio as f64;
        let taps = low_pass(&LowPass {
            half: HALF * ratio,
            pass: PASS * scale,
            stop: STOP * scale,
            stop_weight: STOP_WEIGHT,
        });
        let tap = |index: Option<usize>, gain: f64| {
            index
                .and_then(|i| taps.get(i))
                .map_or(0.0, |t| (t * gain) as f32)
        };
        let branch =
            |each: &dyn Fn(usize) -> f32| core::array::from_fn::<_, { HISTORY + 1 }, _>(each);
        let up: Vec<_> = (0..ratio)
            .map(|p| branch(&|k| tap(Some(k * ratio + p), ratio as f64)))
            .collect();
        let down: Vec<_> = (0..ratio)
            .map(|r| branch(&|k| tap((k * ratio).checked_sub(r), 1.0)))
            .collect();
        let part = |n: usize| n as f64 * scale;
        let mut short_up: Vec<_> = up
            .iter()
            .enumerate()
            .map(|(p, b)| short(b, part(p)))
            .collect();
        let mut short_down: Vec<_> = down
            .iter()
            .enumerate()
            .map(|(r, b)| short(b, -part(r)))
            .collect();
        // Each output of the way up is one branch, of the way down all together.
        short_up
            .iter_mut()
            .for_each(|branch| level(core::slice::from_mut(branch)));
        level(&mut short_down);
        Self {
            ratio,
            latency: Duration::from_secs(1) * HALF as u32 / low.hz(),
            up,
            down,
            short_up,
            short_down,
        }
    }
}

/// The middle of a branch whose taps lie `offset` low-rate samples late, under a cosine window.
fn short(branch: &Branch, offset: f64) -> Branch {
    core::array::from_fn(|k| {
        let from_centre = k as f64 + offset - HALF as f64;
        let window = (from_centre / REACH).abs().min(1.0) * core::f64::consts::FRAC_PI_2;
        if SHORT.contains(&k) {
            (f64::from(branch[k]) * window.cos().powi(2)) as f32
        } else {
            0.0
        }
    })
}

/// Scales taps to a gain of one at 0 Hz.
fn level(branches: &mut [Branch]) {
    let sum: f64 = branches.iter().flatten().map(|tap| f64::from(*tap)).sum();
    let taps = branches.iter_mut().flatten();
    taps.for_each(|tap| *tap = (f64::from(*tap) / sum) as f32);
}

/// The filter between two rates, if there is one; designed at the first call.
pub(super) fn between(low: SampleRate, high: SampleRate) -> Option<&'static Filter> {
    static FILTERS: [OnceLock<Filter>; 3] = [const { OnceLock::new() }; 3];
    let slot = match (low.hz(), high.hz()) {
        (8_000, 16_000) => 0,
        (8_000, 48_000) => 1,
        (16_000, 48_000) => 2,
        _ => return None,
    };
    Some(FILTERS[slot].get_or_init(|| Filter::design(low, high)))
}
