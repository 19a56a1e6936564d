//! Who gets which class.

use super::*;
use crate::sip::message::Claims;

const TRUSTED: &str = "10.0.0.5:5060";
const STRANGER: &str = "192.0.2.1:5060";

fn settings() -> Precedence {
    let mut settings = Precedence {
        trusted: vec!["10.0.0.0/8".parse().expect("a network")],
        sos_users: vec!["112".to_owned()],
        sos: Some("room-sos".to_owned()),
        ..Precedence::default()
    };
    for (user, class) in [
        ("room-*", Priority::High),
        ("room-music", Priority::Low),
        ("room-mus*", Priority::Background),
    ] {
        settings.dialled.insert(user.to_owned(), class);
    }
    settings.namespaces.insert("acme".to_owned(), Priority::Low);
    settings
}

fn request(from: &str, user: &str, resource: &[&str], priority: &str) -> Request {
    let claims = Claims {
        resource: resource.iter().map(|&value| value.to_owned()).collect(),
        priority: (!priority.is_empty()).then(|| priority.to_owned()),
    };
    Request {
        claims,
        ..Request::invite(from, "1", user)
    }
}

#[test]
fn a_claim_counts_from_a_trusted_network() {
    use Priority::{Critical, Emergency, High, Low, Normal};
    let cases: &[(&[&str], &str, Priority)] = &[
        (&["esnet.0"], "", Emergency),
        (&["esnet.4"], "", Emergency),
        (&["wps.2"], "", Critical),
        (&["q735.0"], "", Emergency),
        (&["q735.2"], "", High),
        (&["dsn.flash"], "", Critical),
        (&["dsn.routine"], "", Normal),
        (&["acme.anything"], "", Low),
        // The best of several; it goes before `Priority`.
        (&["dsn.routine", "drsn.priority", "x.y"], "emergency", High),
        (&[], "emergency", Emergency),
        (&[], "urgent", High),
        (&[], "non-urgent", Low),
    ];
    for (resource, priority, class) in cases {
        let judged = settings().judge(&request(TRUSTED, "echo", resource, priority));
        assert_eq!(
            judged,
            Ok((*class, Claim::Honoured)),
            "{resource:?} {priority}"
        );
    }
    for user in ["112", "urn:service:sos", "URN:service:sos.fire"] {
        let judged = settings().judge(&request(TRUSTED, user, &[], ""));
        assert_eq!(judged, Ok((Emergency, Claim::Honoured)), "{user}");
        assert_eq!(settings().stands_in(user), Some("room-sos"));
    }
    assert_eq!(settings().stands_in("urn:service:sosige"), None);
}

#[test]
fn an_untrusted_claim_is_ignored_unless_it_asks_for_less() {
    for (user, resource, priority) in [
        ("echo", &["esnet.0"][..], ""),
        ("echo", &[], "urgent"),
        ("112", &[], ""),
    ] {
        let judged = settings().judge(&request(STRANGER, user, resource, priority));
        assert_eq!(
            judged,
            Ok((Priority::Normal, Claim::Ignored)),
            "{user} {priority}"
        );
    }
    let less = settings().judge(&request(STRANGER, "echo", &[], "non-urgent"));
    assert_eq!(less, Ok((Priority::Low, Claim::Honoured)));
    // Mapped into IPv6 it is the same network.
    let mapped = request("[::ffff:10.0.0.5]:5060", "echo", &["esnet.0"], "");
    assert_eq!(
        settings().judge(&mapped),
        Ok((Priority::Emergency, Claim::Honoured))
    );
}

#[test]
fn a_call_that_claims_nothing_gets_what_was_dialled() {
    for (user, class) in [
        ("room-a", Priority::High),
        ("room-music", Priority::Low),
        ("room-museum", Priority::Background),
        ("echo", Priority::Normal),
    ] {
        for priority in ["", "normal", "whatever"] {
            let judged = settings().judge(&request(TRUSTED, user, &[], priority));
            assert_eq!(judged, Ok((class, Claim::None)), "{user}");
        }
    }
    // A value nobody knows is a claim, but none that says anything.
    for value in ["esnet.9", "esnet.", "nobody.1", "esnet"] {
        let judged = settings().judge(&request(TRUSTED, "room-a", &[value], ""));
        assert_eq!(judged, Ok((Priority::High, Claim::Ignored)), "{value}");
    }
}

#[test]
fn what_is_required_and_cannot_be_is_refused() {
    let judge = |from, resource: &[&str]| {
        let mut request = request(from, "echo", resource, "");
        request.required = vec!["Resource-Priority".to_owned()];
        settings().judge(&request).map(|(class, _)| class)
    };
    assert_eq!(judge(TRUSTED, &["nobody.1"]), Err(NotServed::Unknown));
    assert_eq!(
        judge(TRUSTED, &["nobody.1", "ets.0"]),
        Ok(Priority::Critical)
    );
    assert_eq!(judge(STRANGER, &["nobody.1"]), Err(NotServed::Unknown));
    assert_eq!(judge(STRANGER, &["ets.0"]), Err(NotServed::NotTrusted));
    assert_eq!(judge(STRANGER, &[]), Ok(Priority::Normal));
}

#[test]
fn what_is_accepted_is_listed_value_by_value() {
    let mut settings = settings();
    settings.namespaces = [
        ("esnet", Priority::Emergency),
        ("x.1", Priority::Low),
        ("any", Priority::Low),
    ]
    .map(|(name, class)| (name.to_owned(), class))
    .into();
    assert_eq!(
        settings.accepted(),
        "esnet.0, esnet.1, esnet.2, esnet.3, esnet.4, x.1"
    );
    assert!(!Precedence::default().is_on() && settings.is_on());
}
