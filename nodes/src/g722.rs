//! G.722: 16 kHz audio in 64 kbit/s, two sub-bands of adaptive differential coding; bit-exact with the ITU-T STL
//! vectors in all three modes.
//!
//! The coder is recursive in time, so that one channel has little to compute side by side; the kernels therefore take
//! `N` channels at once and one channel is the case of one lane. Samples are 16 bits; the `f32` forms take ±1.0,
//! rounded and saturated as [`convert::to_i16`](crate::convert::to_i16).
//!
//! An octet holds two samples. The RTP clock says 8,000 all the same (RFC 3551 4.5.2).
//!
//! ITU-T G.722 (09/2012).

mod band;
mod bank;
mod code;
mod kernel;
mod qmf;
mod tables;

pub use bank::{Decoding, Encoding, LANES, decode_bank, encode_bank};
pub use code::Mode;

use crate::convert::{FULL_SCALE, to_i32_saturated};
use kernel::Channels;
use multiversion::multiversion;

/// Octets that are coded at a time: what stands on the stack.
const BLOCK: usize = 40;

/// One channel to octets.
#[derive(Clone, Debug)]
pub struct Encoder(Channels<1>);

/// Octets to one channel.
#[derive(Clone, Debug)]
pub struct Decoder(Channels<1>);

impl Default for Encoder {
    fn default() -> Self {
        Self(Channels::new())
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self(Channels::new())
    }
}

impl Encoder {
    /// Samples in ±1.0 to octets, as many whole pairs as both slices hold.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn encode(&mut self, pcm: &[f32], out: &mut [u8]) {
        let pairs = pcm.as_chunks::<2>().0;
        for (pairs, out) in pairs.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            encode_one(&mut self.0, pairs, out);
        }
    }
}

impl Decoder {
    /// Octets to samples in ±1.0, as many as both slices hold.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn decode(&mut self, payload: &[u8], mode: Mode, out: &mut [f32]) {
        let pairs = out.as_chunks_mut::<2>().0;
        for (octets, pairs) in payload.chunks(BLOCK).zip(pairs.chunks_mut(BLOCK)) {
            decode_one(&mut self.0, octets, mode, pairs);
        }
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn encode_one(state: &mut Channels<1>, pairs: &[[f32; 2]], out: &mut [u8]) {
    let (mut input, mut octets) = ([[[0]; 2]; BLOCK], [[0]; BLOCK]);
    let count = pairs.len().min(out.len()).min(BLOCK);
    for (to, pair) in input.iter_mut().zip(pairs) {
        *to = pair.map(|x| [to_i32_saturated(x)]);
    }
    state.encode(&input[..count], &mut octets);
    for (to, octet) in out.iter_mut().zip(&octets[..count]) {
        *to = octet[0] as u8;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn decode_one(state: &mut Channels<1>, payload: &[u8], mode: Mode, pairs: &mut [[f32; 2]]) {
    let (mut octets, mut output) = ([[0]; BLOCK], [[[0]; 2]; BLOCK]);
    let count = payload.len().min(pairs.len()).min(BLOCK);
    for (to, &octet) in octets.iter_mut().zip(payload) {
        *to = [i32::from(octet)];
    }
    state.decode(&octets[..count], mode, &mut output);
    for (to, pair) in pairs.iter_mut().zip(&output[..count]) {
        *to = pair.map(|[x]| x as f32 * (1.0 / FULL_SCALE));
    }
}
