//! Offers and answers: an answer is always acceptable to the offer it answers.

use std::time::Duration;

use proptest::prelude::*;
use talkpath_engine::negotiate::{
    AudioOffer, Capabilities, Direction, OfferedCodec, Order, Refusal, answer,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

fn offer(codecs: Vec<OfferedCodec>) -> AudioOffer {
    AudioOffer {
        codecs,
        ptime: None,
        maxptime: None,
        direction: Direction::BOTH,
        rtcp_mux: false,
    }
}

fn l16(rate: SampleRate, payload_type: u8) -> OfferedCodec {
    OfferedCodec::of(Codec::L16(rate), payload_type)
}

#[test]
fn the_rooms_frame_is_the_packet_time() {
    let offered = offer(vec![OfferedCodec::of(Codec::Pcmu, 0)]);
    let ours = Capabilities::default();
    for (room, ms) in [(FrameTime::Ms10, 10), (FrameTime::Ms20, 20)] {
        let answered = answer(&offered, &ours, room).expect("PCMU is ours");
        assert_eq!(answered.ptime, Duration::from_millis(ms));
        assert_eq!((answered.codec, answered.payload_type), (Codec::Pcmu, 0));
    }
}

#[test]
fn l16_at_48_khz_is_ten_milliseconds_because_of_the_box() {
    let offered = offer(vec![l16(SampleRate::HZ_48000, 96)]);
    let answered = answer(&offered, &Capabilities::default(), FrameTime::Ms20).expect("ours");
    assert_eq!(answered.ptime, Duration::from_millis(10));
}

#[test]
fn maxptime_shortens_the_packet_and_below_ten_milliseconds_refuses() {
    let mut offered = offer(vec![OfferedCodec::of(Codec::Pcma, 8)]);
    let ours = Capabilities::default();
    offered.maxptime = Some(Duration::from_millis(15));
    let answered = answer(&offered, &ours, FrameTime::Ms20).expect("10 ms fits");
    assert_eq!(answered.ptime, Duration::from_millis(10));
    offered.maxptime = Some(Duration::from_millis(5));
    let refused = answer(&offered, &ours, FrameTime::Ms20).expect_err("too short");
    assert!(matches!(refused, Refusal::PtimeTooShort { .. }));
}

#[test]
fn the_offers_order_picks_unless_ours_shall() {
    let narrow_first = vec![
        OfferedCodec::of(Codec::Pcmu, 0),
        l16(SampleRate::HZ_16000, 97),
    ];
    let offered = offer(narrow_first);
    let mut ours = Capabilities::default();
    let theirs = answer(&offered, &ours, FrameTime::Ms20).expect("both are ours");
    assert_eq!(theirs.codec, Codec::Pcmu);
    ours.order = Order::Ours;
    let wide = answer(&offered, &ours, FrameTime::Ms20).expect("both are ours");
    assert_eq!(
        (wide.codec, wide.payload_type),
        (Codec::L16(SampleRate::HZ_16000), 97)
    );
}

#[test]
fn a_static_payload_type_needs_no_name_and_a_strange_codec_is_refused_by_name() {
    let mut bare = OfferedCodec::of(Codec::Pcma, 8);
    bare.name.clear();
    let ours = Capabilities::default();
    assert_eq!(
        answer(&offer(vec![bare]), &ours, FrameTime::Ms20).map(|a| a.codec),
        Ok(Codec::Pcma)
    );
    let mut stereo = l16(SampleRate::HZ_16000, 99);
    stereo.channels = 2;
    let mut strange = OfferedCodec::of(Codec::Pcmu, 18);
    strange.name = "G729".to_owned();
    let refused = answer(&offer(vec![stereo, strange]), &ours, FrameTime::Ms20);
    assert_eq!(
        refused.expect_err("neither is ours").to_string(),
        "no codec in common; offered: L16/16000/2, G729/8000/1"
    );
}

/// RFC 3551 4.5.2: the clock says 8,000 though it is 16 kHz.
#[test]
fn g722_is_taken_by_its_number_and_by_its_name() {
    let bare = OfferedCodec {
        name: String::new(),
        ..OfferedCodec::of(Codec::Pcmu, 9)
    };
    for (offered, number) in [(bare, 9), (OfferedCodec::of(Codec::G722, 101), 101)] {
        let ours = Capabilities::default();
        let answer = answer(&offer(vec![offered]), &ours, FrameTime::Ms20).expect("ours");
        assert_eq!((answer.codec, answer.payload_type), (Codec::G722, number));
        assert_eq!(
            (answer.codec.clock_rate(), answer.codec.rate().hz()),
            (8_000, 16_000)
        );
    }
}

/// RFC 3551, table 4: the numbers that need no `rtpmap`.
#[test]
fn a_strange_codec_without_a_name_is_refused_by_that_of_its_number() {
    let bare = |number| OfferedCodec {
        name: String::new(),
        ..OfferedCodec::of(Codec::Pcmu, number)
    };
    let offered = offer([7, 3, 18, 4, 102].map(bare).to_vec());
    let refused = answer(&offered, &Capabilities::default(), FrameTime::Ms20);
    assert_eq!(
        refused.expect_err("none is ours").to_string(),
        "no codec in common; offered: LPC/8000/1 (payload type 7), GSM/8000/1 (payload type 3), \
         G729/8000/1 (payload type 18), G723/8000/1 (payload type 4), payload type 102 without rtpmap"
    );
}

#[test]
fn two_payloads_of_one_number_and_numbers_above_127_are_refused() {
    let twice = vec![
        OfferedCodec::of(Codec::Pcmu, 0),
        OfferedCodec::of(Codec::Pcma, 0),
    ];
    let ours = Capabilities::default();
    let refused = answer(&offer(twice), &ours, FrameTime::Ms20);
    assert_eq!(refused, Err(Refusal::BadPayloadType { payload_type: 0 }));
    let above = vec![OfferedCodec::of(Codec::Pcmu, 200)];
    let refused = answer(&offer(above), &ours, FrameTime::Ms20);
    assert_eq!(refused, Err(Refusal::BadPayloadType { payload_type: 200 }));
}

#[test]
fn a_payload_type_that_looks_like_rtcp_shares_no_port() {
    let mut offered = offer(vec![l16(SampleRate::HZ_16000, 72)]);
    offered.rtcp_mux = true;
    let ours = Capabilities::default();
    let answered = answer(&offered, &ours, FrameTime::Ms20).expect("the codec is ours");
    assert!(!answered.rtcp_mux);
    offered.codecs = vec![l16(SampleRate::HZ_16000, 96)];
    assert!(
        answer(&offered, &ours, FrameTime::Ms20)
            .expect("the codec is ours")
            .rtcp_mux
    );
}

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
        let offered_short = offered.codecs.iter().any(|one| one.clock_rate == 48_000);
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

fn any_offered() -> impl Strategy<Value = OfferedCodec> {
    let name = prop::sample::select(vec!["PCMU", "pcma", "L16", "l16", "opus", "G729", ""]);
    let rate = prop::sample::select(vec![8_000_u32, 16_000, 44_100, 48_000, 0]);
    (any::<u8>(), name, rate, 0..3_u8).prop_map(|(payload_type, name, clock_rate, channels)| {
        OfferedCodec {
            payload_type,
            name: name.to_owned(),
            clock_rate,
            channels,
            fmtp: None,
        }
    })
}

fn any_offer() -> impl Strategy<Value = AudioOffer> {
    let ms = || prop::option::of((0..200_u64).prop_map(Duration::from_millis));
    let codecs = prop::collection::vec(any_offered(), 0..6);
    (
        codecs,
        ms(),
        ms(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(codecs, ptime, maxptime, receive, send, rtcp_mux)| AudioOffer {
                codecs,
                ptime,
                maxptime,
                direction: Direction { receive, send },
                rtcp_mux,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_acceptable_to_its_offer(
        offered in any_offer(), ours_first: bool, twenty: bool, mux: bool,
    ) {
        let order = if ours_first { Order::Ours } else { Order::Offer };
        let ours = Capabilities { order, rtcp_mux: mux, ..Capabilities::default() };
        let room = if twenty { FrameTime::Ms20 } else { FrameTime::Ms10 };
        if let Ok(answered) = answer(&offered, &ours, room) {
            prop_assert!(answered.acceptable_to(&offered), "{answered:?}");
            prop_assert!(ours.codecs.contains(&answered.codec));
            prop_assert!(answered.ptime <= answered.codec.max_ptime());
            prop_assert!(answered.ptime >= Duration::from_millis(10));
            prop_assert!(answered.ptime <= room.as_duration());
        }
    }
}
