//! One datagram through the RTCP parser, walked as far as the edge walks it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtcp_types::{Compound, Packet};

/// Packets of one compound that are looked at.
const MOST: usize = 64;

fuzz_target!(|datagram: &[u8]| {
    let Ok(compound) = Compound::parse(datagram) else {
        return;
    };
    for packet in compound.take(MOST) {
        match packet {
            Ok(Packet::Sr(sr)) => assert!(sr.report_blocks().count() <= 31),
            Ok(Packet::Rr(rr)) => assert!(rr.report_blocks().count() <= 31),
            Ok(Packet::Bye(bye)) => {
                assert!(bye.ssrcs().count() <= 31);
                assert!(bye.reason().is_none_or(|reason| reason.len() <= 255));
            }
            Ok(Packet::Sdes(sdes)) => {
                let items = sdes.chunks().flat_map(|chunk| chunk.items());
                assert!(items.map(|item| item.value().len()).sum::<usize>() <= datagram.len());
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
});
