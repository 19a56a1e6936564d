//! Tests of `latch`, in virtual time.

use super::*;

const AT: Duration = Duration::from_secs(100);

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn media_goes_to_the_sdp_address_until_the_leg_sends() {
    let (sdp, nat) = (addr("10.0.0.7:4000"), addr("192.0.2.1:61000"));
    let mut latch = Latch::new(sdp);
    assert_eq!(
        (latch.target(), latch.state()),
        (Some(sdp), LatchState::Waiting)
    );
    assert!(latch.admit(nat, AT));
    assert_eq!(
        (latch.target(), latch.state()),
        (Some(nat), LatchState::Learning)
    );
}

#[test]
fn five_in_a_row_lock_and_only_signalling_opens() {
    let (sdp, nat, evil) = (
        addr("10.0.0.7:4000"),
        addr("192.0.2.1:61000"),
        addr("198.51.100.9:5"),
    );
    let mut latch = Latch::new(sdp);
    for _ in 0..5 {
        assert_ne!(latch.state(), LatchState::Locked);
        assert!(latch.admit(nat, AT));
    }
    assert_eq!(latch.state(), LatchState::Locked);
    for from in [evil, sdp] {
        assert!(!latch.trusts(from, AT + RECONSIDER) && !latch.admit(from, AT + RECONSIDER));
    }
    latch.reopen(sdp);
    assert_eq!(
        (latch.target(), latch.state()),
        (Some(nat), LatchState::Waiting)
    );
    let moved = addr("203.0.113.4:9000");
    latch.reopen(moved);
    assert_eq!(latch.target(), Some(moved));
    assert!(latch.admit(evil, AT), "nothing better known yet");
    assert!(latch.admit(moved, AT), "the SDP address displaces it");
    assert!(!latch.admit(evil, AT));
}

#[test]
fn a_worse_match_never_displaces_a_better_one() {
    let sdp = addr("192.0.2.1:4000");
    let (host, other) = (addr("192.0.2.1:4444"), addr("198.51.100.9:4000"));
    let mut latch = Latch::new(sdp);
    assert!(latch.admit(other, AT));
    assert!(latch.admit(host, AT) && !latch.trusts(other, AT) && !latch.admit(other, AT));
    assert!(latch.admit(sdp, AT) && !latch.admit(host, AT) && !latch.admit(other, AT));
    assert_eq!(latch.target(), Some(sdp));
}

#[test]
fn a_better_match_learns_from_the_beginning() {
    let sdp = addr("192.0.2.1:4000");
    let (host, a, b) = (
        addr("192.0.2.1:4444"),
        addr("198.51.100.9:4000"),
        addr("198.51.100.9:4002"),
    );
    let mut latch = Latch::new(sdp);
    assert!(!latch.improves(sdp, AT), "nothing heard yet");
    for i in 0..LESSONS - 1 {
        assert!(latch.admit(if i % 2 == 0 { a } else { b }, AT));
    }
    assert!(latch.improves(host, AT) && latch.admit(host, AT));
    assert_eq!(latch.state(), LatchState::Learning);
    assert!(!latch.improves(host, AT) && !latch.improves(a, AT));
    assert!(latch.improves(sdp, AT) && latch.admit(sdp, AT));
    for _ in 1..LOCK_AFTER {
        assert_eq!(latch.state(), LatchState::Learning);
        assert!(latch.admit(sdp, AT));
    }
    latch.reopen(a);
    assert!(latch.improves(a, AT), "the old address no longer agrees");
    let mut locked = Latch::new(sdp);
    (0..LOCK_AFTER).for_each(|_| assert!(locked.admit(a, AT)));
    assert!(!locked.improves(sdp, AT + RECONSIDER));
}

#[test]
fn for_the_first_seconds_the_sdp_address_takes_a_locked_latch_and_nobody_else_does() {
    let sdp = addr("192.0.2.1:4000");
    let (host, flood) = (addr("192.0.2.1:4444"), addr("198.51.100.9:666"));
    let soon = AT + RECONSIDER - Duration::from_millis(1);
    let locked = || {
        let mut latch = Latch::new(sdp);
        (0..LOCK_AFTER).for_each(|_| assert!(latch.admit(flood, AT)));
        assert_eq!(latch.state(), LatchState::Locked);
        latch
    };
    let mut latch = locked();
    assert!(!latch.trusts(host, soon) && !latch.admit(host, soon));
    assert!(latch.trusts(sdp, soon) && latch.improves(sdp, soon) && latch.admit(sdp, soon));
    assert!(!latch.trusts(flood, soon) && !latch.admit(flood, soon));
    for _ in 1..LOCK_AFTER {
        assert!(latch.admit(sdp, soon));
    }
    assert_eq!(
        (latch.target(), latch.state()),
        (Some(sdp), LatchState::Locked)
    );
    // Too late; and time runs anew with each opening.
    let mut latch = locked();
    assert!(!latch.trusts(sdp, AT + RECONSIDER) && !latch.admit(sdp, AT + RECONSIDER));
    latch.reopen(sdp);
    let later = AT + RECONSIDER * 10;
    (0..LOCK_AFTER).for_each(|_| assert!(latch.admit(flood, later)));
    assert!(latch.admit(sdp, later + RECONSIDER / 2));
}

#[test]
fn learning_ends_by_count_and_by_time() {
    let (a, b) = (addr("192.0.2.1:1000"), addr("192.0.2.2:1000"));
    let mut latch = Latch::new(addr("10.0.0.7:4000"));
    for i in 0..LESSONS {
        assert!(latch.admit(if i % 2 == 0 { a } else { b }, AT));
    }
    assert_eq!(latch.state(), LatchState::Locked);
    let mut latch = Latch::new(addr("10.0.0.7:4000"));
    assert!(latch.admit(a, AT) && latch.admit(a, AT + SETTLE));
    assert_eq!(latch.state(), LatchState::Locked);
}

#[test]
fn no_address_no_target() {
    for none in ["0.0.0.0:4000", "192.0.2.1:0", "[::]:7"] {
        assert_eq!(Latch::new(addr(none)).target(), None);
    }
}
