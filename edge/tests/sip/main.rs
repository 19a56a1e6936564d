//! The SIP front over real sockets, with a media side that only takes notes.

mod fake;
mod host;
mod loss;
mod priority;
mod real;
mod records;
mod stories;
mod terms;
mod ua;

use std::net::SocketAddr;
use std::time::Duration;

use fake::FakeHost;
use talkpath_edge::calls::{Destination, MediaEnd};
use talkpath_edge::limits::{Limits, Rate};
use talkpath_edge::sip::{SipConfig, SipServer};
use talkpath_engine::negotiate::Direction;
use ua::Ua;

async fn server(change: impl FnOnce(&mut SipConfig)) -> (SipServer, FakeHost) {
    let mut config = SipConfig {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..SipConfig::default()
    };
    change(&mut config);
    let host = FakeHost::default();
    let server = SipServer::start_on(config, host.clone())
        .await
        .expect("free ports");
    (server, host)
}

/// Waits until what must come has come.
async fn until(what: &str, mut there: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if there() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come");
}

fn count(server: &SipServer, name: &str) -> u64 {
    let name = format!("sip_{name}");
    server
        .counters()
        .iter()
        .find(|(have, ..)| *have == name)
        .expect("a counter of that name")
        .2
}

async fn a_whole_call(mut ua: Ua, server: SipServer, host: FakeHost) {
    let answer = ua.call("room-a").await;
    assert!(
        answer.body().contains("m=audio 30000 RTP/AVP 0\r\n"),
        "{}",
        answer.text
    );
    assert!(answer.body().contains("a=ptime:20\r\n"), "{}", answer.text);
    assert!(
        answer
            .header("Contact")
            .is_some_and(|contact| contact.contains(&ua.server.to_string()))
    );
    until("the ACK", || {
        server.status().calls.iter().any(|call| call.confirmed)
    })
    .await;
    assert_eq!(
        host.notes().legs.values().next().expect("a leg").0,
        Destination::Room("a".to_owned())
    );
    assert_eq!(server.status().rooms, 1);
    assert_eq!(ua.ask("OPTIONS", "room-a").await.status(), 200);
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!(
        (host.left(), host.ports_open(), server.status().rooms),
        (1, 0, 0)
    );
    assert_eq!(count(&server, "calls_ended_by_caller"), 1);
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 481);
}

#[tokio::test]
async fn a_call_over_udp() {
    let (server, host) = server(|_| ()).await;
    a_whole_call(Ua::udp(server.local_addr()).await, server, host).await;
}

#[tokio::test]
async fn a_call_over_tcp() {
    let (server, host) = server(|_| ()).await;
    a_whole_call(Ua::tcp(server.local_addr()).await, server, host).await;
}

#[tokio::test]
async fn hold_resume_and_another_codec() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let first = ua.call("room-a").await;
    let version = |body: &str| -> u64 {
        let origin = body
            .lines()
            .find(|line| line.starts_with("o="))
            .expect("o=")
            .to_owned();
        origin
            .split(' ')
            .nth(2)
            .expect("a version")
            .parse()
            .expect("a number")
    };
    let held = ua.sdp("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
    let answer = ua.invite("room-a", "", &held).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.body().contains("a=recvonly\r\n"), "{}", answer.text);
    assert_eq!(version(answer.body()), version(first.body()) + 1);
    assert_eq!(
        host.only_session().answer.direction,
        Direction {
            receive: true,
            send: false
        }
    );
    ua.ack("room-a", "").await;
    until("the hold", || server.status().calls[0].held).await;

    // Nothing in common: refused, and the call goes on as it was.
    let strange = ua.sdp("m=audio 4000 RTP/AVP 3\r\n");
    assert_eq!(ua.invite("room-a", "", &strange).await.status(), 488);
    assert!(!host.only_session().answer.direction.send);
    assert_eq!(count(&server, "reinvites_refused"), 1);

    let resumed = ua.sdp("m=audio 4002 RTP/AVP 8\r\n");
    let answer = ua.invite("room-a", "", &resumed).await;
    assert_eq!(answer.status(), 200);
    ua.ack("room-a", "").await;
    let session = host.only_session();
    assert_eq!(
        (session.answer.numbers.send, session.remote_rtp.port()),
        (8, 4002)
    );
    assert!(session.answer.direction.send);
    assert_eq!(host.joined(), 1);
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
}

#[tokio::test]
async fn cancelled_while_it_rings() {
    let (server, host) = server(|config| config.ring = Duration::from_secs(60)).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.cseq = 1;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let invite = ua.request("INVITE", "room-a", "", &offer);
    ua.send(invite.as_bytes()).await;
    let ringing = loop {
        let message = ua.recv().await;
        if message.status() == 180 {
            break message;
        }
    };

    // There is no call yet to ask anything of.
    ua.learn(&ringing);
    let early = ua.ask("INFO", "room-a").await;
    assert_eq!(early.status(), 481);
    assert!(early.text.contains("no such call"), "{}", early.text);
    assert_eq!(count(&server, "refused_no_dialog"), 1);

    let cancel = invite
        .split("Contact:")
        .next()
        .expect("headers")
        .replacen("INVITE", "CANCEL", 1);
    let cancel = cancel.replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL") + "Content-Length: 0\r\n\r\n";
    ua.send(cancel.as_bytes()).await;
    let mut statuses = Vec::new();
    while statuses.len() < 2 {
        let message = ua.recv_final().await;
        statuses.push((message.status(), message.cseq().to_owned()));
    }
    statuses.sort();
    statuses.dedup();
    assert_eq!(
        statuses,
        [(200, "1 CANCEL".to_owned()), (487, "1 INVITE".to_owned())]
    );
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!((count(&server, "calls_cancelled"), host.joined()), (1, 0));
}

#[tokio::test]
async fn every_refusal_has_a_status_a_reason_and_a_counter() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let twice = "m=audio 4000 RTP/AVP 0 0\r\n";
    let many = "m=audio 4000 RTP/AVP 0\r\n".repeat(64);
    let by_media = [
        ("m=audio 4000 RTP/AVP 3 18\r\n", 488, "refused_no_codec"),
        ("m=video 4000 RTP/AVP 31\r\n", 488, "refused_sdp"),
        ("m=audio 0 RTP/AVP 0\r\n", 488, "refused_sdp"),
        (twice, 488, "refused_sdp"),
        (&many, 488, "refused_sdp"),
        ("m=audio 4000 RTP/AVP x\r\n", 400, "refused_bad_body"),
        (
            "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n",
            488,
            "refused_sdp",
        ),
    ];
    for (media, status, counter) in by_media {
        ua.fresh();
        let (offer, before) = (ua.sdp(media), count(&server, counter));
        let refusal = ua.invite("room-a", "", &offer).await;
        assert_eq!(refusal.status(), status, "{media}{}", refusal.text);
        assert!(
            refusal
                .header("Reason")
                .is_some_and(|reason| reason.contains("text=\"")),
            "{}",
            refusal.text
        );
        assert_eq!(count(&server, counter), before + 1, "{media}");
    }
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let by_request = [
        ("bob", "", 404, "refused_unknown_user"),
        ("play-..%2fsecret", "", 404, "refused_unknown_user"),
        ("play-missing", "", 404, "refused_unknown_user"),
        ("room-a", "Require: 100rel\r\n", 420, "refused_extension"),
        (
            "room-a",
            "Content-Type: text/plain\r\n",
            415,
            "refused_bad_body",
        ),
    ];
    for (user, more, status, counter) in by_request {
        ua.fresh();
        let before = count(&server, counter);
        assert_eq!(
            ua.invite(user, more, &offer).await.status(),
            status,
            "{user}"
        );
        assert_eq!(count(&server, counter), before + 1, "{user}");
    }
    ua.fresh();
    let high = ua.invite("tone-9999", "", &offer).await;
    assert_eq!(high.status(), 404);
    let reason = high.header("Reason").expect("why");
    assert!(
        reason.contains("tone-9999: tones go from 50 to 3400 Hz"),
        "{reason}"
    );
    ua.fresh();
    let offer = ua.sdp("m=audio 4000 RTP/AVP 3 18\r\n");
    let strange = ua.invite("room-a", "", &offer).await;
    assert_eq!(strange.status(), 488);
    let reason = strange.header("Reason").expect("why");
    assert!(
        reason.contains("GSM/8000/1") && reason.contains("G729/8000/1"),
        "{reason}"
    );
    ua.fresh();
    assert_eq!(ua.ask("MESSAGE", "room-a").await.status(), 405);
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!((host.joined(), host.ports_open()), (0, 0));
    ua.fresh();
    ua.call("echo").await;
}

#[tokio::test]
async fn what_is_no_sip_is_answered_and_counted() {
    let (server, _host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.send(b"hello there").await;
    let long = format!("a={}\r\n", "x".repeat(60_000));
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n") + &long;
    assert_eq!(ua.invite("room-a", "", &offer).await.status(), 400);
    ua.fresh();
    let broken = ua
        .request("INVITE", "room-a", "", "")
        .replace("CSeq: ", "CSeq: x");
    ua.send(broken.as_bytes()).await;
    assert_eq!(ua.recv_final().await.status(), 400);
    assert_eq!(
        (count(&server, "malformed"), count(&server, "too_long")),
        (2, 1)
    );

    let mut ua = Ua::tcp(server.local_addr()).await;
    let broken = ua
        .request("INVITE", "room-a", "", "")
        .replace("CSeq: ", "CSeq: x");
    ua.send(broken.as_bytes()).await;
    assert_eq!(ua.recv_final().await.status(), 400);
    assert_eq!(
        ua.invite("room-a", "", &offer).await.status(),
        488,
        "read, but no description is that long"
    );
    ua.fresh();
    ua.call("room-a").await;
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
    let endless = ua
        .request("INVITE", "room-a", "", "")
        .replace("Content-Length: 0", "Content-Length: 99999999");
    ua.send(endless.as_bytes()).await;
    assert_eq!(ua.recv_final().await.status(), 400);
    assert!(
        ua.recv_any().await.is_none(),
        "the connection ends where its framing does"
    );
}

/// A header that is not looked at must not be taken for one that is not there: what follows would
/// be read as the next message.
#[tokio::test]
async fn a_connection_with_endless_headers_is_hung_up_on() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::tcp(server.local_addr()).await;
    ua.cseq = 7;
    let smuggled = ua.request("INVITE", "room-a", "", "");
    let padding = format!("X-Long: {}\r\n", "x".repeat(8_192));
    let long = ua.request("OPTIONS", "room-a", &padding, &smuggled);
    ua.send(long.as_bytes()).await;
    let refusal = ua.recv_final().await;
    assert_eq!((refusal.status(), refusal.cseq()), (400, "7 OPTIONS"));
    assert!(ua.recv_any().await.is_none(), "hung up");
    assert_eq!(
        (count(&server, "too_long"), count(&server, "invites")),
        (1, 0)
    );

    // Headers as long as they may be.
    let mut ua = Ua::tcp(server.local_addr()).await;
    let bare = ua.request("OPTIONS", "room-a", "X-Long: \r\n", "").len();
    let padding = format!("X-Long: {}\r\n", "x".repeat(8_192 - bare));
    let fits = ua.request("OPTIONS", "room-a", &padding, "");
    assert_eq!(fits.len(), 8_192);
    ua.send(fits.as_bytes()).await;
    assert_eq!(ua.recv_final().await.status(), 200);
    assert_eq!(host.joined(), 0);
}

#[tokio::test]
async fn an_invite_without_an_offer_gets_ours() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.invite("tone-440", "", "").await;
    assert_eq!(offer.status(), 200);
    assert!(
        offer.body().contains("PCMU/8000") && offer.body().contains("L16/16000"),
        "{}",
        offer.text
    );
    let milliseconds = |name: &str| -> u32 {
        let line = offer
            .body()
            .lines()
            .find_map(|line| line.strip_prefix(name));
        line.expect("it stands there").parse().expect("a number")
    };
    assert_eq!(milliseconds("a=ptime:"), 20);
    assert!(milliseconds("a=maxptime:") >= 20, "{}", offer.text);
    assert_eq!((host.joined(), host.ports_open()), (0, 1));
    let answer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    ua.ack("tone-440", &answer).await;
    until("the leg", || host.joined() == 1).await;
    assert_eq!(host.only_session().remote_rtp.port(), 4000);
    assert_eq!(ua.ask("BYE", "tone-440").await.status(), 200);

    // An ACK without an answer is no call.
    ua.fresh();
    assert_eq!(ua.invite("echo", "", "").await.status(), 200);
    ua.ack("echo", "").await;
    let bye = ua.expect("BYE").await;
    assert!(
        bye.header("Reason")
            .is_some_and(|reason| reason.contains("cause=65;text=\"not SDP: ")),
        "{}",
        bye.text
    );
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!(host.ports_open(), 0);
}

#[tokio::test]
async fn what_ends_the_media_ends_the_call() {
    let (server, host) = server(|_| ()).await;
    let ends = [
        (MediaEnd::Timeout, "no media"),
        (MediaEnd::Finished, "played to the end"),
        (MediaEnd::RoomClosed, "the room was closed"),
    ];
    let mut tcp = false;
    for (end, text) in ends {
        let mut ua = if tcp {
            Ua::tcp(server.local_addr()).await
        } else {
            Ua::udp(server.local_addr()).await
        };
        tcp = !tcp;
        ua.call("play-hello").await;
        until("the ACK", || {
            server.status().calls.iter().any(|call| call.confirmed)
        })
        .await;
        host.end_all(end);
        let bye = ua.expect("BYE").await;
        assert!(
            bye.header("Reason")
                .is_some_and(|reason| reason.contains(text)),
            "{}",
            bye.text
        );
        until("the end", || server.status().calls.is_empty()).await;
    }
    assert_eq!(count(&server, "calls_media_timeout"), 1);
    assert_eq!(count(&server, "calls_ended_by_us"), 3);
}

#[tokio::test]
async fn no_ack_ends_the_call() {
    let (server, host) = server(|config| config.ack_timeout = Duration::from_millis(100)).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(ua.invite("room-a", "", &offer).await.status(), 200);
    let bye = ua.expect("BYE").await;
    assert!(
        bye.header("Reason")
            .is_some_and(|reason| reason.contains("no ACK")),
        "{}",
        bye.text
    );
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!(
        (count(&server, "calls_without_ack"), host.notes().legs.len()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_retransmitted_invite_is_one_call() {
    let (_server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(_server.local_addr()).await;
    ua.cseq = 1;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let invite = ua.request("INVITE", "room-a", "", &offer);
    ua.send(invite.as_bytes()).await;
    let first = ua.recv_final().await;
    ua.send(invite.as_bytes()).await;
    let second = ua.recv_final().await;
    assert_eq!(first.text, second.text);
    assert_eq!(host.joined(), 1);
    // The same call by another way.
    let merged = ua.request("INVITE", "room-a", "", &offer);
    ua.send(merged.as_bytes()).await;
    loop {
        let response = ua.recv_final().await;
        if response.status() != 200 {
            assert_eq!(response.status(), 482);
            break;
        }
    }
    // Another request of the same caller is another call.
    assert_eq!(ua.invite("room-a", "", &offer).await.status(), 200);
    until("the other call", || host.joined() == 2).await;
}

#[tokio::test]
async fn limits_are_kept() {
    let limits = Limits {
        rooms: 1,
        legs_per_room: 2,
        calls: 4,
        calls_per_source: 4,
        ..Limits::default()
    };
    let (server, host) = server(|config| config.limits = limits).await;
    let mut phones = Vec::new();
    for user in ["room-a", "room-a", "echo"] {
        let mut ua = Ua::udp(server.local_addr()).await;
        ua.call(user).await;
        phones.push(ua);
    }
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(ua.invite("room-a", "", &offer).await.status(), 486);
    ua.fresh();
    assert_eq!(ua.invite("room-b", "", &offer).await.status(), 503);
    host.notes().capacity = Some(3);
    ua.fresh();
    let refusal = ua.invite("echo", "", &offer).await;
    assert_eq!(refusal.status(), 503);
    assert!(
        refusal
            .header("Warning")
            .is_some_and(|text| text.contains("all 1 legs in use")),
        "{}",
        refusal.text
    );
    host.notes().capacity = None;
    ua.fresh();
    ua.call("echo").await;
    let mut late = Ua::udp(server.local_addr()).await;
    assert_eq!(late.invite("echo", "", &offer).await.status(), 503);
    for counter in [
        "refused_room_full",
        "refused_rooms",
        "refused_capacity",
        "refused_calls",
    ] {
        assert_eq!(count(&server, counter), 1, "{counter}");
    }
    // Those in progress never noticed; a place that is given back can be taken again.
    assert_eq!(host.notes().legs.len(), 4);
    assert_eq!(phones[0].ask("BYE", "room-a").await.status(), 200);
    until("the end", || server.status().calls.len() == 3).await;
    late.fresh();
    late.call("room-a").await;
}

#[tokio::test]
async fn rates_and_networks_are_kept() {
    let limits = Limits {
        invites_per_source: Rate {
            per_second: 1,
            burst: 1,
        },
        ..Limits::default()
    };
    let (server, _host) = server(|config| config.limits = limits).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.call("echo").await;
    let mut other = Ua::udp(server.local_addr()).await;
    let offer = other.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let refusal = other.invite("echo", "", &offer).await;
    assert_eq!(
        (refusal.status(), refusal.header("Retry-After")),
        (503, Some("1"))
    );

    let limits = Limits {
        deny: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Limits::default()
    };
    let (denying, _host) = self::server(|config| config.limits = limits).await;
    let mut ua = Ua::udp(denying.local_addr()).await;
    assert_eq!(ua.invite("echo", "", &offer).await.status(), 403);
    // Its ACK is turned away as well.
    assert!(count(&denying, "refused_network") >= 1);
    let mut ua = Ua::tcp(denying.local_addr()).await;
    assert!(ua.recv_any().await.is_none(), "closed at once");
}

#[tokio::test]
async fn draining_says_goodbye_to_all() {
    let (server, host) = server(|_| ()).await;
    let mut udp = Ua::udp(server.local_addr()).await;
    let mut tcp = Ua::tcp(server.local_addr()).await;
    udp.call("room-a").await;
    tcp.call("room-a").await;
    until("the ACKs", || {
        server
            .status()
            .calls
            .iter()
            .filter(|call| call.confirmed)
            .count()
            == 2
    })
    .await;
    let phones = async { tokio::join!(udp.expect("BYE"), tcp.expect("BYE")) };
    let (drained, (bye, _)) = tokio::join!(server.drain(Duration::from_secs(20)), phones);
    assert!(drained);
    assert!(
        bye.header("Reason")
            .is_some_and(|reason| reason.contains("going down")),
        "{}",
        bye.text
    );
    assert_eq!(host.notes().legs.len(), 0);
    assert!(server.status().draining);
}

#[tokio::test]
async fn draining_does_not_wait_for_the_dead() {
    let (server, _host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.call("room-a").await;
    assert!(!server.drain(Duration::from_millis(50)).await);
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let (server, _host) = server(|_| ()).await;
    let config = SipConfig {
        bind: server.local_addr(),
        ..SipConfig::default()
    };
    let error = SipServer::start_on(config, FakeHost::default())
        .await
        .err()
        .expect("in use");
    assert!(
        error.to_string().contains(&server.local_addr().to_string()),
        "{error}"
    );
}
