use std::net::IpAddr;
use std::time::Duration;

use talkpath_engine::Priority;

use super::*;

const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

fn admission(limits: Limits) -> Admission {
    Admission::new(limits, Duration::ZERO)
}

#[test]
fn a_bucket_gives_its_burst_and_then_its_rate() {
    let rate = Rate {
        per_second: 2,
        burst: 3,
    };
    let mut bucket = Bucket::new(rate, Duration::ZERO);
    let taken = (0..10)
        .filter(|_| bucket.take(rate, Duration::ZERO))
        .count();
    assert_eq!(taken, 3);
    assert!(!bucket.take(rate, Duration::from_millis(499)));
    assert!(bucket.take(rate, Duration::from_millis(500)));
    assert!(!bucket.take(rate, Duration::from_millis(500)));
    assert!(bucket.is_full(rate, Duration::from_secs(60)));
}

#[test]
fn a_rate_of_zero_shuts_the_door() {
    let rate = Rate {
        per_second: 0,
        burst: 5,
    };
    assert!(!Bucket::new(rate, Duration::ZERO).take(rate, Duration::from_secs(9)));
}

#[test]
fn a_loud_source_does_not_spend_the_rate_of_the_others() {
    let book = admission(Limits {
        invites: Rate {
            per_second: 1,
            burst: 4,
        },
        invites_per_source: Rate {
            per_second: 1,
            burst: 2,
        },
        ..Limits::default()
    });
    let mut refused = 0;
    for _ in 0..50 {
        refused += usize::from(book.invited(ONE, Priority::Normal, Duration::ZERO).is_err());
    }
    assert_eq!(refused, 48);
    assert_eq!(book.invited(TWO, Priority::Normal, Duration::ZERO), Ok(()));
    assert_eq!(book.invited(TWO, Priority::Normal, Duration::ZERO), Ok(()));
    let other = "198.51.100.9".parse().expect("an address");
    assert_eq!(
        book.invited(other, Priority::Normal, Duration::ZERO),
        Err(Limit::Invites { limit: 1 })
    );
}

#[test]
fn each_limit_is_named_and_given_back() {
    let book = admission(Limits {
        calls: 4,
        calls_per_source: 2,
        rooms: 1,
        legs_per_room: 2,
        ..Limits::default()
    });
    let first = book.admit(ONE, Some("a"), Priority::Normal).expect("free");
    assert_eq!(
        book.admit(TWO, Some("b"), Priority::Normal).map(drop),
        Err(Limit::Rooms { limit: 1 })
    );
    let second = book.admit(ONE, Some("a"), Priority::Normal).expect("free");
    assert_eq!(
        book.admit(ONE, None, Priority::Normal).map(drop),
        Err(Limit::CallsPerSource { limit: 2 })
    );
    assert_eq!(
        book.admit(TWO, Some("a"), Priority::Normal).map(drop),
        Err(Limit::LegsPerRoom { limit: 2 })
    );
    let _echo = (
        book.admit(TWO, None, Priority::Normal).expect("free"),
        book.admit(TWO, None, Priority::Normal).expect("free"),
    );
    let other = "198.51.100.9".parse().expect("an address");
    assert_eq!(
        book.admit(other, None, Priority::Normal).map(drop),
        Err(Limit::Calls { limit: 4 })
    );
    drop((first, second));
    assert_eq!((book.calls(), book.rooms()), (2, 0));
    book.admit(ONE, Some("b"), Priority::Normal)
        .expect("the room's place is free again");
}

#[test]
fn deny_goes_before_allow() {
    let limits = Limits {
        allow: vec!["192.0.2.0/24".parse().expect("a network")],
        deny: vec!["192.0.2.2/32".parse().expect("a network")],
        ..Limits::default()
    };
    assert!(limits.admits(ONE));
    assert!(!limits.admits(TWO));
    assert!(!limits.admits("198.51.100.9".parse().expect("an address")));
    assert!(
        limits.admits("::ffff:192.0.2.1".parse().expect("an address")),
        "mapped is the same host"
    );
    assert!(Limits::default().admits(TWO));
}

#[test]
fn an_emergency_call_is_counted_and_let_in() {
    let limits = Limits {
        calls: 1,
        calls_per_source: 1,
        rooms: 1,
        legs_per_room: 1,
        invites: Rate {
            per_second: 1,
            burst: 1,
        },
        ..Limits::default()
    };
    let book = admission(limits);
    let _held = book.admit(ONE, Some("a"), Priority::Normal).expect("free");
    let mut permits = Vec::new();
    for room in [Some("a"), Some("b"), None] {
        assert!(book.admit(ONE, room, Priority::Critical).is_err());
        permits.push(book.admit(ONE, room, Priority::Emergency).expect("anyway"));
    }
    assert_eq!((book.calls(), book.rooms()), (4, 2));
    drop(permits);
    assert_eq!((book.calls(), book.rooms()), (1, 1));
    // Others may have spent the rate of everybody.
    assert_eq!(book.invited(ONE, Priority::Normal, Duration::ZERO), Ok(()));
    assert!(book.invited(TWO, Priority::Normal, Duration::ZERO).is_err());
    assert_eq!(
        book.invited(TWO, Priority::Emergency, Duration::ZERO),
        Ok(())
    );
}
