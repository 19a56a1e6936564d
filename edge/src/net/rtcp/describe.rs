//! Reading a source description (RFC 3550 6.5) without a list of its chunks.

use rtcp_types::RtcpParseError;

/// The item that names a source (12.2).
const CNAME: u8 = 1;

/// Gives `take` each source's canonical name in `packet`, one whole SDES packet.
///
/// # Errors
/// The first thing that is not as the RFC has it; what stands before it has been given to `take`.
///
/// Real-time: allocates no; blocks no; cost O(octets).
pub(super) fn names<'a>(
    packet: &'a [u8],
    mut take: impl FnMut(u32, &'a [u8]),
) -> Result<(), RtcpParseError> {
    let short = |expected| RtcpParseError::Truncated {
        expected,
        actual: packet.len(),
    };
    let [head, _, _, _, ..] = *packet else {
        return Err(short(4));
    };
    if head >> 6 != 2 {
        return Err(RtcpParseError::UnsupportedVersion(head >> 6));
    }
    let padding = match packet.last() {
        Some(&padding) if head & 0x20 != 0 => usize::from(padding),
        _ => 0,
    };
    let bad_padding = (head & 0x20 != 0 && padding == 0) || !padding.is_multiple_of(4);
    let end = packet.len().checked_sub(padding).filter(|end| *end >= 4);
    let (Some(end), false) = (end, bad_padding) else {
        return Err(RtcpParseError::InvalidPadding);
    };
    let mut rest = &packet[4..end];
    for _ in 0..head & 0x1f {
        let Some((ssrc, items)) = rest.split_first_chunk::<4>() else {
            return Err(short(packet.len() + 4));
        };
        rest = chunk(u32::from_be_bytes(*ssrc), items, &mut take)
            .ok_or_else(|| short(packet.len() + 1))?;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(RtcpParseError::TooLarge {
            expected: packet.len() - rest.len(),
            actual: packet.len(),
        })
    }
}

/// The items of one chunk; what comes behind it, or `None` when it is not ended.
fn chunk<'a>(ssrc: u32, items: &'a [u8], take: &mut impl FnMut(u32, &'a [u8])) -> Option<&'a [u8]> {
    let mut rest = items;
    while let [kind, length, behind @ ..] = rest
        && *kind != 0
    {
        let (value, next) = behind.split_at_checked(usize::from(*length))?;
        if *kind == CNAME {
            take(ssrc, value);
        }
        rest = next;
    }
    // A zero ends it, and more of them fill the word.
    let ended = items.len() - rest.len();
    let (zeros, next) = rest.split_at_checked(4 - ended % 4)?;
    zeros.iter().all(|zero| *zero == 0).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[u32]) -> Result<Vec<(u32, Vec<u8>)>, RtcpParseError> {
        let octets: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut all = Vec::new();
        names(&octets, |ssrc, name| all.push((ssrc, name.to_vec()))).map(|()| all)
    }

    #[test]
    fn names_of_several_chunks_among_other_items() {
        // 7: TOOL "t", CNAME "abc"; 8: nothing; 9: CNAME "" and three zeros.
        let read = read(&[
            0x83ca_0000,
            7,
            0x0601_7401,
            0x0361_6263,
            0,
            8,
            0,
            9,
            0x0100_0000,
        ]);
        let name = |ssrc: u32, name: &str| (ssrc, name.as_bytes().to_vec());
        assert_eq!(read, Ok(vec![name(7, "abc"), name(9, "")]));
    }

    #[test]
    fn what_is_not_ended_or_runs_over_is_refused() {
        let padded = [0xa1ca_0002, 7, 0x0101_6100, 4];
        assert_eq!(read(&padded), Ok(vec![(7, vec![b'a'])]));
        for bad in [
            &[0x81ca_0000][..],
            // An item beyond the end, one without its zero, zeros that are none.
            &[0x81ca_0000, 7, 0x01ff_6161],
            &[0x81ca_0000, 7, 0x0102_6161],
            &[0x81ca_0000, 7, 0x0000_0001],
            // Fewer chunks than counted, and more.
            &[0x82ca_0000, 7, 0],
            &[0x80ca_0000, 7, 0],
            // Padding of nothing, of no whole word, of more than there is.
            &[0xa1ca_0000, 7, 0],
            &[0xa1ca_0000, 7, 0, 3],
            &[0xa1ca_0000, 7, 0, 64],
            &[0x41ca_0000, 7, 0],
        ] {
            assert!(read(bad).is_err(), "{bad:x?}");
        }
    }
}
