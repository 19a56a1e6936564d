//! RTP packets: the box a packet travels in, the parser and the writer.
//!
//! A [`Packet`] is filled by a network shard, moves as `Box<Packet>` through a ring to the worker, waits
//! in the jitter buffer and goes back empty; the way out is the mirror image. It has exactly one owner at
//! any time. The parser borrows the datagram, so it may run before a box is taken.
//!
//! Clauses: RFC 3550 section 5.1 (fixed header, CSRC, padding, extension), RFC 8285 (extension elements,
//! see [`Extension`]). Why not an RTP crate: the whole check is two dozen lines, and every line of it
//! is a refusal that has to be counted under its own name.

use arrayvec::ArrayVec;
use core::ops::Range;
use core::time::Duration;

mod extension;

pub use extension::{AudioLevel, Element, Elements, Extension};

/// Bytes of payload a packet can carry (D16). Larger ones are refused by [`parse`].
pub const MAX_PAYLOAD: usize = 1280;

/// Bytes of the fixed RTP header, which is all that talkpath writes.
pub const HEADER_LEN: usize = 12;

/// Bytes of the largest datagram that [`write()`] makes.
pub const MAX_DATAGRAM: usize = HEADER_LEN + MAX_PAYLOAD;

/// The fields of the fixed RTP header that somebody needs after parsing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0..=127.
    pub payload_type: u8,
    /// Marker bit: first packet of a talk spurt.
    pub marker: bool,
    /// Sequence number, one per packet, wraps.
    pub sequence: u16,
    /// Media timestamp of the first sample, in ticks of the codec's RTP clock, wraps.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// One RTP packet on its way through the engine. About 1.3 KB, so it is only ever moved as a box.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The leg it belongs to, as the bits of its handle.
    pub leg: u64,
    /// Ingress: when the kernel received it. Time since the engine clock's epoch.
    pub received: Duration,
    /// Egress: the shard holds it until this time. Time since the engine clock's epoch.
    pub not_before: Duration,
    /// The RTP header.
    pub header: Header,
    /// The worker whose box it is: where an egress box goes back to, and where an ingress box was sent.
    pub worker: u8,
    /// Which of the workers that have been in that place, counted from 0; goes with `worker`.
    pub epoch: u16,
    /// Egress: how often the leg has been built anew after the loss of a worker.
    pub life: u16,
    /// Egress: ticks of the timestamp per second.
    pub clock_rate: u32,
    /// Egress: nanoseconds from when the room's sum that begins it was mixed to `not_before`. A whole [`Duration`] here
    /// would make every box 16 octets longer.
    pub since_mix: u32,
    payload: ArrayVec<u8, MAX_PAYLOAD>,
}

/// A payload longer than [`MAX_PAYLOAD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload of {actual} bytes, at most {limit} fit")]
pub struct TooLarge {
    /// Bytes that fit.
    pub limit: usize,
    /// Bytes that were offered.
    pub actual: usize,
}

impl Packet {
    /// A packet without content.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            leg: 0,
            received: Duration::ZERO,
            not_before: Duration::ZERO,
            header: Header::default(),
            worker: 0,
            epoch: 0,
            life: 0,
            clock_rate: 0,
            since_mix: 0,
            payload: ArrayVec::new_const(),
        }
    }

    /// Egress: when the room's sum that begins it was mixed. Time since the engine clock's epoch.
    #[must_use]
    pub fn mixed(&self) -> Duration {
        let since = Duration::from_nanos(u64::from(self.since_mix));
        self.not_before.saturating_sub(since)
    }

    /// The payload bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Replaces the payload.
    ///
    /// Real-time: allocates no; blocks no; cost O(bytes).
    ///
    /// # Errors
    /// [`TooLarge`] above [`MAX_PAYLOAD`] bytes; the payload is left empty then.
    pub fn set_payload(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        self.payload.clear();
        self.payload
            .try_extend_from_slice(bytes)
            .map_err(|_| TooLarge {
                limit: MAX_PAYLOAD,
                actual: bytes.len(),
            })
    }

    /// Appends as many of `bytes` as fit.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.payload.remaining_capacity());
        // It fits by construction, so there is nothing to report.
        self.payload
            .try_extend_from_slice(&bytes[..fits])
            .unwrap_or_default();
    }

    /// Makes the packet empty again, for its way back to the inventory.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn reset(&mut self) {
        self.payload.clear();
        self.header = Header::default();
        self.leg = 0;
        self.received = Duration::ZERO;
        self.not_before = Duration::ZERO;
    }
}

impl Default for Packet {
    fn default() -> Self {
        Self::empty()
    }
}

/// Why a datagram is not an RTP packet that talkpath accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// Shorter than the fixed header, CSRC list or extension it announces.
    #[error("datagram of {actual} bytes, at least {expected} announced")]
    Truncated {
        /// Bytes announced up to this point of the header.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// The version field is not 2.
    #[error("RTP version {actual}, expected 2")]
    Version {
        /// The version found.
        actual: u8,
    },
    /// The padding count is 0 or longer than what follows the header.
    #[error("padding count {count} with {available} bytes after the header")]
    Padding {
        /// The last byte of the datagram.
        count: u8,
        /// Bytes after the header and extension.
        available: usize,
    },
    /// More payload than a box holds.
    #[error("payload of {actual} bytes, at most {limit} fit")]
    TooLarge {
        /// [`MAX_PAYLOAD`].
        limit: usize,
        /// Bytes of payload.
        actual: usize,
    },
}

/// Reads one RTP packet: the header, where the payload lies in `datagram` (padding cut off, possibly
/// empty), and the header extension if there is one. Extension elements are not looked at here, so a broken
/// element never costs the packet.
///
/// Real-time: allocates no; blocks no; cost O(1), about 5 ns.
///
/// # Errors
/// [`ParseFault`] names the first rule of RFC 3550 section 5.1 that is broken.
pub fn parse(datagram: &[u8]) -> Result<(Header, Range<usize>, Option<Extension>), ParseFault> {
    let truncated = |expected| ParseFault::Truncated {
        expected,
        actual: datagram.len(),
    };
    let Some((fixed, _)) = datagram.split_first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN));
    };
    if fixed[0] >> 6 != 2 {
        return Err(ParseFault::Version {
            actual: fixed[0] >> 6,
        });
    }
    let mut start = HEADER_LEN + 4 * usize::from(fixed[0] & 0x0f);
    if datagram.len() < start {
        return Err(truncated(start));
    }
    let mut extension = None;
    if fixed[0] & 0x10 != 0 {
        let Some((head, _)) = datagram[start..].split_first_chunk::<4>() else {
            return Err(truncated(start + 4));
        };
        let from = start + 4;
        start = from + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        if datagram.len() < start {
            return Err(truncated(start));
        }
        let profile = u16::from_be_bytes([head[0], head[1]]);
        extension = Some(Extension {
            profile,
            data: from..start,
        });
    }
    let mut end = datagram.len();
    if fixed[0] & 0x20 != 0 {
        let count = datagram[end - 1];
        if count == 0 || usize::from(count) > end - start {
            return Err(ParseFault::Padding {
                count,
                available: end - start,
            });
        }
        end -= usize::from(count);
    }
    if end - start > MAX_PAYLOAD {
        return Err(ParseFault::TooLarge {
            limit: MAX_PAYLOAD,
            actual: end - start,
        });
    }
    let header = Header {
        payload_type: fixed[1] & 0x7f,
        marker: fixed[1] & 0x80 != 0,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
    };
    Ok((header, start..end, extension))
}

/// Writes `packet` as an RTP datagram (version 2, no padding, extension or CSRC) and returns its length in
/// bytes; 0, with nothing written, when `out` is too short. [`MAX_DATAGRAM`] bytes are always enough.
///
/// Real-time: allocates no; blocks no; cost O(bytes).
pub fn write(packet: &Packet, out: &mut [u8]) -> usize {
    let payload = packet.payload();
    let Some((head, rest)) = out.split_first_chunk_mut::<HEADER_LEN>() else {
        return 0;
    };
    let Some(body) = rest.get_mut(..payload.len()) else {
        return 0;
    };
    let header = &packet.header;
    head[0] = 0x80;
    head[1] = (u8::from(header.marker) << 7) | (header.payload_type & 0x7f);
    head[2..4].copy_from_slice(&header.sequence.to_be_bytes());
    head[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    head[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
    body.copy_from_slice(payload);
    HEADER_LEN + payload.len()
}
