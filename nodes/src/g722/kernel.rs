//! The loops over samples, for `N` channels side by side, compiled for each instruction set.

use super::band::{Band, HIGH, LOW, Lanes, limit, look_up, saturate};
use super::code::{Mode, adapting_low, difference_high, heard_low, quantise_high, quantise_low};
use super::qmf::{Delay, join, split};
use super::tables::{LOG_HIGH, LOG_LOW};

/// Both sub-bands and the filter between them and 16 kHz: the state of `N` encoders or of `N` decoders.
#[derive(Clone, Debug)]
pub(super) struct Channels<const N: usize> {
    delay: Delay<N>,
    low: Band<N>,
    high: Band<N>,
}

impl<const N: usize> Channels<N> {
    pub(super) fn new() -> Self {
        Self {
            delay: Delay::new(),
            low: Band::new(32),
            high: Band::new(8),
        }
    }

    /// Copies channel `from` of another state into channel `n`.
    #[inline(always)]
    pub(super) fn take<const M: usize>(&mut self, n: usize, other: &Channels<M>, from: usize) {
        self.delay.take(n, &other.delay, from);
        self.low.take(n, &other.low, from);
        self.high.take(n, &other.high, from);
    }

    /// Pairs of 16-bit samples to octets.
    #[inline(always)]
    pub(super) fn encode(&mut self, pairs: &[[Lanes<N>; 2]], out: &mut [Lanes<N>]) {
        for (&[elder, younger], octets) in pairs.iter().zip(out) {
            let (low, high) = split(&mut self.delay, elder, younger);

            let codes = quantise_low(&self.low.difference(&low), &self.low.scale[0]);
            self.low.follow_low(&codes);
            *octets = codes;

            let codes = quantise_high(&self.high.difference(&high), &self.high.scale[0]);
            let differences = difference_high(&codes, &self.high.scale[0]);
            self.high.follow_high(&codes, &differences);
            for n in 0..N {
                octets[n] |= codes[n] << 6;
            }
        }
    }

    /// Octets to pairs of 16-bit samples.
    #[inline(always)]
    pub(super) fn decode(&mut self, octets: &[Lanes<N>], mode: Mode, out: &mut [[Lanes<N>; 2]]) {
        for (octets, pair) in octets.iter().zip(out) {
            let codes = octets.map(|octet| octet & 63);
            let low = self.low.sum(&heard_low(&codes, &self.low.scale[0], mode));
            self.low.follow_low(&codes);

            let codes = octets.map(|octet| octet >> 6);
            let differences = difference_high(&codes, &self.high.scale[0]);
            let high = self.high.sum(&differences);
            self.high.follow_high(&codes, &differences);
            (pair[0], pair[1]) = join(&mut self.delay, low, high);
        }
    }
}

impl<const N: usize> Band<N> {
    /// What the predictions miss of a sub-band's samples (SUBTRA).
    #[inline(always)]
    fn difference(&self, samples: &Lanes<N>) -> Lanes<N> {
        let mut differences = [0; N];
        for n in 0..N {
            differences[n] = saturate(samples[n] - self.predicted[0][n]);
        }
        differences
    }

    /// The predictions and what they missed: the samples that are heard.
    #[inline(always)]
    fn sum(&self, differences: &Lanes<N>) -> Lanes<N> {
        let mut samples = [0; N];
        for n in 0..N {
            samples[n] = limit(saturate(self.predicted[0][n] + differences[n]));
        }
        samples
    }

    /// Adapts the lower band.
    #[inline(always)]
    fn follow_low(&mut self, codes: &Lanes<N>) {
        let differences = adapting_low(codes, &self.scale[0]);
        let steps = look_up(&LOG_LOW, &codes.map(|code| code >> 2));
        self.rescale(&steps, LOW);
        self.adapt(&differences);
    }

    /// Adapts the higher band.
    #[inline(always)]
    fn follow_high(&mut self, codes: &Lanes<N>, differences: &Lanes<N>) {
        self.rescale(&look_up(&LOG_HIGH, codes), HIGH);
        self.adapt(differences);
    }
}
