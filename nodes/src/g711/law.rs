//! One sample of G.711 in arithmetic that vectorises: no table, no loop, no branch.
//!
//! Both laws are floating-point formats with a 3-bit exponent and a 4-bit mantissa, so an IEEE
//! single does the work: converting the biased magnitude to `f32` finds the segment (its exponent)
//! and the step (its top four mantissa bits) at once, `bits >> 19` is both of them, and writing the
//! same bits back expands a code.
//!
//! ITU-T G.711 (11/88) tables 1 and 2. The standard quantises 14-bit (µ-law) or 13-bit (A-law)
//! samples, so a 16-bit sample is first truncated, negative ones by one's complement: −1 encodes as
//! the negative zero. (An encoder that picks the nearest level instead differs in about 747 of the
//! 65,536 codes.)

/// Exponent bias of an IEEE single, in the position `bits >> 19` leaves it in.
const BIAS: i32 = 127 << 4;
/// µ-law adds 33 quarter-steps, 132 in 16-bit units, so that segment 0 starts at 2^7. (The two bits
/// the standard truncates lie below every step from there on: no shift is needed.)
pub(super) const ULAW_OFFSET: i32 = 132;
/// The largest magnitude that is still in segment 7 with the offset on.
const ULAW_CLIP: i32 = 0x7fff - ULAW_OFFSET;
/// Where µ-law's segment 0 starts: 2^7.
const ULAW_BASE: i32 = BIAS + (7 << 4);
/// A-law's segment 1 starts at 2^8, so by its exponent "segment 0" would start at 2^7.
const ALAW_BASE: i32 = BIAS + (7 << 4);
/// `bits >> 19` of a level scaled from 16-bit units to ±1.0 is smaller by this.
const SCALE: i32 = 15 << 4;
/// Half a quantiser step below the four mantissa bits.
const HALF_STEP: i32 = 1 << 18;
/// The sign bit of an IEEE single.
const SIGN: i32 = i32::MIN;
/// One 16-bit step in ±1.0.
pub(super) const LSB: f32 = 1.0 / 32768.0;

/// One 16-bit sample (as `i32`, range ±32768) to a µ-law code.
///
/// µ-law lines carry every bit inverted, hence the subtraction from all ones.
#[inline(always)]
pub(super) fn ulaw_compress(sample: i32) -> u8 {
    let sign = sample >> 31;
    let magnitude = (sample ^ sign).min(ULAW_CLIP) + ULAW_OFFSET;
    let code = (magnitude as f32).to_bits() as i32 >> 19;
    (0xff + ULAW_BASE - code - (sign & 0x80)) as u8
}

/// One 16-bit sample (as `i32`, range ±32768) to an A-law code.
///
/// A-law lines carry the even bits inverted.
#[inline(always)]
pub(super) fn alaw_compress(sample: i32) -> u8 {
    let sign = sample >> 31;
    let magnitude = sample ^ sign;
    let curved = ((magnitude as f32).to_bits() as i32 >> 19) - ALAW_BASE;
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        curved
    };
    (code ^ (sign & 0x80) ^ 0xd5) as u8
}

/// One µ-law code to its level in ±1.0 (an exact multiple of 1/32768, range ±32124).
#[inline(always)]
pub(super) fn ulaw_expand(code: u8) -> f32 {
    const TOP: i32 = ((ULAW_BASE - SCALE + 0x7f) << 19) + HALF_STEP;
    let code = i32::from(code);
    let biased = f32::from_bits((TOP - ((code & 0x7f) << 19)) as u32);
    let level = biased - ULAW_OFFSET as f32 * LSB;
    f32::from_bits((level.to_bits() as i32 | (!(code << 24) & SIGN)) as u32)
}

/// One A-law code to its level in ±1.0 (an exact multiple of 1/32768, range ±32256).
#[inline(always)]
pub(super) fn alaw_expand(code: u8) -> f32 {
    const BOTTOM: i32 = ((ALAW_BASE - SCALE) << 19) + HALF_STEP;
    let code = i32::from(code) ^ 0xd5;
    let curved = f32::from_bits((((code & 0x7f) << 19) + BOTTOM) as u32);
    // Segment 0 is linear: read it as segment 1, twice as much, and take that segment's offset off again. That is the
    // smaller of the two there, and nowhere else; as integers, whose minimum is one instruction.
    let linear = curved + curved - 256.0 * LSB;
    let level = curved.to_bits().min(linear.to_bits());
    f32::from_bits(level | ((code << 24) & SIGN) as u32)
}
