//! What the shard notes: a copy of each packet it gave to a worker, and a digest of each it took from one.

use std::time::Duration;

use talkpath_nodes::packet::{Header, Packet};
use talkpath_rt::boxes::{Borrower, Lender, boxes};
use talkpath_rt::flag::Flag;
use talkpath_rt::tape::TapeOut;

use super::block::MOST;
use super::numbers;
use super::steps::nanos;

/// Copies packets on their way to the workers.
///
/// Real-time: allocates no, frees no, blocks no; each call is O(payload).
#[derive(Debug)]
pub(crate) struct PacketTape {
    copies: Lender<Packet>,
    lost: Flag,
    ended: bool,
}

/// The recorder's end.
#[derive(Debug)]
pub(crate) struct PacketsKept {
    copies: Borrower<Packet>,
    pub lost: Flag,
    last: Duration,
}

/// Both ends, with room for `inventory` packets between two visits.
pub(crate) fn packets(inventory: usize) -> (PacketTape, PacketsKept) {
    let (lender, borrower) = boxes(inventory, Packet::empty);
    let lost = Flag::new();
    let kept = PacketsKept {
        copies: borrower,
        lost: lost.clone(),
        last: Duration::ZERO,
    };
    let tape = PacketTape {
        copies: lender,
        lost,
        ended: false,
    };
    (tape, kept)
}

impl PacketTape {
    /// A copy of `packet`, to be [noted](Self::note) or [forgotten](Self::forget).
    pub(crate) fn copy(&mut self, packet: &Packet, worker: u8) -> Option<Box<Packet>> {
        if self.ended {
            return None;
        }
        let Some(mut copy) = self.copies.take() else {
            self.ended = true;
            self.lost.raise();
            return None;
        };
        (copy.leg, copy.worker) = (packet.leg, worker);
        (copy.received, copy.header) = (packet.received, packet.header);
        // It comes out of a packet, so it fits into one.
        copy.set_payload(packet.payload()).unwrap_or_default();
        Some(copy)
    }

    /// The worker has it.
    pub(crate) fn note(&mut self, copy: Box<Packet>) {
        if let Err(full) = self.copies.send(copy) {
            self.copies.put_back(full.0);
        }
    }

    /// The worker's ring was full.
    pub(crate) fn forget(&mut self, copy: Box<Packet>) {
        self.copies.put_back(copy);
    }
}

impl PacketsKept {
    /// Whether anything has come.
    pub(crate) fn is_waiting(&self) -> bool {
        self.copies.waiting() > 0
    }

    /// Appends what has come to `bytes`, half a block at most.
    pub(crate) fn drain(&mut self, bytes: &mut Vec<u8>) {
        while bytes.len() < MOST / 2
            && let Some(mut packet) = self.copies.recv()
        {
            write(&packet, &mut self.last, bytes);
            packet.reset();
            if self.copies.give_back(packet).is_err() {
                self.lost.raise();
            }
        }
    }
}

fn write(packet: &Packet, last: &mut Duration, to: &mut Vec<u8>) {
    let Header {
        payload_type,
        marker,
        sequence,
        timestamp,
        ssrc,
    } = packet.header;
    let since = nanos(packet.received) as i64 - nanos(*last) as i64;
    *last = packet.received;
    to.push(packet.worker);
    to.push(payload_type & 0x7f | u8::from(marker) << 7);
    for number in [
        packet.leg,
        numbers::zigzag(since),
        sequence.into(),
        timestamp.into(),
        ssrc.into(),
        packet.payload().len() as u64,
    ] {
        numbers::put(number, to);
    }
    to.extend(packet.payload());
}

/// A packet to be given to a worker again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub worker: u8,
    pub leg: u64,
    pub received: Duration,
    pub header: Header,
    pub payload: &'a [u8],
}

/// Takes a packet off the front of `bytes`; `last` is the receive time of the one before.
pub(crate) fn read<'a>(bytes: &mut &'a [u8], last: &mut Duration) -> Option<Given<'a>> {
    let &[worker, kind] = numbers::take_bytes(bytes, 2)? else {
        return None;
    };
    let leg = numbers::take(bytes)?;
    let since = numbers::unzigzag(numbers::take(bytes)?);
    let received = (nanos(*last) as i64).checked_add(since)?;
    *last = Duration::from_nanos(u64::try_from(received).ok()?);
    let header = Header {
        payload_type: kind & 0x7f,
        marker: kind & 0x80 != 0,
        sequence: u16::try_from(numbers::take(bytes)?).ok()?,
        timestamp: u32::try_from(numbers::take(bytes)?).ok()?,
        ssrc: u32::try_from(numbers::take(bytes)?).ok()?,
    };
    let len = numbers::take(bytes)?;
    let payload = numbers::take_bytes(bytes, len)?;
    Some(Given {
        worker,
        leg,
        received: *last,
        header,
        payload,
    })
}

/// Notes a digest of each packet a worker sent: the leg, the sequence number, the digest.
#[derive(Debug)]
pub(crate) struct SentTape(Vec<TapeOut>);

impl SentTape {
    /// One tape for each worker.
    pub(crate) fn new(tapes: Vec<TapeOut>) -> Self {
        Self(tapes)
    }

    /// The shard has taken `packet`.
    ///
    /// Real-time: allocates no; blocks no; cost O(payload).
    pub(crate) fn note(&mut self, packet: &Packet) {
        if let Some(tape) = self.0.get_mut(usize::from(packet.worker)) {
            let sequence = u64::from(packet.header.sequence);
            tape.note(&[packet.leg, sequence, digest(packet)]);
        }
    }
}

/// A digest of all that a packet to be sent says: leg, time, header and payload.
///
/// Real-time: allocates no; blocks no; cost O(payload), about 40 ns.
#[must_use]
pub fn digest(packet: &Packet) -> u64 {
    digest_after([packet.leg, nanos(packet.not_before)], packet)
}

/// A digest of what goes over the wire: header and payload.
pub(crate) fn wire_digest(packet: &Packet) -> u64 {
    digest_after([0, 0], packet)
}

fn digest_after(before: [u64; 2], packet: &Packet) -> u64 {
    let Header {
        payload_type,
        marker,
        sequence,
        timestamp,
        ssrc,
    } = packet.header;
    let kind = u64::from(payload_type) << 1 | u64::from(marker);
    let head = [
        kind << 48 | u64::from(sequence) << 32 | u64::from(timestamp),
        u64::from(ssrc) << 32 | packet.payload().len() as u64,
    ];
    let (words, rest) = packet.payload().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words
        .iter()
        .chain([&last])
        .map(|word| u64::from_le_bytes(*word));
    // A multiplication by an odd constant and a rotation lose nothing of a single change.
    let step =
        |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    before.into_iter().chain(head).chain(words).fold(0, step)
}
