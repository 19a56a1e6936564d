//! Offers of both ends of a call, answered in every way there is, with everything switched on; what must hold of the answers.
#![no_main]

use core::net::SocketAddr;
use libfuzzer_sys::fuzz_target;
use talkpath_edge::sdp::{Description, LONGEST, Place, Remote, read};
use talkpath_engine::negotiate::opus::OpusParameters;
use talkpath_engine::negotiate::{
    AudioAnswer, Capabilities, End, Order, PacketTime, Transcode, answer, pair, settle,
};
use talkpath_graph::FrameTime;

const FRAME: FrameTime = FrameTime::Ms20;
const PLACE: Place = Place {
    rtp: SocketAddr::new(
        core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST),
        30_000,
    ),
    rtcp: SocketAddr::new(
        core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST),
        30_001,
    ),
};

// The two offers are parted by a zero octet; without one an offer meets itself.
fuzz_target!(|bytes: &[u8]| {
    let (first, second) = match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, bytes),
    };
    let Ok(a) = read(first) else {
        return;
    };
    let mut agreed = None;
    for ours in ways() {
        if let Ok(now) = answer(&a.audio, &ours, FRAME) {
            said(&a, &now, &ours);
            agreed = Some(now);
        }
        // What we offer is answered by a side like us or refused, and an answer adds nothing.
        let mine = ours.offer(FRAME);
        if let Ok(settled) = settle(&mine, &a.audio, &ours, FRAME) {
            built(&settled, &ours);
            assert!(
                mine.codecs
                    .iter()
                    .any(|one| one.payload_type == settled.numbers.receive)
            );
            assert!(
                a.audio
                    .codecs
                    .iter()
                    .any(|one| one.payload_type == settled.numbers.send)
            );
        }
    }
    for parameters in a
        .audio
        .codecs
        .iter()
        .filter_map(OpusParameters::of)
        .flatten()
    {
        assert_eq!(parameters.to_string().parse(), Ok(parameters));
    }
    if let Ok(b) = read(second) {
        both(&a, &b);
        if let (Some(before), Ok(now)) = (agreed, answer(&b.audio, &everything(), FRAME)) {
            assert_eq!(now.since(&before).is_none(), now == before);
        }
    }
});

fn everything() -> Capabilities {
    Capabilities {
        packet_time: PacketTime::Offered,
        telephone_event: true,
        comfort_noise: true,
        redundancy: true,
        ..Capabilities::default()
    }
}

fn ways() -> [Capabilities; 3] {
    let ours = Capabilities {
        order: Order::Ours,
        ..everything()
    };
    [everything(), ours, Capabilities::default()]
}

/// What the engine takes for a leg.
fn built(agreed: &AudioAnswer, ours: &Capabilities) {
    let ms = agreed.ptime.as_millis();
    assert!(
        ms.is_multiple_of(10)
            && (10..=60).contains(&ms)
            && agreed.ptime <= agreed.codec.max_ptime()
    );
    assert!(ours.usable().contains(&agreed.codec));
}

/// The answer, and the text of it.
fn said(remote: &Remote, agreed: &AudioAnswer, ours: &Capabilities) {
    assert!(agreed.acceptable_to(&remote.audio));
    built(agreed, ours);
    let text = Description::new(7).answer(remote, agreed, PLACE);
    if text.len() > LONGEST {
        return;
    }
    let again = read(&text).expect("what we say can be read");
    assert_eq!(
        (again.lines.len(), again.chosen),
        (remote.lines.len(), remote.chosen)
    );
    assert_eq!(again.audio.codecs, agreed.formats());
    assert_eq!(
        (again.audio.ptime, again.audio.direction),
        (Some(agreed.ptime), agreed.direction)
    );
    for one in &again.audio.codecs {
        let offered = remote
            .audio
            .codecs
            .iter()
            .find(|other| other.payload_type == one.payload_type);
        assert_eq!(
            offered.map(|offered| offered.encoding()),
            Some(one.encoding())
        );
    }
}

fn both(a: &Remote, b: &Remote) {
    let ours = &everything();
    let (one, two) = (
        End {
            offer: &a.audio,
            ours,
        },
        End {
            offer: &b.audio,
            ours,
        },
    );
    let free = pair(one, two, Transcode::IfNeeded, FRAME);
    if let Ok(free) = free {
        said(a, &free.a, ours);
        said(b, &free.b, ours);
        assert_eq!(free.a.codec == free.b.codec, free.is_relayed());
    }
    let bound = pair(one, two, Transcode::Never, FRAME).ok();
    assert_eq!(bound, free.ok().filter(|free| free.is_relayed()));
}
