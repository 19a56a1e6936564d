//! The frame of a recording: a magic, then blocks, each a piece of one stream with its length and checksum.
//!
//! Blocks of a kind that is not known are skipped, so that later versions can tell more.

/// How every recording begins; the last byte is the version of the format.
pub(crate) const MAGIC: [u8; 8] = *b"talkrec\x01";

/// Bytes before what is in a block.
pub(crate) const HEAD: usize = 12;

/// Most bytes in a block. A clip of the longest allowed length is cut into several.
pub(crate) const MOST: usize = 1 << 24;

/// Which stream a block is a piece of. The bytes are those of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamId {
    pub kind: u8,
    pub worker: u8,
    /// Which ring.
    pub ring: u8,
    /// The worker at the other end of it.
    pub peer: u8,
}

/// What the engine was told; JSON, and the first block.
pub(crate) const HEADER: u8 = 1;
/// Polls and requests of the supervisor.
pub(crate) const CONTROL: u8 = 2;
/// Packets the shard gave to workers.
pub(crate) const PACKETS: u8 = 3;
/// Digests of the packets a worker sent.
pub(crate) const SENT: u8 = 4;
/// Times of a worker's steps.
pub(crate) const STEPS: u8 = 5;
/// Readings of a worker's cost clock.
pub(crate) const COST: u8 = 6;
/// What an end of a ring met with.
pub(crate) const RING: u8 = 7;
/// What came in through an application's port, by its number.
pub(crate) const PORT: u8 = 9;
/// Why the recording ends, in words; the last block.
pub(crate) const END: u8 = 8;

impl StreamId {
    /// A stream of the whole engine.
    pub(crate) const fn of(kind: u8) -> Self {
        Self::of_worker(kind, 0)
    }

    /// What came in through port `number`, below 2^24.
    pub(crate) const fn of_port(number: u32) -> Self {
        let [worker, ring, peer, _] = number.to_le_bytes();
        Self {
            kind: PORT,
            worker,
            ring,
            peer,
        }
    }

    /// A stream of one worker.
    pub(crate) const fn of_worker(kind: u8, worker: u8) -> Self {
        Self {
            kind,
            worker,
            ring: 0,
            peer: 0,
        }
    }
}

/// The bytes of a block before its content.
pub(crate) fn head(id: StreamId, content: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&[id.kind, id.worker, id.ring, id.peer]);
    head[4..8].copy_from_slice(&(content.len() as u32).to_le_bytes());
    let sum = crc32(crc32(CLEAR, &head[..8]), content);
    head[8..].copy_from_slice(&(!sum).to_le_bytes());
    head
}

/// A block as it was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The stream it is of, and how long its content is, which follows the head.
    Block(StreamId, usize),
    /// The bytes end before the block does.
    CutShort,
    /// The checksum, or the length, is wrong.
    Damaged,
}

/// Reads the block at the front of `bytes`, which are not empty.
pub(crate) fn read(bytes: &[u8]) -> Found {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Found::CutShort;
    };
    let [kind, worker, ring, peer, a, b, c, d, e, f, g, h] = *head;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    if len > MOST {
        return Found::Damaged;
    }
    let Some(content) = rest.get(..len) else {
        return Found::CutShort;
    };
    let sum = !crc32(crc32(CLEAR, &head[..8]), content);
    if sum != u32::from_le_bytes([e, f, g, h]) {
        return Found::Damaged;
    }
    let id = StreamId {
        kind,
        worker,
        ring,
        peer,
    };
    Found::Block(id, len)
}

const CLEAR: u32 = u32::MAX;

/// CRC-32 (IEEE 802.3), carried on from `sum`.
fn crc32(sum: u32, bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| sum >> 8 ^ TABLE[usize::from(sum as u8 ^ byte)];
    bytes.iter().fold(sum, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut sum, mut bit) = (at as u32, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xEDB8_8320
            } else {
                sum >> 1
            };
            bit += 1;
        }
        table[at] = sum;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(!crc32(CLEAR, b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_block_is_found_as_it_was_and_not_when_a_bit_is_wrong() {
        let id = StreamId {
            kind: RING,
            worker: 2,
            ring: 9,
            peer: 1,
        };
        let mut bytes = head(id, b"content").to_vec();
        bytes.extend(b"content");
        bytes.extend(b"what follows");
        assert_eq!(read(&bytes), Found::Block(id, 7));
        for end in 0..HEAD + 7 {
            assert_eq!(read(&bytes[..end]), Found::CutShort);
        }
        for bit in 0..8 * (HEAD + 7) {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(read(&wrong), Found::Block(id, 7), "bit {bit}");
        }
    }
}
