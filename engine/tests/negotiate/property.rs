//! Whatever is offered: answers are acceptable, and nothing is said that cannot be built.

use std::time::Duration;

use proptest::prelude::*;
use talkpath_engine::negotiate::{
    AudioAnswer, AudioOffer, Capabilities, Direction, End, OfferedCodec, Order, PacketTime,
    Transcode, answer, pair, settle,
};
use talkpath_graph::{FrameTime, SampleRate};
use talkpath_nodes::codec::Codec;

fn any_offered() -> impl Strategy<Value = OfferedCodec> {
    let names = [
        "PCMU",
        "pcma",
        "L16",
        "l16",
        "G722",
        "opus",
        "G729",
        "",
        "telephone-event",
        "CN",
        "red",
    ];
    let rates = [8_000_u32, 8_000, 16_000, 44_100, 48_000, 0];
    let fmtps = [
        None,
        Some("0-15"),
        Some("0/0"),
        Some("96/96"),
        Some("x"),
        Some("maxplaybackrate=16000;useinbandfec=1;usedtx=1;minptime=60"),
        Some("maxplaybackrate=no"),
        Some(""),
    ];
    (
        prop_oneof![0..20_u8, 60..130_u8],
        prop::sample::select(names.to_vec()),
        prop::sample::select(rates.to_vec()),
        prop_oneof![4 => Just(1_u8), 1 => 0..3_u8],
        prop::sample::select(fmtps.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(payload_type, name, clock_rate, channels, fmtp, right)| {
            // Opus is written in one way only.
            let opus = right && name == "opus";
            OfferedCodec {
                payload_type,
                name: name.to_owned(),
                clock_rate: if opus { 48_000 } else { clock_rate },
                channels: if opus { 2 } else { channels },
                fmtp: fmtp.map(str::to_owned),
            }
        })
}

fn any_direction() -> impl Strategy<Value = Direction> {
    any::<(bool, bool)>().prop_map(|(receive, send)| Direction { receive, send })
}

fn any_offer() -> impl Strategy<Value = AudioOffer> {
    let ms = || prop::option::of((0..200_u64).prop_map(Duration::from_millis));
    let codecs = prop::collection::vec(any_offered(), 0..8);
    (codecs, ms(), ms(), any_direction(), any::<bool>()).prop_map(
        |(codecs, ptime, maxptime, direction, rtcp_mux)| AudioOffer {
            codecs,
            ptime,
            maxptime,
            direction,
            rtcp_mux,
        },
    )
}

/// Codecs that cannot be built are among them.
fn any_capabilities() -> impl Strategy<Value = Capabilities> {
    let mut all = Capabilities::default().codecs;
    all.extend([12_000, 32_000, 44_100].map(|hz| Codec::L16(SampleRate::new(hz).expect("a rate"))));
    let some = move |most| prop::sample::subsequence(all.clone(), 0..=most).prop_shuffle();
    (some(9), some(2), some(2), any::<[bool; 6]>()).prop_map(|(codecs, forced, denied, flags)| {
        let [
            ours,
            offered,
            rtcp_mux,
            telephone_event,
            comfort_noise,
            redundancy,
        ] = flags;
        Capabilities {
            codecs,
            forced,
            denied,
            order: if ours { Order::Ours } else { Order::Offer },
            packet_time: if offered {
                PacketTime::Offered
            } else {
                PacketTime::Frame
            },
            rtcp_mux,
            telephone_event,
            comfort_noise,
            redundancy,
        }
    })
}

fn any_frame() -> impl Strategy<Value = FrameTime> {
    prop::sample::select(vec![FrameTime::Ms10, FrameTime::Ms20])
}

/// What the engine takes for a leg: see its checks of a network leg.
fn is_built(answered: &AudioAnswer, ours: &Capabilities) -> bool {
    let ms = answered.ptime.as_millis();
    let rate = [8_000, 16_000, 48_000].contains(&answered.codec.rate().hz());
    let time = ms.is_multiple_of(10) && (10..=60).contains(&ms);
    let allowed = ours.codecs.contains(&answered.codec) && !ours.denied.contains(&answered.codec);
    let beside = &answered.alongside;
    let events = beside.events.is_none() || ours.telephone_event;
    let noise = beside.comfort_noise.is_none() || ours.comfort_noise;
    let redundancy = beside.redundancy.is_none() || ours.redundancy;
    let fits = answered.ptime <= answered.codec.max_ptime();
    rate && time && fits && allowed && events && noise && redundancy
}

fn numbers_differ(offer: &AudioOffer) -> bool {
    let mut numbers: Vec<_> = offer.codecs.iter().map(|one| one.payload_type).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len() == offer.codecs.len() && numbers.iter().all(|number| *number < 128)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_acceptable_to_its_offer(
        offered in any_offer(), ours in any_capabilities(), room in any_frame(),
    ) {
        if let Ok(answered) = answer(&offered, &ours, room) {
            prop_assert!(answered.acceptable_to(&offered), "{answered:?}");
            prop_assert!(is_built(&answered, &ours), "{answered:?}");
            prop_assert!(numbers_differ(&offered));
            // Of Opus a side may say what is too short for it.
            let room = answered.codec.is_framed() || answered.ptime <= room.as_duration();
            prop_assert!(ours.packet_time == PacketTime::Offered || room);
        }
    }

    /// An answer to our offer takes nothing that we did not offer, and an offer of ours is acceptable to ourselves.
    #[test]
    fn offers_of_ours_are_built_and_settled(
        ours in any_capabilities(), theirs in any_capabilities(), room in any_frame(), before in any_offer(),
    ) {
        let mut offers = vec![ours.offer(room)];
        if let Ok(before) = answer(&before, &ours, room) {
            offers.push(ours.offer_again(room, &before));
        }
        for mine in offers {
            prop_assert!(numbers_differ(&mine), "{mine:?}");
            for codec in mine.codecs.iter().filter_map(OfferedCodec::codec) {
                prop_assert!(ours.usable().contains(&codec));
            }
            prop_assert!(mine.codecs.is_empty() || mine.ptime <= mine.maxptime);
            let Ok(answered) = answer(&mine, &theirs, room) else { continue };
            prop_assert!(answered.acceptable_to(&mine));
            let said = AudioOffer {
                codecs: mine.codecs.iter().filter(|one| one.codec() == Some(answered.codec)).cloned().collect(),
                direction: answered.direction,
                ..mine.clone()
            };
            let settled = settle(&mine, &said, &ours, room);
            prop_assert!(settled.as_ref().is_ok_and(|settled| is_built(settled, &ours)), "{settled:?}");
        }
    }

    #[test]
    fn both_answers_of_a_call_are_acceptable(
        a in any_offer(), b in any_offer(), of_a in any_capabilities(), of_b in any_capabilities(),
        never: bool, usual in any_frame(),
    ) {
        let (a, b) = (End { offer: &a, ours: &of_a }, End { offer: &b, ours: &of_b });
        let transcode = if never { Transcode::Never } else { Transcode::IfNeeded };
        if let Ok(both) = pair(a, b, transcode, usual) {
            for (answered, end) in [(&both.a, a), (&both.b, b)] {
                prop_assert!(answered.acceptable_to(end.offer), "{answered:?}");
                prop_assert!(is_built(answered, end.ours), "{answered:?}");
            }
            prop_assert_eq!(both.a.direction.receive, both.b.direction.send);
            prop_assert_eq!(both.b.direction.receive, both.a.direction.send);
            prop_assert!(both.a.codec != both.b.codec || both.is_relayed());
            prop_assert!(!never || both.is_relayed());
        }
    }

    #[test]
    fn a_difference_is_what_differs(
        first in any_offer(), second in any_offer(), ours in any_capabilities(), room in any_frame(),
    ) {
        if let (Ok(first), Ok(second)) = (answer(&first, &ours, room), answer(&second, &ours, room)) {
            prop_assert_eq!(second.since(&first).is_none(), first == second);
            prop_assert!(first.since(&first).is_none());
            prop_assert_eq!(second.since(&first).hold().is_some(), first.direction != second.direction);
        }
    }
}
