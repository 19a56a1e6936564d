//! Preference, forced and denied codecs.

use talkpath_engine::negotiate::{Capabilities, OfferedCodec, Order, Refusal, answer};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::{Codec, OpusRate};

use super::{answered, g722, l16, offer, pcma, pcmu};

fn forced(codecs: &[Codec]) -> Capabilities {
    Capabilities {
        forced: codecs.to_vec(),
        ..Capabilities::default()
    }
}

#[test]
fn a_preference_list_picks_in_its_order() {
    let ours = Capabilities {
        codecs: vec![Codec::Pcma, Codec::G722],
        order: Order::Ours,
        ..Capabilities::default()
    };
    assert_eq!(
        answered(vec![pcmu(), g722(), pcma()], &ours).codec,
        Codec::Pcma
    );
    assert_eq!(answered(vec![pcmu(), g722()], &ours).codec, Codec::G722);
}

#[test]
fn forced_codecs_are_the_only_ones() {
    let all = || vec![pcmu(), pcma(), g722()];
    assert_eq!(answered(all(), &forced(&[Codec::G722])).codec, Codec::G722);
    let refused = answer(
        &offer(vec![pcmu()]),
        &forced(&[Codec::G722]),
        FrameTime::Ms20,
    );
    let Err(Refusal::NoCodec { offered, supported }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((offered, supported), (vec![pcmu()], vec![Codec::G722]));
    let both = forced(&[Codec::Pcma, Codec::Pcmu]);
    assert_eq!(
        answered(all(), &both).codec,
        Codec::Pcmu,
        "the offer's order"
    );
    let order = Order::Ours;
    assert_eq!(
        answered(all(), &Capabilities { order, ..both }).codec,
        Codec::Pcma
    );
}

#[test]
fn denied_codecs_are_never_answered_and_never_offered() {
    let ours = Capabilities {
        denied: vec![Codec::Pcmu],
        ..forced(&[Codec::Pcmu, Codec::Pcma])
    };
    assert_eq!(ours.usable(), [Codec::Pcma]);
    assert_eq!(answered(vec![pcmu(), pcma()], &ours).codec, Codec::Pcma);
    assert!(answer(&offer(vec![pcmu()]), &ours, FrameTime::Ms20).is_err());
    let offered = ours.offer(FrameTime::Ms20);
    assert_eq!(offered.codecs, [pcma()]);
}

#[test]
fn what_cannot_be_built_is_not_usable() {
    let odd = Codec::L16(SampleRate::new(32_000).expect("a rate"));
    let ours = Capabilities {
        codecs: vec![odd, Codec::Pcmu, Codec::Pcmu],
        forced: vec![odd, Codec::G722, Codec::Pcmu],
        ..Capabilities::default()
    };
    assert_eq!(
        ours.usable(),
        [Codec::Pcmu],
        "neither odd rates nor what is not listed"
    );
    let refused = answer(&offer(vec![l16(odd.rate(), 96)]), &ours, FrameTime::Ms20);
    assert!(
        matches!(refused, Err(Refusal::NoCodec { .. })),
        "{refused:?}"
    );
    let nothing = Capabilities {
        denied: ours.codecs.clone(),
        ..ours
    };
    assert!(nothing.offer(FrameTime::Ms20).codecs.is_empty());
    let refused = answer(&offer(vec![pcmu()]), &nothing, FrameTime::Ms20);
    assert_eq!(
        refused.expect_err("nothing is usable").to_string(),
        "no codec in common; supported: nothing; offered: PCMU/8000/1"
    );
}

/// Whatever codecs there are: one that a description of ours would not name right is not offered. All there is is tried.
#[test]
fn what_cannot_be_said_is_not_usable() {
    let opus = [OpusRate::Narrow, OpusRate::Wide, OpusRate::Full].map(Codec::Opus);
    let ours = Capabilities {
        codecs: opus.into_iter().chain([Codec::Pcmu]).collect(),
        ..Capabilities::default()
    };
    assert!(ours.usable().contains(&Codec::Pcmu));
    for codec in ours.usable() {
        assert_eq!(OfferedCodec::of(codec, 96).codec(), Some(codec));
    }
    let mine = ours.offer(FrameTime::Ms20);
    let said = mine.codecs.iter().filter(|one| one.codec().is_some());
    assert_eq!(said.count(), mine.codecs.len(), "{mine:?}");
}
