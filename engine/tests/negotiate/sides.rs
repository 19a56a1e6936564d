//! Both ends of a call.

use std::time::Duration;

use talkpath_engine::negotiate::{
    AudioOffer, Capabilities, Direction, End, Pair, PairRefusal, Refusal, Transcode, pair,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

use super::{HELD, everything, format, g722, l16, offer, pcma, pcmu};

fn joined(a: &AudioOffer, b: &AudioOffer, transcode: Transcode) -> Result<Pair, PairRefusal> {
    let ours = &everything();
    let (a, b) = (End { offer: a, ours }, End { offer: b, ours });
    let both = pair(a, b, transcode, FrameTime::Ms20)?;
    assert!(both.a.acceptable_to(a.offer) && both.b.acceptable_to(b.offer));
    Ok(both)
}

fn codecs(a: &AudioOffer, b: &AudioOffer) -> (Codec, Codec) {
    let both = joined(a, b, Transcode::IfNeeded).expect("both have something of ours");
    (both.a.codec, both.b.codec)
}

#[test]
fn equal_codecs_come_before_what_either_likes_better() {
    let a = offer(vec![g722(), pcma(), pcmu()]);
    let b = offer(vec![l16(SampleRate::HZ_16000, 96), pcmu(), pcma()]);
    assert_eq!(
        codecs(&a, &b),
        (Codec::Pcma, Codec::Pcma),
        "in the order of a"
    );
    assert_eq!(codecs(&b, &a), (Codec::Pcmu, Codec::Pcmu));
    let both = joined(&a, &b, Transcode::Never).expect("they have two in common");
    assert!(both.is_relayed());
}

#[test]
fn without_them_equal_rates_come_first_and_then_what_each_likes() {
    let wide = l16(SampleRate::HZ_16000, 96);
    let a = offer(vec![g722(), pcmu()]);
    assert_eq!(codecs(&a, &offer(vec![pcma()])), (Codec::Pcmu, Codec::Pcma));
    let b = offer(vec![pcma(), wide.clone()]);
    assert_eq!(
        codecs(&a, &b),
        (Codec::G722, Codec::L16(SampleRate::HZ_16000))
    );
    let narrow = offer(vec![pcma(), pcmu()]);
    assert_eq!(codecs(&narrow, &offer(vec![wide, g722()])).0, Codec::Pcma);
}

#[test]
fn transcoding_can_be_forbidden() {
    let (a, b) = (offer(vec![g722(), pcmu()]), offer(vec![pcma()]));
    let refused = joined(&a, &b, Transcode::Never).expect_err("nothing in common");
    let told = refused.to_string();
    assert_eq!(
        refused,
        PairRefusal::WouldTranscode {
            a: vec![Codec::G722, Codec::Pcmu],
            b: vec![Codec::Pcma],
        }
    );
    assert_eq!(
        told,
        "no codec in common between the sides, and transcoding is off; a: G722/8000, PCMU/8000; b: PCMA/8000"
    );
}

#[test]
fn an_end_without_a_codec_is_named() {
    let strange = offer(vec![format(18, "G729", 8_000, None)]);
    let fine = offer(vec![pcmu()]);
    let refused = |a, b| joined(a, b, Transcode::IfNeeded).expect_err("G.729");
    assert!(matches!(
        refused(&strange, &fine),
        PairRefusal::A(Refusal::NoCodec { .. })
    ));
    assert!(matches!(
        refused(&fine, &strange),
        PairRefusal::B(Refusal::NoCodec { .. })
    ));
    // Each end has capabilities of its own: what b may not speak is not chosen.
    let no_pcmu = Capabilities {
        denied: vec![Codec::Pcmu],
        ..everything()
    };
    let both = offer(vec![pcmu(), pcma()]);
    let (offer, all) = (&both, &everything());
    let (a, b) = (
        End { offer, ours: all },
        End {
            offer,
            ours: &no_pcmu,
        },
    );
    let joined = pair(a, b, Transcode::Never, FrameTime::Ms20).expect("PCMA");
    assert_eq!(joined.b.codec, Codec::Pcma);
}

#[test]
fn packets_of_equal_codecs_are_as_long_as_the_shorter_wish() {
    let ms = |ms| Some(Duration::from_millis(ms));
    let timed = |codec, ptime, maxptime| AudioOffer {
        ptime,
        maxptime,
        ..offer(vec![codec])
    };
    let times = |a: &AudioOffer, b: &AudioOffer| {
        let both = joined(a, b, Transcode::IfNeeded).expect("ours");
        (Some(both.a.ptime), Some(both.b.ptime))
    };
    let a = timed(pcmu(), ms(40), None);
    assert_eq!(times(&a, &timed(pcmu(), None, None)), (ms(20), ms(20)));
    assert_eq!(times(&a, &timed(pcmu(), ms(60), ms(30))), (ms(30), ms(30)));
    assert_eq!(times(&a, &timed(pcma(), ms(60), ms(30))), (ms(40), ms(30)));
}

#[test]
fn a_hold_of_one_end_is_told_to_the_other() {
    let held = AudioOffer {
        direction: Direction {
            receive: false,
            send: true,
        },
        ..offer(vec![pcmu()])
    };
    let both = joined(&held, &offer(vec![pcmu()]), Transcode::Never).expect("PCMU");
    assert_eq!(both.a.direction, HELD);
    let hears_only = Direction {
        receive: false,
        send: true,
    };
    assert_eq!(both.b.direction, hears_only);
    let dead = joined(&held, &held, Transcode::Never).expect("PCMU");
    assert!(!dead.a.direction.receive && !dead.a.direction.send);
}

#[test]
fn what_goes_beside_is_taken_up_by_both_ends_or_by_none() {
    let events = format(101, "telephone-event", 8_000, None);
    let noise = format(13, "", 8_000, None);
    let beside = |codec| offer(vec![codec, events.clone(), noise.clone()]);
    let has = |a: &AudioOffer, b: &AudioOffer| {
        let Pair { a, b } = joined(a, b, Transcode::IfNeeded).expect("ours");
        [a, b].map(|end| {
            (
                end.alongside.events.is_some(),
                end.alongside.comfort_noise.is_some(),
            )
        })
    };
    assert_eq!(has(&beside(pcmu()), &beside(pcmu())), [(true, true); 2]);
    assert_eq!(
        has(&beside(pcmu()), &offer(vec![pcmu()])),
        [(false, false); 2]
    );
    let transcoded = has(&beside(pcmu()), &offer(vec![pcma()]));
    assert_eq!(
        transcoded,
        [(false, true), (false, false)],
        "a decoder makes the noise"
    );
}
