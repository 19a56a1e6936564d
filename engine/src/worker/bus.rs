//! One bus of a room: the sum of all legs of one rate, and what the other rates add to it.
//!
//! Sums are Q19 integers, so they are exact and order-free (D4): what a leg hears is the
//! difference of two integers, and its own voice cancels to the bit. A sum is accumulated
//! while the ingress of the legs runs (`gathering`), and stands still (`sum`) while their
//! egress does; the mix slot turns one into the other. Each sum of another rate is resampled
//! once per room, never once per leg.
//!
//! Built by the supervisor; owned by the worker.

use arrayvec::ArrayVec;
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::mix::FULL_SCALE;
use talkpath_nodes::resample::Resampler;

use super::far::Far;

/// The rates a room can have a bus for.
pub const BUS_RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_48000,
];

/// A room's bus at one rate.
#[derive(Debug)]
pub struct Bus {
    rate: SampleRate,
    gathering: Box<[i32]>,
    sum: Box<[i32]>,
    /// This bus's sum as ±1.0 samples, for the other rates' resamplers.
    wide: Box<[f32]>,
    /// The other rates' sums at this rate.
    cross: Box<[f32]>,
    resampled: Box<[f32]>,
    from: ArrayVec<(SampleRate, Resampler), 2>,
    crossed: bool,
    /// It has been there for a mix.
    closed: bool,
    /// By worker, this one's left unused; empty when there is only one.
    far: Box<[Far]>,
}

impl Bus {
    /// A silent bus with resamplers from every other bus rate, of a room that may be spread over `workers`. Control
    /// side: allocates.
    #[must_use]
    pub fn new(rate: SampleRate, frame: FrameTime, workers: usize) -> Self {
        let n = frame.samples(rate).0 as usize;
        let from = BUS_RATES
            .into_iter()
            .filter(|&other| other != rate)
            .filter_map(|other| Resampler::new(other, rate).ok().map(|r| (other, r)))
            .collect();
        Self {
            rate,
            gathering: vec![0; n].into(),
            sum: vec![0; n].into(),
            wide: vec![0.0; n].into(),
            cross: vec![0.0; n].into(),
            resampled: vec![0.0; n].into(),
            from,
            crossed: false,
            closed: false,
            far: (0..workers)
                .filter(|_| workers > 1)
                .map(|_| Far::new(rate))
                .collect(),
        }
    }

    /// Its rate.
    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Where the legs of the coming mix add themselves, Q19.
    pub fn gathering(&mut self) -> &mut [i32] {
        &mut self.gathering
    }

    /// The sum of the last mix at this rate, Q19.
    #[must_use]
    pub fn sum(&self) -> &[i32] {
        &self.sum
    }

    /// What the other rates added in the last mix, ±1.0; empty when this is the only rate.
    #[must_use]
    pub fn cross(&self) -> &[f32] {
        if self.crossed { &self.cross } else { &[] }
    }

    /// Adds what another worker's legs add up to (D5), or what takes its place when it did not come.
    pub(super) fn add_far(&mut self, worker: u8, partial: Option<&[i32]>) {
        if let Some(far) = self.far.get_mut(usize::from(worker)) {
            far.add(partial, &mut self.sum);
        }
    }

    /// What another worker has sent is forgotten: its part of the room is a new one.
    pub(super) fn forget_far(&mut self, worker: u8) {
        if let Some(far) = self.far.get_mut(usize::from(worker)) {
            far.forget();
        }
    }

    /// Closes the sum gathered so far and starts the next one.
    fn close(&mut self) {
        core::mem::swap(&mut self.gathering, &mut self.sum);
        self.gathering.fill(0);
        self.closed = true;
    }

    /// Whether it has been there for a mix.
    pub(super) fn has_been_closed(&self) -> bool {
        self.closed
    }

    /// Nothing gathered: the mix it was for has been skipped.
    pub fn forget(&mut self) {
        self.gathering.fill(0);
    }

    /// Makes the sum readable by resamplers.
    fn widen(&mut self) {
        for (w, &s) in self.wide.iter_mut().zip(&*self.sum) {
            *w = s as f32 * (1.0 / FULL_SCALE as f32);
        }
    }

    /// Adds another rate's sum.
    fn add_from(&mut self, rate: SampleRate, wide: &[f32], short: bool) {
        let Some((_, resampler)) = self.from.iter_mut().find(|(r, _)| *r == rate) else {
            return;
        };
        resampler.set_short(short);
        resampler.process(wide, &mut self.resampled);
        for (c, &r) in self.cross.iter_mut().zip(&*self.resampled) {
            *c += r;
        }
    }
}

/// Closes every bus of a room: what was gathered is the sum of this worker's legs, and gathering begins anew.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub fn close(buses: &mut ArrayVec<Box<Bus>, 3>) {
    for bus in buses.iter_mut() {
        bus.close();
    }
}

/// Lets each bus hear the others (D4), once its sum is complete.
///
/// Real-time: allocates no; blocks no; cost O(samples), plus one resampling per ordered pair of
/// rates present.
///
/// With `short` set the resamplers take their short filters (D15).
pub fn cross(buses: &mut ArrayVec<Box<Bus>, 3>, short: bool) {
    let rates = buses.len();
    if rates == 1 {
        buses[0].crossed = false;
        return;
    }
    for bus in buses.iter_mut() {
        bus.widen();
        bus.cross.fill(0.0);
        bus.crossed = true;
    }
    for a in 0..rates {
        for b in a + 1..rates {
            if let Ok([one, other]) = buses.get_disjoint_mut([a, b]) {
                one.add_from(other.rate, &other.wide, short);
                other.add_from(one.rate, &one.wide, short);
            }
        }
    }
}
