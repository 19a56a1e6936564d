//! Quantisers of the two sub-bands, and back.
//!
//! ITU-T G.722 (09/2012), clauses 6.2.1.1 (QUANTL, QUANTH) and 6.2.1.2, 6.2.2.1 (INVQAL, INVQBL, INVQAH).

use super::band::{Lanes, look_up};
use super::tables::{Q2, Q6, QM2, QM4, QM5, QM6};

/// How many bits of an octet carry audio. The encoder always makes 64 kbit/s; the lowest bits of the lower band may
/// be taken for data on the way, and the decoder is told how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// 64 kbit/s: six bits of the lower band. What RTP carries (RFC 3551 4.5.2).
    #[default]
    Kbit64,
    /// 56 kbit/s: five.
    Kbit56,
    /// 48 kbit/s: four.
    Kbit48,
}

/// Magnitude of a difference in ones' complement, as the quantisers compare it.
#[inline(always)]
fn magnitude(difference: i32) -> i32 {
    difference ^ (difference >> 31)
}

/// The 6-bit codes of differences (table 14): they fall with the interval, from 61 for positive ones; for negative ones
/// from 63, with a step of 30 after the second.
#[inline(always)]
pub(super) fn quantise_low<const N: usize>(differences: &Lanes<N>, scales: &Lanes<N>) -> Lanes<N> {
    let mut intervals = [1; N];
    // Every level, no early end: the levels rise, so counting those reached is searching for the first not reached.
    for level in Q6 {
        for n in 0..N {
            let reached = magnitude(differences[n]) >= (level * scales[n]) >> 12;
            intervals[n] += i32::from(reached);
        }
    }
    let mut codes = [0; N];
    for n in 0..N {
        let interval = intervals[n];
        let step = if interval < 3 { 30 } else { 0 };
        let negative = differences[n] >> 31;
        codes[n] = 62 - interval + (negative & (step - 28));
    }
    codes
}

/// The 2-bit codes of differences.
#[inline(always)]
pub(super) fn quantise_high<const N: usize>(differences: &Lanes<N>, scales: &Lanes<N>) -> Lanes<N> {
    let mut codes = [0; N];
    for n in 0..N {
        let outer = magnitude(differences[n]) >= (Q2 * scales[n]) >> 12;
        codes[n] = ((differences[n] >> 31) & -2) + 3 - i32::from(outer);
    }
    codes
}

/// The levels of a table by code, scaled.
#[inline(always)]
fn scaled<const N: usize>(levels: Lanes<N>, scales: &Lanes<N>) -> Lanes<N> {
    let mut differences = [0; N];
    for n in 0..N {
        differences[n] = (scales[n] * levels[n]) >> 15;
    }
    differences
}

/// The differences that adapt the lower band, from the four upper bits of its codes.
#[inline(always)]
pub(super) fn adapting_low<const N: usize>(codes: &Lanes<N>, scales: &Lanes<N>) -> Lanes<N> {
    scaled(look_up(&QM4, &codes.map(|code| code >> 2)), scales)
}

/// The differences that are heard of the lower band.
#[inline(always)]
pub(super) fn heard_low<const N: usize>(
    codes: &Lanes<N>,
    scales: &Lanes<N>,
    mode: Mode,
) -> Lanes<N> {
    let levels = match mode {
        Mode::Kbit64 => look_up(&QM6, codes),
        Mode::Kbit56 => look_up(&QM5, &codes.map(|code| code >> 1)),
        Mode::Kbit48 => look_up(&QM4, &codes.map(|code| code >> 2)),
    };
    scaled(levels, scales)
}

/// The differences of the higher band.
#[inline(always)]
pub(super) fn difference_high<const N: usize>(codes: &Lanes<N>, scales: &Lanes<N>) -> Lanes<N> {
    scaled(look_up(&QM2, codes), scales)
}
