//! Telephone events, comfort noise and redundancy beside the codec.

use talkpath_engine::negotiate::{Alongside, Capabilities, Encoding, Events, Numbers, Redundancy};
use talkpath_graph::SampleRate;

use super::{answered, everything, format, g722, l16, offer, pcmu};

fn events(of: Alongside) -> Option<u8> {
    of.events.map(|events| events.numbers.receive)
}

/// Legs and calls have no use for them yet: what would be dropped is not accepted.
#[test]
fn nothing_goes_beside_unless_it_is_switched_on() {
    let offered = vec![
        pcmu(),
        format(13, "", 8_000, None),
        format(101, "telephone-event", 8_000, Some("0-16")),
        format(121, "red", 8_000, Some("0/0")),
    ];
    let nothing = answered(offered.clone(), &Capabilities::default()).alongside;
    assert_eq!(nothing, Alongside::default());
    let all = answered(offered, &everything()).alongside;
    let send = "0-16".parse().expect("a list");
    let receive = "0-15".parse().expect("a list");
    let numbers = Numbers::same(101);
    assert_eq!(
        all.events,
        Some(Events {
            numbers,
            receive,
            send
        })
    );
    assert_eq!(all.comfort_noise, Some(Numbers::same(13)));
    let (numbers, older) = (Numbers::same(121), 1);
    assert_eq!(all.redundancy, Some(Redundancy { numbers, older }));
}

/// One line of timestamps for all there is in a stream.
#[test]
fn events_are_those_of_the_codecs_clock() {
    let beside = || {
        [8_000, 16_000, 48_000]
            .into_iter()
            .zip(101..)
            .map(|(clock, number)| format(number, "Telephone-Event", clock, None))
    };
    let with = |codec| {
        let codecs = std::iter::once(codec).chain(beside()).collect();
        events(answered(codecs, &everything()).alongside)
    };
    assert_eq!(with(pcmu()), Some(101));
    assert_eq!(with(g722()), Some(101), "the clock of G.722 says 8,000");
    assert_eq!(with(l16(SampleRate::HZ_16000, 96)), Some(102));
    assert_eq!(with(l16(SampleRate::HZ_48000, 96)), Some(103));
    let other = vec![pcmu(), format(102, "telephone-event", 16_000, None)];
    assert_eq!(events(answered(other, &everything()).alongside), None);
}

#[test]
fn a_list_of_events_that_cannot_be_read_is_none() {
    for fmtp in ["", "0-", "0-999", "15-0", "a"] {
        let codecs = vec![pcmu(), format(101, "telephone-event", 8_000, Some(fmtp))];
        assert_eq!(
            events(answered(codecs, &everything()).alongside),
            None,
            "{fmtp}"
        );
    }
}

#[test]
fn comfort_noise_is_known_by_number_and_by_name() {
    let noise = |one| {
        answered(vec![pcmu(), one], &everything())
            .alongside
            .comfort_noise
    };
    assert_eq!(noise(format(13, "", 8_000, None)), Some(Numbers::same(13)));
    assert_eq!(
        noise(format(100, "cn", 8_000, None)),
        Some(Numbers::same(100))
    );
    assert_eq!(noise(format(100, "CN", 16_000, None)), None);
    assert_eq!(
        format(13, "", 8_000, None).encoding(),
        Encoding::ComfortNoise
    );
    assert_eq!(format(14, "", 8_000, None).encoding(), Encoding::Other);
}

/// Every block has to be what we decode, and no more of them than a packet is read for.
#[test]
fn redundancy_is_that_of_the_codec() {
    let red = |fmtp: Option<&str>| {
        let codecs = vec![pcmu(), format(121, "red", 8_000, fmtp)];
        let redundancy = answered(codecs, &everything()).alongside.redundancy;
        redundancy.map(|redundancy| redundancy.older)
    };
    assert_eq!(red(Some("0/0")), Some(1));
    assert_eq!(red(Some(" 0/0/0 ")), Some(2));
    let longest = ["0"; 8].join("/");
    assert_eq!(red(Some(&longest)), Some(7));
    let longer = ["0"; 9].join("/");
    let far_longer = ["0"; 8_000].join("/");
    let bad = [
        "0", "", "/", "0/8", "8/0", "0/", "0/0;x=1", "-0/0", "300/300",
    ];
    for fmtp in bad
        .into_iter()
        .chain([longer.as_str(), far_longer.as_str()])
    {
        assert_eq!(red(Some(fmtp)), None, "{fmtp}");
    }
    assert_eq!(red(None), None);
}

/// A number that looks like RTCP shares no port, whatever has it (RFC 5761, section 4).
#[test]
fn an_event_that_looks_like_rtcp_shares_no_port() {
    let mut offered = offer(vec![pcmu(), format(72, "telephone-event", 8_000, None)]);
    offered.rtcp_mux = true;
    let frame = talkpath_graph::FrameTime::Ms20;
    let mux = |ours: &Capabilities| {
        let answered = talkpath_engine::negotiate::answer(&offered, ours, frame);
        answered.expect("PCMU is ours").rtcp_mux
    };
    assert!(!mux(&everything()));
    assert!(mux(&Capabilities::default()), "it is not taken up then");
}
