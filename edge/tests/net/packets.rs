//! Every RTP, RTCP, STUN and DTLS line of the packet collection, thrown at a live port: handled as it says, and a
//! call beside it goes on undisturbed.

use std::net::SocketAddr;
use std::path::Path;

use crate::rig::{OWN, Phone, Rig, config};
use serde_json::Value;
use talkpath_edge::net::NetCounters;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

/// Whether the one datagram that came in since `before` was counted as `expect` demands.
fn as_expected(proto: &str, expect: &str, before: &NetCounters, after: &NetCounters) -> bool {
    let rtp = after.rtp_in - before.rtp_in;
    let rtcp = after.rtcp_in - before.rtcp_in;
    match (proto, expect) {
        ("rtp", "accept" | "accept-empty" | "accept-ignore-ext") => rtp == 1,
        // Telephone events are not negotiated yet.
        ("rtp", "event" | "ignore") => after.drop_in_payload_type > before.drop_in_payload_type,
        ("rtp", "bounded") => after.drop_in_oversized > before.drop_in_oversized,
        ("rtcp", "accept") => rtcp == 1,
        ("rtcp", "drop" | "bounded") => after.drop_in_bad_rtcp > before.drop_in_bad_rtcp,
        ("stun", _) => after.drop_in_stun > before.drop_in_stun,
        ("dtls", _) => after.drop_in_dtls > before.drop_in_dtls,
        (_, "drop") => rtp + rtcp == 0,
        _ => false,
    }
}

#[test]
fn each_line_is_handled_as_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/packets/packets.jsonl");
    let lines = std::fs::read_to_string(path).unwrap();
    let rig = Rig::start(config(29_000..=29_999));
    let mut bystander = Phone::loopback(5);
    let (_call, beside) = rig.call(0, bystander.addr());
    let (mut tried, mut sent) = (0, 0);
    for (index, line) in (1..).zip(lines.lines()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap();
        let proto = text("proto");
        if !matches!(proto, "rtp" | "rtcp" | "stun" | "dtls") {
            continue;
        }
        let attacker = Phone::loopback(0);
        let (call, port) = rig.call(index, attacker.addr());
        // Attached, and every earlier echo counted.
        bystander.exchange(beside);
        sent += 1;
        let before = rig
            .until("attached and quiet", |s| {
                // Nor an older status, from before the exchange.
                s.counters.datagrams_in == sent
                    && s.counters.rtp_in == s.counters.rtp_out + tried_in(s)
                    && s.legs.iter().any(|l| l.leg == call.id())
            })
            .counters;
        let to = if proto == "rtcp" {
            SocketAddr::new(port.ip(), port.port() + 1)
        } else {
            port
        };
        attacker.rtp.send_to(&bytes(text("hex")), to).unwrap();
        let after = rig
            .until("arrived", |s| s.counters.datagrams_in > before.datagrams_in)
            .counters;
        let why = text("why");
        assert_eq!(after.datagrams_in, before.datagrams_in + 1, "{why}");
        assert!(
            as_expected(proto, text("expect"), &before, &after),
            "{proto}, {why}: {after:?}"
        );
        assert_eq!(bystander.exchange(beside), OWN, "{why}");
        sent += 2;
        call.detach().unwrap();
        tried += 1;
    }
    assert_eq!(tried, 58);
}

/// Echoes that never left, because their leg was gone by then.
fn tried_in(status: &talkpath_edge::net::NetStatus) -> u64 {
    status.counters.drop_out_no_leg
}
