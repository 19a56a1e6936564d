//! A packet's outside, read without a decoder: how long it lasts and what it holds.
//!
//! RFC 6716, section 3. Plain functions over borrowed octets: allocate no; block no; cost O(1).

/// Ticks of the RTP clock in a millisecond: it is 48 kHz whatever is coded (RFC 7587, section 4.1).
const TICKS: u32 = 48;
/// The longest packet, 120 ms (RFC 6716, section 3.2.5, R5).
const LONGEST: u32 = 120 * TICKS;

/// Ticks of 1/48,000 s that the packet lasts; `None` when it is none: empty, of no frame, or longer than 120 ms.
///
/// Real-time: allocates no; blocks no; cost O(1).
#[must_use]
pub fn ticks(packet: &[u8]) -> Option<u32> {
    let (toc, rest) = packet.split_first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3f),
    };
    let ticks = frames * frame_ticks(*toc);
    (frames > 0 && ticks <= LONGEST).then_some(ticks)
}

/// Ticks of one frame, by the configuration in the first octet (RFC 6716, table 2).
fn frame_ticks(toc: u8) -> u32 {
    let config = toc >> 3;
    match config {
        0..=11 => [10, 20, 40, 60][usize::from(config & 3)] * TICKS,
        12..=15 => [10, 20][usize::from(config & 1)] * TICKS,
        // 2.5, 5, 10 and 20 ms.
        _ => (5 * TICKS / 2) << (config & 3),
    }
}

/// Whether the packet is coded in stereo; false for an empty one.
#[must_use]
pub fn is_stereo(packet: &[u8]) -> bool {
    packet.first().is_some_and(|toc| toc & 4 != 0)
}

/// Whether the packet says that nothing is sent: an encoder in silence makes packets of one or two octets.
#[must_use]
pub fn is_dtx(packet: &[u8]) -> bool {
    matches!(packet.len(), 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::samples_in;
    use proptest::prelude::*;

    #[test]
    fn every_configuration_has_the_length_libopus_gives_it() {
        for toc in 0..=255_u8 {
            for second in 0..=255_u8 {
                let packet = [toc, second];
                let theirs = samples_in(&packet, 48_000).ok().filter(|n| *n > 0);
                let ours = ticks(&packet).map(|n| n as usize);
                assert_eq!(ours, theirs, "{packet:?}");
            }
        }
        assert_eq!(ticks(&[]), None);
        assert_eq!(ticks(&[3]), None);
    }

    proptest! {
        #[test]
        fn any_octets_have_the_length_libopus_gives_them(
            packet in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let theirs = samples_in(&packet, 48_000).ok().filter(|n| *n > 0);
            prop_assert_eq!(ticks(&packet).map(|n| n as usize), theirs);
        }
    }
}
