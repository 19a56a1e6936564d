//! The adaptive predictor and the scale factor of one sub-band, `N` channels side by side.
//!
//! All words are 16-bit values kept in `i32` lanes; what the Recommendation saturates is clamped. Look-ups and arithmetic
//! stand in loops of their own over the lanes: those of arithmetic alone become vector code.
//!
//! ITU-T G.722 (09/2012), clauses 6.2.1.3 to 6.2.1.6 and 6.2.2: block 3 (scale factor) and block 4 (predictor).

use super::tables::ILB;

/// One word for each channel.
pub(super) type Lanes<const N: usize> = [i32; N];

/// Writes a state of `N` channels with the ways in and out of its lanes.
macro_rules! lanes {
    ($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $words:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(super) struct $name<const N: usize> {
            $($(#[$field_doc])* pub(super) $field: [Lanes<N>; $words],)*
        }

        impl<const N: usize> $name<N> {
            /// Copies channel `from` of another state into channel `n`.
            #[inline(always)]
            pub(super) fn take<const M: usize>(&mut self, n: usize, other: &$name<M>, from: usize) {
                $(for (to, word) in self.$field.iter_mut().zip(&other.$field) {
                    to[n] = word[from];
                })*
            }
        }
    };
}
pub(super) use lanes;

lanes! {
    /// What a sub-band remembers.
    struct Band {
        /// Quantised differences, youngest first.
        d: 6,
        /// Coefficients of the zeros.
        b: 6,
        /// Reconstructed samples, youngest first.
        r: 2,
        /// Partially reconstructed samples, youngest first.
        p: 2,
        /// Coefficients of the poles.
        a: 2,
        /// What the zeros predict.
        zeros: 1,
        /// What both predict.
        predicted: 1,
        /// Logarithm of the scale factor.
        log: 1,
        /// The scale factor.
        scale: 1,
    }
}

/// What differs between the two bands in how the scale factor follows its logarithm (LOGSCL, SCALEL and LOGSCH,
/// SCALEH).
#[derive(Clone, Copy)]
pub(super) struct Scaling {
    /// The longest logarithm.
    pub(super) most: i32,
    /// Where the exponent begins.
    pub(super) exponent: i32,
}

pub(super) const LOW: Scaling = Scaling {
    most: 18_432,
    exponent: 8,
};
pub(super) const HIGH: Scaling = Scaling {
    most: 22_528,
    exponent: 10,
};

/// To the range of 16 bits.
#[inline(always)]
pub(super) fn saturate(word: i32) -> i32 {
    word.clamp(-32_768, 32_767)
}

/// The range of a sub-band signal (LIMIT).
#[inline(always)]
pub(super) fn limit(word: i32) -> i32 {
    word.clamp(-16_384, 16_383)
}

/// `word` with its sign turned where `signs`, the exclusive or of two words, is negative.
#[inline(always)]
fn signed(word: i32, signs: i32) -> i32 {
    let mask = signs >> 31;
    (word ^ mask) - mask
}

impl<const N: usize> Band<N> {
    /// The start state (clause 6.2.1.7), `scale` in every lane.
    pub(super) fn new(scale: i32) -> Self {
        let zero = [0; N];
        Self {
            d: [zero; 6],
            b: [zero; 6],
            r: [zero; 2],
            p: [zero; 2],
            a: [zero; 2],
            zeros: [zero],
            predicted: [zero],
            log: [zero],
            scale: [[scale; N]],
        }
    }

    /// The scale factors for the next sample, from the logarithmic steps of this one's codes.
    #[inline(always)]
    pub(super) fn rescale(&mut self, steps: &Lanes<N>, by: Scaling) {
        let logs = &mut self.log[0];
        for (log, step) in logs.iter_mut().zip(steps) {
            *log = (((*log * 32_512) >> 15) + step).clamp(0, by.most);
        }
        let mantissas = look_up(&ILB, &logs.map(|log| log >> 6));
        for n in 0..N {
            // At most one more than the exponent, so one place to the left first and never back.
            let places = by.exponent + 1 - (logs[n] >> 11);
            self.scale[0][n] = ((mantissas[n] << 1) >> places) << 2;
        }
    }

    /// The predictors after the quantised differences `d`; leaves the predictions of the next sample.
    #[inline(always)]
    pub(super) fn adapt(&mut self, d: &Lanes<N>) {
        self.adapt_poles(d);
        self.adapt_zeros(d);
        for n in 0..N {
            let (a1, a2) = (self.a[0][n], self.a[1][n]);
            let (r1, r2) = (self.r[0][n], self.r[1][n]);
            // FILTEP and PREDIC.
            let poles = saturate(((a1 * saturate(r1 * 2)) >> 15) + ((a2 * saturate(r2 * 2)) >> 15));
            self.predicted[0][n] = saturate(poles + self.zeros[0][n]);
        }
    }

    /// RECONS, PARREC, UPPOL2 and UPPOL1.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "lanes of several words")]
    fn adapt_poles(&mut self, d: &Lanes<N>) {
        for n in 0..N {
            let reconstructed = saturate(self.predicted[0][n] + d[n]);
            let partial = saturate(self.zeros[0][n] + d[n]);
            let (p1, p2) = (self.p[0][n], self.p[1][n]);
            let (a1, a2) = (self.a[0][n], self.a[1][n]);
            let towards = signed(saturate(a1 << 2), !(partial ^ p1)).min(32_767);
            let sign = signed(128, partial ^ p2);
            let a2 = (sign + (towards >> 7) + ((a2 * 32_512) >> 15)).clamp(-12_288, 12_288);
            let most = 15_360 - a2;
            let a1 = saturate(signed(192, partial ^ p1) + ((a1 * 32_640) >> 15));
            (self.a[0][n], self.a[1][n]) = (a1.max(-most).min(most), a2);
            (self.p[0][n], self.p[1][n]) = (partial, p1);
            (self.r[0][n], self.r[1][n]) = (reconstructed, self.r[0][n]);
        }
    }

    /// UPZERO, DELAYA and FILTEZ in one pass over the taps, eldest first as the sums saturate in that order.
    #[inline(always)]
    fn adapt_zeros(&mut self, d: &Lanes<N>) {
        let mut zeros = [0; N];
        for tap in (0..6).rev() {
            let entering = if tap == 0 { *d } else { self.d[tap - 1] };
            for n in 0..N {
                let gain = if d[n] == 0 { 0 } else { 128 };
                let old = self.d[tap][n];
                let b = saturate(signed(gain, old ^ d[n]) + ((self.b[tap][n] * 32_640) >> 15));
                self.b[tap][n] = b;
                zeros[n] = saturate(zeros[n] + ((b * saturate(entering[n] * 2)) >> 15));
            }
            self.d[tap] = entering;
        }
        self.zeros[0] = zeros;
    }
}

/// What stands in `table` at each of `places`, which are taken modulo its length, a power of two.
#[inline(always)]
pub(super) fn look_up<const N: usize, const L: usize>(
    table: &[i32; L],
    places: &Lanes<N>,
) -> Lanes<N> {
    places.map(|place| table[place as usize & (L - 1)])
}
