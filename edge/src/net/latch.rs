//! Symmetric RTP with a safe latch: where a leg's media comes from and goes to. Sans-I/O.
//!
//! An SDP address behind a NAT is often wrong, so the true one is learnt from what arrives; but whoever can
//! learn can be lied to. So: only packets that passed every other check teach (the caller's duty), only the
//! first few do, and an address that agrees better with the SDP cannot be displaced by one that agrees less.
//! After that the latch is locked and media from elsewhere is refused until signalling opens it again.

use std::net::SocketAddr;
use std::time::Duration;

/// Packets in a row from one source that lock the latch.
const LOCK_AFTER: u8 = 5;
/// Most packets that may teach; then the source at hand is locked.
const LESSONS: u8 = 20;
/// A source that has not changed for this long is locked whatever it has sent.
const SETTLE: Duration = Duration::from_secs(1);

/// How much a leg knows about its far end's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LatchState {
    /// Nothing came yet: media goes to the SDP address.
    Waiting,
    /// Learning from the first packets.
    Learning,
    /// Locked until a re-INVITE.
    Locked,
}

/// The latch of one port.
#[derive(Debug, Clone)]
pub(crate) struct Latch {
    signalled: SocketAddr,
    target: SocketAddr,
    /// Where the last packet that taught came from, also before the latch was opened again.
    heard: Option<SocketAddr>,
    state: LatchState,
    run: u8,
    lessons: u8,
    since: Duration,
}

impl Latch {
    /// A latch that sends to `signalled`, the address in the SDP, until it has learnt better.
    pub(crate) fn new(signalled: SocketAddr) -> Self {
        Self {
            signalled,
            target: signalled,
            heard: None,
            state: LatchState::Waiting,
            run: 0,
            lessons: 0,
            since: Duration::ZERO,
        }
    }

    /// A re-INVITE: learns anew. An unchanged SDP address keeps the target (the far end is where it was, perhaps
    /// behind its NAT), a changed one replaces it.
    pub(crate) fn reopen(&mut self, signalled: SocketAddr) {
        let target = if signalled == self.signalled {
            self.target
        } else {
            signalled
        };
        *self = Self {
            target,
            heard: self.heard,
            ..Self::new(signalled)
        };
    }

    /// Whether a packet from `from`, arrived at `at`, is the far end's; learns from it while open. The packet must
    /// have passed all checks of its content.
    pub(crate) fn admit(&mut self, from: SocketAddr, at: Duration) -> bool {
        if self.improves(from) {
            // Twice at most (none, host, address): the better one gets all the lessons.
            self.lessons = 0;
        }
        match self.state {
            LatchState::Locked => return from == self.target,
            LatchState::Waiting => self.restart(from, at),
            LatchState::Learning if from == self.target => self.run += 1,
            LatchState::Learning if self.agreement(from) < self.agreement(self.target) => {
                return false;
            }
            LatchState::Learning => self.restart(from, at),
        }
        self.lessons += 1;
        let settled = at.saturating_sub(self.since) >= SETTLE;
        if self.run >= LOCK_AFTER || self.lessons >= LESSONS || settled {
            self.state = LatchState::Locked;
        }
        true
    }

    /// Whether `from` would be admitted now; learns nothing.
    pub(crate) fn trusts(&self, from: SocketAddr) -> bool {
        match self.state {
            LatchState::Locked => from == self.target,
            LatchState::Learning => {
                from == self.target || self.agreement(from) >= self.agreement(self.target)
            }
            LatchState::Waiting => true,
        }
    }

    /// Whether `from` agrees better with the SDP than what was heard so far, and the latch is open. Its source then
    /// takes the port at once: were it put on probation, a stranger who is faster would interrupt it for ever.
    pub(crate) fn improves(&self, from: SocketAddr) -> bool {
        let better = |heard| self.agreement(from) > self.agreement(heard);
        self.state != LatchState::Locked && self.heard.is_some_and(better)
    }

    /// Where to send; `None` when signalling gave no address and nothing has come.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        (self.target.port() != 0 && !self.target.ip().is_unspecified()).then_some(self.target)
    }

    /// How far learning has come.
    pub(crate) fn state(&self) -> LatchState {
        self.state
    }

    fn restart(&mut self, from: SocketAddr, at: Duration) {
        self.state = LatchState::Learning;
        self.target = from;
        self.heard = Some(from);
        self.run = 1;
        self.since = at;
    }

    /// 2: the very SDP address, 1: its host, 0: neither.
    fn agreement(&self, from: SocketAddr) -> u8 {
        u8::from(from == self.signalled) + u8::from(from.ip() == self.signalled.ip())
    }
}

#[cfg(test)]
mod tests {
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
            assert!(!latch.trusts(from) && !latch.admit(from, AT + SETTLE * 60));
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
        assert!(latch.admit(host, AT) && !latch.trusts(other) && !latch.admit(other, AT));
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
        assert!(!latch.improves(sdp), "nothing heard yet");
        for i in 0..LESSONS - 1 {
            assert!(latch.admit(if i % 2 == 0 { a } else { b }, AT));
        }
        assert!(latch.improves(host) && latch.admit(host, AT));
        assert_eq!(latch.state(), LatchState::Learning);
        assert!(!latch.improves(host) && !latch.improves(a));
        assert!(latch.improves(sdp) && latch.admit(sdp, AT));
        for _ in 1..LOCK_AFTER {
            assert_eq!(latch.state(), LatchState::Learning);
            assert!(latch.admit(sdp, AT));
        }
        latch.reopen(a);
        assert!(latch.improves(a), "the old address no longer agrees");
        let mut locked = Latch::new(sdp);
        (0..LOCK_AFTER).for_each(|_| assert!(locked.admit(a, AT)));
        assert!(!locked.improves(sdp));
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
}
