use proptest::prelude::*;

use super::*;

const HEADERS: &str = "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\n\
                       To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";

fn door() -> Door {
    Door::new(&Limits::default(), Arc::new(Counters::default()))
}

fn source() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 5060))
}

fn invite(more: &str) -> Vec<u8> {
    format!("INVITE sip:b@h SIP/2.0\r\n{HEADERS}{more}").into_bytes()
}

fn answered(verdict: Verdict) -> String {
    match verdict {
        Verdict::Answer(bytes) => String::from_utf8(bytes).expect("text"),
        other => panic!("expected an answer, got {other:?}"),
    }
}

#[test]
fn a_good_request_passes() {
    let door = door();
    let packet = invite("Content-Length: 2\r\n\r\nhi");
    assert_eq!(door.judge_datagram(&packet, source()), Verdict::Pass(None));
    assert_eq!(
        door.judge_datagram(b"\r\n\r\n", source()),
        Verdict::Pass(None)
    );
}

#[test]
fn a_datagram_without_content_length_gets_one() {
    let verdict = door().judge_datagram(&invite("\r\nhello"), source());
    assert_eq!(
        verdict,
        Verdict::Pass(Some("\r\nContent-Length: 5".to_owned()))
    );
}

#[test]
fn what_does_not_parse_is_answered_and_counted() {
    let door = door();
    for more in [
        "Content-Length: 9\r\n\r\nhi",
        "Content-Length: x\r\n\r\n",
        "l: 1\r\nl: 2\r\n\r\nhi",
        "",
    ] {
        let text = answered(door.judge_datagram(&invite(more), source()));
        assert!(
            text.starts_with("SIP/2.0 400 Bad Request\r\nVia: "),
            "{text}"
        );
        assert!(
            text.contains("To: <sip:b@h>;tag=none\r\n") && text.contains("Reason: "),
            "{text}"
        );
    }
    let no_from_tag = String::from_utf8(invite("\r\n"))
        .expect("text")
        .replace(";tag=1", "");
    answered(door.judge_datagram(no_from_tag.as_bytes(), source()));
    let other_method = String::from_utf8(invite("\r\n"))
        .expect("text")
        .replace("1 INVITE", "1 BYE");
    answered(door.judge_datagram(other_method.as_bytes(), source()));
    assert_eq!(door.counters().malformed.get(), 6);
}

#[test]
fn no_answer_to_answers_acks_and_noise() {
    let door = door();
    for packet in [
        "SIP/2.0 what\r\n\r\n",
        "ACK nonsense SIP/2.0\r\nVia: x\r\n\r\n",
        "\u{1}\u{2}\u{3}",
        "INVITE sip:b@h SIP/2.0\r\n\r\n",
    ] {
        assert_eq!(
            door.judge_datagram(packet.as_bytes(), source()),
            Verdict::Drop,
            "{packet:?}"
        );
    }
    assert_eq!(door.counters().malformed.get(), 4);
}

#[test]
fn an_unknown_method_is_not_implemented() {
    let packet = String::from_utf8(invite("\r\n"))
        .expect("text")
        .replace("INVITE", "DANCE");
    let text = answered(door().judge_datagram(packet.as_bytes(), source()));
    assert!(
        text.starts_with("SIP/2.0 501 ") && text.contains("\r\nAllow: INVITE, "),
        "{text}"
    );
}

#[test]
fn a_datagram_too_long_is_refused() {
    let door = door();
    let packet = invite(&format!("\r\n{}", "v".repeat(60_000)));
    let text = answered(door.judge_datagram(&packet, source()));
    assert!(
        text.starts_with("SIP/2.0 400 ") && text.len() < 1_000,
        "{text}"
    );
    assert_eq!(door.counters().too_long.get(), 1);
}

#[test]
fn a_denied_network_is_told_so() {
    let limits = Limits {
        deny: vec!["192.0.2.0/24".parse().expect("a network")],
        ..Limits::default()
    };
    let door = Door::new(&limits, Arc::new(Counters::default()));
    let text = answered(door.judge_datagram(&invite("\r\n"), source()));
    assert!(text.starts_with("SIP/2.0 403 "), "{text}");
    for keep_alive in [&b"\r\n\r\n"[..], b""] {
        assert_eq!(door.judge_datagram(keep_alive, source()), Verdict::Drop);
    }
    assert_eq!(door.counters().refused_network.get(), 3);
}

proptest! {
    /// No input panics the parser in front of the stack, and no answer is much longer than it.
    #[test]
    fn anything_is_judged(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let door = door();
        drop(door.judge_datagram(&bytes, source()));
        let mut packet = invite("Content-Length: 2\r\n\r\nhi");
        let place = at.index(packet.len());
        packet[place] = byte;
        packet.truncate(cut.index(packet.len()) + 1);
        if let Verdict::Answer(answer) = door.judge_datagram(&packet, source()) {
            prop_assert!(answer.len() < packet.len() + 600);
        }
    }
}
