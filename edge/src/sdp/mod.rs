//! SDP: what a phone describes, and what we describe to it.
//!
//! Pure functions on the control side; `sdp-types` reads and writes the lines, the meaning is
//! here: one audio stream is picked from the other side's description ([`read`]), ours is
//! written with every other m-line kept in its place and refused with port 0 ([`Description`]).
//! RFC 8866 (SDP), RFC 3264 (offer and answer), RFC 3605 (`a=rtcp`), RFC 5761 (rtcp-mux),
//! RFC 4566 hold by `c=0.0.0.0`.
//!
//! Which codec is spoken is decided by [`talkpath_engine::negotiate`], which knows no SDP.

mod error;
mod read;
mod write;

pub use error::SdpError;
pub use read::{Remote, RemoteLine, read};
pub use write::{Description, Place};

/// Content type of all of it.
pub const CONTENT_TYPE: &str = "application/sdp";
/// Longest description read, in bytes.
pub const LONGEST: usize = 16 * 1024;
/// Most m-lines of a description.
pub const MOST_LINES: usize = 16;
/// Most payload types of the audio line.
pub const MOST_PAYLOADS: usize = 64;

#[cfg(test)]
mod tests;
