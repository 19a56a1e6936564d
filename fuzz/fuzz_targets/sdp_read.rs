//! A description of another side, and what we would answer to it, read again.
#![no_main]

use core::net::SocketAddr;
use libfuzzer_sys::fuzz_target;
use talkpath_edge::sdp::{Description, LONGEST, MOST_LINES, MOST_PAYLOADS, Place, read};
use talkpath_engine::negotiate::{Capabilities, answer};
use talkpath_graph::FrameTime;

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

fuzz_target!(|bytes: &[u8]| {
    let Ok(remote) = read(bytes) else {
        return;
    };
    assert!(bytes.len() <= LONGEST && remote.lines.len() <= MOST_LINES);
    assert!(remote.audio.codecs.len() <= MOST_PAYLOADS);
    assert_eq!(remote.lines[remote.chosen].media, "audio");
    assert!(remote.rtp.port() > 0);
    let Ok(agreed) = answer(&remote.audio, &Capabilities::default(), FrameTime::Ms20) else {
        return;
    };
    let said = Description::new(7).answer(&remote, &agreed, PLACE);
    if said.len() > LONGEST {
        return;
    }
    let again = read(&said).expect("what we say can be read");
    assert_eq!(
        again.lines.len(),
        remote.lines.len(),
        "every line has its place"
    );
    assert_eq!((again.chosen, again.rtp), (remote.chosen, PLACE.rtp));
    assert_eq!(again.audio.codecs.len(), 1);
    assert_eq!(again.audio.codecs[0].payload_type, agreed.numbers.receive);
});
