//! Which class a call gets, and what a call is told that asks for more than it can have.

use talkpath_edge::calls::Destination;
use talkpath_edge::priority::Precedence;
use talkpath_engine::Priority;

use super::ua::{Message, Ua};
use super::{count, server, until};

fn precedence(trusted: &str) -> Precedence {
    let mut precedence = Precedence {
        trusted: vec![trusted.parse().expect("a network")],
        sos: Some("room-sos".to_owned()),
        ..Precedence::default()
    };
    let dialled = ("room-music".to_owned(), Priority::Background);
    precedence.dialled.extend([dialled]);
    precedence
}

/// What a call with these headers is told; a second one of the same phone is another call.
async fn call(ua: &mut Ua, user: &str, more: &str) -> Message {
    ua.fresh();
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let answer = ua.invite(user, more, &offer).await;
    if answer.status() == 200 {
        ua.ack(user, "").await;
    }
    answer
}

#[tokio::test]
async fn a_trusted_call_gets_the_class_it_claims() {
    let (server, host) = server(|config| config.precedence = precedence("127.0.0.0/8")).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    let cases = [
        ("echo", "", Priority::Normal),
        ("room-music", "", Priority::Background),
        (
            "echo",
            "Resource-Priority: ESNET.0\r\n",
            Priority::Emergency,
        ),
        (
            "echo",
            "Resource-Priority: dsn.flash , x.y\r\nresource-priority: ets.4\r\nRequire: resource-priority\r\n",
            Priority::Critical,
        ),
        ("room-music", "Priority: Urgent\r\n", Priority::High),
        ("echo", "Priority: non-urgent\r\n", Priority::Low),
        ("echo", "Resource-Priority: acme.1\r\n", Priority::Normal),
    ];
    for (user, more, class) in cases {
        let answer = call(&mut ua, user, more).await;
        assert_eq!(answer.status(), 200, "{}", answer.text);
        assert_eq!(host.notes().classes.last(), Some(&class), "{user} {more}");
        let calls = server.status().calls;
        let listed = calls.iter().find(|call| call.call_id == ua.call_id);
        assert_eq!(
            listed.map(|call| call.priority),
            Some(class),
            "{user} {more}"
        );
        assert_eq!(ua.ask("BYE", user).await.status(), 200);
    }
    assert_eq!(count(&server, "priority_honoured"), 4);
    assert_eq!(count(&server, "priority_ignored"), 1);
    ua.fresh();
    let options = ua.ask("OPTIONS", "echo").await;
    assert_eq!(options.header("Supported"), Some("resource-priority"));
    let accepted = options.header("Accept-Resource-Priority").expect("what");
    assert!(accepted.contains("esnet.4, ets.0"), "{accepted}");
    until("the end", || server.status().calls.is_empty()).await;
}

#[tokio::test]
async fn a_strangers_claim_is_ignored_and_counted() {
    let (server, host) = server(|config| config.precedence = precedence("10.0.0.0/8")).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    for more in ["Resource-Priority: esnet.0\r\n", "Priority: emergency\r\n"] {
        assert_eq!(call(&mut ua, "echo", more).await.status(), 200);
    }
    assert_eq!(host.notes().classes, [Priority::Normal; 2]);
    assert_eq!(count(&server, "priority_ignored"), 2);
    assert_eq!(count(&server, "priority_honoured"), 0);
}

#[tokio::test]
async fn what_is_required_and_cannot_be_had_is_refused_with_the_status_for_it() {
    let offered =
        |value: &str| format!("Require: resource-priority\r\nResource-Priority: {value}\r\n");
    // Nobody is trusted: it is no extension of ours.
    let (off, _host) = server(|_| ()).await;
    let mut ua = Ua::udp(off.local_addr()).await;
    let refused = call(&mut ua, "echo", &offered("esnet.0")).await;
    assert_eq!(refused.status(), 420);
    assert_eq!(refused.header("Unsupported"), Some("resource-priority"));
    assert_eq!(
        ua.ask("OPTIONS", "echo").await.header("Supported"),
        Some("")
    );

    let (trusting, _host) = server(|config| config.precedence = precedence("127.0.0.0/8")).await;
    let mut ua = Ua::udp(trusting.local_addr()).await;
    let refused = call(&mut ua, "echo", &offered("acme.1")).await;
    assert_eq!(refused.status(), 417);
    let accepted = refused.header("Accept-Resource-Priority").expect("what");
    assert!(accepted.starts_with("drsn.flash"), "{accepted}");
    assert_eq!(count(&trusting, "refused_priority_unknown"), 1);
    let both = offered("esnet.0").replace("resource-priority\r", "resource-priority, 100rel\r");
    let refused = call(&mut ua, "echo", &both).await;
    assert_eq!(refused.status(), 420);
    assert_eq!(refused.header("Unsupported"), Some("100rel"));

    let (wary, host) = server(|config| config.precedence = precedence("10.0.0.0/8")).await;
    let mut ua = Ua::udp(wary.local_addr()).await;
    assert_eq!(
        call(&mut ua, "echo", &offered("esnet.0")).await.status(),
        403
    );
    assert_eq!(count(&wary, "refused_priority_untrusted"), 1);
    assert_eq!(host.joined(), 0);
}

#[tokio::test]
async fn an_emergency_service_is_dialled_by_its_urn() {
    let (server, host) = server(|config| config.precedence = precedence("127.0.0.0/8")).await;
    let mut ua = Ua::udp(server.local_addr()).await;
    ua.cseq += 1;
    let offer = ua.sdp("m=audio 4000 RTP/AVP 0\r\n");
    let invite = ua.request("INVITE", "sos", "", &offer);
    let dialled = format!("sip:sos@{}", ua.server);
    let invite = invite.replace(&dialled, "urn:service:sos.fire");
    ua.send(invite.as_bytes()).await;
    let answer = ua.recv_final().await;
    assert_eq!(answer.status(), 200, "{}", answer.text);
    ua.learn(&answer);
    ua.ack("sos", "").await;
    assert_eq!(host.notes().classes, [Priority::Emergency]);
    let to = host.notes().legs.values().next().map(|(to, _)| to.clone());
    assert_eq!(to, Some(Destination::Room("sos".to_owned())));
    assert_eq!(ua.ask("BYE", "sos").await.status(), 200);
}
