//! The tables of G.722 (ITU-T G.722 (09/2012), clause 6.2), values as in the Recommendation.

/// Taps of the quadrature mirror filters (table 11), the first half in reading order: even ones weigh the older, odd
/// ones the younger sample of a pair; the other half is the mirror image.
pub(super) const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// Decision levels of the 6-bit lower band quantiser (table 14), scaled to eighths; level 0 is no boundary.
pub(super) const Q6: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// Output of the 4-bit inverse quantiser of the lower band (table 17).
pub(super) const QM4: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];

/// Output of the 5-bit inverse quantiser of the lower band (table 18).
pub(super) const QM5: [i32; 32] = [
    -280, -280, -23352, -17560, -14120, -11664, -9752, -8184, -6864, -5712, -4696, -3784, -2960,
    -2208, -1520, -880, 23352, 17560, 14120, 11664, 9752, 8184, 6864, 5712, 4696, 3784, 2960, 2208,
    1520, 880, 280, -280,
];

/// Output of the 6-bit inverse quantiser of the lower band (table 19).
pub(super) const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];

/// Output of the inverse quantiser of the higher band (table 16).
pub(super) const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];

/// Decision level of the higher band's quantiser, scaled as [`Q6`].
pub(super) const Q2: i32 = 564;

/// Logarithmic step of the lower band by 4-bit code (tables 13 and 20, one after the other).
pub(super) const LOG_LOW: [i32; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];

/// Logarithmic step of the higher band by 2-bit code.
pub(super) const LOG_HIGH: [i32; 4] = [798, -214, 798, -214];

/// 2048 · 2^(n/32): the mantissa of the scale factor (table 12).
pub(super) const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
