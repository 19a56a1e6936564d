//! Opus (RFC 6716) for talkpath: libopus 1.6 in memory of our own, behind safe types.
//!
//! A coder is one block of memory that is allocated when it is built and never again: coding, controlling and copying
//! neither allocate nor block, so a worker may do all three, while building and dropping are the control side's. A
//! coder that was built alike can take over the state of another ([`Encoder::copy_from`], [`Decoder::copy_from`]).
//!
//! All that is `unsafe` stands in `raw.rs`. [`packet`] reads a packet's outside without libopus.

#![deny(unsafe_code)]

mod decoder;
mod encoder;
mod fault;
pub mod packet;
mod raw;

pub use decoder::Decoder;
pub use encoder::{Application, Encoder, EncoderConfig};
pub use fault::OpusFault;

/// Audio channels of a coder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One.
    #[default]
    Mono,
    /// Two, interleaved.
    Stereo,
}

impl Channels {
    /// How many.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// Sample rates that libopus codes at by itself, in hertz.
pub const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The version of libopus, as it names itself.
#[must_use]
pub fn version() -> &'static str {
    raw::version()
}
