//! Reading a compound RTCP datagram: all of it is checked before any of it counts.
//!
//! RFC 3550 A.2, with reduced size allowed (RFC 5506: a lone feedback packet is a valid datagram). Work is bounded:
//! more than [`MAX_PACKETS`] packets in one datagram are refused unread. Packet types that carry
//! nothing for us are checked and skipped.

use arrayvec::ArrayVec;
use rtcp_types::prelude::*;
use rtcp_types::{Packet, ReportBlock, RtcpParseError};

use super::describe;

/// Most packets in one datagram. Two (report, SDES) are usual, four with BYE and XR.
const MAX_PACKETS: usize = 16;

/// Type of a source description, which is read here: the crate's reader makes a list of it.
const SDES: u8 = 202;

/// Why a datagram is no RTCP.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRtcp {
    /// Empty, not whole words, or a packet runs past the end.
    #[error("compound of {actual} octets is cut short")]
    Truncated {
        /// Length of the datagram.
        actual: usize,
    },
    /// More than the bound.
    #[error("more than {limit} packets in one datagram")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// One of the packets is malformed.
    #[error("bad packet: {0}")]
    Packet(#[from] rtcp_types::RtcpParseError),
}

/// One thing a compound says.
#[derive(Debug)]
pub enum Item<'a> {
    /// A sender report's own part.
    Sender {
        /// Who sent it.
        ssrc: u32,
        /// Its NTP time stamp.
        ntp: u64,
    },
    /// A receiver report without blocks, or the head of one with blocks.
    Receiver {
        /// Who sent it.
        ssrc: u32,
    },
    /// What `from` receives of one source.
    Block {
        /// Who says so.
        from: u32,
        /// The block.
        block: ReportBlock<'a>,
    },
    /// Canonical name of a source.
    Name {
        /// Whose.
        ssrc: u32,
        /// Octets, UTF-8 if the sender kept to the RFC.
        cname: &'a [u8],
    },
    /// A source leaves.
    Bye {
        /// Which.
        ssrc: u32,
    },
}

/// Checks all of `datagram`, a whole UDP payload, then gives `take` what it says, in order.
///
/// Any bytes will do; nothing of them is trusted. SSRCs are as sent: who may say what is the caller's to judge.
///
/// # Errors
/// [`BadRtcp`]; nothing was given to `take` then.
///
/// Shard thread: blocks no; cost O(octets), at most 16 packets; allocates no.
pub fn read(datagram: &[u8], mut take: impl FnMut(Item<'_>)) -> Result<(), BadRtcp> {
    let truncated = BadRtcp::Truncated {
        actual: datagram.len(),
    };
    let mut parts = ArrayVec::<&[u8], MAX_PACKETS>::new();
    let mut rest = datagram;
    while let [_, _, high, low, ..] = *rest {
        let length = 4 * (1 + usize::from(u16::from_be_bytes([high, low])));
        let Some((part, tail)) = rest.split_at_checked(length) else {
            return Err(truncated);
        };
        if parts.try_push(part).is_err() {
            return Err(BadRtcp::TooMany { limit: MAX_PACKETS });
        }
        rest = tail;
    }
    if parts.is_empty() || !rest.is_empty() {
        return Err(truncated);
    }
    for part in &parts {
        tell(part, &mut |_| ())?;
    }
    for part in parts {
        tell(part, &mut take)?;
    }
    Ok(())
}

fn tell(part: &[u8], take: &mut impl FnMut(Item<'_>)) -> Result<(), RtcpParseError> {
    if part[1] == SDES {
        return describe::names(part, |ssrc, cname| take(Item::Name { ssrc, cname }));
    }
    match Packet::parse(part)? {
        Packet::Sr(report) => {
            let from = report.ssrc();
            take(Item::Sender {
                ssrc: from,
                ntp: report.ntp_timestamp(),
            });
            report
                .report_blocks()
                .for_each(|block| take(Item::Block { from, block }));
        }
        Packet::Rr(report) => {
            let from = report.ssrc();
            take(Item::Receiver { ssrc: from });
            report
                .report_blocks()
                .for_each(|block| take(Item::Block { from, block }));
        }
        Packet::Bye(bye) => bye.ssrcs().for_each(|ssrc| take(Item::Bye { ssrc })),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn nothing_counts_when_a_later_packet_is_bad() {
        let mut said = 0;
        let good = words(&[0x80c9_0001, 7]);
        let bad = [&good[..], &words(&[0x81cb_0002, 7, 0xffa2_bcbb])].concat();
        assert!(matches!(read(&bad, |_| said += 1), Err(BadRtcp::Packet(_))));
        assert_eq!(said, 0);
        read(&good, |_| said += 1).unwrap();
        assert_eq!(said, 1);
    }

    #[test]
    fn work_is_bounded() {
        let many = words(&[0x80c9_0001, 7]).repeat(MAX_PACKETS);
        let mut said = 0;
        read(&many, |_| said += 1).unwrap();
        assert_eq!(said, MAX_PACKETS);
        let more = words(&[0x80c9_0001, 7]).repeat(MAX_PACKETS + 1);
        assert_eq!(
            read(&more, |_| ()),
            Err(BadRtcp::TooMany { limit: MAX_PACKETS })
        );
    }

    #[test]
    fn lengths_must_agree() {
        for bad in [
            &[][..],
            &[0x80],
            &[0x80, 201, 0],
            &[0x80, 201, 0, 1, 0, 0, 0, 7, 9],
        ] {
            assert_eq!(
                read(bad, |_| ()),
                Err(BadRtcp::Truncated { actual: bad.len() })
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_told_whole_or_not_at_all(
            mut bytes in proptest::collection::vec(any::<u8>(), 4..120),
            kind in 199u8..209,
            count in 0u8..32,
            padded in any::<bool>(),
        ) {
            bytes.truncate(bytes.len() & !3);
            bytes[0] = 0x80 | count | (u8::from(padded) << 5);
            bytes[1] = kind;
            let length = (bytes.len() / 4 - 1) as u16;
            bytes[2..4].copy_from_slice(&length.to_be_bytes());
            let mut told = 0;
            let outcome = read(&bytes, |item| told += format!("{item:?}").len());
            match outcome {
                // One packet over the whole datagram: as many items as it can count, or none it knows.
                Ok(()) => prop_assert!(told == 0 || (200..=203).contains(&kind), "{bytes:?}"),
                Err(_) => prop_assert_eq!(told, 0, "{:?}", bytes),
            }
        }
    }
}
