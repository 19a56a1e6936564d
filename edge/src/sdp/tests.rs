use std::net::SocketAddr;
use std::time::Duration;

use talkpath_engine::negotiate::{AudioOffer, Capabilities, Direction, answer};
use talkpath_graph::FrameTime;

use super::*;

mod bad;
mod beside;
mod property;

const PLACE: fn() -> Place = || Place {
    rtp: at("192.0.2.7:30000"),
    rtcp: at("192.0.2.7:30001"),
};

fn at(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

fn body(media: &str) -> Vec<u8> {
    let text = format!("v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n{media}");
    text.replace('\n', "\r\n").into_bytes()
}

/// All there is beside codecs, switched on.
fn everything() -> Capabilities {
    Capabilities {
        telephone_event: true,
        comfort_noise: true,
        redundancy: true,
        ..Capabilities::default()
    }
}

/// Every line of the offer has its place, and only the one chosen is not refused.
fn same_lines(offer: &Remote, ours: &Remote) {
    let media = |remote: &Remote| -> Vec<_> {
        remote
            .lines
            .iter()
            .map(|line| (line.media.clone(), line.proto.clone()))
            .collect()
    };
    assert_eq!((media(ours), ours.chosen), (media(offer), offer.chosen));
}

fn text_of_answer(offer: &[u8]) -> String {
    let remote = read(offer).expect("readable");
    let agreed = answer(&remote.audio, &Capabilities::default(), FrameTime::Ms20).expect("a codec");
    let text = Description::new(7).answer(&remote, &agreed, PLACE());
    String::from_utf8(text).expect("text")
}

#[test]
fn an_ordinary_offer() {
    let remote = read(&body(
        "m=audio 4000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:30\n",
    ))
    .expect("readable");
    assert_eq!(
        (remote.rtp, remote.rtcp),
        (at("192.0.2.9:4000"), at("192.0.2.9:4001"))
    );
    assert_eq!(remote.audio.ptime, Some(Duration::from_millis(30)));
    assert_eq!(remote.audio.direction, Direction::BOTH);
    assert_eq!(remote.audio.codecs[2].fmtp.as_deref(), Some("0-16"));
    assert!(!remote.audio.rtcp_mux);
}

#[test]
fn addresses_come_from_where_they_should() {
    let own = read(&body(
        "m=audio 4000 RTP/AVP 0\nc=IN IP4 198.51.100.4\na=rtcp:4100\n",
    ));
    let own = own.expect("readable");
    assert_eq!(
        (own.rtp, own.rtcp),
        (at("198.51.100.4:4000"), at("198.51.100.4:4100"))
    );
    let elsewhere = read(&body(
        "m=audio 4000 RTP/AVP 0\na=rtcp:53020 IN IP4 198.51.100.8\n",
    ));
    assert_eq!(elsewhere.expect("readable").rtcp, at("198.51.100.8:53020"));
    let mux = read(&body("m=audio 4000 RTP/AVP 0\na=rtcp:4100\na=rtcp-mux\n")).expect("readable");
    assert_eq!(mux.rtcp, mux.rtp);
    let six = read(&body("m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::5\n")).expect("readable");
    assert_eq!(six.rtp, at("[2001:db8::5]:4000"));
}

#[test]
fn holds_of_both_kinds() {
    let direction = |media: &str| read(&body(media)).expect("readable").audio.direction;
    assert_eq!(
        direction("m=audio 9 RTP/AVP 0\na=sendonly\n"),
        Direction {
            send: true,
            receive: false
        }
    );
    assert_eq!(
        direction("m=audio 9 RTP/AVP 0\na=inactive\n"),
        Direction {
            send: false,
            receive: false
        }
    );
    let by_address = direction("m=audio 9 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
    assert_eq!(
        by_address,
        Direction {
            send: true,
            receive: false
        }
    );
}

/// The awkward twelve: refused with a reason, or read for what is usable.
#[test]
fn awkward_descriptions() {
    let refused = |body: &[u8]| read(body).expect_err("to be refused");
    let long = body(&format!(
        "m=audio 4000 RTP/AVP 0\na=x:{}\n",
        "y".repeat(64 * 1024)
    ));
    assert!(matches!(refused(&long), SdpError::TooLong { .. }));
    let many = body(&"m=audio 4000 RTP/AVP 0\n".repeat(64));
    assert_eq!(refused(&many), SdpError::TooManyLines { actual: 64 });
    assert_eq!(refused(&body("m=audio 0 RTP/AVP 0\n")), SdpError::PortZero);
    assert_eq!(
        refused(&body("m=audio 4000 RTP/AVP 0 8 0\n")),
        SdpError::PayloadTwice { payload_type: 0 }
    );
    let mapped_twice = "m=audio 4000 RTP/AVP 96\na=rtpmap:96 L16/16000\na=rtpmap:96 L16/8000\n";
    assert_eq!(
        refused(&body(mapped_twice)),
        SdpError::PayloadTwice { payload_type: 96 }
    );
    assert_eq!(refused(&body("")), SdpError::NoAudio);
    assert_eq!(
        refused(&body("m=video 4000 RTP/AVP 31\n")),
        SdpError::NoAudio
    );
    assert_eq!(
        refused(&body("m=audio 4000 RTP/SAVP 0\n")),
        SdpError::NoAudio
    );
    let number = refused(&body("m=audio 4000 RTP/AVP 0 200\n"));
    assert_eq!(
        (number.status(), number),
        (
            400,
            SdpError::PayloadType {
                actual: "200".to_owned()
            }
        )
    );
    assert_eq!(refused(b"\x00\xff\xfe").status(), 400);
    assert_eq!(refused(b"v=0\r\nm=audio").status(), 400);
    let nowhere = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert!(matches!(
        refused(nowhere.as_bytes()),
        SdpError::Address { .. }
    ));
    let many_hosts = body("m=audio 4000 RTP/AVP 0\nc=IN IP4 224.2.1.1/127\n");
    assert!(matches!(refused(&many_hosts), SdpError::Address { .. }));
    let by_name = body("m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example.com\n");
    assert!(matches!(refused(&by_name), SdpError::Address { .. }));
    let payloads: Vec<_> = (0..=127).map(|number| number.to_string()).collect();
    let everything = body(&format!("m=audio 4000 RTP/AVP {}\n", payloads.join(" ")));
    assert_eq!(
        refused(&everything),
        SdpError::TooManyPayloads { actual: 128 }
    );
}

#[test]
fn other_lines_stay_in_place_and_are_refused() {
    let offer = body(
        "m=video 5000 RTP/AVP 96\na=rtpmap:96 VP8/90000\nm=audio 0 RTP/AVP 0\n\
         m=audio 4000 RTP/AVP 0\nm=application 5002 UDP/DTLS/SCTP webrtc-datachannel\n",
    );
    let text = text_of_answer(&offer);
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 96",
            "m=audio 0 RTP/AVP 0",
            "m=audio 30000 RTP/AVP 0",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ]
    );
}

#[test]
fn an_answer_says_what_was_agreed() {
    let text = text_of_answer(&body("m=audio 4000 RTP/AVP 8 0\na=sendonly\na=rtcp-mux\n"));
    for line in [
        "a=rtpmap:8 PCMA/8000",
        "a=ptime:20",
        "a=recvonly",
        "a=rtcp-mux",
        "c=IN IP4 192.0.2.7",
    ] {
        assert!(
            text.lines().any(|have| have == line),
            "{line} is missing in\n{text}"
        );
    }
    let wide = text_of_answer(&body("m=audio 4000 RTP/AVP 97\na=rtpmap:97 L16/48000\n"));
    assert!(
        wide.contains("a=rtpmap:97 L16/48000\r\na=ptime:10\r\na=maxptime:10\r\n"),
        "{wide}"
    );
}

#[test]
fn the_version_goes_up_only_when_something_changed() {
    let offer = Capabilities::default().offer(FrameTime::Ms20);
    let mut ours = Description::new(42);
    let version = |text: Vec<u8>| {
        sdp_types::Session::parse(&text)
            .expect("our own text")
            .origin
            .sess_version
    };
    let first = version(ours.offer(&offer, PLACE()));
    assert_eq!(version(ours.offer(&offer, PLACE())), first);
    let held = AudioOffer {
        direction: Direction {
            send: false,
            receive: false,
        },
        ..offer
    };
    assert_eq!(version(ours.offer(&held, PLACE())), first + 1);
    assert_eq!(version(ours.offer(&held, PLACE())), first + 1);
}

#[test]
fn our_offer_reads_as_what_we_can() {
    let offer = Capabilities::default().offer(FrameTime::Ms20);
    let text = Description::new(1).offer(&offer, PLACE());
    assert_eq!(read(&text).expect("our own text").audio, offer);
}
