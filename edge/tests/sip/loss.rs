//! What UDP loses, and how a call survives it.

use super::ua::Ua;
use super::{count, server, until};

/// The caller never saw our first 200: it comes again without being asked for.
#[tokio::test]
async fn a_lost_200_comes_again() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.cseq = 1;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let invite = ua.request("INVITE", "room-a", "", &offer);
    ua.send(invite.as_bytes()).await;
    let lost = ua.recv_final().await;
    let second = ua.recv_final().await;
    assert_eq!((second.status(), &second.text), (200, &lost.text));
    ua.learn(&second);
    ua.ack("room-a", "").await;
    until("the ACK", || count(&server, "calls_confirmed") == 1).await;
    assert_eq!(ua.ask("OPTIONS", "room-a").await.cseq(), "2 OPTIONS");
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!((host.joined(), count(&server, "invites")), (1, 1));
}

/// Our caller's ACK never came: the 200 comes again, and so does the ACK.
#[tokio::test]
async fn a_lost_ack_is_made_good() {
    let (server, host) = server(|_| ()).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let first = ua.invite("room-a", "", &offer).await;
    let lost = ua.request("ACK", "room-a", "", "");
    // The call is there, but not confirmed.
    let second = ua.recv_final().await;
    assert_eq!((second.status(), &second.text), (200, &first.text));
    assert_eq!(count(&server, "calls_confirmed"), 0);
    ua.send(lost.as_bytes()).await;
    until("the ACK", || count(&server, "calls_confirmed") == 1).await;
    // A second ACK, for the second 200, changes nothing.
    ua.ack("room-a", "").await;
    let held = ua.sdp("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
    let response = ua.invite("room-a", "", &held).await;
    assert_eq!((response.status(), response.cseq()), (200, "2 INVITE"));
    ua.ack("room-a", "").await;
    assert_eq!(ua.ask("BYE", "room-a").await.status(), 200);
    until("the end", || server.status().calls.is_empty()).await;
    assert_eq!((host.joined(), count(&server, "calls_without_ack")), (1, 0));
}
