//! One datagram through the RTP parser and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_nodes::packet::{MAX_DATAGRAM, MAX_PAYLOAD, Packet, parse, write};

fuzz_target!(|datagram: &[u8]| {
    let Ok((header, payload, extension)) = parse(datagram) else {
        return;
    };
    let payload = &datagram[payload];
    assert!(payload.len() <= MAX_PAYLOAD);
    if let Some(extension) = extension {
        let seen: usize = extension.elements(datagram).map(|e| e.data.len()).sum();
        assert!(seen <= extension.data.len());
        assert!(
            extension
                .audio_level(datagram, 1)
                .is_none_or(|level| level.level <= 127)
        );
    }
    let mut packet = Packet::empty();
    packet.header = header;
    packet
        .set_payload(payload)
        .expect("parse has looked at the length");
    let mut out = [0; MAX_DATAGRAM];
    let length = write(&packet, &mut out);
    let (again, range, none) = parse(&out[..length]).expect("what we write is sound");
    assert_eq!((again, &out[range], none), (header, payload, None));
});
