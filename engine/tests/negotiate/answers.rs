//! Codec, number and packet time of an answer, and refusals.

use std::time::Duration;

use talkpath_engine::negotiate::{
    Capabilities, Numbers, OfferedCodec, Order, PacketTime, Refusal, answer,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

use super::{l16, offer, pcmu};

#[test]
fn the_rooms_frame_is_the_packet_time() {
    let offered = offer(vec![OfferedCodec::of(Codec::Pcmu, 0)]);
    let ours = Capabilities::default();
    for (room, ms) in [(FrameTime::Ms10, 10), (FrameTime::Ms20, 20)] {
        let answered = answer(&offered, &ours, room).expect("PCMU is ours");
        assert_eq!(answered.ptime, Duration::from_millis(ms));
        assert_eq!(
            (answered.codec, answered.numbers),
            (Codec::Pcmu, Numbers::same(0))
        );
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
        (wide.codec, wide.numbers),
        (Codec::L16(SampleRate::HZ_16000), Numbers::same(97))
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
        "no codec in common; supported: opus/48000/2, G722/8000, L16/48000, L16/16000, PCMA/8000, PCMU/8000, \
         L16/8000; offered: L16/16000/2, G729/8000/1"
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
        assert_eq!(
            (answer.codec, answer.numbers),
            (Codec::G722, Numbers::same(number))
        );
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
    let ours = Capabilities {
        forced: vec![Codec::Pcmu],
        ..Capabilities::default()
    };
    let refused = answer(&offered, &ours, FrameTime::Ms20);
    assert_eq!(
        refused.expect_err("none is ours").to_string(),
        "no codec in common; supported: PCMU/8000; offered: LPC/8000/1 (payload type 7), GSM/8000/1 (payload type 3), \
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

/// A wish is followed only where it is to be, and never beyond what is taken, sent or fits.
#[test]
fn the_offers_packet_time_is_followed_where_it_is_to_be() {
    let ms = Duration::from_millis;
    let offers = Capabilities {
        packet_time: PacketTime::Offered,
        ..Capabilities::default()
    };
    let of = |ours: &Capabilities, codec, ptime, maxptime: Option<u64>| {
        let mut offered = offer(vec![codec]);
        (offered.ptime, offered.maxptime) = (ptime, maxptime.map(ms));
        let answered = answer(&offered, ours, FrameTime::Ms20).expect("it is ours");
        assert!(answered.acceptable_to(&offered));
        answered.ptime
    };
    let frame = Capabilities::default();
    assert_eq!(of(&frame, pcmu(), Some(ms(40)), None), ms(20));
    assert_eq!(of(&offers, pcmu(), Some(ms(40)), None), ms(40));
    assert_eq!(of(&offers, pcmu(), None, None), ms(20));
    assert_eq!(of(&offers, pcmu(), Some(ms(35)), None), ms(30));
    assert_eq!(of(&offers, pcmu(), Some(ms(2)), None), ms(10));
    assert_eq!(of(&offers, pcmu(), Some(ms(500)), None), ms(60));
    assert_eq!(of(&offers, pcmu(), Some(ms(40)), Some(25)), ms(20));
    let wide = l16(SampleRate::HZ_48000, 96);
    assert_eq!(of(&offers, wide, Some(ms(40)), None), ms(10));
}

#[test]
fn of_many_strange_codecs_eight_are_named() {
    let strange = |number| OfferedCodec {
        name: "AMR".repeat(1_000),
        ..OfferedCodec::of(Codec::Pcmu, number)
    };
    let offered = offer((96..116).map(strange).collect());
    let refused = answer(&offered, &Capabilities::default(), FrameTime::Ms20);
    let told = refused.expect_err("none is ours").to_string();
    assert!(told.ends_with(" and 12 more"), "{told}");
    assert!(told.len() < 600, "{told}");
}
