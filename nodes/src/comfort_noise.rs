//! Comfort noise: the level and the spectrum of a silence in a few octets, and noise that sounds like it.
//!
//! The first octet is the level in -dBov, those that follow are reflection coefficients of an all-pole model of the
//! spectrum (RFC 3389, sections 3.1 and 3.2). The level is that of the noise itself: the generator scales what drives its
//! filter so that what comes out has it. Owned by the worker that owns the leg; no I/O, no clock.

mod model;

use crate::meter::SILENCE;
use arrayvec::ArrayVec;
use model::{ORDER, reflections};
use talkpath_graph::SampleRate;

pub use model::ORDER as MOST_COEFFICIENTS;

/// The longest payload that is written: level and coefficients. Longer ones are read as far as this.
pub const MAX_PAYLOAD: usize = 1 + ORDER;

/// A silence in octets.
pub type Payload = ArrayVec<u8, MAX_PAYLOAD>;

/// Octet of a reflection coefficient of 0, and how many steps there are on each side (RFC 3389, section 3.2).
const MIDDLE: f32 = 127.0;

/// What a silence sounds like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// 0 to 127, in -dBov.
    level: u8,
    /// Reflection coefficients of the spectrum, within ±0.9999; zeros are white.
    reflections: [f32; ORDER],
}

impl Silence {
    /// Reads a payload: `None` when it is empty. Coefficients that are missing are 0, those beyond
    /// [`MOST_COEFFICIENTS`] are left out.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (level, coefficients) = payload.split_first()?;
        let mut reflections = [0.0; ORDER];
        for (reflection, octet) in reflections.iter_mut().zip(coefficients) {
            // 255 is reserved; it reads as the largest.
            *reflection = model::bounded((f32::from(*octet) - MIDDLE) * (258.0 / 32_768.0));
        }
        Some(Self {
            level: level & 0x7f,
            reflections,
        })
    }

    /// Of the sound in `pcm` (±1.0), for instance the last 20 ms.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    #[must_use]
    pub fn of(pcm: &[f32]) -> Self {
        Self {
            level: crate::meter::level_of(pcm),
            reflections: reflections(pcm),
        }
    }

    /// The payload.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn write(&self) -> Payload {
        let mut payload = Payload::new();
        payload.push(self.level);
        let octet = |reflection: &f32| {
            let steps = reflection * (32_768.0 / 258.0);
            (steps.round() + MIDDLE).clamp(0.0, 254.0) as u8
        };
        payload.extend(self.reflections.iter().map(octet));
        payload
    }

    /// The level in -dBov; 127 is silence.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Root mean square of the noise, 1.0 at full scale.
    fn loudness(&self) -> f32 {
        if self.level >= SILENCE {
            return 0.0;
        }
        10.0_f32.powf(f32::from(self.level) / -20.0)
    }
}

/// How much of the way to a new silence is gone each millisecond.
const APPROACH: f32 = 0.06;

/// Makes noise that sounds like a silence.
#[derive(Clone, Debug)]
pub struct Generator {
    target: Silence,
    /// Where level (linear) and spectrum are now.
    loudness: f32,
    reflections: [f32; ORDER],
    /// Samples in a millisecond: how often both move.
    step: usize,
    /// The lattice filter's delay line.
    backward: [f32; ORDER],
    random: u32,
}

impl Generator {
    /// Silent until it is told what to sound like. `seed` differs from stream to stream, so that the noises of several
    /// are not one.
    #[must_use]
    pub fn new(rate: SampleRate, seed: u32) -> Self {
        let nothing = Silence {
            level: SILENCE,
            reflections: [0.0; ORDER],
        };
        Self {
            target: nothing,
            loudness: 0.0,
            reflections: nothing.reflections,
            step: (rate.hz() / 1_000).max(1) as usize,
            backward: [0.0; ORDER],
            // Any state but 0 goes round.
            random: seed | 1,
        }
    }

    /// Sounds like `silence` from now on; it is approached within some tens of milliseconds. The first one is taken at
    /// once.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn follow(&mut self, silence: Silence) {
        if self.target.level >= SILENCE {
            self.loudness = silence.loudness();
            self.reflections = silence.reflections;
        }
        self.target = silence;
    }

    /// Writes the next samples, within ±1.0.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn fill(&mut self, out: &mut [f32]) {
        let loudness = self.target.loudness();
        for block in out.chunks_mut(self.step) {
            self.loudness += APPROACH * (loudness - self.loudness);
            for (now, target) in self.reflections.iter_mut().zip(self.target.reflections) {
                *now += APPROACH * (target - *now);
            }
            let drive = self.loudness * model::drive(&self.reflections);
            for sample in block {
                let noise = self.white() * drive;
                *sample =
                    model::lattice(&self.reflections, &mut self.backward, noise).clamp(-1.0, 1.0);
            }
        }
    }

    /// White noise of unit power, even between its bounds (xorshift, Marsaglia 2003).
    fn white(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        // Even over ±√3 has power 1.
        self.random.cast_signed() as f32 * (1.732_050_8 / 2_147_483_648.0)
    }
}

#[cfg(test)]
mod tests;
