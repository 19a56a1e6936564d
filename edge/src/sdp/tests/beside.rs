//! What goes beside the codec, and other lines, in our text.

use super::*;

/// Ours, of an offer with all there is switched on.
fn told(media: &str) -> String {
    let remote = read(&body(media)).expect("readable");
    let agreed = answer(&remote.audio, &everything(), FrameTime::Ms20).expect("a codec");
    let text = Description::new(7).answer(&remote, &agreed, PLACE());
    String::from_utf8(text).expect("text")
}

#[test]
fn an_answer_names_what_goes_beside_the_codec() {
    let text = told(
        "m=audio 4000 RTP/AVP 9 0 121 13 101 102\na=rtpmap:121 red/8000\na=fmtp:121 9/9/9\n\
         a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-11\na=rtpmap:102 telephone-event/16000\n",
    );
    let said: Vec<_> = text
        .lines()
        .filter(|line| {
            ["m=", "a=rtpmap", "a=fmtp"]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .collect();
    assert_eq!(
        said,
        [
            "m=audio 30000 RTP/AVP 9 13 101 121",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:13 CN/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=rtpmap:121 red/8000",
            "a=fmtp:121 9/9/9",
        ]
    );
}

/// RFC 4733 packets are dropped on their way in, so nobody is told to send them.
#[test]
fn by_default_nothing_is_taken_up_beside_the_codec() {
    let text = text_of_answer(&body(
        "m=audio 4000 RTP/AVP 0 13 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n",
    ));
    assert!(text.contains("m=audio 30000 RTP/AVP 0\r\n"), "{text}");
    assert!(
        !text.contains("telephone-event") && !text.contains("fmtp"),
        "{text}"
    );
}

#[test]
fn a_second_audio_line_is_refused_in_its_place() {
    let text = told(
        "m=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 8\nm=audio 4004 RTP/AVP 0\nm=image 4006 udptl t38\n\
         m=text 4008 RTP/AVP 98\n",
    );
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=audio 0 RTP/SAVP 0",
            "m=audio 30000 RTP/AVP 8",
            "m=audio 0 RTP/AVP 0",
            "m=image 0 udptl t38",
            "m=text 0 RTP/AVP 98",
        ]
    );
}

#[test]
fn our_offer_reads_as_all_we_can() {
    for frame in [FrameTime::Ms10, FrameTime::Ms20] {
        let offer = everything().offer(frame);
        let text = Description::new(1).offer(&offer, PLACE());
        assert_eq!(read(&text).expect("our own text").audio, offer);
    }
}

/// A hold of old phones in a later offer: the leg is told to stop sending, and nothing else.
#[test]
fn a_hold_by_address_is_a_difference_of_direction() {
    use talkpath_engine::negotiate::{Hold, answer_again};
    let first = read(&body("m=audio 4000 RTP/AVP 0\n")).expect("readable");
    let before = answer(&first.audio, &everything(), FrameTime::Ms20).expect("PCMU");
    let held = read(&body("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n")).expect("readable");
    let (_, difference) =
        answer_again(&before, &held.audio, &everything(), FrameTime::Ms20).expect("PCMU");
    assert_eq!(
        (difference.hold(), difference.needs_plan()),
        (Some(Hold::Held), false)
    );
    assert_eq!(difference.to_string(), "held");
}
