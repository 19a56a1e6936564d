//! Redundant audio, as it is received: several payloads in one RTP packet.
//!
//! Plain reading of borrowed octets, no state. The redundant blocks are older than the primary one, eldest first, and
//! each says how many ticks before it began. Whoever reads it decides which of them fill a hole.
//!
//! RFC 2198, section 3.

/// One payload of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its payload type, 0..=127.
    pub payload_type: u8,
    /// Ticks from its beginning to the timestamp of the packet, 0..=16,383; 0 for the primary.
    pub before: u16,
    /// Its octets; may be empty.
    pub payload: &'a [u8],
}

/// Why octets are no redundant payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedFault {
    /// The headers go on beyond the last octet.
    #[error("the block headers need {expected} octets or more, the payload has {actual}")]
    HeaderCut {
        /// Octets the headers need, as far as they were read.
        expected: usize,
        /// Octets there are.
        actual: usize,
    },
    /// The blocks are longer than the payload.
    #[error("the redundant blocks need {expected} octets, {actual} follow the headers")]
    BlocksCut {
        /// Octets the headers announce.
        expected: usize,
        /// Octets behind the headers.
        actual: usize,
    },
    /// More blocks than anybody sends.
    #[error("more than {MOST_BLOCKS} blocks")]
    TooMany,
}

/// Blocks that are read of a packet. Senders repeat one or two, four at most.
pub const MOST_BLOCKS: usize = 8;

/// The blocks of a packet, eldest first, the primary last.
pub type Blocks<'a> = arrayvec::ArrayVec<Block<'a>, MOST_BLOCKS>;

/// Reads a payload.
///
/// Real-time: allocates no; blocks no; cost O(blocks).
///
/// # Errors
/// [`RedFault`] when headers or blocks are cut, or there are more than [`MOST_BLOCKS`].
pub fn read(payload: &[u8]) -> Result<Blocks<'_>, RedFault> {
    let mut blocks = Blocks::new();
    let mut lengths = arrayvec::ArrayVec::<usize, MOST_BLOCKS>::new();
    let cut = |expected| RedFault::HeaderCut {
        expected,
        actual: payload.len(),
    };
    let mut at = 0;
    loop {
        let first = *payload.get(at).ok_or_else(|| cut(at + 1))?;
        let payload_type = first & 0x7f;
        if first & 0x80 == 0 {
            at += 1;
            push(&mut blocks, payload_type, 0)?;
            break;
        }
        let &[_, high, middle, low] = payload
            .get(at..at + 4)
            .and_then(|header| <&[u8; 4]>::try_from(header).ok())
            .ok_or_else(|| cut(at + 4))?;
        at += 4;
        // 14 bits of offset, 10 of length.
        let before = u16::from_be_bytes([high, middle]) >> 2;
        push(&mut blocks, payload_type, before)?;
        lengths.push(usize::from(u16::from_be_bytes([middle & 3, low])));
    }
    let mut rest = &payload[at..];
    let expected = lengths.iter().sum();
    if expected > rest.len() {
        return Err(RedFault::BlocksCut {
            expected,
            actual: rest.len(),
        });
    }
    for (block, length) in blocks.iter_mut().zip(lengths) {
        (block.payload, rest) = rest.split_at(length);
    }
    if let Some(primary) = blocks.last_mut() {
        primary.payload = rest;
    }
    Ok(blocks)
}

fn push<'a>(blocks: &mut Blocks<'a>, payload_type: u8, before: u16) -> Result<(), RedFault> {
    let block = Block {
        payload_type,
        before,
        payload: &[],
    };
    blocks.try_push(block).map_err(|_| RedFault::TooMany)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As a sender writes it.
    fn write(redundant: &[(u8, u16, Vec<u8>)], primary: (u8, &[u8])) -> Vec<u8> {
        let mut octets = Vec::new();
        for (payload_type, before, payload) in redundant {
            let rest = u32::from(*before) << 10 | payload.len() as u32;
            octets.push(0x80 | payload_type);
            octets.extend(&rest.to_be_bytes()[1..]);
        }
        octets.push(primary.0);
        octets.extend(redundant.iter().flat_map(|block| &block.2));
        octets.extend(primary.1);
        octets
    }

    #[test]
    fn the_example_of_the_rfc() {
        // RFC 2198, section 7: one block of redundancy, 14-bit offset and 10-bit length.
        let octets = write(&[(7, 160, vec![9; 20])], (5, &[1, 2, 3]));
        let blocks = read(&octets).unwrap();
        assert_eq!((blocks[0].payload_type, blocks[0].before), (7, 160));
        assert_eq!(blocks[0].payload, [9; 20]);
        let primary = Block {
            payload_type: 5,
            before: 0,
            payload: &[1, 2, 3],
        };
        assert_eq!(blocks[1], primary);
    }

    #[test]
    fn what_is_cut_says_what_was_expected() {
        let octets = write(&[(7, 160, vec![9; 20])], (5, &[]));
        let header = |expected, actual| Err(RedFault::HeaderCut { expected, actual });
        assert_eq!(read(&[]), header(1, 0));
        assert_eq!(read(&octets[..3]), header(4, 3));
        assert_eq!(read(&octets[..4]), header(5, 4));
        let cut = RedFault::BlocksCut {
            expected: 20,
            actual: 19,
        };
        assert_eq!(read(&octets[..24]), Err(cut));
        assert!(read(&octets[..25]).is_ok());
        assert_eq!(read(&[0x80; 64]), Err(RedFault::TooMany));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            redundant in prop::collection::vec(
                (0..128_u8, 0..16_384_u16, prop::collection::vec(any::<u8>(), 0..100)), 0..MOST_BLOCKS,
            ),
            primary in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let octets = write(&redundant, (3, &primary));
            let blocks = read(&octets).unwrap();
            let (last, rest) = blocks.split_last().unwrap();
            prop_assert_eq!(last.payload, &primary[..]);
            let got: Vec<_> = rest
                .iter()
                .map(|block| (block.payload_type, block.before, block.payload.to_vec()))
                .collect();
            prop_assert_eq!(got, redundant);
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(blocks) = read(&octets) {
                let audio: usize = blocks.iter().map(|block| block.payload.len()).sum();
                prop_assert_eq!(audio + 4 * (blocks.len() - 1) + 1, octets.len());
            }
        }
    }
}
