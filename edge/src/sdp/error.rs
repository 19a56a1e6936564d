//! Why a description is of no use, and with which SIP status that is told.

use thiserror::Error;

use super::{LONGEST, MOST_LINES, MOST_PAYLOADS};

/// Why a description is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SdpError {
    /// Longer than is read.
    #[error("description of {actual} bytes, at most {LONGEST} are read")]
    TooLong {
        /// Its length in bytes.
        actual: usize,
    },
    /// Not SDP.
    #[error("not SDP: {what}")]
    Syntax {
        /// What the parser said.
        what: String,
    },
    /// More m-lines than anybody needs.
    #[error("{actual} m-lines, at most {MOST_LINES} are read")]
    TooManyLines {
        /// How many.
        actual: usize,
    },
    /// More payload types than anybody needs.
    #[error("{actual} payload types, at most {MOST_PAYLOADS} are read")]
    TooManyPayloads {
        /// How many.
        actual: usize,
    },
    /// No audio line over plain RTP.
    #[error("no audio over RTP/AVP")]
    NoAudio,
    /// The audio line is switched off with port 0.
    #[error("the audio line has port 0")]
    PortZero,
    /// One payload type stands for two codecs.
    #[error("payload type {payload_type} is named twice")]
    PayloadTwice {
        /// Which.
        payload_type: u8,
    },
    /// A payload type that is none.
    #[error("payload type {actual:?}, allowed is 0 to 127")]
    PayloadType {
        /// What the line said.
        actual: String,
    },
    /// No address to send media to.
    #[error("media address {actual:?}: {what}")]
    Address {
        /// What the description said.
        actual: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl SdpError {
    /// The SIP status this is refused with: 400 if it cannot be read, else 488.
    pub fn status(&self) -> u16 {
        match self {
            Self::Syntax { .. } | Self::PayloadType { .. } => 400,
            _ => 488,
        }
    }
}
