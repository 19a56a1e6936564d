//! Whatever is offered: what we answer reads as what was agreed, and is what the offer allows.

use proptest::prelude::*;

use super::*;

const CODECS: [(&str, &str); 13] = [
    ("0", ""),
    ("8", ""),
    ("3", ""),
    ("96", "a=rtpmap:96 L16/16000\n"),
    ("97", "a=rtpmap:97 L16/48000/1\n"),
    ("98", "a=rtpmap:98 l16/8000\n"),
    ("9", ""),
    ("13", ""),
    ("101", "a=rtpmap:101 telephone-event/8000\n"),
    (
        "102",
        "a=rtpmap:102 telephone-event/16000\na=fmtp:102 0-11,16\n",
    ),
    ("105", "a=rtpmap:105 CN/16000\n"),
    ("121", "a=rtpmap:121 red/8000\na=fmtp:121 0/0\n"),
    (
        "122",
        "a=rtpmap:122 opus/48000/2\na=fmtp:122 useinbandfec=1\n",
    ),
];

fn an_offer() -> impl Strategy<Value = String> {
    let direction = prop_oneof![
        Just(""),
        Just("a=sendonly\n"),
        Just("a=recvonly\n"),
        Just("a=inactive\n")
    ];
    let ptime = proptest::option::of(10u32..200);
    let more = prop_oneof![
        Just(""),
        Just("m=video 9 RTP/AVP 31\n"),
        Just("m=audio 9 RTP/SAVP 0\nm=text 11 RTP/AVP 98\n")
    ];
    (
        proptest::sample::subsequence((0..CODECS.len()).collect::<Vec<_>>(), 1..=CODECS.len()),
        direction,
        ptime.clone(),
        ptime,
        any::<bool>(),
        more,
    )
        .prop_map(|(chosen, direction, ptime, maxptime, mux, more)| {
            let numbers: Vec<_> = chosen.iter().map(|&index| CODECS[index].0).collect();
            let maps: String = chosen.iter().map(|&index| CODECS[index].1).collect();
            let time = |name: &str, value: Option<u32>| {
                value.map_or_else(String::new, |value| format!("a={name}:{value}\n"))
            };
            let (ptime, maxptime) = (time("ptime", ptime), time("maxptime", maxptime));
            let mux = if mux { "a=rtcp-mux\n" } else { "" };
            let audio = format!("m=audio 4000 RTP/AVP {}\n{maps}", numbers.join(" "));
            format!("{more}{audio}{direction}{ptime}{maxptime}{mux}{more}")
        })
}

proptest! {
    /// What we answer parses, keeps the offer's lines, and is what the offer allows.
    #[test]
    fn answers_are_acceptable(media in an_offer(), all: bool) {
        let offer = read(&body(&media)).expect("made to be readable");
        let can = if all { everything() } else { Capabilities::default() };
        if let Ok(agreed) = answer(&offer.audio, &can, FrameTime::Ms20) {
            prop_assert!(agreed.acceptable_to(&offer.audio));
            let text = Description::new(3).answer(&offer, &agreed, PLACE());
            let ours = read(&text).expect("our own text");
            same_lines(&offer, &ours);
            prop_assert_eq!(ours.audio.codecs[0].codec(), Some(agreed.codec));
            prop_assert!(all || ours.audio.codecs.len() == 1);
            for said in &ours.audio.codecs {
                let number = said.payload_type;
                let offered = offer.audio.codecs.iter().find(|one| one.payload_type == number);
                prop_assert_eq!(offered.map(|one| one.encoding()), Some(said.encoding()));
            }
            prop_assert!(offer.audio.maxptime.is_none_or(|max| agreed.ptime <= max));
            prop_assert_eq!(ours.audio.ptime, Some(agreed.ptime));
            prop_assert_eq!(ours.audio.direction, agreed.direction);
            prop_assert!(offer.audio.rtcp_mux || !ours.audio.rtcp_mux);
        }
    }

    /// Nothing anybody sends makes the reader panic.
    #[test]
    fn anything_can_be_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        drop(read(&bytes));
    }

    /// Nor does a description that almost is one.
    #[test]
    fn damaged_descriptions_are_read_or_refused(media in an_offer(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = body(&media);
        let at = at.index(text.len());
        text[at] = byte;
        drop(read(&text));
    }
}
