//! The quadrature mirror filters: 16 kHz to two bands of 8 kHz, and back.
//!
//! ITU-T G.722 (09/2012), clause 6.1.

use super::band::{Lanes, lanes, limit, saturate};
use super::tables::QMF;

lanes! {
    /// The last 24 samples (of the two bands' differences and sums on the way back), eldest first.
    struct Delay {
        even: 12,
        odd: 12,
    }
}

impl<const N: usize> Delay<N> {
    pub(super) fn new() -> Self {
        Self {
            even: [[0; N]; 12],
            odd: [[0; N]; 12],
        }
    }

    /// A pair enters, elder sample first.
    #[inline(always)]
    fn push(&mut self, elder: Lanes<N>, younger: Lanes<N>) {
        self.even.copy_within(1.., 0);
        self.odd.copy_within(1.., 0);
        self.even[11] = elder;
        self.odd[11] = younger;
    }

    /// The two phases of the filter in lane `n`, not yet scaled.
    #[inline(always)]
    fn phases(&self, n: usize) -> (i32, i32) {
        let (mut even, mut odd) = (0, 0);
        for tap in 0..12 {
            even += self.even[tap][n] * QMF[tap];
            odd += self.odd[tap][n] * QMF[11 - tap];
        }
        (even, odd)
    }
}

/// A pair of samples to one of the lower and one of the higher band.
#[inline(always)]
pub(super) fn split<const N: usize>(
    delay: &mut Delay<N>,
    elder: Lanes<N>,
    younger: Lanes<N>,
) -> (Lanes<N>, Lanes<N>) {
    delay.push(elder, younger);
    let (mut low, mut high) = ([0; N], [0; N]);
    for n in 0..N {
        let (even, odd) = delay.phases(n);
        low[n] = limit((even + odd) >> 14);
        high[n] = limit((odd - even) >> 14);
    }
    (low, high)
}

/// One sample of each band to a pair of samples, elder first.
#[inline(always)]
pub(super) fn join<const N: usize>(
    delay: &mut Delay<N>,
    low: Lanes<N>,
    high: Lanes<N>,
) -> (Lanes<N>, Lanes<N>) {
    let (mut sum, mut difference) = ([0; N], [0; N]);
    for n in 0..N {
        sum[n] = low[n] + high[n];
        difference[n] = low[n] - high[n];
    }
    delay.push(sum, difference);
    let (mut elder, mut younger) = ([0; N], [0; N]);
    for n in 0..N {
        let (even, odd) = delay.phases(n);
        elder[n] = saturate(odd >> 11);
        younger[n] = saturate(even >> 11);
    }
    (elder, younger)
}
