//! The RTP parser and writer against the project's malformed packets, and against each other.

use proptest::prelude::*;
use std::path::Path;
use talkpath_nodes::packet::{
    AudioLevel, HEADER_LEN, Header, MAX_DATAGRAM, MAX_PAYLOAD, Packet, ParseFault, parse, write,
};

struct Case {
    proto: String,
    bytes: Vec<u8>,
    expect: String,
    why: String,
}

/// The file is flat: four string fields per line, without escapes.
fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/packets/packets.jsonl");
    let text = std::fs::read_to_string(path).expect("packets.jsonl");
    let field = |line: &str, key: &str| {
        let from = line.split_once(&format!("\"{key}\": \"")).expect("field").1;
        from.split_once('"').expect("end of field").0.to_owned()
    };
    let cases = text.lines().map(|line| {
        let hex = field(line, "hex");
        let digits = hex.as_bytes().chunks(2);
        let bytes = digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let (proto, expect) = (field(line, "proto"), field(line, "expect"));
        Case {
            proto,
            bytes,
            expect,
            why: field(line, "why"),
        }
    });
    cases.collect()
}

#[test]
fn every_rtp_line_is_judged_right() {
    let mut judged = 0;
    for Case {
        proto,
        bytes,
        expect,
        why,
    } in cases()
    {
        let result = parse(&bytes);
        if proto != "rtp" {
            continue;
        }
        judged += 1;
        // Telephone events and payload types nobody negotiated are sound RTP: the jitter buffer refuses them.
        let sound = why.contains("RFC 4733 payload") || why.contains("not negotiated");
        match expect.as_str() {
            "accept" | "event" | "ignore" => {
                let (header, payload, _) = result.expect(&why);
                assert!(!payload.is_empty() && payload.end <= bytes.len(), "{why}");
                assert_eq!(header.payload_type, bytes[1] & 0x7f, "{why}");
            }
            "accept-empty" => assert!(result.expect(&why).1.is_empty(), "{why}"),
            "accept-ignore-ext" => {
                let (_, payload, extension) = result.expect(&why);
                assert_eq!(payload.len(), 160, "{why}");
                assert_eq!(extension.expect(&why).elements(&bytes).count(), 0, "{why}");
            }
            "bounded" => {
                let limit = MAX_PAYLOAD;
                let actual = bytes.len() - HEADER_LEN;
                assert_eq!(result, Err(ParseFault::TooLarge { limit, actual }), "{why}");
            }
            "drop" if sound => assert!(result.is_ok(), "{why}"),
            "drop" => assert!(result.is_err(), "{why}"),
            other => panic!("unknown expectation {other}"),
        }
    }
    assert_eq!(judged, 34);
}

#[test]
fn extension_elements_are_read_in_both_forms() {
    let fixed = |profile: u16, words: &[[u8; 4]]| {
        let mut bytes = vec![0x90, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend(profile.to_be_bytes());
        bytes.extend((words.len() as u16).to_be_bytes());
        bytes.extend(words.concat());
        bytes.extend([0xaa; 4]);
        bytes
    };
    let elements = |bytes: &[u8]| {
        let (_, payload, extension) = parse(bytes).unwrap();
        assert_eq!(bytes[payload], [0xaa; 4]);
        let found = extension.unwrap();
        let list: Vec<_> = found
            .elements(bytes)
            .map(|e| (e.id, e.data.to_vec()))
            .collect();
        (list, found.audio_level(bytes, 1))
    };
    let loud = Some(AudioLevel {
        level: 45,
        voice: true,
    });
    let one = fixed(0xbede, &[[0x10, 0x80 | 45, 0, 0], [0x21, 7, 8, 0]]);
    assert_eq!(
        elements(&one),
        (vec![(1, vec![0xad]), (2, vec![7, 8])], loud)
    );
    let two = fixed(0x1000, &[[1, 1, 0xad, 0], [2, 0, 3, 2], [7, 8, 0, 0]]);
    assert_eq!(
        elements(&two),
        (vec![(1, vec![0xad]), (2, vec![]), (3, vec![7, 8])], loud)
    );
    let ends = fixed(0xbede, &[[0xf0, 1, 0x10, 45]]);
    assert_eq!(elements(&ends), (vec![], None));
    let other = fixed(0x1234, &[[0x10, 45, 0, 0]]);
    assert_eq!(elements(&other), (vec![], None));
}

#[test]
fn payloads_have_a_limit_and_boxes_are_reset() {
    let mut packet = Packet::empty();
    assert!(packet.set_payload(&[1; MAX_PAYLOAD]).is_ok());
    let refused = packet.set_payload(&[1; MAX_PAYLOAD + 1]).unwrap_err();
    assert_eq!(
        (refused.limit, refused.actual),
        (MAX_PAYLOAD, MAX_PAYLOAD + 1)
    );
    assert!(packet.payload().is_empty());
    packet.header.ssrc = 5;
    packet.leg = 7;
    packet.reset();
    assert_eq!((packet.header, packet.leg), (Header::default(), 0));
    assert!(size_of::<Packet>() <= 1400);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        payload_type in 0_u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32,
        payload in proptest::collection::vec(any::<u8>(), 0..=MAX_PAYLOAD), room in 0..=MAX_DATAGRAM,
    ) {
        let mut packet = Packet::empty();
        packet.header = Header { payload_type, marker, sequence, timestamp, ssrc };
        packet.set_payload(&payload).unwrap();
        let mut out = vec![0; room];
        let length = write(&packet, &mut out);
        if room < HEADER_LEN + payload.len() {
            prop_assert_eq!(length, 0);
        } else {
            let (header, range, extension) = parse(&out[..length]).unwrap();
            prop_assert_eq!(header, packet.header);
            prop_assert_eq!(&out[range], &payload[..]);
            prop_assert!(extension.is_none());
        }
    }

    #[test]
    fn another_parser_agrees(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in 0x80_u8..=0xbf) {
        let bytes: Vec<u8> = core::iter::once(first).chain(bytes).collect();
        match (parse(&bytes), rtp_types::RtpPacket::parse(&bytes)) {
            (Ok((header, payload, extension)), Ok(other)) => {
                prop_assert_eq!(&bytes[payload], other.payload());
                prop_assert_eq!(header.sequence, other.sequence_number());
                prop_assert_eq!((header.timestamp, header.ssrc), (other.timestamp(), other.ssrc()));
                prop_assert_eq!((header.payload_type, header.marker), (other.payload_type(), other.marker_bit()));
                let extension = extension.map(|found| (found.profile, &bytes[found.data]));
                prop_assert_eq!(extension, other.extension());
            }
            (ours, other) => prop_assert_eq!(ours.is_ok(), other.is_ok(), "{:?} {:?}", ours, other),
        }
    }

    #[test]
    fn no_bytes_panic_the_parser(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), rtp: bool) {
        if rtp && let Some(first) = bytes.first_mut() {
            *first = 0x80 | (*first & 0x3f);
        }
        if let Ok((_, payload, extension)) = parse(&bytes) {
            prop_assert!(payload.start >= HEADER_LEN && payload.end <= bytes.len());
            let seen: usize = extension.iter().flat_map(|e| e.elements(&bytes)).map(|e| e.data.len()).sum();
            prop_assert!(seen <= bytes.len());
            prop_assert!(extension.is_none_or(|e| e.elements(&[]).count() == 0));
        }
    }
}
