//! Offers of ours and their answers.

use std::time::Duration;

use talkpath_engine::negotiate::{
    AudioOffer, Capabilities, Numbers, OfferedCodec, Refusal, answer, settle,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

use super::{HELD, everything, format, l16, offer, pcma, pcmu};

#[test]
fn our_own_offer_is_answered_by_our_own_answer() {
    let ours = Capabilities::default();
    for room in [FrameTime::Ms10, FrameTime::Ms20] {
        let offered = ours.offer(room);
        assert_eq!(offered.ptime, Some(room.as_duration()));
        assert!(offered.ptime <= offered.maxptime, "{offered:?}");
        let answered = answer(&offered, &ours, room).expect("we speak what we offer");
        assert!(answered.acceptable_to(&offered));
    }
}

#[test]
fn a_codec_too_short_for_the_room_is_offered_only_where_there_is_no_other() {
    let short = Codec::L16(SampleRate::HZ_48000);
    let mut ours = Capabilities::default();
    let offers = |ours: &Capabilities, room| {
        let offered = ours.offer(room);
        let offered_short = offered
            .codecs
            .iter()
            .any(|one| one.name == "L16" && one.clock_rate == 48_000);
        (offered_short, offered.codecs.len(), offered.ptime)
    };
    let all = ours.codecs.len();
    let (ten, twenty) = (
        Some(Duration::from_millis(10)),
        Some(Duration::from_millis(20)),
    );
    assert!(ours.codecs.contains(&short));
    assert_eq!(offers(&ours, FrameTime::Ms10), (true, all, ten));
    assert_eq!(offers(&ours, FrameTime::Ms20), (false, all - 1, twenty));
    ours.codecs = vec![short];
    assert_eq!(offers(&ours, FrameTime::Ms20), (true, 1, ten));
    assert_eq!(ours.offer(FrameTime::Ms20).maxptime, ten);
}

/// One for each RTP clock, under the numbers phones know.
#[test]
fn what_goes_beside_is_offered_once_for_each_clock() {
    let offered = everything().offer(FrameTime::Ms10);
    let beside = |name: &str| -> Vec<(u32, u8)> {
        let named = offered.codecs.iter().filter(|one| one.name == name);
        named
            .map(|one| (one.clock_rate, one.payload_type))
            .collect()
    };
    assert_eq!(
        beside("telephone-event"),
        [(8_000, 101), (16_000, 103), (48_000, 104)]
    );
    assert_eq!(beside("CN"), [(8_000, 13), (16_000, 100), (48_000, 102)]);
    assert!(beside("red").is_empty());
    let events = offered.codecs.iter().find(|one| one.payload_type == 101);
    assert_eq!(events.and_then(|one| one.fmtp.as_deref()), Some("0-15"));
    let narrow = Capabilities {
        forced: vec![Codec::Pcma],
        telephone_event: true,
        ..Capabilities::default()
    };
    let names =
        |offer: AudioOffer| -> Vec<_> { offer.codecs.into_iter().map(|one| one.name).collect() };
    assert_eq!(
        names(narrow.offer(FrameTime::Ms20)),
        ["PCMA", "telephone-event"]
    );
    assert!(
        names(Capabilities::default().offer(FrameTime::Ms20))
            .iter()
            .all(|name| name != "CN")
    );
}

/// RFC 3264, section 5.1: each side is sent the numbers of its own description.
#[test]
fn an_answer_may_have_numbers_of_its_own() {
    let ours = everything();
    let mine = ours.offer(FrameTime::Ms20);
    let events = format(97, "telephone-event", 16_000, Some("0-11"));
    let theirs = offer(vec![l16(SampleRate::HZ_16000, 120), events]);
    let settled = settle(&mine, &theirs, &ours, FrameTime::Ms20).expect("it was offered");
    assert_eq!(settled.codec, Codec::L16(SampleRate::HZ_16000));
    let number = |name: &str, clock| {
        let is = |one: &&OfferedCodec| one.name == name && one.clock_rate == clock;
        mine.codecs.iter().find(is).expect("offered").payload_type
    };
    let (receive, send) = (number("L16", 16_000), 120);
    assert_eq!(settled.numbers, Numbers { receive, send });
    let events = settled.alongside.events.expect("both have them");
    let (receive, send) = (number("telephone-event", 16_000), 97);
    assert_eq!(events.numbers, Numbers { receive, send });
    assert!(events.send.contains(11) && !events.send.contains(12));
    assert_eq!(events.receive.to_string(), "0-15");
}

#[test]
fn an_answer_with_what_was_not_offered_is_refused() {
    let ours = Capabilities {
        codecs: vec![Codec::Pcmu],
        ..Capabilities::default()
    };
    let mine = ours.offer(FrameTime::Ms20);
    let refused = settle(&mine, &offer(vec![pcma()]), &ours, FrameTime::Ms20);
    let refused = refused.expect_err("PCMA was not offered");
    assert!(matches!(refused, Refusal::NotOffered { .. }));
    assert_eq!(
        refused.to_string(),
        "the answer names no codec of the offer; offered: PCMU/8000/1; answered: PCMA/8000/1"
    );
    let second = settle(&mine, &offer(vec![pcma(), pcmu()]), &ours, FrameTime::Ms20);
    assert_eq!(second.map(|one| one.codec), Ok(Codec::Pcmu));
}

#[test]
fn an_answer_takes_away_from_the_offer_and_adds_nothing() {
    let ours = Capabilities::default();
    let mut mine = ours.offer(FrameTime::Ms20);
    let mut theirs = offer(vec![pcmu()]);
    theirs.rtcp_mux = true;
    let both = settle(&mine, &theirs, &ours, FrameTime::Ms20).expect("offered");
    assert!(both.rtcp_mux && both.direction == super::Direction::BOTH);
    theirs.maxptime = Some(Duration::from_millis(10));
    (mine.direction, mine.rtcp_mux) = (HELD, false);
    let less = settle(&mine, &theirs, &ours, FrameTime::Ms20).expect("offered");
    assert_eq!((less.direction, less.rtcp_mux), (HELD, false));
    assert_eq!(less.ptime, Duration::from_millis(10));
}

/// RFC 3264, section 8.3.2: a number means the same as long as the session lasts.
#[test]
fn a_later_offer_of_ours_keeps_the_codec_and_its_number() {
    let ours = everything();
    let mine = ours.offer(FrameTime::Ms20);
    let mut theirs = offer(vec![
        l16(SampleRate::HZ_16000, 101),
        format(96, "telephone-event", 16_000, None),
        format(8, "CN", 16_000, None),
    ]);
    theirs.rtcp_mux = true;
    let before = answer(&theirs, &ours, FrameTime::Ms20).expect("ours");
    let again = ours.offer_again(FrameTime::Ms20, &before);
    let number = |offer: &AudioOffer, of: &OfferedCodec| {
        let is = |one: &&OfferedCodec| one.name == of.name && one.clock_rate == of.clock_rate;
        offer.codecs.iter().find(is).map(|one| one.payload_type)
    };
    assert_eq!(again.codecs[0], theirs.codecs[0]);
    for kept in &theirs.codecs {
        assert_eq!(number(&again, kept), Some(kept.payload_type), "{kept:?}");
        assert_ne!(number(&mine, kept), Some(kept.payload_type), "{kept:?}");
    }
    let mut numbers: Vec<_> = again.codecs.iter().map(|one| one.payload_type).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), mine.codecs.len(), "no number is given twice");
    let answered = answer(&again, &ours, FrameTime::Ms20).expect("ours");
    assert!(
        answered.since(&before).is_none(),
        "{}",
        answered.since(&before)
    );
}
