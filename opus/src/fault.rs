//! Why nothing was coded.

/// Why a coder was not built, or a call did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpusFault {
    /// A sample rate that libopus does not code at.
    #[error("sample rate {actual} Hz, expected 8000, 12000, 16000, 24000 or 48000")]
    Rate {
        /// What was asked for.
        actual: u32,
    },
    /// A setting out of its range.
    #[error("{what} {actual}, expected {allowed}")]
    Setting {
        /// Which.
        what: &'static str,
        /// What is allowed.
        allowed: &'static str,
        /// What was asked for.
        actual: i64,
    },
    /// The samples are no Opus frame.
    #[error(
        "{actual} samples, expected 2.5, 5, 10, 20, 40 or 60 ms at {rate} Hz for {channels} channels"
    )]
    FrameSize {
        /// Samples of all channels.
        actual: usize,
        /// Sample rate in hertz.
        rate: u32,
        /// Channels.
        channels: usize,
    },
    /// The output is too short for what there is to write.
    #[error("the output is too short: room for {actual}")]
    OutputTooSmall {
        /// Octets, or samples of all channels, it holds.
        actual: usize,
    },
    /// The octets are no Opus packet.
    #[error("no Opus packet: {actual} octets")]
    InvalidPacket {
        /// Octets there are.
        actual: usize,
    },
    /// Another of two coders has other channels, so other memory.
    #[error("a coder of {actual} octets cannot take the state of one of {expected}")]
    OtherShape {
        /// Octets of the one to copy.
        expected: usize,
        /// Octets of this one.
        actual: usize,
    },
    /// libopus gave an error that says nothing of the caller's.
    #[error("libopus failed with {code}")]
    Internal {
        /// Its error code.
        code: i32,
    },
}
