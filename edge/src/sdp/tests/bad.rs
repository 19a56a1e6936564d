//! Bad input: cut, long, absurd. Whatever comes is read or refused, in time that grows with its length.

use std::time::Duration;

use talkpath_engine::negotiate::Alongside;
use talkpath_rt::clock::{Clock, MonotonicClock};

use super::*;

/// Good descriptions, as phones, browsers and switches write them.
const GOOD: [&str; 5] = [
    "m=audio 4000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:30\na=sendrecv\n",
    "m=audio 4000 RTP/AVP 111 9 0 13 110 126\na=rtpmap:111 opus/48000/2\na=fmtp:111 minptime=10;useinbandfec=1\n\
     a=rtpmap:9 G722/8000\na=rtpmap:13 CN/8000\na=rtpmap:110 telephone-event/48000\na=rtpmap:126 telephone-event/8000\n\
     a=maxptime:60\na=rtcp-mux\n",
    "m=video 5000 RTP/AVP 96\na=rtpmap:96 VP8/90000\nm=audio 4000 RTP/AVP 121 0\nc=IN IP4 198.51.100.4\n\
     a=rtpmap:121 red/8000\na=fmtp:121 0/0\na=rtcp:4100 IN IP4 198.51.100.4\nm=audio 4002 RTP/AVP 8\n",
    "m=audio 4000 RTP/AVP 97 98\nc=IN IP6 2001:db8::5\na=rtpmap:97 L16/48000/1\na=rtpmap:98 L16/16000\na=inactive\n",
    "m=audio 4000 RTP/AVP 18 4\na=rtpmap:18 G729/8000\na=fmtp:18 annexb=no\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\n",
];

/// What must hold of anything that reads; whether it did.
fn sound(text: &[u8]) -> bool {
    let Ok(remote) = read(text) else {
        return false;
    };
    let Ok(agreed) = answer(&remote.audio, &everything(), FrameTime::Ms20) else {
        return false;
    };
    assert!(agreed.acceptable_to(&remote.audio));
    let ours = Description::new(3).answer(&remote, &agreed, PLACE());
    same_lines(&remote, &read(&ours).expect("our own text"));
    true
}

#[test]
fn every_cut_of_a_good_description_is_read_or_refused() {
    for (index, good) in GOOD.into_iter().enumerate() {
        let text = body(good);
        assert_eq!(sound(&text), index != 4, "{good}");
        let read = (0..text.len()).filter(|&length| sound(&text[..length]));
        assert!(
            index == 4 || read.count() > 0,
            "cut behind a whole line it is good"
        );
    }
}

#[test]
fn what_is_too_long_or_too_much_is_told_so() {
    let long = body(&"m=audio 4000 RTP/AVP 0\n".repeat(3_000));
    let actual = long.len();
    assert!(actual > 64 * 1024);
    assert_eq!(read(&long), Err(SdpError::TooLong { actual }));
    let lines = body(&"m=audio 4000 RTP/AVP 0\n".repeat(64));
    assert_eq!(read(&lines), Err(SdpError::TooManyLines { actual: 64 }));
    let most = body(&"m=audio 4000 RTP/AVP 0\n".repeat(MOST_LINES));
    assert!(sound(&most));
}

#[test]
fn absurd_parameters_are_not_taken_up_and_do_no_harm() {
    let nines = "9".repeat(2_000);
    let slashes = "0/".repeat(1_000);
    let commas = "0-15,".repeat(400);
    let absurd = ["0-999", "-", "0/0/", "=;=;=", &nines, &slashes, &commas];
    for fmtp in absurd {
        let text = body(&format!(
            "m=audio 4000 RTP/AVP 0 101 121\na=rtpmap:101 telephone-event/8000\na=fmtp:101 {fmtp}\n\
             a=rtpmap:121 red/8000\na=fmtp:121 {fmtp}\na=ptime:{nines}\na=maxptime:-1\n",
        ));
        let remote = read(&text).expect("readable");
        let agreed = answer(&remote.audio, &everything(), FrameTime::Ms20).expect("PCMU");
        assert_eq!(agreed.ptime, Duration::from_millis(20));
        assert_eq!(agreed.alongside, Alongside::default(), "{:.20}", fmtp);
    }
    for odd in [
        "a=rtpmap:300 L16/16000\n",
        "a=rtpmap:0\n",
        "a=fmtp:0\n",
        "a=fmtp:999 x\n",
        "a=rtpmap:x y/z\n",
    ] {
        assert!(
            sound(&body(&format!("m=audio 4000 RTP/AVP 0\n{odd}"))),
            "{odd}"
        );
    }
    assert_eq!(
        read(&body("m=audio 4000 RTP/AVP +8\n")),
        Err(SdpError::PayloadType {
            actual: "+8".to_owned()
        })
    );
}

/// The worst there is: all payload types, and as many attributes of the last of them as fit.
fn worst(attribute: &str, bytes: usize) -> Vec<u8> {
    let numbers: Vec<_> = (64..128).map(|number: u8| number.to_string()).collect();
    let head = format!("m=audio 4000 RTP/AVP {}\n", numbers.join(" "));
    let count = (bytes - 400) / (attribute.len() + 1);
    body(&format!("{head}{}", attribute.repeat(count)))
}

/// Best of some, since others run here as well.
fn cost(text: &[u8]) -> Duration {
    let once = |_| {
        let begin = MonotonicClock.now();
        drop(read(text));
        MonotonicClock.now() - begin
    };
    (0..40).map(once).min().expect("some")
}

#[test]
fn the_time_grows_with_the_length_and_no_faster() {
    for attribute in ["a=fmtp:127 x\n", "a=x\n", "a=fmtp:1\n", "b=AS:1\n"] {
        let (short, long) = (worst(attribute, LONGEST / 8), worst(attribute, LONGEST));
        assert!(long.len() <= LONGEST && long.len() > 6 * short.len());
        let (short, long) = (cost(&short), cost(&long));
        assert!(
            long < 24 * short,
            "{attribute:?}: {short:?} and eight times as long {long:?}"
        );
    }
}
