//! Many channels side by side: states, samples and octets are laid across the lanes for a run and put back after it.

use super::kernel::Channels;
use super::{Decoder, Encoder, Mode};
use crate::convert::{FULL_SCALE, to_i32_saturated};
use multiversion::multiversion;

/// Channels that a bank codes at once.
pub const LANES: usize = 8;

/// Octets of a channel that are coded at a time: what stands on the stack.
const BLOCK: usize = 40;

/// One channel of [`encode_bank`]: its state, its samples in ±1.0 and where the octets go.
#[derive(Debug)]
pub struct Encoding<'a> {
    /// The channel's coder.
    pub encoder: &'a mut Encoder,
    /// Samples in ±1.0, two for each octet.
    pub pcm: &'a [f32],
    /// The octets.
    pub out: &'a mut [u8],
}

/// One channel of [`decode_bank`]: its state, its octets and where the samples go.
#[derive(Debug)]
pub struct Decoding<'a> {
    /// The channel's coder.
    pub decoder: &'a mut Decoder,
    /// The octets.
    pub payload: &'a [u8],
    /// Samples in ±1.0, two for each octet.
    pub out: &'a mut [f32],
}

/// As [`Encoder::encode`] on each channel, to the bit, [`LANES`] at a time. A channel handles as many octets as the
/// shortest channel of its group allows.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub fn encode_bank(channels: &mut [Encoding<'_>]) {
    for group in channels.chunks_mut(LANES) {
        encode_group::<LANES>(group);
    }
}

/// As [`Decoder::decode`] on each channel, to the bit, [`LANES`] at a time. A channel handles as many octets as the
/// shortest channel of its group allows.
///
/// Real-time: allocates no; blocks no; cost O(samples).
pub fn decode_bank(channels: &mut [Decoding<'_>], mode: Mode) {
    for group in channels.chunks_mut(LANES) {
        decode_group::<LANES>(group, mode);
    }
}

/// At most `N` channels, one for each lane.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn encode_group<const N: usize>(group: &mut [Encoding<'_>]) {
    let mut state = Channels::<N>::new();
    for (n, channel) in group.iter().enumerate() {
        state.take(n, &channel.encoder.0, 0);
    }
    let octets = |c: &Encoding<'_>| (c.pcm.len() / 2).min(c.out.len());
    let octets = group.iter().map(octets).min().unwrap_or(0);
    let (mut input, mut output) = ([[[0; N]; 2]; BLOCK], [[0; N]; BLOCK]);
    for from in (0..octets).step_by(BLOCK) {
        let count = BLOCK.min(octets - from);
        for (n, channel) in group.iter().enumerate() {
            let pairs = &channel.pcm.as_chunks::<2>().0[from..from + count];
            for (to, pair) in input.iter_mut().zip(pairs) {
                to[0][n] = to_i32_saturated(pair[0]);
                to[1][n] = to_i32_saturated(pair[1]);
            }
        }
        state.encode(&input[..count], &mut output);
        for (n, channel) in group.iter_mut().enumerate() {
            let octets = &mut channel.out[from..from + count];
            for (to, lanes) in octets.iter_mut().zip(&output) {
                *to = lanes[n] as u8;
            }
        }
    }
    for (n, channel) in group.iter_mut().enumerate() {
        channel.encoder.0.take(0, &state, n);
    }
}

/// At most `N` channels, one for each lane.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
pub(super) fn decode_group<const N: usize>(group: &mut [Decoding<'_>], mode: Mode) {
    let mut state = Channels::<N>::new();
    for (n, channel) in group.iter().enumerate() {
        state.take(n, &channel.decoder.0, 0);
    }
    let octets = |c: &Decoding<'_>| (c.out.len() / 2).min(c.payload.len());
    let octets = group.iter().map(octets).min().unwrap_or(0);
    let (mut input, mut output) = ([[0; N]; BLOCK], [[[0; N]; 2]; BLOCK]);
    for from in (0..octets).step_by(BLOCK) {
        let count = BLOCK.min(octets - from);
        for (n, channel) in group.iter().enumerate() {
            let octets = &channel.payload[from..from + count];
            for (to, &octet) in input.iter_mut().zip(octets) {
                to[n] = i32::from(octet);
            }
        }
        state.decode(&input[..count], mode, &mut output);
        for (n, channel) in group.iter_mut().enumerate() {
            let pairs = &mut channel.out.as_chunks_mut::<2>().0[from..from + count];
            for (to, pair) in pairs.iter_mut().zip(&output) {
                *to = [0, 1].map(|i| pair[i][n] as f32 * (1.0 / FULL_SCALE));
            }
        }
    }
    for (n, channel) in group.iter_mut().enumerate() {
        channel.decoder.0.take(0, &state, n);
    }
}
