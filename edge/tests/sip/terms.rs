//! What offers and answers agree on, beyond the first one.

use std::time::Duration;

use talkpath_engine::negotiate::{Capabilities, Numbers, PacketTime};
use talkpath_graph::SampleRate;
use talkpath_nodes::codec::Codec;

use super::ua::{Message, Ua};
use super::{server, until};

/// The number under which a description has `name`.
fn number(described: &Message, name: &str) -> u8 {
    let mut lines = described.body().lines();
    let map = lines.find_map(|line| line.strip_prefix("a=rtpmap:")?.strip_suffix(name));
    let map = map.unwrap_or_else(|| panic!("{name} in {}", described.text));
    map.trim().parse().expect("a number")
}

/// RFC 3264, section 5.1: each side is sent the numbers of its own description. Section 8.3.2: they stay.
#[tokio::test]
async fn an_answer_to_our_offer_may_have_a_number_of_its_own() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.invite("room-a", "", "").await;
    let ours = number(&offer, "L16/16000");
    assert_ne!(ours, 120);
    let answer = ua.sdp("m=audio 4000 RTP/AVP 120\r\na=rtpmap:120 L16/16000\r\n");
    ua.ack("room-a", &answer).await;
    until("the leg", || host.joined() == 1).await;
    let agreed = host.only_session().answer;
    assert_eq!(agreed.codec, Codec::L16(SampleRate::HZ_16000));
    let (receive, send) = (ours, 120);
    assert_eq!(agreed.numbers, Numbers { receive, send });

    let again = ua.invite("room-a", "", "").await;
    assert_eq!(again.status(), 200);
    assert_eq!(number(&again, "L16/16000"), ours);
    let first = format!("RTP/AVP {ours} ");
    assert!(
        again.body().contains(&first),
        "it stays the first: {}",
        again.text
    );
    ua.ack("room-a", &answer).await;
    until("the second answer", || host.notes().updates > 0).await;
    assert_eq!(host.only_session().answer, agreed);
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
}

#[tokio::test]
async fn an_answer_with_a_codec_that_was_not_offered_ends_the_call() {
    let forced = Capabilities {
        forced: vec![Codec::Pcma],
        ..Capabilities::default()
    };
    let (server, host) = server(|config| config.capabilities = forced).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.invite("echo", "", "").await;
    assert!(!offer.body().contains("PCMU"), "{}", offer.text);
    let answer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    ua.ack("echo", &answer).await;
    let bye = ua.expect("BYE").await;
    let reason = bye.header("Reason").expect("a reason");
    assert!(reason.contains("names no codec of the offer"), "{reason}");
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!(host.ports_open(), 0);
}

/// A later offer: another codec, another packet time; one with nothing in common says what there is and changes nothing.
#[tokio::test]
async fn a_later_offer_changes_codec_and_packet_time() {
    let offered = Capabilities {
        packet_time: PacketTime::Offered,
        denied: vec![Codec::G722],
        ..Capabilities::default()
    };
    let (server, host) = server(|config| config.capabilities = offered).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    assert_eq!(ua.call("room-a").await.status(), 200);
    let longer = ua.sdp("m=audio 4000 RTP/AVP 9 8\r\na=ptime:40\r\n");
    let answer = ua.invite("room-a", "", &longer).await;
    assert!(answer.body().contains("a=ptime:40\r\n"), "{}", answer.text);
    ua.ack("room-a", "").await;
    let agreed = host.only_session().answer;
    assert_eq!(
        (agreed.codec, agreed.ptime),
        (Codec::Pcma, Duration::from_millis(40))
    );

    let strange = ua.sdp("m=audio 4000 RTP/AVP 18 96\r\na=rtpmap:96 AMR/8000\r\n");
    let refused = ua.invite("room-a", "", &strange).await;
    assert_eq!(refused.status(), 488);
    let warning = refused.header("Warning").expect("a warning");
    let told = [
        "supported: opus/48000/2",
        "L16/48000",
        "PCMU/8000",
        "offered: G729/8000/1 (payload type 18), AMR/8000/1",
    ];
    for part in told {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    assert_eq!(host.only_session().answer, agreed);
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
}
