//! Later offers in a session and what they change.

use std::time::Duration;

use talkpath_engine::negotiate::{
    AudioOffer, Capabilities, Difference, Direction, Hold, OfferedCodec, PacketTime, Step, answer,
    answer_again,
};
use talkpath_graph::FrameTime;
use talkpath_nodes::codec::Codec;

use super::{HELD, everything, format, offer, pcma, pcmu};

const NONE: Direction = Direction {
    receive: false,
    send: false,
};

fn both(codecs: Vec<OfferedCodec>) -> AudioOffer {
    offer(codecs)
}

/// What changes from `first` to `second`.
fn change(first: &AudioOffer, second: &AudioOffer, ours: &Capabilities) -> Difference {
    let before = answer(first, ours, FrameTime::Ms20).expect("a codec");
    let (now, difference) =
        answer_again(&before, second, ours, FrameTime::Ms20).expect("a codec again");
    assert!(now.acceptable_to(second));
    assert_eq!(now.since(&now), Difference::default());
    difference
}

#[test]
fn a_sign_of_life_changes_nothing() {
    let offered = both(vec![pcmu(), pcma()]);
    let difference = change(&offered, &offered, &everything());
    assert!(difference.is_none() && !difference.needs_plan());
    assert_eq!(difference.to_string(), "nothing");
}

/// `sendonly`, `inactive`, and back; `c=0.0.0.0` is `sendonly` by the time it comes here.
#[test]
fn a_hold_is_a_direction_and_no_other_plan() {
    let towards = |direction| AudioOffer {
        direction,
        ..both(vec![pcmu()])
    };
    let send_only = Direction {
        receive: false,
        send: true,
    };
    let receive_only = HELD;
    let hold = |from, to| {
        let difference = change(&towards(from), &towards(to), &Capabilities::default());
        assert!(!difference.needs_plan() && difference.codec.is_none());
        difference.hold()
    };
    assert_eq!(hold(Direction::BOTH, send_only), Some(Hold::Held));
    assert_eq!(hold(Direction::BOTH, NONE), Some(Hold::Held));
    assert_eq!(hold(send_only, NONE), Some(Hold::Held));
    assert_eq!(hold(NONE, Direction::BOTH), Some(Hold::Resumed));
    assert_eq!(hold(send_only, receive_only), Some(Hold::Turned));
    assert_eq!(hold(send_only, send_only), None);
    let held = change(
        &towards(Direction::BOTH),
        &towards(send_only),
        &everything(),
    );
    let step = Step {
        from: Direction::BOTH,
        to: HELD,
    };
    assert_eq!(held.direction, Some(step));
    assert_eq!(held.to_string(), "held");
}

#[test]
fn another_codec_is_another_plan() {
    let difference = change(&both(vec![pcmu()]), &both(vec![pcma()]), &everything());
    let step = Step {
        from: Codec::Pcmu,
        to: Codec::Pcma,
    };
    assert_eq!(difference.codec, Some(step));
    assert!(difference.numbers.is_some() && difference.needs_plan());
    assert_eq!(difference.hold(), None);
    let told = difference.to_string();
    assert_eq!(told, "codec PCMU/8000 to PCMA/8000, payload type");
}

#[test]
fn another_packet_time_is_another_plan() {
    let ours = Capabilities {
        packet_time: PacketTime::Offered,
        ..Capabilities::default()
    };
    let timed = |ms| AudioOffer {
        ptime: Some(Duration::from_millis(ms)),
        ..both(vec![pcmu()])
    };
    let difference = change(&timed(20), &timed(40), &ours);
    assert!(difference.needs_plan() && difference.codec.is_none());
    assert_eq!(difference.to_string(), "ptime 20ms to 40ms");
    let short = AudioOffer {
        maxptime: Some(Duration::from_millis(10)),
        ..timed(20)
    };
    let difference = change(&timed(20), &short, &Capabilities::default());
    assert_eq!(difference.to_string(), "ptime 20ms to 10ms");
}

#[test]
fn events_that_come_and_go_are_told() {
    let with = |number, fmtp| both(vec![pcmu(), format(number, "telephone-event", 8_000, fmtp)]);
    let without = both(vec![pcmu()]);
    let said = |from: &AudioOffer, to: &AudioOffer| {
        let difference = change(from, to, &everything());
        assert!(difference.needs_plan());
        difference.to_string()
    };
    let ten = with(101, None);
    assert_eq!(said(&without, &ten), "telephone events added");
    assert_eq!(said(&ten, &without), "telephone events removed");
    assert_eq!(said(&ten, &with(102, None)), "telephone events changed");
    assert_eq!(
        said(&ten, &with(101, Some("0-11"))),
        "telephone events changed"
    );
    let off = change(&without, &ten, &Capabilities::default());
    assert!(off.is_none(), "{off}: not switched on");
}

#[test]
fn several_changes_at_once_are_all_told() {
    let mut second = both(vec![
        pcma(),
        format(13, "", 8_000, None),
        format(121, "red", 8_000, Some("8/8")),
    ]);
    (second.direction, second.rtcp_mux) = (NONE, true);
    let told = change(&both(vec![pcmu()]), &second, &everything()).to_string();
    assert_eq!(
        told,
        "codec PCMU/8000 to PCMA/8000, payload type, held, port of RTCP, comfort noise added, redundancy added"
    );
}

#[test]
fn a_later_offer_without_a_codec_is_refused_like_a_first_one() {
    let before = answer(&both(vec![pcmu()]), &everything(), FrameTime::Ms20).expect("ours");
    let strange = both(vec![format(18, "G729", 8_000, None)]);
    let refused = answer_again(&before, &strange, &everything(), FrameTime::Ms20);
    let told = refused.expect_err("G.729 is not ours").to_string();
    assert!(told.ends_with("offered: G729/8000/1"), "{told}");
}
