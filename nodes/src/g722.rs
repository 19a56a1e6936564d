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

use kernel::Channels;

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
        let encoder = self;
        bank::encode_group::<1>(&mut [Encoding { encoder, pcm, out }]);
    }
}

impl Decoder {
    /// Octets to samples in ±1.0, as many as both slices hold.
    ///
    /// Real-time: allocates no; blocks no; cost O(samples).
    pub fn decode(&mut self, payload: &[u8], mode: Mode, out: &mut [f32]) {
        let channel = Decoding {
            decoder: self,
            payload,
            out,
        };
        bank::decode_group::<1>(&mut [channel], mode);
    }
}
